"""Patrols: begun as a draft, saved at each step, submitted as ledger rows in one unit of work."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.attachments import services as attachments
from app.attachments.rules import AttachmentKind, FileKind, check_count
from app.attachments.services import StoredFile
from app.core.errors import Invalid, NotAllowed, NotFound
from app.core.i18n import N_
from app.db import drafts
from app.db.drafts import Draft
from app.db.uow import UnitOfWork
from app.documents.services import next_serial
from app.inspections import draft_rules as content_of
from app.inspections import evidence_queries as evidence
from app.inspections import queries, rules
from app.inspections.models import ChecklistItem, Finding, Patrol, PatrolCheck
from app.inspections.rules import Answer, Disposition, Finder, FindingSource, FindingStatus
from app.organisation.models import PatrolPoint, StaffMember, Zone
from app.permissions import Actor

DRAFT = "patrol"
GONE = N_("这次巡查已经提交或放弃。")
NO_FILES = N_("请选择要补充的文件。")
NOTHING_NEW = N_("这些文件已经在证据里了。")
_SOURCES = {rules.PatrolMode.VIDEO: FindingSource.VIDEO, rules.PatrolMode.MYSTERY: FindingSource.MYSTERY}


def begin_patrol(session: Session, actor: Actor, zone: Zone, mode: rules.PatrolMode, now: datetime) -> Draft:
    """Begin a patrol of one zone, or go on with the one already begun there."""
    # On PostgreSQL two taps take turns; the second finds what the first has begun.
    session.execute(select(Zone.id).where(Zone.id == zone.id).with_for_update(key_share=True))
    found = drafts.find(session, actor.user_id, DRAFT, zone.id)
    if found:
        return found
    checklist = queries.current_checklist(zone.centre_id, clock.local(now).date())
    if checklist is None:
        raise NotAllowed(N_("本中心还没有生效的巡查清单，请先发布清单。"))
    draft = Draft(
        kind=DRAFT,
        user_id=actor.user_id,
        centre_id=zone.centre_id,
        subject_id=zone.id,
        content=content_of.new(secrets.token_hex(16), zone.id, checklist.id, mode.value),
        begun_at=now,
        saved_at=now,
    )
    session.add(draft)
    session.flush()
    return draft


def _own(session: Session, actor: Actor, draft_id: int) -> Draft:
    """Load a draft of one's own for a change; on PostgreSQL two devices take turns."""
    draft = session.scalar(
        select(Draft)
        .where(Draft.id == draft_id, Draft.user_id == actor.user_id, Draft.kind == DRAFT)
        .with_for_update()
    )
    if draft is None:
        raise NotFound(GONE)
    return draft


def answer_point(
    session: Session,
    actor: Actor,
    draft_id: int,
    point_id: int,
    given: dict[str, Answer],
    closed: bool,
    now: datetime,
) -> Draft:
    """Save the answers of one point."""
    draft = _own(session, actor, draft_id)
    if closed and any(f["point_id"] == point_id for f in draft.content["findings"].values()):
        raise NotAllowed(N_("这里已记录问题，不能再标为未开放；请先删除问题。"))
    plain = {code: answer.value for code, answer in given.items() if answer is not Answer.FINDING}
    drafts.save(
        session, draft, content_of.with_point(draft.content, point_id, plain, closed, now.isoformat()), now
    )
    return draft


def keep_uploads(
    session: Session, actor: Actor, draft_id: int, files: list[StoredFile], now: datetime
) -> Draft:
    """Keep files that arrived with a form, whatever becomes of the form."""
    draft = _own(session, actor, draft_id)
    uploads = {file.sha256: file.to_dict() for file in files}
    drafts.save(session, draft, content_of.with_uploads(draft.content, uploads), now)
    return draft


def save_finding(
    session: Session, actor: Actor, draft_id: int, key: str | None, finding: dict[str, Any], now: datetime
) -> Draft:
    """Save a finding into the draft."""
    draft = _own(session, actor, draft_id)
    if key is not None and key not in draft.content["findings"]:
        raise NotFound(N_("这个问题已从草稿中删除。"))
    key = key or content_of.sent_before(draft.content, finding.get("form_key"))
    drafts.save(session, draft, content_of.with_finding(draft.content, key, finding, now.isoformat()), now)
    return draft


def remove_finding(session: Session, actor: Actor, draft_id: int, key: str, now: datetime) -> Draft:
    """Take a finding out of the draft; nothing of it was in the ledger yet."""
    draft = _own(session, actor, draft_id)
    drafts.save(session, draft, content_of.without_finding(draft.content, key), now)
    return draft


def discard(session: Session, actor: Actor, draft_id: int) -> None:
    """Give up a patrol that was not submitted."""
    session.delete(_own(session, actor, draft_id))


def submit(uow: UnitOfWork, draft_id: int, note: str) -> Patrol:
    """Close a round: write the patrol, its checks and its findings, and remove the draft."""
    draft = _own(uow.session, uow.actor, draft_id)
    content = draft.content
    points = queries.points_of_draft(draft, clock.local(uow.now).date())
    items = queries.items_of(content["checklist_id"])
    states = {
        point.id: content_of.point_state(content, point.id, [i.code for i in queries.items_for(items, point)])
        for point in points
    }
    missing = [point.number for point in points if not states[point.id].complete]
    if missing:
        raise NotAllowed(
            N_("还有 %(count)d 个巡查点没有查完：%(points)s。"),
            count=len(missing),
            points="、".join(missing[:8]),
        )
    day = clock.local(draft.begun_at).date()
    patrol = Patrol(
        centre_id=draft.centre_id,
        number=f"{day:%Y%m%d}-{next_serial(uow, draft.centre_id, 'patrol', day.year)}",
        form_key=content["form_key"],
        zone_id=content["zone_id"],
        inspector_id=uow.actor.user_id,
        checklist_id=content["checklist_id"],
        mode=rules.PatrolMode(content["mode"]),
        status=rules.PatrolStatus.SUBMITTED,
        started_at=draft.begun_at,
        submitted_at=max(uow.now, draft.begun_at),
        points_checked=sum(not state.closed for state in states.values()),
        points_closed=sum(state.closed for state in states.values()),
        findings_count=len(content["findings"]),
        note=note,
    )
    uow.session.add(patrol)
    uow.session.flush()
    for point in points:
        uow.session.add(_check(patrol, point, content, states[point.id], uow.now))
    for key in sorted(content["findings"], key=lambda key: int(key[1:])):
        _record(uow, patrol, items, content["findings"][key], content["uploads"])
    uow.session.delete(draft)
    uow.record(rules.PATROL_SUBMITTED, patrol, points=len(points), findings=len(content["findings"]))
    return patrol


def _check(
    patrol: Patrol, point: PatrolPoint, content: dict[str, Any], state: rules.PointState, now: datetime
) -> PatrolCheck:
    kept = content["points"].get(str(point.id))  # None where the checklist asks nothing of such a place
    return PatrolCheck(
        patrol_id=patrol.id,
        patrol=patrol,
        patrol_point_id=point.id,
        result=state.result,
        answers=content_of.answers(content, point.id),
        checked_at=datetime.fromisoformat(kept["checked_at"]) if kept else now,
    )


def _record(
    uow: UnitOfWork, patrol: Patrol, items: list[ChecklistItem], kept: dict[str, Any], uploads: dict[str, Any]
) -> Finding:
    """Write one finding of the draft into the ledger, with its files."""
    item = next(item for item in items if item.code == kept["item"])
    year = clock.local(patrol.started_at).year  # of the office, as in the patrol's own number
    files = [StoredFile.from_dict(uploads[sha256]) for sha256 in kept["photos"]]
    kind, owner_id = kept["owner"].split(":")
    finding = Finding(
        centre_id=patrol.centre_id,
        number=f"{patrol.number}-{next_serial(uow, patrol.centre_id, 'finding', year)}",
        patrol_id=patrol.id,
        item_id=item.id,
        patrol_point_id=kept["point_id"],
        department_id=int(owner_id) if kind == "department" else None,
        section_id=int(owner_id) if kind == "section" else None,
        staff_member_id=kept["staff"],
        finder=Finder.INTERNAL,
        source=_SOURCES.get(patrol.mode, FindingSource.PATROL),
        status=FindingStatus.CORRECTED_ON_SPOT
        if kept["disposition"] == Disposition.CORRECTED_ON_SPOT
        else FindingStatus.OPEN,
        occurred_at=datetime.fromisoformat(kept["occurred_at"]),
        note=kept["note"],
        photos=len(files),
        camera=kept.get("camera") or None,
        recorded_by_id=uow.actor.user_id,
        recorded_at=uow.now,
    )
    finding.search_words = search_words(uow.session, finding, item)
    uow.session.add(finding)
    uow.session.flush()
    _attach(uow, finding, files)
    uow.record(rules.FINDING_RECORDED, finding)
    return finding


def _attach(uow: UnitOfWork, finding: Finding, files: Sequence[StoredFile]) -> None:
    """Add files to a finding; with a recording among them, none has to be fetched any more."""
    recorded_on = clock.local(finding.occurred_at).date()
    for file in files:
        attachments.attach(
            uow, finding, AttachmentKind.FINDING, file, camera=finding.camera, recorded_on=recorded_on
        )
    if any(file.recording for file in files) and not finding.recording_saved_at:
        finding.recording_saved_at = uow.now


def add_evidence(uow: UnitOfWork, finding_id: int, files: Sequence[StoredFile], camera: str) -> Finding:
    """Add evidence to a finding of the ledger; a file that is there already is not added twice."""
    # On PostgreSQL two additions take turns.
    uow.session.execute(select(Finding.id).where(Finding.id == finding_id).with_for_update())
    finding = uow.get(Finding, finding_id)
    if finding.status is FindingStatus.VOID:
        raise NotAllowed(N_("这个问题已作废，不能补充证据。"))
    held = {row.sha256 for row in evidence.files_of(uow.session, finding.id)}
    fresh = [file for file in files if file.sha256 not in held]
    if not fresh and (finding.camera or not camera):
        raise Invalid(NOTHING_NEW if files else NO_FILES, field="photos")
    finding.camera = finding.camera or camera or None
    _require_camera(fresh, finding.camera)
    finding.photos += len(fresh)
    _attach(uow, finding, fresh)
    uow.record(rules.FINDING_EVIDENCE_ADDED, finding, files=len(fresh))
    return finding


def _require_camera(files: Sequence[StoredFile], camera: str | None) -> None:
    if any(file.recording for file in files) and not camera:
        raise Invalid(N_("请填写录像来自哪台摄像机或录像机。"), field="camera")


def search_words(session: Session, finding: Finding, item: ChecklistItem) -> str:
    """Return what a finding is found by besides its number and note: place, item, body, person."""
    point = session.get_one(PatrolPoint, finding.patrol_point_id)
    staff = session.get(StaffMember, finding.staff_member_id) if finding.staff_member_id else None
    owner = queries.owner_name(session, finding.department_id, finding.section_id)
    return " ".join(
        filter(None, (point.number, point.name, item.wording, owner, staff.name if staff else ""))
    )


def check_finding(
    item: ChecklistItem, finding: dict[str, Any], files: Sequence[StoredFile], now: datetime
) -> None:
    """Refuse a finding that lacks what its item asks for, or lies in the future. Raise Invalid."""
    occurred_at = datetime.fromisoformat(finding["occurred_at"])
    if rules.is_future(occurred_at, now):
        raise Invalid(N_("发生时间不能晚于现在。"), field="occurred_at")
    if now - occurred_at > rules.BACKDATING:
        raise Invalid(N_("发生时间早于一个月前，请核对。"), field="occurred_at")
    if item.red_line and not files:
        raise Invalid(N_("红线问题必须附照片等证据。"), field="photos")
    if item.photo_required and not any(file.kind in (FileKind.PHOTO, FileKind.VIDEO) for file in files):
        raise Invalid(N_("这一项必须有照片或视频。"), field="photos")
    if item.note_required and not finding["note"]:
        raise Invalid(N_("这一项必须写明情况。"), field="note")
    check_count(len(files))
    _require_camera(files, finding["camera"])


def require_open(findings: Sequence[Finding]) -> None:
    """Raise NotAllowed if something has been decided about one of these findings already."""
    for finding in findings:
        if finding.status is not FindingStatus.OPEN:
            raise NotAllowed(N_("问题 %(number)s 已经处理，不能再次下发整改。"), number=finding.number)


def send_to_rectify(uow: UnitOfWork, finding_ids: list[int], number: str) -> list[Finding]:
    """Move findings into rectification, as the notice `number` is issued for them."""
    findings = [uow.get(Finding, finding_id) for finding_id in finding_ids]
    require_open(findings)
    for finding in findings:
        finding.status = FindingStatus.RECTIFY
        uow.record(rules.FINDING_SENT_TO_RECTIFY, finding, rectification=number)
    return findings


def reopen(uow: UnitOfWork, finding_ids: list[int], number: str) -> list[Finding]:
    """Open findings again whose notice `number` was taken back."""
    findings = [uow.get(Finding, finding_id) for finding_id in finding_ids]
    for finding in findings:
        finding.status = FindingStatus.OPEN
        uow.record(rules.FINDING_REOPENED, finding, rectification=number)
    return findings
