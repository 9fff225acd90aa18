"""Forms of awards."""

from __future__ import annotations

from wtforms import Form, HiddenField

from app.core.i18n import N_
from app.core.on_behalf import NAME_MAX
from app.evaluations.award_rules import TEXT_MAX
from app.evaluations.labels import LABELS
from app.evaluations.month_rules import Scored
from app.fields import Choice, Day, Line, OneTimeKey, Paragraphs, optional, required

SUBJECTS = (Scored.WINDOW, Scored.STAFF, Scored.DEPARTMENT)


class ProposeForm(Form):
    """What is to be chosen among, for which period; the route offers the periods."""

    subject = Choice(
        N_("对象"), [required], choices=[(each.value, LABELS[Scored][each]) for each in SUBJECTS]
    )
    period = Choice(N_("期间"), [required])


class AwardStepForm(Form):
    """A step that needs nothing but the version it was shown in."""

    version = HiddenField()


class WithdrawForm(AwardStepForm):
    reason = Paragraphs(N_("撤回原因"), required, most=TEXT_MAX)


class AwardDecisionForm(AwardStepForm):
    decision = Paragraphs(
        N_("会议决定"),
        required,
        most=TEXT_MAX,
        description=N_("哪次会议、怎样决定，如“10月12日主任办公会审定”。"),
    )


class AwardObjectionForm(Form):
    """What somebody says while an award is published."""

    form_key = OneTimeKey()
    received_on = Day(N_("收到日期"), required)
    said_by = Line(
        N_("提出人"), optional, most=NAME_MAX, description=N_("匿名的留空；只在本页显示，不印在文书上。")
    )
    text = Paragraphs(N_("异议内容"), required, most=TEXT_MAX)
    answer = Paragraphs(N_("核查处理"), required, most=TEXT_MAX)
