from __future__ import annotations

from datetime import date
from typing import Any

from wtforms import Form, HiddenField, SelectMultipleField

from app.core.errors import Invalid
from app.core.i18n import N_
from app.fields import (
    Cards,
    Choice,
    Choices,
    Day,
    Line,
    Moment,
    OnBehalfFields,
    OneTimeKey,
    Paragraphs,
    Whole,
    optional,
    refuse,
    required,
)
from app.rectifications.labels import LABELS
from app.rectifications.rules import OFFICE_CLOSES, TEXT_MAX, WORKDAYS_MAX, Deadline, InstructionKind


class DeadlineForm(Form):
    """The deadline of a notice: so many working days or a day, and the hour."""

    kind = Cards(
        N_("期限"), choices=[("workdays", N_("按工作日")), ("date", N_("指定日期"))], default="workdays"
    )
    deadline_workdays = Whole(N_("工作日数"), least=1, most=WORKDAYS_MAX)
    deadline_on = Day(N_("截止日期"))
    deadline_hour = Whole(N_("截止时刻（时）"), required, least=8, most=20, default=OFFICE_CLOSES)

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields; of the two ways to state the deadline only the chosen one matters."""
        valid = super().validate(extra_validators)
        chosen, other = self.deadline_workdays, self.deadline_on
        if self.kind.data != "workdays":
            chosen, other = other, chosen
        if chosen.data is None and not chosen.errors:
            refuse(self, Invalid(N_("请填写整改期限。"), field=chosen.name))
            valid = False
        if other.errors:
            other.errors = []
            valid = not any(self.errors.values())
        return bool(valid)

    def deadline(self, issued_on: date) -> Deadline:
        """Return the deadline as it was stated."""
        by_days = self.kind.data == "workdays"
        return Deadline(
            issued_on=issued_on,
            workdays=self.deadline_workdays.data if by_days else None,
            fixed_on=None if by_days else self.deadline_on.data,
            hour=self.deadline_hour.data,
        )

    @property
    def stated(self) -> bool:
        """Tell whether a deadline can be read from what was typed."""
        by_days = self.kind.data == "workdays"
        parts = (self.deadline_workdays if by_days else self.deadline_on, self.deadline_hour, self.kind)
        return all(part.data and not part.errors for part in parts)


class NoticeForm(DeadlineForm):
    """What every notice says: who mends what by when, and who looks again."""

    form_key = OneTimeKey()
    owner = Choice(N_("整改责任人"))
    requirement = Paragraphs(N_("整改要求"), required, most=TEXT_MAX)
    rechecker = Choice(N_("复查人"), coerce=int)

    def owner_ids(self) -> dict[str, Any]:
        """Return the named owner: a staff member, a user, or nobody yet."""
        kind, _, number = self.owner.data.partition(":")
        return {
            "owner_id": int(number) if kind == "staff" else None,
            "owner_user_id": int(number) if kind == "user" else None,
        }


class IssueForm(NoticeForm):
    """A notice for one or several findings of one body."""

    offered = HiddenField()  # the findings the form was opened with, so that none is lost by unticking all
    findings = Choices(N_("问题"), coerce=int)


class OrderForm(NoticeForm):
    """A notice that follows an instruction; the addressee was chosen before."""

    addressee = HiddenField()


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


class AskForm(OnBehalfFields, Form):
    version = HiddenField()
    until_on = Day(N_("延期至"), required)
    reason = Paragraphs(N_("延期理由"), required, most=TEXT_MAX)


class GrantForm(Form):
    version = HiddenField()
    until_on = Day(N_("延期至"), required)
    note = Paragraphs(N_("意见"), optional, most=TEXT_MAX)


class RefuseForm(Form):
    version = HiddenField()
    note = Paragraphs(N_("不同意的理由"), required, most=TEXT_MAX)


class ParkForm(Form):
    version = HiddenField()
    review_on = Day(N_("复核日期"), required)
    reason = Paragraphs(N_("挂账原因和推进计划"), required, most=TEXT_MAX)


class ResumeForm(Form):
    version = HiddenField()
    until_on = Day(N_("新的整改期限"), required)
    reason = Paragraphs(N_("恢复办理的说明"), required, most=TEXT_MAX)


class CancelForm(Form):
    version = HiddenField()
    reason = Paragraphs(N_("撤销原因"), required, most=TEXT_MAX)


class UrgeForm(Form):
    version = HiddenField()
    text = Paragraphs(N_("督办意见"), required, most=TEXT_MAX)
    limit_on = Day(N_("反馈期限"), required)


class ProposeForm(Form):
    version = HiddenField()
    text = Paragraphs(N_("建议事项"), required, most=TEXT_MAX)
    limit_on = Day(N_("答复期限"), required)


class TalkForm(Form):
    version = HiddenField()
    talk_at = Moment(N_("约谈时间"), required)
    talk_place = Line(N_("约谈地点"), required, most=120)
    talk_with = Line(N_("约谈对象（姓名、职务）"), required, most=200)
    text = Paragraphs(N_("约谈事由"), required, most=TEXT_MAX)


class ReportForm(Form):
    version = HiddenField()
    text = Paragraphs(N_("有关情况和建议"), required, most=TEXT_MAX)


class TalkRecordForm(Form):
    version = HiddenField()
    record = Paragraphs(N_("约谈情况"), required, most=TEXT_MAX)
    commitment = Paragraphs(N_("整改承诺"), required, most=TEXT_MAX)


class InstructionForm(Form):
    """A leader's remark, a superior's word or a press report."""

    form_key = OneTimeKey()
    kind = Cards(
        N_("类别"),
        choices=[(kind.value, LABELS[InstructionKind][kind]) for kind in InstructionKind],
        default=InstructionKind.LEADER.value,
    )
    given_by = Line(N_("批示人或来源"), required, most=60)
    capacity = Line(N_("职务"), optional, most=60)
    given_on = Day(N_("批示日期"), required)
    text = Paragraphs(N_("批示内容"), required, most=TEXT_MAX)
