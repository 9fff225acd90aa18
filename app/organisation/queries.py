"""Who serves where on a day, and the lists of places, people and departments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from app import clock
from app.accounts.models import User
from app.db import scope, search
from app.db.listing import Order, Page, capped_count, fetch
from app.extensions import db
from app.organisation import pinyin
from app.organisation.models import (
    Absence,
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
from app.organisation.rules import DepartmentKind, PointKind, PostingRole, StaffKind
from app.permissions import Actor

Row = TypeVar("Row", PatrolPoint, StaffMember, Department, Zone, Section)
Kind = TypeVar("Kind", bound=StrEnum)


def visible_to(actor: Actor, model: type[Row]) -> Select[Row]:
    """Return the rows of one kind that an actor may see: those of his centre and of the centres below."""
    return select(model).where(model.centre_id.in_(actor.centre_ids))


def in_force(
    from_on: InstrumentedAttribute[date], to_on: InstrumentedAttribute[date | None], on: date
) -> ColumnElement[bool]:
    """Return the condition that a term covers a day; both of its ends count."""
    return (from_on <= on) & or_(to_on.is_(None), to_on >= on)


def open_on(model: type[PatrolPoint] | type[Department], on: date) -> ColumnElement[bool]:
    """Return the condition that a place is open on a day; the day it is closed on no longer counts."""
    return (model.opened_on <= on) & or_(model.closed_on.is_(None), model.closed_on > on)


def name_key(name: str) -> str:
    """Return what a person's name sorts by; kept beside the name of a staff member or a user."""
    return pinyin.sort_key(name, person=True)


def name_initials(name: str) -> str:
    """Return the letters that a person's name is found by: 张三 is zs."""
    return pinyin.initials(name, person=True)


# --- for the ledgers: who answers for a place on a day ----------------------------------------------


class OnPost(NamedTuple):
    """A person posted to a place on a day; `absence` tells that he is away with permission."""

    staff: StaffMember
    role: PostingRole
    absence: Absence | None


def points_of_zone(session: Session, zone_id: int, on: date) -> list[PatrolPoint]:
    """Return the points of a zone that exist on a day, in walking order, with their departments."""
    rows = (
        select(PatrolPoint)
        .where(PatrolPoint.zone_id == zone_id, open_on(PatrolPoint, on))
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


def user_of_staff(session: Session, staff_member_id: int) -> User | None:
    """Return the account of a staff member who has one."""
    return session.scalar(select(User).where(User.staff_member_id == staff_member_id))


def _bounds(on: date) -> tuple[datetime, datetime]:
    start = datetime.combine(on, time())
    return clock.at_office(start), clock.at_office(start + timedelta(days=1))


# --- lists ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listed:
    """A page of a list with what it was filtered by and what stands beside its rows."""

    page: Page[Any]
    total: int
    kind: StrEnum | None = None
    zone: Zone | None = None
    department: Department | None = None
    zones: Sequence[Zone] = ()
    beside: Mapping[int, Any] | None = None


def _kind(kinds: type[Kind], args: Mapping[str, str]) -> Kind | None:
    given = args.get("kind")
    return kinds(given) if given in [kind.value for kind in kinds] else None


def _chosen(actor: Actor, model: type[Row], given: str | None) -> Row | None:
    """Return the visible row that a filter names; a name that means nothing filters nothing."""
    if not given or not given.isascii() or not given.isdecimal() or len(given) > 9:
        return None
    return db.session.scalar(visible_to(actor, model).where(model.id == int(given)))


def _with_words(args: Mapping[str, str], *columns: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    """Return the condition that each word stands in one of the columns; for a few hundred rows."""
    return [
        or_(*(column.icontains(word, autoescape=True) for column in columns))
        for word in search.words(args.get("q", ""))
    ]


def list_points(actor: Actor, args: Mapping[str, str], on: date) -> Listed:
    """Return one page of the patrol points in use, by number, under the filters of the address."""
    session = db.session()
    zones = list(session.scalars(visible_to(actor, Zone).order_by(Zone.position, Zone.id)))
    zone = next((zone for zone in zones if str(zone.id) == args.get("zone")), None)
    department = _chosen(actor, Department, args.get("department"))
    kind = _kind(PointKind, args)
    rows = visible_to(actor, PatrolPoint).where(open_on(PatrolPoint, on))
    if zone:
        rows = rows.where(PatrolPoint.zone_id == zone.id)
    if kind:
        rows = rows.where(PatrolPoint.kind == kind)
    if department:
        rows = rows.where(_handles(department.id, on))
    rows = rows.where(*_with_words(args, PatrolPoint.number, PatrolPoint.name))
    order = Order(PatrolPoint.number, PatrolPoint.id, descending=False)
    loaded = rows.options(joinedload(PatrolPoint.department))
    page = fetch(session, loaded, order, args.get("cursor"))
    return Listed(
        page,
        capped_count(session, rows),
        kind,
        zone,
        department,
        zones,
        beside={zone.id: zone for zone in zones},
    )


def _handles(department_id: int, on: date) -> ColumnElement[bool]:
    served = select(ServedDepartment.patrol_point_id).where(
        ServedDepartment.department_id == department_id,
        in_force(ServedDepartment.from_on, ServedDepartment.to_on, on),
    )
    return or_(PatrolPoint.department_id == department_id, PatrolPoint.id.in_(served))


def list_staff(actor: Actor, args: Mapping[str, str], on: date) -> Listed:
    """Return one page of the people in service, by name, each with his postings of the day beside him."""
    session = db.session()
    kind, department = _kind(StaffKind, args), _chosen(actor, Department, args.get("department"))
    rows = visible_to(actor, StaffMember).where(or_(StaffMember.left_on.is_(None), StaffMember.left_on > on))
    if kind:
        rows = rows.where(StaffMember.kind == kind)
    if department:
        rows = rows.where(StaffMember.department_id == department.id)
    if args.get("q", "").strip():
        matches = search.matching(session, StaffMember.__search_table__, args["q"])
        rows = rows.where(false() if matches is None else StaffMember.id.in_(matches))
    order = Order(StaffMember.sort_key, StaffMember.id, descending=False)
    page = fetch(session, rows.options(joinedload(StaffMember.department)), order, args.get("cursor"))
    posts = session.execute(
        select(Posting.staff_member_id, Posting.role, Posting.post, PatrolPoint.number)
        .outerjoin(PatrolPoint, PatrolPoint.id == Posting.patrol_point_id)
        .where(
            Posting.staff_member_id.in_([row.id for row in page.rows]),
            in_force(Posting.from_on, Posting.to_on, on),
        )
        .order_by(Posting.role, PatrolPoint.number, Posting.id)
    )
    beside: dict[int, list[tuple[PostingRole, str]]] = {}
    for staff_member_id, role, post, number in posts:
        beside.setdefault(staff_member_id, []).append((role, number or post))
    return Listed(page, capped_count(session, rows), kind, department=department, beside=beside)


def list_departments(actor: Actor, args: Mapping[str, str], on: date) -> Listed:
    """Return one page of the stationed departments, by name, each with its chief representative."""
    session = db.session()
    kind = _kind(DepartmentKind, args)
    rows = visible_to(actor, Department).where(open_on(Department, on))
    if kind:
        rows = rows.where(Department.kind == kind)
    rows = rows.where(*_with_words(args, Department.name, Department.short_name, Department.initials))
    order = Order(Department.sort_key, Department.id, descending=False)
    page = fetch(session, rows, order, args.get("cursor"))
    chiefs = chiefs_of(session, [row.id for row in page.rows], on)
    return Listed(page, capped_count(session, rows), kind, beside=chiefs)


# --- records ----------------------------------------------------------------------------------------


def get_point(actor: Actor, point_id: int) -> PatrolPoint:
    """Return a patrol point in sight, with its zone and department. Raise NotFound."""
    visible = visible_to(actor, PatrolPoint).options(
        joinedload(PatrolPoint.zone), joinedload(PatrolPoint.department)
    )
    return scope.load(db.session(), visible, PatrolPoint, point_id)


def get_staff_member(actor: Actor, staff_member_id: int) -> StaffMember:
    """Return a staff member in sight, with his department. Raise NotFound."""
    visible = visible_to(actor, StaffMember).options(joinedload(StaffMember.department))
    return scope.load(db.session(), visible, StaffMember, staff_member_id)


def get_department(actor: Actor, department_id: int) -> Department:
    """Return a department in sight. Raise NotFound."""
    return scope.load(db.session(), visible_to(actor, Department), Department, department_id)


def hours_of_point(session: Session, point_id: int, on: date) -> list[OpeningHours]:
    """Return the opening hours of a point in force on a day, Monday first."""
    rows = select(OpeningHours).where(
        OpeningHours.patrol_point_id == point_id, in_force(OpeningHours.from_on, OpeningHours.to_on, on)
    )
    return list(session.scalars(rows.order_by(OpeningHours.weekday, OpeningHours.opens_at)))


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


def points_of_department(session: Session, department_id: int, on: date) -> list[PatrolPoint]:
    """Return the points that a department answers for or is served at on a day, by number."""
    rows = select(PatrolPoint).where(open_on(PatrolPoint, on), _handles(department_id, on))
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
