from typing import Any

from app.core.i18n import N_, NN_
from app.registers.rules import EntryStatus, Kind, Level, Register, Unit, Verb

LABELS: dict[type, dict[Any, str]] = {
    Register: {
        Register.PRAISE: NN_("表扬"),
        Register.HONOUR: NN_("荣誉"),
        Register.SERVICE: NN_("特色服务"),
        Register.ATTENDANCE: NN_("考勤"),
        Register.MEETING: NN_("会议"),
    },
    Kind: {
        Kind.LETTER: N_("感谢信"),
        Kind.BANNER: N_("锦旗"),
        Kind.CARD: N_("表扬意见卡"),
        Kind.CALL: N_("来电来访表扬"),
        Kind.PERSONAL_HONOUR: N_("个人荣誉"),
        Kind.COLLECTIVE_HONOUR: N_("集体荣誉"),
        Kind.AT_HOME: N_("上门服务"),
        Kind.BY_APPOINTMENT: N_("预约服务"),
        Kind.EXTENDED_HOURS: N_("延时服务"),
        Kind.WITH_GAPS: N_("容缺受理"),
        Kind.JOINT_REVIEW: N_("联合会审"),
        Kind.RECEPTION_DAY: N_("领导接待日"),
        Kind.AGENCY: N_("帮办代办"),
        Kind.LATE: N_("迟到"),
        Kind.EARLY: N_("早退"),
        Kind.ABSENT: N_("旷工"),
        Kind.UNSIGNED: N_("漏签"),
        Kind.STAFF_MEETING: N_("播放窗口探访的全体人员会议"),
    },
    Level: {
        Level.NATIONAL: N_("国家级"),
        Level.PROVINCE: N_("省级"),
        Level.CITY: N_("市级"),
        Level.DISTRICT: N_("县（区）级"),
        Level.CENTRE: N_("中心级"),
    },
    Unit: {Unit.TIMES: N_("次"), Unit.HALF_DAYS: N_("个半天"), Unit.CASES: N_("件")},
    EntryStatus: {
        EntryStatus.RECORDED: N_("待确认"),
        EntryStatus.CONFIRMED: N_("已确认"),
        EntryStatus.REFUSED: N_("未予确认"),
        EntryStatus.VOID: N_("已作废"),
    },
    Verb: {
        Verb.CORRECT: N_("更正"),
        Verb.CONFIRM: N_("确认"),
        Verb.REFUSE: N_("不予确认"),
        Verb.VOID: N_("作废"),
    },
}
ACTIONS = {
    "register_entry.recorded": N_("登记"),
    "register_entry.corrected": N_("更正登记"),
    "register_entry.confirmed": N_("确认登记"),
    "register_entry.refused": N_("不予确认登记"),
    "register_entry.voided": N_("作废登记"),
}
SUBJECTS = {"register_entry": N_("台账登记")}
FIELDS = {
    "register": N_("台账"),
    "batch_id": N_("导入"),
    "happened_on": N_("发生日期"),
    "ended_on": N_("截止日期"),
    "honour_level": N_("荣誉级别"),
    "matter": N_("事项"),
    "giver": N_("赠送人"),
    "awarded_by": N_("授予单位"),
    "quantity": N_("数量"),
    "minutes": N_("分钟"),
    "shown": N_("播放的问题"),
    "corrected_by_id": N_("更正人"),
    "refusal_reason": N_("不予确认的原因"),
}
