"""What was typed for an entry, and what follows from it: whose window, which department, who was away."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from app import clock
from app.core.errors import Invalid
from app.core.i18n import N_
from app.extensions import db
from app.inspections import queries as inspections
from app.inspections.models import Finding
from app.inspections.rules import FindingStatus
from app.organisation import find_queries
from app.organisation.models import Absence, PatrolPoint, Posting, StaffMember
from app.permissions import Actor
from app.registers import rules
from app.registers.models import RegisterEntry

SHOWN = 10
NOT_FOUND = N_("没有编号为 %(number)s 的问题，请核对。")
VOIDED = N_("问题 %(number)s 已作废。")
LATER = N_("问题 %(number)s 在会议之后才发现。")
TOO_MANY = N_("一次会议最多写 %(most)d 个问题。")
ELSEWHERE = N_("%(name)s 不是本中心的人员。")


@dataclass(frozen=True)
class About:
    """Whom an entry is about."""

    staff_member_id: int | None
    patrol_point_id: int | None
    department_id: int | None


def about(
    actor: Actor, centre_id: int, on: date, *, staff: str, point: str, department_id: int | None
) -> About:
    """Return whom an entry is about: what was typed, and what follows from it on that day. Raise Invalid."""
    person = find_queries.find_person(actor, staff, on, field="staff") if staff.strip() else None
    if person and person.centre_id != centre_id:
        raise Invalid(ELSEWHERE, field="staff", name=person.name)
    place = find_queries.find_point(actor, point, on, centre_id)
    if place is None and person:
        place = posted_at(db.session(), [person.id], on, on).get((person.id, on))
    if department_id is None:
        known = (row.department_id for row in (person, place) if row)
        department_id = next(filter(None, known), None)
    return About(person.id if person else None, place.id if place else None, department_id)


def shown(actor: Actor, centre_id: int, on: date, typed: str) -> str:
    """Return the numbers of the findings that were played at a meeting, as they are kept. Raise Invalid."""
    numbers = rules.split_shown(typed)
    if len(numbers) > rules.SHOWN_MOST:
        raise Invalid(TOO_MANY, field="shown", most=rules.SHOWN_MOST)
    known = {row.number: row for row in findings_shown(actor, centre_id, numbers)}
    for number in numbers:
        row = known.get(number)
        if row is None:
            raise Invalid(NOT_FOUND, field="shown", number=number)
        if row.status is FindingStatus.VOID:
            raise Invalid(VOIDED, field="shown", number=number)
        if clock.local(row.occurred_at).date() > on:
            raise Invalid(LATER, field="shown", number=number)
    return rules.join_shown(numbers)


def findings_shown(actor: Actor, centre_id: int, numbers: Collection[str]) -> list[Finding]:
    """Return those of the numbered findings of a centre that the reader may see, with their places."""
    if not numbers:
        return []
    rows = inspections.visible_to(actor).where(Finding.centre_id == centre_id, Finding.number.in_(numbers))
    named = rows.options(joinedload(Finding.item), joinedload(Finding.patrol_point))
    return list(db.session.scalars(named.order_by(Finding.occurred_at, Finding.id)))


def posted_at(
    session: Session, staff_ids: Collection[int], first: date, last: date
) -> dict[tuple[int, date], PatrolPoint]:
    """Return the window of each person on each day on which he was posted to one, role A first."""
    rows = session.execute(
        select(Posting.staff_member_id, Posting.from_on, Posting.to_on, PatrolPoint)
        .join(PatrolPoint, PatrolPoint.id == Posting.patrol_point_id)
        .where(
            Posting.staff_member_id.in_(staff_ids),
            Posting.from_on <= last,
            or_(Posting.to_on.is_(None), Posting.to_on >= first),
        )
        .order_by(Posting.role, Posting.from_on, Posting.id)
    )
    found: dict[tuple[int, date], PatrolPoint] = {}
    for staff_id, from_on, to_on, point in rows:
        day, end = max(first, from_on), min(last, to_on or last)
        while day <= end:
            found.setdefault((staff_id, day), point)
            day += timedelta(days=1)
    return found


def away_on(session: Session, staff_member_id: int, day: date) -> list[Absence]:
    """Return the leave and errands that were granted to a person on a day."""
    begins = clock.at_office(datetime.combine(day, time()))
    rows = select(Absence).where(
        Absence.staff_member_id == staff_member_id,
        Absence.begins_at < begins + timedelta(days=1),
        Absence.ends_at > begins,
        Absence.ends_at > Absence.begins_at,  # not withdrawn
    )
    return list(session.scalars(rows.order_by(Absence.begins_at)))


def recent(actor: Actor, now: datetime) -> list[RegisterEntry]:
    """Return the last entries that the actor made by hand today, the latest first."""
    begins = clock.at_office(datetime.combine(clock.local(now).date(), time()))
    rows = (
        select(RegisterEntry)
        .where(
            RegisterEntry.centre_id.in_(actor.centre_ids),
            RegisterEntry.recorded_by_id == actor.user_id,
            RegisterEntry.recorded_at >= begins,
            RegisterEntry.form_key.is_not(None),
        )
        .options(joinedload(RegisterEntry.staff_member), joinedload(RegisterEntry.patrol_point))
    )
    return list(
        db.session.scalars(
            rows.order_by(RegisterEntry.recorded_at.desc(), RegisterEntry.id.desc()).limit(SHOWN)
        )
    )


def people_of(centre_id: int) -> list[StaffMember]:
    """Return everybody of a centre, those who have left as well: a table may speak of last month."""
    rows = select(StaffMember).where(StaffMember.centre_id == centre_id)
    return list(db.session.scalars(rows.order_by(StaffMember.id)))
