"""What a round under way needs to know: its draft, its points, its people, and what happened there before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from app import clock
from app.accounts.models import User
from app.core.errors import NotFound
from app.core.i18n import N_
from app.db import scope
from app.db.drafts import Draft
from app.db.listing import unsteered
from app.extensions import db
from app.inspections import draft_rules as content_of
from app.inspections import plan_queries, plan_rules, rules
from app.inspections.models import ChecklistItem, Finding, Patrol
from app.inspections.queries import items_for, items_of
from app.inspections.rules import Doubt, FindingStatus
from app.organisation import queries as organisation
from app.organisation.models import (
    Absence,
    Centre,
    Department,
    PatrolPoint,
    Posting,
    Section,
    StaffMember,
    Zone,
)
from app.organisation.queries import OnPost
from app.permissions import Actor
from app.rectifications.models import Rectification, RectifiedFinding
from app.rectifications.rules import ENDED, RectificationStatus

EARLIER = timedelta(days=90)
NEAR = timedelta(hours=4)  # a draft not touched for longer is no walk under way


# --- drafts ---------------------------------------------------------------------------------------


def own_drafts(actor: Actor) -> list[tuple[Draft, Zone]]:
    """Return the patrols that the actor has begun and not submitted, newest first."""
    statement = (
        select(Draft, Zone)
        .join(Zone, Zone.id == Draft.subject_id)
        .where(Draft.user_id == actor.user_id, Draft.kind == "patrol")
    )
    return [(draft, zone) for draft, zone in db.session.execute(statement.order_by(Draft.saved_at.desc()))]


def find_draft(actor: Actor, draft_id: int) -> Draft | None:
    """Return one's own patrol under way, None once it was submitted or given up."""
    draft = db.session.get(Draft, draft_id)
    if draft is None or draft.kind != "patrol" or draft.user_id != actor.user_id:
        return None
    return draft


def get_draft(actor: Actor, draft_id: int) -> Draft:
    """Return one's own patrol under way. Raise NotFound."""
    draft = find_draft(actor, draft_id)
    if draft is None:
        raise NotFound(N_("这次巡查已经提交或放弃，或者是别人的草稿。"))
    return draft


def day_of(draft: Draft) -> date:
    """Return the day a round belongs to: the one it began on, even if it goes on past midnight."""
    return clock.local(draft.begun_at).date()


def points_of_draft(draft: Draft) -> list[PatrolPoint]:
    """Return the points of the draft's zone in walking order, what it holds of one closed since included."""
    return _points(draft, content_of.touched(draft.content))


def _points(draft: Draft, also: Collection[int]) -> list[PatrolPoint]:
    return organisation.points_of_zone(db.session(), draft.subject_id, day_of(draft), also)


def point_and_items(draft: Draft, point_id: int) -> tuple[PatrolPoint, list[ChecklistItem]]:
    """Return a point of the draft's zone and what is asked there. Raise NotFound for any other point.

    One that was closed during the round is found, so that nothing typed at it is lost.
    """
    for place in _points(draft, [point_id]):
        if place.id == point_id:
            return place, items_for(items_of(draft.content["checklist_id"]), place)
    raise NotFound(N_("这个巡查点不在本次巡查的区域内。"))


def others_in_zone(draft: Draft, now: datetime) -> list[tuple[str, datetime]]:
    """Return who else is walking the draft's zone at the moment, and since when."""
    statement = (
        select(User.name, Draft.begun_at)
        .join(User, User.id == Draft.user_id)
        .where(
            Draft.kind == "patrol",
            Draft.subject_id == draft.subject_id,
            Draft.user_id != draft.user_id,
            Draft.saved_at > now - NEAR,
        )
    )
    return [(name, at) for name, at in db.session.execute(statement.order_by(Draft.begun_at))]


def submitted_patrol(form_key: str) -> int | None:
    """Return the patrol that a draft became, for a second tap on submit."""
    return db.session.scalar(select(Patrol.id).where(Patrol.form_key == form_key))


def zones_for(actor: Actor) -> list[Zone]:
    """Return the zones that the actor may patrol: those of his centre and the centres below."""
    statement = select(Zone).where(Zone.centre_id.in_(actor.centre_ids), Zone.closed_on.is_(None))
    return list(db.session.scalars(statement.order_by(Zone.centre_id, Zone.position)))


def get_zone(actor: Actor, zone_id: int) -> Zone:
    """Return a zone in sight. Raise NotFound, OutOfScope for a zone of another centre."""
    return scope.load(db.session(), organisation.visible_to(actor, Zone), Zone, zone_id)


# --- what is known of a place ---------------------------------------------------------------------


def earlier_findings(point_id: int, item_id: int, now: datetime) -> list[Finding]:
    """Return the findings of the same place and item in the last 90 days, newest first, at most five."""
    code = select(ChecklistItem.code).where(ChecklistItem.id == item_id).scalar_subquery()
    return list(
        db.session.scalars(
            select(Finding)
            .join(ChecklistItem, ChecklistItem.id == Finding.item_id)
            .where(
                Finding.patrol_point_id == point_id,
                ChecklistItem.code == code,
                Finding.occurred_at > now - EARLIER,
                Finding.status != FindingStatus.VOID,
            )
            .order_by(Finding.occurred_at.desc(), Finding.id.desc())
            .limit(5)
        )
    )


@dataclass(frozen=True)
class OpenOne:
    """A rectification at a place that is not yet struck off."""

    id: int
    number: str
    requirement: str
    due_at: datetime
    status: RectificationStatus


def open_rectifications(point_ids: Collection[int], before: datetime) -> dict[int, list[OpenOne]]:
    """Return what is still being mended at each of these points, of what was issued before a moment.

    What is open anywhere is far less than what was ever found at a point: it is looked through first.
    """
    rows = db.session.execute(
        select(
            Finding.patrol_point_id,
            Rectification.id,
            Rectification.number,
            Rectification.requirement,
            Rectification.due_at,
            Rectification.status,
        )
        .join(RectifiedFinding, RectifiedFinding.finding_id == Finding.id)
        .join(Rectification, RectifiedFinding.rectification_id == Rectification.id)
        .where(
            unsteered(Finding.patrol_point_id).in_(point_ids),
            Rectification.centre_id.in_(select(Centre.id)),
            Rectification.status.in_([status for status in RectificationStatus if status not in ENDED]),
            Rectification.issued_at < before,
        )
        .order_by(Rectification.issued_at, Rectification.id)
        .distinct()
        .add_columns(Rectification.issued_at)
    )
    found: dict[int, list[OpenOne]] = {point_id: [] for point_id in point_ids}
    for point_id, *facts, _issued_at in rows:
        found[point_id].append(OpenOne(*facts))
    return found


def owner_choices(centre_id: int, point: PatrolPoint, on: date) -> tuple[list[tuple[str, str]], str]:
    """Return the bodies that may be responsible at a point, its own first, and the one that is meant.

    None is meant, and has to be chosen, where several departments are served, or none.
    """
    near = organisation.departments_of_point(db.session(), point, on)
    departments, sections = bodies(centre_id, on)
    known = {department.id for department in near}
    rest = [department for department in departments if department.id not in known]
    choices = [
        *((f"department:{department.id}", department.name) for department in (*near, *rest)),
        *((f"section:{section.id}", section.name) for section in sections),
    ]
    return choices, choices[0][0] if len(near) == 1 else ""


def bodies(centre_id: int, on: date) -> tuple[list[Department], list[Section]]:
    """Return the departments and the own sections of a centre on a day."""
    departments = db.session.scalars(
        select(Department)
        .where(
            Department.centre_id == centre_id,
            or_(Department.closed_on.is_(None), Department.closed_on > on),
        )
        .order_by(Department.sort_key, Department.id)
    )
    sections = db.session.scalars(
        select(Section)
        .where(Section.centre_id == centre_id, Section.closed_on.is_(None))
        .order_by(Section.id)
    )
    return list(departments), list(sections)


def staff_choices(point: PatrolPoint, on: date) -> list[OnPost]:
    """Return who is posted at a point on a day, the A-role first, the absent marked."""
    return organisation.postings_today(db.session(), [point.id], on).get(point.id, [])


def staff_member(centre_id: int, staff_id: int | None) -> StaffMember | None:
    """Return a person of a centre, posted wherever he is by now."""
    found = db.session.get(StaffMember, staff_id) if staff_id and 0 < staff_id < 2**31 else None
    return found if found and found.centre_id == centre_id else None


# --- what makes a finding doubtful ----------------------------------------------------------------


@dataclass(frozen=True)
class Doubts:
    """What is to be said against a finding before it is entered, and what it resembles."""

    kinds: tuple[Doubt, ...]
    alike: tuple[Finding, ...] = ()


NO_DOUBTS = Doubts(())


def doubts(
    point: PatrolPoint,
    item: ChecklistItem,
    staff_id: int | None,
    at: datetime,
    others: Collection[Mapping[str, Any]] = (),
) -> Doubts:
    """Return what speaks against a finding; `others` are those of the same draft, not yet in the ledger."""
    found: dict[Doubt, bool] = {Doubt.CLOSED: not _was_open(point, at)}
    alike: tuple[Finding, ...] = ()
    if staff_id:
        alike = _alike(item, staff_id, at)
        found[Doubt.DOUBLE] = bool(alike) or any(
            other["staff"] == staff_id
            and other["item"] == item.code
            and rules.is_double(datetime.fromisoformat(other["occurred_at"]), at)
            for other in others
        )
        found[Doubt.ABSENT] = _was_away(staff_id, at)
        found[Doubt.MOVED] = not _was_posted(point, staff_id, clock.local(at).date())
    return Doubts(tuple(doubt for doubt in Doubt if found.get(doubt)), alike)


def draft_doubts(
    draft: Draft, point: PatrolPoint, item: ChecklistItem, finding: Mapping[str, Any], key: str | None
) -> Doubts:
    """Return what speaks against a finding of a draft, the others of the draft among it."""
    own = key or finding["form_key"]
    others = [
        other for k, other in draft.content["findings"].items() if own not in (k, other.get("form_key"))
    ]
    at = datetime.fromisoformat(finding["occurred_at"])
    return doubts(point, item, finding["staff"], at, others)


def _alike(item: ChecklistItem, staff_id: int, at: datetime) -> tuple[Finding, ...]:
    rows = (
        select(Finding)
        .join(ChecklistItem, ChecklistItem.id == Finding.item_id)
        .where(
            Finding.staff_member_id == staff_id,
            Finding.occurred_at.between(at - rules.DOUBLE_WITHIN, at + rules.DOUBLE_WITHIN),
            ChecklistItem.code == item.code,
            Finding.status != FindingStatus.VOID,
        )
        .options(joinedload(Finding.patrol_point))
        .order_by(Finding.occurred_at, Finding.id)
    )
    return tuple(db.session.scalars(rows.limit(3)))


def _was_away(staff_id: int, at: datetime) -> bool:
    away = select(Absence.id).where(
        Absence.staff_member_id == staff_id, Absence.begins_at <= at, Absence.ends_at > at
    )
    return db.session.scalar(away.limit(1)) is not None


def _was_posted(point: PatrolPoint, staff_id: int, on: date) -> bool:
    posted = select(Posting.id).where(
        Posting.staff_member_id == staff_id,
        Posting.patrol_point_id == point.id,
        organisation.in_force(Posting.from_on, Posting.to_on, on),
    )
    return db.session.scalar(posted.limit(1)) is not None


def _was_open(point: PatrolPoint, at: datetime) -> bool:
    local = clock.local(at)
    day, minute = local.date(), local.time().replace(second=0, microsecond=0, tzinfo=None)
    place = plan_rules.Place(point.id, point.zone_id, point.opened_on, point.closed_on)
    slots = plan_queries.hours_of([point.id], day, day)
    works = plan_queries.works(day)
    # Half an hour before opening and after closing is where lateness and early leaving are seen.
    begins = (datetime.combine(day, minute) - plan_rules.EARLY).time() if minute.hour else minute
    late = datetime.combine(day, minute) + plan_rules.EARLY
    ends = late.time() if late.date() == day else minute.max
    return bool(plan_rules.open_places([place], slots, day, works=works, begins=begins, ends=ends))
