"""Whose turn a step is: the body that answers, or the head who enters it for one that has no account."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from app import clock
from app.accounts.models import RoleGrant, User
from app.organisation.models import ChiefRepresentative
from app.permissions import Actor, Permission, Role
from app.rectifications.models import Rectification


def answered_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor answers for a rectification: by body or by name."""
    own: list[ColumnElement[bool]] = []
    if actor.department_ids:
        own.append(Rectification.department_id.in_(actor.department_ids))
    if actor.section_id:
        own.append(Rectification.section_id == actor.section_id)
    if actor.staff_member_id:
        own.append(Rectification.owner_id == actor.staff_member_id)
    if actor.upper_centre_id is not None and actor.centre_wide:
        own.append(Rectification.to_centre_id == actor.centre_id)
    own.append(Rectification.owner_user_id == actor.user_id)
    return or_(*own)


def taken_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the addressee's steps are the actor's to take, his own or for another."""
    if not actor.can(Permission.RECTIFICATION_STAND_IN):
        return answered_by(actor)
    return or_(answered_by(actor), Rectification.department_id.not_in(_attended(clock.today())))


def stands_in(session: Session, actor: Actor, row: Rectification) -> bool:
    """Return whether the actor may enter the addressee's steps for a person who has no account."""
    may = actor.can(Permission.RECTIFICATION_STAND_IN) and row.centre_id in actor.centre_ids
    if not may or row.department_id is None:
        return False
    attended = _attended(clock.today()).where(ChiefRepresentative.department_id == row.department_id)
    return session.scalar(attended.limit(1)) is None


def _attended(on: date) -> Select[int]:
    """Return the departments whose chief representative of the day can sign in and act as such."""
    return (
        select(ChiefRepresentative.department_id)
        .join(User, User.staff_member_id == ChiefRepresentative.staff_member_id)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(
            ChiefRepresentative.from_on <= on,
            or_(ChiefRepresentative.to_on.is_(None), ChiefRepresentative.to_on >= on),
            User.disabled_at.is_(None),
            and_(RoleGrant.role == Role.CHIEF_REPRESENTATIVE, RoleGrant.withdrawn_at.is_(None)),
        )
    )
