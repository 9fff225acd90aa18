"""The lists of centres, places, people and their terms, under the filters of their addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased, joinedload

from app.db import search
from app.db.listing import Order, Page, capped_count, fetch
from app.db.scope import row_id
from app.extensions import db
from app.organisation.models import (
    Absence,
    Centre,
    ChiefRepresentative,
    Department,
    PatrolPoint,
    Posting,
    Section,
    StaffMember,
    Zone,
)
from app.organisation.queries import Row, chiefs_of, handles, in_force, visible_centres, visible_to
from app.organisation.rules import AbsenceKind, DepartmentKind, Lack, PointKind, PostingRole, StaffKind
from app.organisation.setup_queries import lacking
from app.permissions import Actor

Kind = TypeVar("Kind", bound=StrEnum)


@dataclass(frozen=True)
class Listed:
    """A page of a list with what it was filtered by and what stands beside its rows."""

    page: Page[Any]
    total: int
    kind: StrEnum | None = None
    lack: Lack | None = None
    closed: bool = False  # only what is no longer there
    centre: Centre | None = None
    zone: Zone | None = None
    department: Department | None = None
    zones: Sequence[Zone] = ()
    beside: Mapping[int, Any] | None = None
    rows: Any = None  # the statement of all of it, for whoever takes the list out


def _kind(kinds: type[Kind], args: Mapping[str, str], name: str = "kind") -> Kind | None:
    given = args.get(name)
    return kinds(given) if given in [kind.value for kind in kinds] else None


def _chosen(actor: Actor, model: type[Row], given: str | None) -> Row | None:
    """Return the visible row that a filter names; a name that means nothing filters nothing."""
    wanted = row_id(given)
    return db.session.scalar(visible_to(actor, model).where(model.id == wanted)) if wanted else None


def _centre(actor: Actor, args: Mapping[str, str]) -> Centre | None:
    """Return the one centre that a list is confined to; without one it shows all in sight."""
    wanted = row_id(args.get("centre"))
    return db.session.get(Centre, wanted) if wanted in actor.centre_ids else None


def _with_words(args: Mapping[str, str], *columns: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    """Return the condition that each word stands in one of the columns; for a few hundred rows."""
    return [
        or_(*(column.icontains(word, autoescape=True) for column in columns))
        for word in search.words(args.get("q", ""))
    ]


def _there(column: InstrumentedAttribute[date | None], on: date, *, closed: bool) -> ColumnElement[bool]:
    """Return the condition that a row is still there, what is to open later included; or that it is not."""
    return column <= on if closed else or_(column.is_(None), column > on)


def list_points(actor: Actor, args: Mapping[str, str], on: date) -> Listed:
    """Return one page of the patrol points, by number."""
    session, closed = db.session(), bool(args.get("closed"))
    centre = _centre(actor, args)
    zones = _zones_of(centre.id if centre else actor.centre_id)
    zone = next((zone for zone in zones if str(zone.id) == args.get("zone")), None)
    department = _chosen(actor, Department, args.get("department"))
    kind, lack = _kind(PointKind, args), _kind(Lack, args, "lack")
    rows = visible_to(actor, PatrolPoint).where(_there(PatrolPoint.closed_on, on, closed=closed))
    if centre:
        rows = rows.where(PatrolPoint.centre_id == centre.id)
    if zone:
        rows = rows.where(PatrolPoint.zone_id == zone.id)
    if kind:
        rows = rows.where(PatrolPoint.kind == kind)
    if department:
        rows = rows.where(handles(department.id, on))
    if lack:
        rows = rows.where(lacking(PatrolPoint, lack, on))
    rows = rows.where(*_with_words(args, PatrolPoint.number, PatrolPoint.name, PatrolPoint.initials))
    order = Order(PatrolPoint.number, PatrolPoint.id, descending=False)
    loaded = rows.options(*map(joinedload, (PatrolPoint.centre, PatrolPoint.zone, PatrolPoint.department)))
    page = fetch(session, loaded, order, args.get("cursor"))
    total = capped_count(session, rows)
    return Listed(page, total, kind, lack, closed, centre, zone, department, zones, rows=loaded)


def _zones_of(centre_id: int | None) -> list[Zone]:
    rows = select(Zone).where(Zone.centre_id == centre_id).order_by(Zone.position, Zone.id)
    return list(db.session.scalars(rows))


def list_zones(actor: Actor, args: Mapping[str, str], on: date) -> Listed:
    """Return one page of the zones in walking order, each with how many points are in it."""
    session, closed = db.session(), bool(args.get("closed"))
    centre = _centre(actor, args)
    rows = visible_to(actor, Zone).where(_there(Zone.closed_on, on, closed=closed))
    if centre:
        rows = rows.where(Zone.centre_id == centre.id)
    rows = rows.where(*_with_words(args, Zone.name, Zone.floor, Zone.initials))
    order = Order(Zone.position, Zone.id, descending=False)
    page = fetch(session, rows.options(joinedload(Zone.centre)), order, args.get("cursor"))
    counts = session.execute(
        select(PatrolPoint.zone_id, func.count().label("points"))
        .where(
            PatrolPoint.zone_id.in_([zone.id for zone in page.rows]),
            _there(PatrolPoint.closed_on, on, closed=False),
        )
        .group_by(PatrolPoint.zone_id)
        .limit(len(page.rows))
    )
    beside = {row.zone_id: row.points for row in counts}
    return Listed(page, capped_count(session, rows), closed=closed, centre=centre, beside=beside)


def list_staff(actor: Actor, args: Mapping[str, str], on: date) -> Listed:
    """Return one page of the people, by name, each with his postings of the day beside him."""
    session, closed = db.session(), bool(args.get("closed"))
    centre, lack = _centre(actor, args), _kind(Lack, args, "lack")
    kind, department = _kind(StaffKind, args), _chosen(actor, Department, args.get("department"))
    rows = visible_to(actor, StaffMember).where(_there(StaffMember.left_on, on, closed=closed))
    if centre:
        rows = rows.where(StaffMember.centre_id == centre.id)
    if kind:
        rows = rows.where(StaffMember.kind == kind)
    if department:
        rows = rows.where(StaffMember.department_id == department.id)
    if lack:
        rows = rows.where(lacking(StaffMember, lack, on))
    rows = _named(rows, args)
    order = Order(StaffMember.sort_key, StaffMember.id, descending=False)
    loaded = rows.options(joinedload(StaffMember.centre), joinedload(StaffMember.department))
    page = fetch(session, loaded, order, args.get("cursor"))
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
    total = capped_count(session, rows)
    return Listed(page, total, kind, lack, closed, centre, None, department, (), beside, loaded)


def _named(rows: Select[Any], args: Mapping[str, str]) -> Select[Any]:
    """Confine rows about staff members to those that a search finds: name, initials or number."""
    if not args.get("q", "").strip():
        return rows
    matches = search.matching(db.session(), StaffMember.__search_table__, args["q"])
    return rows.where(false() if matches is None else StaffMember.id.in_(matches))


def list_departments(actor: Actor, args: Mapping[str, str], on: date) -> Listed:
    """Return one page of the stationed departments, by name, each with its chief representative."""
    session, closed = db.session(), bool(args.get("closed"))
    centre, kind, lack = _centre(actor, args), _kind(DepartmentKind, args), _kind(Lack, args, "lack")
    rows = visible_to(actor, Department).where(_there(Department.closed_on, on, closed=closed))
    if centre:
        rows = rows.where(Department.centre_id == centre.id)
    if kind:
        rows = rows.where(Department.kind == kind)
    if lack:
        rows = rows.where(lacking(Department, lack, on))
    rows = rows.where(*_with_words(args, Department.name, Department.short_name, Department.initials))
    order = Order(Department.sort_key, Department.id, descending=False)
    loaded = rows.options(joinedload(Department.centre))
    page = fetch(session, loaded, order, args.get("cursor"))
    chiefs = chiefs_of(session, [row.id for row in page.rows], on)
    return Listed(page, capped_count(session, rows), kind, lack, closed, centre, beside=chiefs, rows=loaded)


def list_sections(actor: Actor, args: Mapping[str, str], on: date) -> Listed:
    """Return one page of the sections, in the order they were opened."""
    session, closed = db.session(), bool(args.get("closed"))
    centre = _centre(actor, args)
    rows = visible_to(actor, Section).where(_there(Section.closed_on, on, closed=closed))
    if centre:
        rows = rows.where(Section.centre_id == centre.id)
    rows = rows.where(*_with_words(args, Section.name, Section.initials))
    order = Order(Section.id, Section.id, descending=False)
    page = fetch(session, rows.options(joinedload(Section.centre)), order, args.get("cursor"))
    return Listed(page, capped_count(session, rows), closed=closed, centre=centre)


def list_centres(actor: Actor, args: Mapping[str, str], on: date) -> Listed:
    """Return one page of the centres directly below one, or of all in sight that a search finds.

    Rows are (Centre, id, number directly below it); the centre above is `centre`, by default one's own.
    """
    session, closed = db.session(), bool(args.get("closed"))
    top = _centre(actor, {"centre": args.get("under", "")}) or session.get(Centre, actor.centre_id or 0)
    lower = aliased(Centre)
    below = (
        select(func.count())
        .select_from(lower)
        .where(lower.parent_id == Centre.id, _there(lower.closed_on, on, closed=False))
        .scalar_subquery()
    )
    rows = visible_centres(actor).where(_there(Centre.closed_on, on, closed=closed))
    if args.get("q", "").strip():
        rows = rows.where(*_with_words(args, Centre.name, Centre.short_name, Centre.initials))
    else:
        rows = rows.where(Centre.parent_id == (top.id if top else None))
    order = Order(Centre.id, Centre.id, descending=False)
    shown: Any = rows.with_only_columns(Centre, Centre.id, below.label("below"))
    page = fetch(session, shown, order, args.get("cursor"))
    return Listed(page, capped_count(session, rows), closed=closed, centre=top)


def list_chiefs(actor: Actor, args: Mapping[str, str], on: date) -> Listed:
    """Return one page of the chief representatives, the latest first: in office and to come, or former.

    Rows are (ChiefRepresentative, StaffMember, Department, from_on, id).
    """
    session, former = db.session(), bool(args.get("closed"))
    department = _chosen(actor, Department, args.get("department"))
    term = ChiefRepresentative
    rows = (
        select(term)
        .join(StaffMember, StaffMember.id == term.staff_member_id)
        .join(Department, Department.id == term.department_id)
        .where(Department.centre_id.in_(actor.centre_ids))
    )
    if former:
        rows = rows.where(term.to_on < on, term.to_on >= term.from_on)
    else:
        rows = rows.where(or_(term.to_on.is_(None), (term.to_on >= on) & (term.to_on >= term.from_on)))
    if department:
        rows = rows.where(term.department_id == department.id)
    rows = _named(rows, args)
    shown: Any = rows.with_only_columns(term, StaffMember, Department, term.from_on, term.id)
    page = fetch(session, shown, Order(term.from_on, term.id), args.get("cursor"))
    return Listed(page, capped_count(session, rows), closed=former, department=department)


def list_absences(actor: Actor, args: Mapping[str, str], now: datetime) -> Listed:
    """Return one page of leave and errands, by their end: the present and those to come, or the past ones.

    Rows are (Absence, StaffMember, the stand-in or None, ends_at, id).
    """
    session, past = db.session(), bool(args.get("closed"))
    kind = _kind(AbsenceKind, args)
    stand_in = aliased(StaffMember)
    rows = (
        select(Absence)
        .join(StaffMember, StaffMember.id == Absence.staff_member_id)
        .outerjoin(stand_in, stand_in.id == Absence.stand_in_id)
        .where(StaffMember.centre_id.in_(actor.centre_ids), Absence.ends_at > Absence.begins_at)
    )
    rows = rows.where(Absence.ends_at <= now if past else Absence.ends_at > now)
    if kind:
        rows = rows.where(Absence.kind == kind)
    rows = _named(rows, args)
    shown: Any = rows.with_only_columns(Absence, StaffMember, stand_in, Absence.ends_at, Absence.id)
    order = Order(Absence.ends_at, Absence.id, descending=past)
    page = fetch(session, shown, order, args.get("cursor"))
    return Listed(page, capped_count(session, rows), kind, closed=past)
