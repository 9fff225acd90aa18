from app.core.i18n import N_
from app.core.workdays import DayKind

LABELS = {
    DayKind: {
        DayKind.WORKING: N_("工作日"),
        DayKind.WEEKEND: N_("周末"),
        DayKind.HOLIDAY: N_("放假"),
        DayKind.MAKEUP: N_("补班"),
    }
}
ACTIONS = {"calendar_year.published": N_("发布工作日历")}
SUBJECTS = {"calendar_year": N_("工作日历"), "calendar_day": N_("日历日")}
FIELDS = {
    "year": N_("年份"),
    "edition": N_("版本"),
    "notice": N_("文件"),
    "source": N_("来源"),
    "note": N_("说明"),
    "holidays": N_("放假"),
    "makeups": N_("补班"),
    "moved": N_("到期时间有变的事项数"),
    "published_at": N_("发布时间"),
}
