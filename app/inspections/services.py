"""Patrols: begun as a draft, saved at each step, submitted as ledger rows in one unit of work."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.attachments.services import StoredFile
from app.core.errors import Invalid, NotAllowed, NotFound
from app.core.i18n import N_
from app.db import drafts
from app.db.drafts import Draft
from app.db.uow import UnitOfWork
from app.documents.services import next_serial
from app.inspections import draft_rules as content_of
from app.inspections import finding_services, queries, rules, walk_queries
from app.inspections.models import Finding, Patrol, PatrolCheck
from app.inspections.plan_rules import round_at
from app.inspections.rules import Answer, ChecklistPurpose, FindingStatus, PatrolMode
from app.organisation.models import PatrolPoint, Zone
from app.permissions import Actor
from app.settings.rules import Round

DRAFT = "patrol"
ENTRY = "finding"
GONE = N_("这次巡查已经提交或放弃。")


def begin_patrol(
    session: Session,
    actor: Actor,
    zone: Zone,
    mode: PatrolMode,
    now: datetime,
    plan: Mapping[str, str] = content_of.NOTHING,
) -> Draft:
    """Begin a patrol of one zone, or go on with the one already begun there."""
    # On PostgreSQL two taps take turns; the second finds what the first has begun.
    session.execute(select(Zone.id).where(Zone.id == zone.id).with_for_update(key_share=True))
    found = drafts.find(session, actor.user_id, DRAFT, zone.id)
    if found:
        return found
    purpose = ChecklistPurpose.SPECIAL if mode is PatrolMode.SPECIAL else ChecklistPurpose.ROUTINE
    checklist = queries.current_checklist(zone.centre_id, clock.local(now).date(), purpose)
    if checklist is None:
        raise NotAllowed(
            N_("本中心还没有生效的专项检查清单，请先发布清单。")
            if purpose is ChecklistPurpose.SPECIAL
            else N_("本中心还没有生效的巡查清单，请先发布清单。")
        )
    draft = Draft(
        kind=DRAFT,
        user_id=actor.user_id,
        centre_id=zone.centre_id,
        subject_id=zone.id,
        content=content_of.new(secrets.token_hex(16), zone.id, checklist.id, mode.value, plan),
        begun_at=now,
        saved_at=now,
    )
    session.add(draft)
    session.flush()
    return draft


def plan_of(
    mode: PatrolMode, given: Mapping[str, Any], rounds: Sequence[Round], now: datetime
) -> dict[str, str]:
    """Return for which round a patrol is begun, and with or for whom. Raise Invalid for a missing name."""
    if mode is PatrolMode.ACCOMPANIED and not given["companions"]:
        raise Invalid(N_("随访须写明与谁同行。"), field="companions")
    if mode is PatrolMode.LEADER and not given["on_behalf_name"]:
        raise Invalid(N_("领导带班须写明带班领导。"), field="on_behalf_name")
    if mode is PatrolMode.LEADER and not given["on_behalf_capacity"]:
        raise Invalid(N_("请写明带班领导的职务。"), field="on_behalf_capacity")
    local = clock.local(now)
    name = given["round_name"] or ""
    if name and name not in {one.name for one in rounds}:  # another centre's rounds
        present = round_at(rounds, local.time())
        name = present.name if present else ""
    counts = mode in rules.COVERING and name
    leads, goes_along = mode is PatrolMode.LEADER, mode is PatrolMode.ACCOMPANIED
    return {
        "round_on": local.date().isoformat() if counts else "",
        "round_name": name if counts else "",
        "companions": given["companions"] if goes_along else "",
        "on_behalf_name": given["on_behalf_name"] if leads else "",
        "on_behalf_capacity": given["on_behalf_capacity"] if leads else "",
    }


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
    seen: Mapping[str, str] = content_of.NOTHING,
) -> Draft:
    """Save the answers of one point, and what is seen there of rectifications still open."""
    draft = _own(session, actor, draft_id)
    if closed and any(f["point_id"] == point_id for f in draft.content["findings"].values()):
        raise NotAllowed(N_("这里已记录问题，不能再标为未开放；请先删除问题。"))
    plain = {code: answer.value for code, answer in given.items() if answer is not Answer.FINDING}
    content = content_of.with_point(draft.content, point_id, plain, closed, now.isoformat(), seen)
    drafts.save(session, draft, content, now)
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
    points = walk_queries.points_of_draft(draft)
    items = queries.items_of(content["checklist_id"])
    waiting = walk_queries.open_rectifications([point.id for point in points], draft.begun_at)
    states = {
        point.id: content_of.point_state(
            content,
            point.id,
            [item.code for item in queries.items_for(items, point)],
            [one.number for one in waiting[point.id]],
        )
        for point in points
    }
    missing = [point.number for point in points if not states[point.id].complete]
    if missing:
        raise NotAllowed(
            N_("还有 %(count)d 个巡查点没有查完：%(points)s。"),
            count=len(missing),
            points="、".join(missing[:8]),
        )
    day = walk_queries.day_of(draft)
    plan = content["plan"]
    patrol = Patrol(
        centre_id=draft.centre_id,
        number=f"{day:%Y%m%d}-{next_serial(uow, draft.centre_id, 'patrol', day.year)}",
        form_key=content["form_key"],
        zone_id=content["zone_id"],
        inspector_id=uow.actor.user_id,
        checklist_id=content["checklist_id"],
        mode=PatrolMode(content["mode"]),
        round_on=date.fromisoformat(plan["round_on"]) if plan.get("round_on") else None,
        round_name=plan.get("round_name", ""),
        companions=plan.get("companions", ""),
        on_behalf_name=plan.get("on_behalf_name") or None,
        on_behalf_capacity=plan.get("on_behalf_capacity") or None,
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
        finding_services.record_of_patrol(uow, patrol, items, content["findings"][key], content["uploads"])
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
        followed=content_of.followed(content, point.id) or None,
        checked_at=datetime.fromisoformat(kept["checked_at"]) if kept else now,
    )


# --- afterwards -----------------------------------------------------------------------------------


def release(uow: UnitOfWork, patrol_id: int, version: int) -> Patrol:
    """Show a mystery visit and its findings to the inspected."""
    patrol = _load(uow, patrol_id, version)
    if patrol.mode is not PatrolMode.MYSTERY:
        raise NotAllowed(N_("只有暗访需要公开。"))
    if patrol.status is rules.PatrolStatus.VOID or patrol.released_at is not None:
        raise NotAllowed(N_("这次暗访已经公开或作废。"))
    patrol.released_at = uow.now
    uow.record(rules.PATROL_RELEASED, patrol)
    return patrol


def void(uow: UnitOfWork, patrol_id: int, version: int, reason: str) -> Patrol:
    """Void a submitted patrol with its findings, unless some of them lead to rectifications."""
    patrol = _load(uow, patrol_id, version)
    if patrol.status is rules.PatrolStatus.VOID:
        raise NotAllowed(N_("这次巡查已经作废。"))
    finding_services.void_findings_of(uow, patrol, reason)
    patrol.status = rules.PatrolStatus.VOID
    patrol.void_reason = reason
    uow.record(rules.PATROL_VOIDED, patrol)
    return patrol


def _load(uow: UnitOfWork, patrol_id: int, version: int) -> Patrol:
    rows = select(Patrol).where(Patrol.id == patrol_id).with_for_update()
    uow.session.scalars(rows.execution_options(populate_existing=True)).all()
    return uow.get(Patrol, patrol_id, version)


# --- into rectification ---------------------------------------------------------------------------


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
        patrol = uow.session.get(Patrol, finding.patrol_id) if finding.patrol_id else None
        if patrol and patrol.hidden:  # a notice would tell the inspected
            raise NotAllowed(
                N_("问题 %(number)s 来自还没有公开的暗访，请先公开再下发整改。"), number=finding.number
            )
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


# --- entries by hand ------------------------------------------------------------------------------


def keep_entry_uploads(session: Session, actor: Actor, files: Sequence[StoredFile], now: datetime) -> Draft:
    """Keep files that arrived with a finding entered by hand, whatever becomes of the form."""
    draft = drafts.find(session, actor.user_id, ENTRY, 0)
    if draft is None:
        draft = Draft(
            kind=ENTRY,
            user_id=actor.user_id,
            centre_id=actor.centre_id,
            subject_id=0,
            content={"uploads": {}},
            begun_at=now,
        )
        session.add(draft)
    uploads = {file.sha256: file.to_dict() for file in files}
    drafts.save(session, draft, content_of.with_uploads(draft.content, uploads), now)
    return draft


def end_entry(uow: UnitOfWork) -> None:
    """Remove the draft of an entry that has become a finding."""
    draft = drafts.find(uow.session, uow.actor.user_id, ENTRY, 0)
    if draft is not None:
        uow.session.delete(draft)
