"""The printed rectification notice 整改通知书: plain values for its template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app import clock
from app.accounts.models import User
from app.core.i18n import N_
from app.documents.printing import PrintedForm, cn_date, cn_datetime
from app.inspections.models import Finding
from app.inspections.queries import owner_name
from app.organisation.models import Centre
from app.rectifications.models import Instruction, Rectification
from app.rectifications.rules import InstructionKind

NOTICE_TEMPLATE = "rectifications/notice.html"


@dataclass(frozen=True)
class NoticeFact:
    """One finding as the notice states it."""

    occurred_at: str  # to the minute, office time
    place: str
    item: str  # code and wording of the check item
    person_or_post: str | None = None
    clause: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class NoticePhoto:
    """A piece of evidence shown in the notice; `sha256` is that of the printed bytes."""

    sha256: str
    caption: str  # with the time it was taken


@dataclass(frozen=True, kw_only=True)
class RectificationNotice(PrintedForm):
    """Everything the printed notice says; fields after supervision.md 7.2 (1)."""

    recipient: str  # 主送: the department or section that has to mend it
    point: str  # window or place
    facts: tuple[NoticeFact, ...]
    photos: tuple[NoticePhoto, ...]
    required_action: str
    deadline: str  # date and hour, without 前
    rechecker: str
    consequence: str
    issuer: str
    copies: str = "一式两份"
    replaces: str | None = None  # the numbers of the notices it takes the place of
    instruction: str | None = None  # what a leader, a superior or a paper has said


CONSEQUENCE = N_("逾期未整改或者整改不到位的，将予以督办，并按考核细则记入当月考核。")


def notice(
    session: Session,
    row: Rectification,
    findings: Sequence[Finding],
    photos: Sequence[NoticePhoto],
    checkpoint: str,
) -> RectificationNotice:
    """Build the notice of a rectification; number, code and address follow when it is numbered."""
    centre = session.get_one(Centre, row.centre_id)
    places = list(dict.fromkeys(f"{f.patrol_point.number} {f.patrol_point.name}" for f in findings))
    due = clock.local(row.due_at)
    if row.to_centre_id:
        addressee = session.get_one(Centre, row.to_centre_id).name
    else:
        addressee = owner_name(session, row.department_id, row.section_id)
    return RectificationNotice(
        centre_name=centre.name,
        number="",
        recipient=addressee,
        point="、".join(places),
        instruction=_instruction(session, row),
        facts=tuple(_fact(finding) for finding in findings),
        photos=tuple(photos),
        required_action=row.requirement,
        deadline=f"{due.year}年{due.month}月{due.day}日{due.hour}时"
        + ("（暂定）" if row.due_provisional else ""),
        rechecker=session.get_one(User, row.rechecker_id).name,
        consequence=CONSEQUENCE,
        issuer=centre.name,
        issued_on=row.issued_on,
        verify_url="",
        code="",
        checkpoint=checkpoint or None,
    )


def _instruction(session: Session, row: Rectification) -> str | None:
    """Return in one sentence whose word the notice follows."""
    if row.instruction_id is None:
        return None
    said = session.get_one(Instruction, row.instruction_id)
    who = f"{said.given_by}{f'（{said.capacity}）' if said.capacity else ''}"
    return f"{cn_date(said.given_on)}，{who}{_SAID[said.kind]}：“{said.text}”"


_SAID = {
    InstructionKind.LEADER: N_("批示"),
    InstructionKind.SUPERIOR: N_("要求"),
    InstructionKind.MEDIA: N_("报道"),
}


def _fact(finding: Finding) -> NoticeFact:
    return NoticeFact(
        occurred_at=cn_datetime(finding.occurred_at),
        place=f"{finding.patrol_point.number} {finding.patrol_point.name}",
        item=f"{finding.item.code} {finding.item.wording}",
        person_or_post=finding.staff_member.name if finding.staff_member else None,
        clause=finding.item.clause or None,
        note=finding.note or None,
    )
