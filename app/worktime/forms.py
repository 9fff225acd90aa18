from __future__ import annotations

from wtforms import Form

from app.core.i18n import N_
from app.fields import Day, Line, Paragraphs, Whole, optional, required
from app.worktime.entry_rules import YEARS
from app.worktime.rules import DAYS_MAX, DUE_MAX, NOTE_MAX, NOTICE_MAX


class YearForm(Form):
    """An edition of a year; its days are read by `entry_rules`."""

    year = Whole(N_("年份"), required, least=YEARS[0], most=YEARS[-1])
    notice = Line(N_("通知名称和文号"), required, most=NOTICE_MAX)
    source = Line(N_("来源"), required, most=NOTICE_MAX)
    holidays = Paragraphs(N_("放假"), required, most=DAYS_MAX)
    makeups = Paragraphs(N_("调休上班（补班）"), optional, most=DAYS_MAX)
    note = Paragraphs(N_("说明"), optional, most=NOTE_MAX)


class DueForm(Form):
    """From a day, a number of working days."""

    start = Day(N_("起算日（当日不计）"), required)
    workdays = Whole(N_("工作日数"), required, least=1, most=DUE_MAX)
