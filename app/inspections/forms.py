from __future__ import annotations

from wtforms import BooleanField, Form, HiddenField, SelectMultipleField

from app.attachments.rules import MAX_CAMERA
from app.core.i18n import N_
from app.fields import (
    Cards,
    Choice,
    Choices,
    Day,
    Line,
    Moment,
    OneTimeKey,
    Paragraphs,
    TimeOfDay,
    Whole,
    optional,
    required,
)
from app.inspections.labels import LABELS
from app.inspections.rules import (
    NOTE_MAX,
    WITNESS_MAX,
    Disposition,
    Finder,
    FindingSource,
    PatrolMode,
    Severity,
)

_DISPOSITIONS = [(value.value, LABELS[Disposition][value]) for value in Disposition]


class PatrolForm(Form):
    """Where and how a round begins."""

    zone = Choice(N_("区域"), [required], coerce=int)
    mode = Cards(
        N_("方式"),
        choices=[(mode.value, LABELS[PatrolMode][mode]) for mode in PatrolMode],
        default=PatrolMode.DAILY.value,
    )
    round_name = Choice(N_("轮次"))
    companions = Line(N_("随访人员"), optional, most=200, description=N_("随访时填写：与谁同行。"))
    on_behalf_name = Line(N_("带班领导"), optional, most=60, description=N_("领导带班时填写姓名。"))
    on_behalf_capacity = Line(N_("职务"), optional, most=60)


class FindingForm(Form):
    """One finding at one point; the choices come from the point and the day."""

    form_key = OneTimeKey()
    item = Choice(N_("巡查项目"), [required])
    owner = Choice(N_("责任单位"), [required])
    staff = Choice(N_("当事人"), coerce=int, default=0)
    occurred_at = Moment(N_("发生时间"), required)
    ended_at = Moment(
        N_("结束时间"), optional, description=N_("问题持续了一段时间的，写到分钟；还没有结束就留空。")
    )
    note = Paragraphs(N_("情况说明"), optional, most=NOTE_MAX)
    disposition = Cards(N_("处理"), choices=_DISPOSITIONS, default=Disposition.RECTIFY.value)
    camera = Line(N_("录像来源"), optional, most=MAX_CAMERA)
    photo = SelectMultipleField(N_("证据"), validate_choice=False)
    despite = HiddenField()  # the doubts that were shown and that the finding is entered in spite of


class HandForm(Form):
    """A finding typed from paper: places, items, people and bodies by number, initials or beginning."""

    form_key = OneTimeKey()
    point = Line(N_("窗口或地点"), required, most=60)
    item = Line(N_("项目"), required, most=100)
    staff = Line(N_("当事人"), optional, most=60)
    day = Day(N_("日期"), required)
    time = TimeOfDay(N_("时间"), required)
    until = TimeOfDay(N_("至"), optional)
    note = Paragraphs(N_("情况说明"), optional, most=NOTE_MAX)
    owner = Line(N_("责任单位"), optional, most=120, description=N_("留空则取窗口或当事人的单位。"))
    source = Choice(
        N_("来源"),
        [required],
        choices=[(value.value, LABELS[FindingSource][value]) for value in FindingSource],
        default=FindingSource.SELF_CHECK.value,
    )
    finder = Choice(
        N_("发现方"),
        choices=[
            ("", N_("按来源判断")),
            *((value.value, LABELS[Finder][value]) for value in Finder),
        ],
        default="",
    )
    on_behalf_name = Line(N_("代何人填报"), optional, most=60)
    on_behalf_capacity = Line(N_("身份"), optional, most=60)
    disposition = Choice(N_("处理"), choices=_DISPOSITIONS, default=Disposition.RECTIFY.value)
    camera = Line(N_("录像来源"), optional, most=MAX_CAMERA)
    photo = SelectMultipleField(N_("证据"), validate_choice=False)
    despite = HiddenField()


class EvidenceForm(Form):
    """More evidence of a finding that stands in the ledger."""

    camera = Line(N_("录像来源"), optional, most=MAX_CAMERA)
    photo = SelectMultipleField(N_("证据"), validate_choice=False)


class SubmitForm(Form):
    note = Paragraphs(N_("备注"), optional, most=NOTE_MAX)


class VoidForm(Form):
    reason = Paragraphs(N_("作废原因"), required, most=NOTE_MAX)


class DisputeForm(Form):
    text = Paragraphs(N_("陈述"), required, most=NOTE_MAX)


class WitnessForm(Form):
    witness = Line(N_("见证人"), required, most=WITNESS_MAX)


class ItemForm(Form):
    """One item of a checklist."""

    group_name = Line(N_("分组"), required, most=40)
    code = Line(N_("代码"), required, most=20)
    wording = Line(N_("项目内容"), required, most=200, description=N_("写成错在哪里，如“工作时间空岗”。"))
    clause = Line(N_("依据条款"), optional, most=200)
    severity = Choice(
        N_("严重程度"),
        [required],
        choices=[(value.value, LABELS[Severity][value]) for value in Severity],
        default=Severity.ORDINARY.value,
    )
    red_line = Choice(
        N_("红线"),
        coerce=int,
        choices=[(0, N_("不是红线"))],
        default=0,
    )
    applies_to = Choices(N_("适用地点"), [required])
    photo_required = BooleanField(N_("必须拍照"))
    note_required = BooleanField(N_("必须写明情况"))
    deadline_workdays = Whole(N_("整改期限（工作日）"), optional, least=1, most=60)
    deadline_hours = Whole(
        N_("或整改期限（小时）"), optional, least=1, most=72, description=N_("工作日和小时只填一个。")
    )


class EditionForm(Form):
    name = Line(N_("清单名称"), required, most=120)
    source = Paragraphs(N_("依据"), required, most=NOTE_MAX)


class PublishForm(Form):
    effective_on = Day(N_("生效日期"), required)
