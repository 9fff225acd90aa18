"""Who serves where on a day, and the records of places and people; their lists are in `list_queries`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from app import clock
from app.db import scope
from app.extensions import db
from app.organisation import pinyin
from app.organisation.models import (
    Absence,
    Centre,
    ChiefRepresentative,
    Department,
    OpeningHours,
    PatrolPoint,
    Posting,
    Section,
    ServedDepartment,
    StaffMember,
    Zone,
)
from app.organisation.rules import PostingRole
from app.permissions import Actor

Row = TypeVar("Row", PatrolPoint, StaffMember, Department, Zone, Section)


def visible_to(actor: Actor, model: type[Row]) -> Select[Row]:
    """Return the rows of one kind that an actor may see: those of his centre and of the centres below."""
    return select(model).where(model.centre_id.in_(actor.centre_ids))


def visible_centres(actor: Actor) -> Select[Centre]:
    """Return the actor's centre and those below it."""
    return select(Centre).where(Centre.id.in_(actor.centre_ids))


def in_force(
    from_on: InstrumentedAttribute[date], to_on: InstrumentedAttribute[date | None], on: date
) -> ColumnElement[bool]:
    """Return the condition that a term covers a day; both of its ends count."""
    return (from_on <= on) & or_(to_on.is_(None), to_on >= on)


def open_on(model: type[PatrolPoint] | type[Department] | type[Section], on: date) -> ColumnElement[bool]:
    """Return the condition that a place is open on a day; the day it is closed on no longer counts."""
    return (model.opened_on <= on) & or_(model.closed_on.is_(None), model.closed_on > on)


def name_key(name: str) -> str:
    """Return what a person's name sorts by; kept beside the name of a staff member or a user."""
    return pinyin.sort_key(name, person=True)


def name_initials(name: str) -> str:
    """Return the letters that a person's name is found by: 张三 is zs."""
    return pinyin.initials(name, person=True)


@lru_cache(maxsize=4096)
def initials(text: str) -> str:
    """Return the letters that words are found by when they are typed: 工作时间空岗 is gzsjkg."""
    return pinyin.initials(text)


# --- for the ledgers: who answers for a place on a day ----------------------------------------------


class OnPost(NamedTuple):
    """A person posted to a place on a day; `absence` tells that he is away with permission."""

    staff: StaffMember
    role: PostingRole
    absence: Absence | None


def points_of_zone(session: Session, zone_id: int, on: date, also: Collection[int] = ()) -> list[PatrolPoint]:
    """Return the points of a zone that exist on a day, in walking order, with their departments.

    `also` are ids of points that belong to it even if they are closed.
    """
    rows = (
        select(PatrolPoint)
        .where(PatrolPoint.zone_id == zone_id, or_(open_on(PatrolPoint, on), PatrolPoint.id.in_(also)))
        .options(joinedload(PatrolPoint.department))
        .order_by(PatrolPoint.walking_order, PatrolPoint.id)
    )
    return list(session.scalars(rows))


def postings_today(session: Session, point_ids: Collection[int], on: date) -> dict[int, list[OnPost]]:
    """Return who is posted to each of these points on a day, A before B, the absent marked."""
    begins, ends = _bounds(on)
    away = (
        (Absence.staff_member_id == StaffMember.id)
        & (Absence.begins_at < ends)
        & (Absence.ends_at > begins)
        & (Absence.ends_at > Absence.begins_at)  # not withdrawn
    )
    rows = session.execute(
        select(Posting.patrol_point_id, StaffMember, Posting.role, Absence)
        .join(StaffMember, StaffMember.id == Posting.staff_member_id)
        .outerjoin(Absence, away)
        .where(
            Posting.patrol_point_id.in_(point_ids),
            in_force(Posting.from_on, Posting.to_on, on),
            or_(StaffMember.left_on.is_(None), StaffMember.left_on > on),
        )
        .order_by(Posting.role, StaffMember.sort_key, StaffMember.id, Absence.begins_at)
    )
    found: dict[int | None, dict[int, OnPost]] = {point_id: {} for point_id in point_ids}
    for point_id, member, role, absence in rows:
        found[point_id].setdefault(member.id, OnPost(member, role, absence))
    return {point_id: list(found[point_id].values()) for point_id in point_ids}


def departments_of_point(session: Session, point: PatrolPoint, on: date) -> list[Department]:
    """Return the department of a point, or those that a comprehensive window serves on a day."""
    served = (
        select(ServedDepartment.department_id)
        .where(
            ServedDepartment.patrol_point_id == point.id,
            in_force(ServedDepartment.from_on, ServedDepartment.to_on, on),
        )
        .scalar_subquery()
    )
    rows = select(Department).where(
        Department.id.in_(served) if point.comprehensive else Department.id == point.department_id
    )
    return list(session.scalars(rows.order_by(Department.sort_key, Department.id)))


def chiefs_of(session: Session, department_ids: Collection[int], on: date) -> dict[int, StaffMember]:
    """Return the chief representative of each of these departments on a day, where there is one."""
    rows = session.execute(
        select(ChiefRepresentative.department_id, StaffMember)
        .join(StaffMember, StaffMember.id == ChiefRepresentative.staff_member_id)
        .where(
            ChiefRepresentative.department_id.in_(department_ids),
            in_force(ChiefRepresentative.from_on, ChiefRepresentative.to_on, on),
        )
    )
    return {row.department_id: row.StaffMember for row in rows}


def chief_of(session: Session, department_id: int, on: date) -> StaffMember | None:
    """Return the chief representative of a department on a day."""
    return chiefs_of(session, [department_id], on).get(department_id)


def _bounds(on: date) -> tuple[datetime, datetime]:
    start = datetime.combine(on, time())
    return clock.at_office(start), clock.at_office(start + timedelta(days=1))


# --- records ----------------------------------------------------------------------------------------


def get_centre(actor: Actor, centre_id: int) -> Centre:
    """Return a centre in sight. Raise NotFound."""
    return scope.load(db.session(), visible_centres(actor), Centre, centre_id)


def centre_above(actor: Actor, centre: Centre) -> Centre | None:
    """Return the centre above one, as far as the actor may see it."""
    return db.session.get(Centre, centre.parent_id) if centre.parent_id in actor.centre_ids else None


def get_section(actor: Actor, section_id: int) -> Section:
    """Return a section in sight, with its centre. Raise NotFound."""
    return _get(actor, Section, section_id, Section.centre)


def get_zone(actor: Actor, zone_id: int) -> Zone:
    """Return a zone in sight, with its centre. Raise NotFound."""
    return _get(actor, Zone, zone_id, Zone.centre)


def get_point(actor: Actor, point_id: int) -> PatrolPoint:
    """Return a patrol point in sight, with its zone and department. Raise NotFound."""
    beside = (PatrolPoint.centre, PatrolPoint.zone, PatrolPoint.department)
    return _get(actor, PatrolPoint, point_id, *beside)


def get_staff_member(actor: Actor, staff_member_id: int) -> StaffMember:
    """Return a staff member in sight, with his department. Raise NotFound."""
    return _get(actor, StaffMember, staff_member_id, StaffMember.centre, StaffMember.department)


def get_department(actor: Actor, department_id: int) -> Department:
    """Return a department in sight. Raise NotFound."""
    return _get(actor, Department, department_id, Department.centre)


def _get(actor: Actor, model: type[Row], row_id: int, *beside: Any) -> Row:
    visible = visible_to(actor, model).options(*map(joinedload, beside))
    return scope.load(db.session(), visible, model, row_id)


def hours_of_point(session: Session, point_id: int, on: date) -> list[OpeningHours]:
    """Return the opening hours of a point in force on a day, Monday first."""
    rows = select(OpeningHours).where(
        OpeningHours.patrol_point_id == point_id, in_force(OpeningHours.from_on, OpeningHours.to_on, on)
    )
    return list(session.scalars(rows.order_by(OpeningHours.weekday, OpeningHours.opens_at)))


def hours_to_come(session: Session, point_id: int, on: date) -> list[OpeningHours]:
    """Return the opening hours of a point that begin after a day, in the order of their beginning."""
    rows = select(OpeningHours).where(
        OpeningHours.patrol_point_id == point_id,
        OpeningHours.from_on > on,
        or_(OpeningHours.to_on.is_(None), OpeningHours.to_on >= OpeningHours.from_on),
    )
    return list(
        session.scalars(rows.order_by(OpeningHours.from_on, OpeningHours.weekday, OpeningHours.opens_at))
    )


def postings_of_staff(session: Session, staff_member_id: int) -> Sequence[tuple[Posting, PatrolPoint | None]]:
    """Return all postings of a person with their points, the latest first."""
    rows = session.execute(
        select(Posting, PatrolPoint)
        .outerjoin(PatrolPoint, PatrolPoint.id == Posting.patrol_point_id)
        .where(Posting.staff_member_id == staff_member_id)
        .order_by(Posting.from_on.desc(), Posting.role, Posting.id.desc())
    )
    return [(posting, point) for posting, point in rows]


def absences_of_staff(session: Session, staff_member_id: int) -> Sequence[tuple[Absence, StaffMember | None]]:
    """Return the absences of a person with the one who stands in, the latest first, at most fifty."""
    rows = session.execute(
        select(Absence, StaffMember)
        .outerjoin(StaffMember, StaffMember.id == Absence.stand_in_id)
        .where(Absence.staff_member_id == staff_member_id)
        .order_by(Absence.begins_at.desc(), Absence.id.desc())
        .limit(50)
    )
    return [(absence, stand_in) for absence, stand_in in rows]


def handles(department_id: int, on: date) -> ColumnElement[bool]:
    """Return the condition that a point is a department's, or serves it on a day."""
    served = select(ServedDepartment.patrol_point_id).where(
        ServedDepartment.department_id == department_id,
        in_force(ServedDepartment.from_on, ServedDepartment.to_on, on),
    )
    return or_(PatrolPoint.department_id == department_id, PatrolPoint.id.in_(served))


def points_of_department(session: Session, department_id: int, on: date) -> list[PatrolPoint]:
    """Return the points that a department answers for or is served at on a day, by number."""
    rows = select(PatrolPoint).where(open_on(PatrolPoint, on), handles(department_id, on))
    return list(session.scalars(rows.order_by(PatrolPoint.number, PatrolPoint.id)))


def chief_terms(session: Session, department_id: int) -> Sequence[tuple[ChiefRepresentative, StaffMember]]:
    """Return all chief representatives a department has had, the latest first."""
    rows = session.execute(
        select(ChiefRepresentative, StaffMember)
        .join(StaffMember, StaffMember.id == ChiefRepresentative.staff_member_id)
        .where(ChiefRepresentative.department_id == department_id)
        .order_by(ChiefRepresentative.from_on.desc(), ChiefRepresentative.id.desc())
    )
    return [(term, member) for term, member in rows]


def postings_at(session: Session, point_id: int, limit: int = 50) -> Sequence[tuple[Posting, StaffMember]]:
    """Return the postings to a point that were not withdrawn, with the people, the latest first."""
    rows = session.execute(
        select(Posting, StaffMember)
        .join(StaffMember, StaffMember.id == Posting.staff_member_id)
        .where(
            Posting.patrol_point_id == point_id,
            or_(Posting.to_on.is_(None), Posting.to_on >= Posting.from_on),
        )
        .order_by(Posting.from_on.desc(), Posting.role, Posting.id.desc())
        .limit(limit)
    )
    return [(posting, member) for posting, member in rows]


def served_by(session: Session, point_id: int) -> list[ServedDepartment]:
    """Return all that was ever entered of the departments a window serves."""
    return list(session.scalars(select(ServedDepartment).where(ServedDepartment.patrol_point_id == point_id)))


def all_hours(session: Session, point_id: int) -> list[OpeningHours]:
    """Return all opening hours that were ever entered of a point."""
    return list(session.scalars(select(OpeningHours).where(OpeningHours.patrol_point_id == point_id)))


def chief_posts(session: Session, staff_member_id: int) -> Sequence[tuple[ChiefRepresentative, Department]]:
    """Return what a person has answered for as chief representative, the latest first."""
    rows = session.execute(
        select(ChiefRepresentative, Department)
        .join(Department, Department.id == ChiefRepresentative.department_id)
        .where(ChiefRepresentative.staff_member_id == staff_member_id)
        .order_by(ChiefRepresentative.from_on.desc(), ChiefRepresentative.id.desc())
    )
    return [(term, department) for term, department in rows]
