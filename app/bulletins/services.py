"""Bulletins: drafted, reviewed with their figures, returned, issued, corrected by a new edition."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

from app import clock
from app.audit.checkpoints import foot_line
from app.bulletins import documents as papers
from app.bulletins import queries
from app.bulletins.models import Bulletin
from app.bulletins.rules import (
    BULLETIN_CORRECTED,
    BULLETIN_DRAFTED,
    BULLETIN_SUPERSEDED,
    TRANSITIONS,
    BulletinStatus,
    BulletinVerb,
    Content,
    Step,
)
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.core.machine import step
from app.db.types import canonical
from app.db.uow import UnitOfWork
from app.documents import services as documents
from app.documents.rules import DocumentKind
from app.documents.services import Paper
from app.inspections.plan_rules import monday
from app.organisation.models import Centre


def draft(
    uow: UnitOfWork, centre_id: int, week_on: date, good_practice: str = "", requirements: str = ""
) -> Bulletin:
    """Begin the bulletin of a week. Raise Invalid for a week to come, NotAllowed if it has one."""
    week_on = monday(week_on)
    if week_on > clock.local(uow.now).date():
        raise Invalid(N_("这一周还没有开始。"), field="week")
    if queries.latest_edition(uow.session, centre_id, week_on):
        raise NotAllowed(N_("这一周已经有通报。"))
    row = _begin(uow, centre_id, week_on, 1, good_practice, requirements)
    uow.record(BULLETIN_DRAFTED, row)
    return row


def _begin(
    uow: UnitOfWork, centre_id: int, week_on: date, edition: int, good_practice: str, requirements: str
) -> Bulletin:
    row = Bulletin(
        centre_id=centre_id,
        week_on=week_on,
        edition=edition,
        status=BulletinStatus.DRAFT,
        good_practice=good_practice,
        requirements=requirements,
        drafted_by_id=uow.actor.user_id or 0,
        drafted_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    return row


def _step(uow: UnitOfWork, row: Bulletin, verb: BulletinVerb) -> Step:
    facts = queries.facts_of(uow.actor, row, clock.local(uow.now).date())
    return step(TRANSITIONS, row.status, verb, uow.actor.permissions, facts)


def change(
    uow: UnitOfWork, bulletin_id: int, version: int, good_practice: str, requirements: str
) -> Bulletin:
    """Change the texts of a draft. Raise NotAllowed, Stale."""
    row = uow.get(Bulletin, bulletin_id, version)
    transition = _step(uow, row, BulletinVerb.CHANGE)
    row.good_practice, row.requirements = good_practice, requirements
    uow.record(transition.action, row)
    return row


def review(uow: UnitOfWork, bulletin_id: int, version: int, content: Content) -> Bulletin:
    """Pass a draft on with the figures as they are now; they stay so. Raise NotAllowed, Stale."""
    row = uow.get(Bulletin, bulletin_id, version)
    transition = _step(uow, row, BulletinVerb.REVIEW)
    row.status, row.figures = transition.to, content.plain()
    row.reviewed_by_id, row.reviewed_at, row.returned_reason = uow.actor.user_id, uow.now, ""
    digest = sha256(canonical(row.figures).encode()).hexdigest()
    uow.record(transition.action, row, digest=digest)
    return row


def send_back(uow: UnitOfWork, bulletin_id: int, version: int, reason: str) -> Bulletin:
    """Return a reviewed bulletin to its author; its figures are taken anew. Raise NotAllowed, Stale."""
    row = uow.get(Bulletin, bulletin_id, version)
    transition = _step(uow, row, BulletinVerb.RETURN)
    row.status, row.figures, row.returned_reason = transition.to, None, reason
    row.reviewed_by_id = row.reviewed_at = None
    uow.record(transition.action, row, reason=reason)
    return row


def issue(uow: UnitOfWork, bulletin_id: int, version: int, base_url: str) -> Bulletin:
    """Issue a reviewed bulletin with its number; it supersedes the one it corrects. Raise NotAllowed."""
    row = uow.get(Bulletin, bulletin_id, version)
    transition = _step(uow, row, BulletinVerb.ISSUE)
    row.status, row.issued_by_id, row.issued_at = transition.to, uow.actor.user_id, uow.now
    uow.session.flush()
    centre = uow.session.get_one(Centre, row.centre_id)
    before = queries.edition_before(uow.session, row)
    corrected = queries.paper_of(uow.session, before.id) if before else None
    form = papers.bulletin(
        row, centre.name, corrected.number if corrected else "", foot_line(uow.session, centre.id), uow.now
    )
    paper = Paper(row, papers.TEMPLATE, form)
    document = documents.number(uow, centre, DocumentKind.WEEKLY_BULLETIN, paper, base_url)
    uow.record(transition.action, row, document=document.number)
    if before and corrected:
        before.status = BulletinStatus.SUPERSEDED
        uow.record(BULLETIN_SUPERSEDED, before, reason=row.correction_reason)
        documents.supersede(uow, corrected.id, document, row.correction_reason)
    return row


def correct(uow: UnitOfWork, bulletin_id: int, version: int, reason: str) -> Bulletin:
    """Begin a further edition of an issued bulletin, with its texts. Raise NotAllowed, Stale."""
    row = uow.get(Bulletin, bulletin_id, version)
    _step(uow, row, BulletinVerb.CORRECT)
    latest = queries.latest_edition(uow.session, row.centre_id, row.week_on)
    if latest and latest.id != row.id:
        raise NotAllowed(N_("这一周的更正已经起草。"))
    new = _begin(uow, row.centre_id, row.week_on, row.edition + 1, row.good_practice, row.requirements)
    new.correction_reason = reason
    uow.record(BULLETIN_CORRECTED, new, reason=reason)
    return new
