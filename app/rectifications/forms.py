from __future__ import annotations

from wtforms import Form, HiddenField, SelectMultipleField

from app.core.i18n import N_
from app.fields import (
    Cards,
    Choice,
    Choices,
    Day,
    Line,
    OnBehalfFields,
    OneTimeKey,
    Paragraphs,
    Whole,
    optional,
    required,
)
from app.rectifications.rules import OFFICE_CLOSES, TEXT_MAX, WORKDAYS_MAX


class IssueForm(Form):
    """A notice for one or several findings of one body."""

    form_key = OneTimeKey()
    offered = HiddenField()  # the findings the form was opened with, so that none is lost by unticking all
    findings = Choices(N_("问题"), coerce=int)
    owner = Choice(N_("整改责任人"), coerce=int)
    requirement = Paragraphs(N_("整改要求"), required, most=TEXT_MAX)
    kind = Cards(
        N_("期限"), choices=[("workdays", N_("按工作日")), ("date", N_("指定日期"))], default="workdays"
    )
    deadline_workdays = Whole(N_("工作日数"), least=1, most=WORKDAYS_MAX)
    deadline_on = Day(N_("截止日期"))
    deadline_hour = Whole(N_("截止时刻（时）"), required, least=8, most=20, default=OFFICE_CLOSES)
    rechecker = Choice(N_("复查人"), coerce=int)


class ReceiveForm(OnBehalfFields, Form):
    version = HiddenField()
    statement = Paragraphs(N_("陈述或异议"), optional, most=TEXT_MAX)


class SubmitForm(OnBehalfFields, Form):
    """What was done about it, with evidence from after."""

    version = HiddenField()
    form_key = OneTimeKey()
    measures = Paragraphs(N_("整改措施"), required, most=TEXT_MAX)
    done_on = Day(N_("完成日期"), required)
    no_photo_reason = Line(N_("不能提供照片的原因"), optional, most=200)
    photo = SelectMultipleField(N_("整改证据"), validate_choice=False)


class AcceptForm(Form):
    version = HiddenField()
    note = Paragraphs(N_("复查意见"), optional, most=TEXT_MAX)


class ReturnForm(Form):
    version = HiddenField()
    note = Paragraphs(N_("退回原因"), required, most=TEXT_MAX)
