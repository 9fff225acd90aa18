"""Forms of bulletins."""

from __future__ import annotations

from wtforms import Form, HiddenField

from app.bulletins.rules import TEXT_MAX
from app.core.i18n import N_
from app.fields import Choice, Paragraphs, optional, required


class DraftForm(Form):
    """Which week is to be told; the route offers the weeks."""

    week = Choice(N_("哪一周"), [required])


class StepForm(Form):
    """A step that needs nothing but the version it was shown in."""

    version = HiddenField()


class TextForm(StepForm):
    good_practice = Paragraphs(
        N_("好的做法"), optional, most=TEXT_MAX, description=N_("可以写到窗口；表扬到人请登记台账。")
    )
    requirements = Paragraphs(N_("工作要求"), optional, most=TEXT_MAX)


class ReturnForm(StepForm):
    reason = Paragraphs(N_("退回原因"), required, most=TEXT_MAX)


class CorrectForm(StepForm):
    reason = Paragraphs(
        N_("更正原因"),
        required,
        most=TEXT_MAX,
        description=N_("会印在更正后的通报上；原通报保留，注明已被替代。"),
    )
