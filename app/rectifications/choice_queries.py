"""Who and what may be chosen when a notice is issued."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Select, or_, select

from app.accounts.models import RoleGrant, User
from app.extensions import db
from app.organisation.models import Centre, ChiefRepresentative, Department, Section, StaffMember
from app.organisation.queries import in_force, open_on
from app.permissions import GRANTS, Actor, Permission
from app.rectifications.rules import Addressee
from app.settings import queries as settings


def rechecker_choices(centre_id: int) -> list[tuple[int, str]]:
    """Return the users of a centre who may re-check, by name."""
    statement = (
        select(User.id, User.name)
        .where(
            User.centre_id == centre_id,
            User.disabled_at.is_(None),
            User.id.in_(holders(Permission.RECTIFICATION_RECHECK)),
        )
        .order_by(User.sort_key, User.id)
    )
    return [(user_id, name) for user_id, name in db.session.execute(statement)]


def owner_choices(addressee: Addressee, on: date) -> tuple[list[tuple[str, str]], str]:
    """Return who may be named to mend it, as `staff:1` or `user:1` with the name, and who usually is.

    Of a department its staff, usually the chief representative; of a section or a lower centre its users.
    """
    if addressee.department_id is not None:
        people = _staff_of(addressee.department_id, on)
        chief = db.session.scalar(
            select(ChiefRepresentative.staff_member_id).where(
                ChiefRepresentative.department_id == addressee.department_id,
                in_force(ChiefRepresentative.from_on, ChiefRepresentative.to_on, on),
            )
        )
        return people, f"staff:{chief}" if chief else ""
    users = select(User.id, User.name).where(User.disabled_at.is_(None))
    if addressee.section_id is not None:
        users = users.where(User.section_id == addressee.section_id)
    else:
        users = users.where(
            User.centre_id == addressee.to_centre_id, User.id.in_(holders(Permission.RECTIFICATION_SUBMIT))
        )
    rows = db.session.execute(users.order_by(User.sort_key, User.id))
    people = [(f"user:{user_id}", name) for user_id, name in rows]
    return people, people[0][0] if len(people) == 1 else ""


def _staff_of(department_id: int, on: date) -> list[tuple[str, str]]:
    rows = db.session.execute(
        select(StaffMember.id, StaffMember.name)
        .where(
            StaffMember.department_id == department_id,
            or_(StaffMember.left_on.is_(None), StaffMember.left_on >= on),
        )
        .order_by(StaffMember.sort_key, StaffMember.id)
    )
    return [(f"staff:{staff_id}", name) for staff_id, name in rows]


def holders(permission: Permission) -> Select[int]:
    """Return the ids of the users whose roles give a permission."""
    roles = [role for role, granted in GRANTS.items() if permission in granted]
    return select(RoleGrant.user_id).where(RoleGrant.role.in_(roles), RoleGrant.withdrawn_at.is_(None))


def addressees(actor: Actor, centre_id: int, on: date) -> list[tuple[str, str]]:
    """Return the bodies that an instruction may go to, as `department:1`, `section:1` or `centre:1`."""
    departments = db.session.scalars(
        select(Department)
        .where(Department.centre_id == centre_id, open_on(Department, on))
        .order_by(Department.sort_key, Department.id)
    )
    sections = db.session.scalars(
        select(Section)
        .where(Section.centre_id == centre_id, Section.closed_on.is_(None))
        .order_by(Section.id)
    )
    centres = db.session.scalars(
        select(Centre)
        .where(Centre.id.in_(actor.centre_ids - {centre_id}), Centre.closed_on.is_(None))
        .order_by(Centre.id)
    )
    return [
        *((f"section:{row.id}", row.name) for row in sections),
        *((f"centre:{row.id}", row.name) for row in centres),
        *((f"department:{row.id}", row.name) for row in departments),
    ]


def usual_deadline(centre_id: int | None) -> dict[str, int]:
    """Return the deadline that the centre gives where nothing else says one."""
    return settings.values(db.session(), centre_id, ("rectification_workdays", "rectification_hour"))
