"""Findings: written from a patrol or by hand, confirmed or disputed, voided with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.attachments.rules import FileKind, check_count
from app.attachments.services import StoredFile
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.core.on_behalf import Represented
from app.db.uow import UnitOfWork
from app.documents.services import next_serial
from app.inspections import evidence_services, queries, rules
from app.inspections.models import ChecklistItem, Finding, FindingStatement, Patrol
from app.inspections.rules import (
    Confirmation,
    Disposition,
    Finder,
    FindingSource,
    FindingStatus,
    PatrolMode,
)
from app.organisation.models import PatrolPoint, StaffMember

_SOURCES = {PatrolMode.VIDEO: FindingSource.VIDEO, PatrolMode.MYSTERY: FindingSource.MYSTERY}


@dataclass(frozen=True)
class ByHand:
    """What a finding beside the patrols says more: where it comes from, and on whose behalf."""

    form_key: str
    centre_id: int
    source: FindingSource
    finder: Finder
    on_behalf_name: str = ""
    on_behalf_capacity: str = ""


def record_of_patrol(
    uow: UnitOfWork,
    patrol: Patrol,
    items: Sequence[ChecklistItem],
    kept: Mapping[str, Any],
    uploads: Mapping[str, Any],
) -> Finding:
    """Write one finding of a patrol's draft into the ledger, with its files."""
    item = next(item for item in items if item.code == kept["item"])
    year = clock.local(patrol.started_at).year  # of the office, as in the patrol's own number
    finding = _finding(uow, item, kept)
    finding.centre_id = patrol.centre_id
    finding.number = f"{patrol.number}-{next_serial(uow, patrol.centre_id, 'finding', year)}"
    finding.patrol_id = patrol.id
    finding.finder = Finder.INTERNAL
    finding.source = _SOURCES.get(patrol.mode, FindingSource.PATROL)
    finding.on_behalf_name, finding.on_behalf_capacity = patrol.on_behalf_name, patrol.on_behalf_capacity
    return _keep(uow, finding, item, kept, uploads)


def record_by_hand(
    uow: UnitOfWork, item: ChecklistItem, kept: Mapping[str, Any], uploads: Mapping[str, Any], more: ByHand
) -> Finding:
    """Write a finding that no patrol has brought; it never counts as covering the hall."""
    if more.finder is Finder.EXTERNAL and not (more.on_behalf_name and more.on_behalf_capacity):
        field = "on_behalf_capacity" if more.on_behalf_name else "on_behalf_name"
        raise Invalid(N_("外部发现须写明代何人填报及其身份。"), field=field)
    day = clock.local(datetime.fromisoformat(kept["occurred_at"])).date()
    finding = _finding(uow, item, kept)
    finding.centre_id = more.centre_id
    serial = next_serial(uow, more.centre_id, "finding", clock.local(uow.now).year)
    finding.number = f"{day:%Y%m%d}-L-{serial}"
    finding.form_key = more.form_key
    finding.finder, finding.source = more.finder, more.source
    finding.enter_for(Represented(more.on_behalf_name, more.on_behalf_capacity))
    return _keep(uow, finding, item, kept, uploads)


def _finding(uow: UnitOfWork, item: ChecklistItem, kept: Mapping[str, Any]) -> Finding:
    """Return what a finding says wherever it comes from."""
    kind, owner_id = kept["owner"].split(":")
    return Finding(
        item_id=item.id,
        patrol_point_id=kept["point_id"],
        department_id=int(owner_id) if kind == "department" else None,
        section_id=int(owner_id) if kind == "section" else None,
        staff_member_id=kept["staff"],
        status=FindingStatus.CORRECTED_ON_SPOT
        if kept["disposition"] == Disposition.CORRECTED_ON_SPOT
        else FindingStatus.OPEN,
        occurred_at=datetime.fromisoformat(kept["occurred_at"]),
        ended_at=datetime.fromisoformat(kept["ended_at"]) if kept.get("ended_at") else None,
        note=kept["note"],
        photos=len(kept["photos"]),
        camera=kept.get("camera") or None,
        doubts=kept.get("doubts") or None,
        confirmation=Confirmation.PENDING,
        recorded_by_id=uow.actor.user_id,
        recorded_at=uow.now,
    )


def _keep(
    uow: UnitOfWork,
    finding: Finding,
    item: ChecklistItem,
    kept: Mapping[str, Any],
    uploads: Mapping[str, Any],
) -> Finding:
    finding.search_words = search_words(uow.session, finding, item)
    uow.session.add(finding)
    uow.session.flush()
    files = [StoredFile.from_dict(uploads[sha256]) for sha256 in kept["photos"]]
    evidence_services.attach(uow, finding, files)
    uow.record(rules.FINDING_RECORDED, finding)
    return finding


def search_words(session: Session, finding: Finding, item: ChecklistItem) -> str:
    """Return what a finding is found by besides its number and note: place, item, body, person."""
    point = session.get_one(PatrolPoint, finding.patrol_point_id)
    staff = session.get(StaffMember, finding.staff_member_id) if finding.staff_member_id else None
    owner = queries.owner_name(session, finding.department_id, finding.section_id)
    return " ".join(
        filter(None, (point.number, point.name, item.wording, owner, staff.name if staff else ""))
    )


def check_finding(
    item: ChecklistItem, finding: Mapping[str, Any], files: Sequence[StoredFile], now: datetime
) -> None:
    """Refuse a finding that lacks what its item asks for, or lies in the future. Raise Invalid."""
    occurred_at = datetime.fromisoformat(finding["occurred_at"])
    if rules.is_future(occurred_at, now):
        raise Invalid(N_("发生时间不能晚于现在。"), field="occurred_at")
    if now - occurred_at > rules.BACKDATING:
        raise Invalid(N_("发生时间早于一个月前，请核对。"), field="occurred_at")
    if finding.get("ended_at"):
        ended_at = datetime.fromisoformat(finding["ended_at"])
        if ended_at < occurred_at:
            raise Invalid(N_("结束时间不能早于发生时间。"), field="ended_at")
        if rules.is_future(ended_at, now):
            raise Invalid(N_("结束时间不能晚于现在；还没有结束就留空。"), field="ended_at")
    if item.red_line and not files:
        raise Invalid(N_("红线问题必须附照片等证据。"), field="photos")
    if item.photo_required and not any(file.kind in (FileKind.PHOTO, FileKind.VIDEO) for file in files):
        raise Invalid(N_("这一项必须有照片或视频。"), field="photos")
    if item.note_required and not finding["note"]:
        raise Invalid(N_("这一项必须写明情况。"), field="note")
    check_count(len(files))
    evidence_services.require_camera(files, finding["camera"])


# --- afterwards -----------------------------------------------------------------------------------


def take_turn(uow: UnitOfWork, finding_ids: Sequence[int]) -> list[Finding]:
    """Load findings to change them; on PostgreSQL two changes of the same rows wait for one another."""
    rows = select(Finding).where(Finding.id.in_(finding_ids)).order_by(Finding.id).with_for_update()
    return list(uow.session.scalars(rows.execution_options(populate_existing=True)))


def say(
    uow: UnitOfWork, finding_id: int, version: int, outcome: Confirmation, text: str = ""
) -> FindingStatement:
    """Confirm a finding as the person concerned or as who answers for him, or dispute it with a statement."""
    take_turn(uow, [finding_id])
    finding = uow.get(Finding, finding_id, version)
    refusal = rules.refuses_statement(queries.statement_facts(uow.actor, finding))
    if refusal:
        raise NotAllowed(refusal)
    if outcome is Confirmation.DISPUTED and not text:
        raise Invalid(N_("请写明不认可的理由。"), field="text")
    finding.confirmation = outcome
    statement = FindingStatement(
        finding_id=finding.id, finding=finding, text=text, said_by_id=uow.actor.user_id, said_at=uow.now
    )
    uow.session.add(statement)
    disputed = outcome is Confirmation.DISPUTED
    uow.record(rules.FINDING_DISPUTED if disputed else rules.FINDING_CONFIRMED, finding)
    return statement


def name_witness(uow: UnitOfWork, finding_id: int, version: int, witness: str) -> None:
    """Name who witnessed that a finding was shown and refused."""
    take_turn(uow, [finding_id])
    finding = uow.get(Finding, finding_id, version)
    if finding.confirmation is not Confirmation.DISPUTED:
        raise NotAllowed(N_("只有提出异议的问题需要写明见证人。"))
    statement = queries.statement_of(finding.id)
    if statement is None or statement.witness:
        raise NotAllowed(N_("见证人已经写明。"))
    statement.finding = finding
    statement.witness = witness
    uow.record(rules.FINDING_WITNESSED, finding)


def void_finding(uow: UnitOfWork, finding_id: int, version: int, reason: str) -> Finding:
    """Void a finding that should not have been entered; what is being mended stands."""
    take_turn(uow, [finding_id])
    finding = uow.get(Finding, finding_id, version)
    if finding.status is FindingStatus.VOID:
        raise NotAllowed(N_("这个问题已经作废。"))
    require_not_mended([finding])
    _void(uow, finding, reason)
    return finding


def void_findings_of(uow: UnitOfWork, patrol: Patrol, reason: str) -> None:
    """Void the findings of a patrol with it. Raise NotAllowed if some of them lead to rectifications."""
    ids = uow.session.scalars(select(Finding.id).where(Finding.patrol_id == patrol.id)).all()
    findings = take_turn(uow, ids)
    require_not_mended(findings)
    for finding in findings:
        if finding.status is not FindingStatus.VOID:
            _void(uow, finding, reason)


def require_not_mended(findings: Sequence[Finding]) -> None:
    """Raise NotAllowed, naming them, if rectifications have been issued for some of these findings."""
    mended = [finding.number for finding in findings if finding.status is FindingStatus.RECTIFY]
    if mended:
        raise NotAllowed(N_("问题 %(numbers)s 已经转入整改，不能作废。"), numbers="、".join(mended[:5]))


def _void(uow: UnitOfWork, finding: Finding, reason: str) -> None:
    finding.status = FindingStatus.VOID
    finding.void_reason = reason
    uow.record(rules.FINDING_VOIDED, finding)
