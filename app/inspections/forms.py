from __future__ import annotations

from wtforms import Form, SelectMultipleField

from app.attachments.rules import MAX_CAMERA
from app.core.i18n import N_
from app.fields import Cards, Choice, Line, Moment, OneTimeKey, Paragraphs, optional, required
from app.inspections.labels import LABELS
from app.inspections.rules import NOTE_MAX, Disposition, PatrolMode


class PatrolForm(Form):
    """Where and how a round begins."""

    zone = Choice(N_("区域"), [required], coerce=int)
    # A mystery visit stays hidden until it is released; its screens come with that.
    mode = Cards(
        N_("方式"),
        choices=[
            (mode.value, LABELS[PatrolMode][mode]) for mode in PatrolMode if mode is not PatrolMode.MYSTERY
        ],
        default=PatrolMode.DAILY.value,
    )


class FindingForm(Form):
    """One finding at one point; the choices come from the point and the day."""

    form_key = OneTimeKey()
    item = Choice(N_("巡查项目"), [required])
    owner = Choice(N_("责任单位"), [required])
    staff = Choice(N_("当事人"), coerce=int, default=0)
    occurred_at = Moment(N_("发生时间"), required)
    note = Paragraphs(N_("情况说明"), optional, most=NOTE_MAX)
    disposition = Cards(
        N_("处理"),
        choices=[(value.value, LABELS[Disposition][value]) for value in Disposition],
        default=Disposition.RECTIFY.value,
    )
    camera = Line(N_("录像来源"), optional, most=MAX_CAMERA)
    photo = SelectMultipleField(N_("证据"), validate_choice=False)


class EvidenceForm(Form):
    """More evidence of a finding that stands in the ledger."""

    camera = Line(N_("录像来源"), optional, most=MAX_CAMERA)
    photo = SelectMultipleField(N_("证据"), validate_choice=False)


class SubmitForm(Form):
    note = Paragraphs(N_("备注"), optional, most=NOTE_MAX)
