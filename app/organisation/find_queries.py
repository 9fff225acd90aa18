"""What was typed for a person or a place, and what a form offers to choose from."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from app.core.errors import Invalid
from app.core.i18n import N_
from app.db import scope
from app.db.scope import row_id
from app.extensions import db
from app.organisation.models import (
    Absence,
    Centre,
    ChiefRepresentative,
    Department,
    OpeningHours,
    PatrolPoint,
    Posting,
    StaffMember,
    Zone,
)
from app.organisation.queries import hours_of_point, visible_centres, visible_to
from app.permissions import Actor

OFFERED = 600  # suggestions beyond this number help nobody; what is typed is looked up anyway
NOBODY = N_("没有找到“%(typed)s”，请填写姓名、工号或拼音首字母。")
SEVERAL = N_("“%(typed)s”有 %(count)d 人：%(names)s。请填写工号。")
NOWHERE = N_("没有编号为“%(typed)s”的巡查点。")


class Suggestions(NamedTuple):
    """What a browser may suggest: (what is filled in, the initials it is found by as well)."""

    people: list[tuple[str, str]]
    points: list[tuple[str, str]]


def centre_for(actor: Actor, given: str | None) -> Centre:
    """Return the centre that a new row goes to, by default the actor's own. Raise NotFound out of sight."""
    wanted = row_id(given) if given else actor.centre_id
    return scope.load(db.session(), visible_centres(actor), Centre, wanted or 0)


def centres_offered(actor: Actor) -> list[tuple[int, str]]:
    """Return the open centres in sight, an upper one before those below it."""
    rows = visible_centres(actor).where(Centre.closed_on.is_(None)).order_by(Centre.id)
    return [(centre.id, centre.short_name) for centre in db.session.scalars(rows)]


def zones_offered(centre_id: int, kept: int | None = None) -> list[tuple[int, str]]:
    """Return the zones in use of a centre in walking order, and the one that a row is in already."""
    rows = select(Zone).where(Zone.centre_id == centre_id, or_(Zone.closed_on.is_(None), Zone.id == kept))
    return [
        (zone.id, f"{zone.floor} {zone.name}")
        for zone in db.session.scalars(rows.order_by(Zone.position, Zone.id))
    ]


def departments_offered(centre_id: int, kept: int | None = None) -> list[tuple[int, str]]:
    """Return the departments stationed at a centre by name, and the one that a row has already."""
    rows = select(Department.id, Department.short_name).where(
        Department.centre_id == centre_id, or_(Department.closed_on.is_(None), Department.id == kept)
    )
    return [
        (row.id, row.short_name)
        for row in db.session.execute(rows.order_by(Department.sort_key, Department.id))
    ]


def departments_in_sight(actor: Actor) -> list[tuple[int, str]]:
    """Return the departments stationed at any centre in sight, by name, a lower centre.s with its name."""
    rows = (
        visible_to(actor, Department)
        .where(Department.closed_on.is_(None))
        .options(joinedload(Department.centre))
        .order_by(Department.sort_key, Department.id)
    )
    return [
        (
            row.id,
            row.short_name
            if row.centre_id == actor.centre_id
            else f"{row.centre.short_name} {row.short_name}",
        )
        for row in db.session.scalars(rows)
    ]


def suggestions(actor: Actor, on: date) -> Suggestions:
    """Return the people in service and the places in use, for a browser to suggest while one types."""
    people = _in_service(actor, on).order_by(StaffMember.sort_key, StaffMember.id).limit(OFFERED)
    points = _in_use(actor, on).order_by(PatrolPoint.number, PatrolPoint.id).limit(OFFERED)
    return Suggestions(
        [(written(row), row.initials) for row in db.session.scalars(people)],
        [(row.audit_name, row.initials) for row in db.session.scalars(points)],
    )


def _in_service(actor: Actor, on: date) -> Select[StaffMember]:
    return visible_to(actor, StaffMember).where(or_(StaffMember.left_on.is_(None), StaffMember.left_on > on))


def _in_use(actor: Actor, on: date) -> Select[PatrolPoint]:
    return visible_to(actor, PatrolPoint).where(
        or_(PatrolPoint.closed_on.is_(None), PatrolPoint.closed_on > on)
    )


def written(row: StaffMember) -> str:
    """Return how a form writes a person, so that nobody else is meant."""
    return f"{row.name} {row.staff_number}"


def find_person(actor: Actor, typed: str, on: date, field: str = "person") -> StaffMember:
    """Return the one person in service of this number, name or initials. Raise Invalid if not one."""
    wanted = typed.strip().lower()
    number = wanted.split()[-1] if wanted else ""  # as suggested: 张三 1001
    rows = _in_service(actor, on).options(joinedload(StaffMember.department))
    for column, value in (
        (StaffMember.staff_number, wanted),
        (StaffMember.staff_number, number),
        (StaffMember.name, wanted),
        (StaffMember.initials, wanted),
    ):
        same = rows.where(func.lower(column) == value).order_by(StaffMember.sort_key, StaffMember.id)
        found = db.session.scalars(same.limit(6)).all()
        if len(found) == 1:
            return found[0]
        if found:
            names = "、".join(_told_apart(row) for row in found[:5])
            raise Invalid(SEVERAL, field=field, typed=typed, count=len(found), names=names)
    raise Invalid(NOBODY, field=field, typed=typed)


def _told_apart(row: StaffMember) -> str:
    where = f" {row.department.short_name}" if row.department else ""
    return f"{row.name} {row.staff_number}{where}"


def find_point(actor: Actor, typed: str, on: date, centre_id: int) -> PatrolPoint | None:
    """Return the patrol point of a centre with this number, None if none was typed. Raise Invalid."""
    wanted = typed.strip().lower()
    if not wanted:
        return None
    same = _in_use(actor, on).where(  # as suggested: A01 综合窗口
        func.lower(PatrolPoint.number).in_([wanted, wanted.split()[0]]), PatrolPoint.centre_id == centre_id
    )
    found = db.session.scalars(same).first()
    if found is None:
        raise Invalid(NOWHERE, field="point", typed=typed)
    return found


# --- what a new row begins with ---------------------------------------------------------------------


def next_position(centre_id: int) -> int:
    """Return a place after the last zone of a centre."""
    last = db.session.scalar(select(func.max(Zone.position)).where(Zone.centre_id == centre_id))
    return min((last or 0) + 1, 9999)


def next_step(zone_id: int) -> int:
    """Return a place after the last point of a zone, with room for others between."""
    last = db.session.scalar(
        select(func.max(PatrolPoint.walking_order)).where(PatrolPoint.zone_id == zone_id)
    )
    return min((last or 0) + 10, 9999)


def usual_hours(centre_id: int, on: date) -> list[OpeningHours]:
    """Return the hours of the place that was entered last in a centre: most windows are open alike."""
    last = db.session.scalar(
        select(PatrolPoint.id)
        .where(PatrolPoint.centre_id == centre_id)
        .order_by(PatrolPoint.id.desc())
        .limit(1)
    )
    return hours_of_point(db.session(), last, on) if last else []


# --- terms ------------------------------------------------------------------------------------------


def get_posting(actor: Actor, posting_id: int) -> Posting:
    """Return a posting of a person in sight. Raise NotFound."""
    visible = select(Posting).join(StaffMember, StaffMember.id == Posting.staff_member_id)
    visible = visible.where(StaffMember.centre_id.in_(actor.centre_ids))
    return scope.load(db.session(), visible, Posting, posting_id)


def get_chief(actor: Actor, chief_id: int) -> ChiefRepresentative:
    """Return a term of a chief representative in sight. Raise NotFound."""
    visible = select(ChiefRepresentative).join(Department, Department.id == ChiefRepresentative.department_id)
    visible = visible.where(Department.centre_id.in_(actor.centre_ids))
    return scope.load(db.session(), visible, ChiefRepresentative, chief_id)


def get_absence(actor: Actor, absence_id: int) -> Absence:
    """Return an absence of a person in sight. Raise NotFound."""
    visible = select(Absence).join(StaffMember, StaffMember.id == Absence.staff_member_id)
    visible = visible.where(StaffMember.centre_id.in_(actor.centre_ids))
    return scope.load(db.session(), visible, Absence, absence_id)


def covers_for(absence: Absence) -> list[str]:
    """Return the names of those for whom the person who is away was to stand in at that time."""
    rows = (
        select(StaffMember.name)
        .join(Absence, Absence.staff_member_id == StaffMember.id)
        .where(
            Absence.stand_in_id == absence.staff_member_id,
            Absence.begins_at < absence.ends_at,
            Absence.ends_at > absence.begins_at,
        )
    )
    return list(db.session.scalars(rows.order_by(StaffMember.sort_key)))
