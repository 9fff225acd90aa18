"""What a centre still lacks before its hall can be patrolled, in the order in which it is entered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, exists, false, or_, select

from app.db.listing import capped_counts
from app.extensions import db
from app.organisation.models import (
    ChiefRepresentative,
    Department,
    OpeningHours,
    PatrolPoint,
    Posting,
    ServedDepartment,
    StaffMember,
    Zone,
)
from app.organisation.queries import in_force, open_on
from app.organisation.rules import Lack, PointKind

Places = type[PatrolPoint] | type[StaffMember] | type[Department]


class Step(NamedTuple):
    """One kind of row that a centre needs: how many there are, and how many of them lack what."""

    kind: str  # zones, departments, points, staff, postings, chiefs
    total: int
    lacks: Sequence[tuple[Lack, int]] = ()

    @property
    def done(self) -> bool:
        return bool(self.total) and not any(count for _, count in self.lacks)


def lacking(model: Places, lack: Lack, on: date) -> ColumnElement[bool]:
    """Return the condition that a row lacks something on a day; what it cannot have it does not lack."""
    if model is PatrolPoint:
        return _point_lacks(lack, on)
    if model is StaffMember and lack is Lack.POSTING:
        posted = in_force(Posting.from_on, Posting.to_on, on)
        return ~exists().where(Posting.staff_member_id == StaffMember.id, posted)
    if model is Department and lack is Lack.CHIEF:
        in_office = in_force(ChiefRepresentative.from_on, ChiefRepresentative.to_on, on)
        return ~exists().where(ChiefRepresentative.department_id == Department.id, in_office)
    return false()


def _point_lacks(lack: Lack, on: date) -> ColumnElement[bool]:
    window = PatrolPoint.kind == PointKind.WINDOW
    if lack is Lack.HOURS:
        held = in_force(OpeningHours.from_on, OpeningHours.to_on, on)
        return ~exists().where(OpeningHours.patrol_point_id == PatrolPoint.id, held)
    if lack is Lack.POSTING:
        posted = in_force(Posting.from_on, Posting.to_on, on)
        return window & ~exists().where(Posting.patrol_point_id == PatrolPoint.id, posted)
    if lack is Lack.DEPARTMENT:
        served = in_force(ServedDepartment.from_on, ServedDepartment.to_on, on)
        return (
            window
            & PatrolPoint.department_id.is_(None)
            & ~exists().where(ServedDepartment.patrol_point_id == PatrolPoint.id, served)
        )
    return false()


def steps(centre_id: int, on: date) -> list[Step]:
    """Return what a centre has and lacks on a day, in one statement; nothing is counted beyond the cap."""
    points = select(PatrolPoint.id).where(PatrolPoint.centre_id == centre_id, open_on(PatrolPoint, on))
    bodies = select(Department.id).where(Department.centre_id == centre_id, open_on(Department, on))
    people = select(StaffMember.id).where(
        StaffMember.centre_id == centre_id, or_(StaffMember.left_on.is_(None), StaffMember.left_on > on)
    )
    held = in_force(Posting.from_on, Posting.to_on, on)
    in_office = in_force(ChiefRepresentative.from_on, ChiefRepresentative.to_on, on)
    wanted = (
        select(Zone.id).where(Zone.centre_id == centre_id, Zone.closed_on.is_(None)),
        bodies,
        points,
        points.where(lacking(PatrolPoint, Lack.HOURS, on)),
        points.where(lacking(PatrolPoint, Lack.DEPARTMENT, on)),
        people,
        select(Posting.id).join(StaffMember).where(StaffMember.centre_id == centre_id, held),
        points.where(lacking(PatrolPoint, Lack.POSTING, on)),
        select(ChiefRepresentative.id).join(Department).where(Department.centre_id == centre_id, in_office),
        bodies.where(lacking(Department, Lack.CHIEF, on)),
    )
    counts = capped_counts(db.session(), {f"n{place}": rows for place, rows in enumerate(wanted)})
    zones, departments, windows, closed, ownerless, staff, postings, empty, chiefs, headless = counts.values()
    return [
        Step("zones", zones),
        Step("departments", departments),
        Step("points", windows, ((Lack.HOURS, closed), (Lack.DEPARTMENT, ownerless))),
        Step("staff", staff),
        Step("postings", postings, ((Lack.POSTING, empty),)),
        Step("chiefs", chiefs, ((Lack.CHIEF, headless),)),
    ]
