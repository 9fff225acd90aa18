from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.orm import Session, joinedload, raiseload

from app.accounts import rules
from app.accounts.models import FormerPassword, RoleGrant, SignInFailure, User, UserSession
from app.accounts.password_rules import PROFILES, PasswordProfile
from app.accounts.rules import FAILURE_WINDOW, SessionEnd
from app.core.errors import NotAllowed
from app.core.i18n import N_
from app.extensions import db
from app.organisation.models import Centre, ChiefRepresentative
from app.permissions import Actor, Origin, Permission, Role
from app.settings import queries as settings

# Every request asks these two; to put them together anew would cost as much as to run them.
_SESSION = (
    select(UserSession, User, RoleGrant.role)
    .join(User, User.id == UserSession.user_id)
    .outerjoin(RoleGrant, (RoleGrant.user_id == User.id) & RoleGrant.withdrawn_at.is_(None))
    .where(UserSession.token_hash == bindparam("token"), UserSession.ended_at.is_(None))
    .options(raiseload(User.roles))
)
_CENTRE = select(Centre.id, Centre.name, Centre.parent_id)
_TREE = _CENTRE.where(Centre.id == bindparam("centre_id")).cte("tree", recursive=True)
_TREE = _TREE.union_all(_CENTRE.where(Centre.parent_id == _TREE.c.id))
_CENTRES_BELOW = select(_TREE.c.id, _TREE.c.name, _TREE.c.parent_id)


def digest(text: str) -> str:
    """Return the form in which tokens and typed user names are kept."""
    return hashlib.sha256(text.encode()).hexdigest()


def find_session(token: str) -> tuple[UserSession, User, frozenset[Role]] | None:
    """Return an open session with its user and roles, in one statement."""
    rows = db.session.execute(_SESSION, {"token": digest(token)}).all()
    if not rows:
        return None
    return rows[0][0], rows[0][1], frozenset(role for _, _, role in rows if role)


def build_actor(user: User, roles: frozenset[Role], today: date, origin: Origin) -> Actor:
    """Return the actor a user is today: his roles, his centre and those below, his departments."""
    departments: frozenset[int] = frozenset()
    if Role.CHIEF_REPRESENTATIVE in roles and user.staff_member_id:
        departments = frozenset(
            db.session.scalars(
                select(ChiefRepresentative.department_id).where(
                    ChiefRepresentative.staff_member_id == user.staff_member_id,
                    ChiefRepresentative.from_on <= today,
                    or_(ChiefRepresentative.to_on.is_(None), ChiefRepresentative.to_on >= today),
                )
            )
        )
    centres = _centres_below(user.centre_id) if user.centre_id else {}
    name, upper = centres.get(user.centre_id or 0, ("", None))
    return Actor(
        user_id=user.id,
        name=user.name,
        roles=roles,
        centre_id=user.centre_id,
        centre_name=name,
        centre_ids=frozenset(centres),
        upper_centre_id=upper,
        department_ids=departments,
        staff_member_id=user.staff_member_id,
        section_id=user.section_id,
        origin=origin,
    )


def actor_of(user_id: int, today: date, origin: Origin) -> Actor | None:
    """Return the actor a user is today, for work that goes on without him; None if he may no longer act."""
    user = db.session.get(User, user_id)
    if user is None or user.disabled_at:
        return None
    roles = frozenset(grant.role for grant in user.roles if grant.withdrawn_at is None)
    return build_actor(user, roles, today, origin)


def acting(user_id: int | None, permission: Permission, today: date, origin: Origin) -> Actor:
    """Return the actor on whose behalf work goes on, under the permission it needs. Raise NotAllowed."""
    found = actor_of(user_id or 0, today, origin)
    role = found.role_for(permission) if found else None
    if found is None or role is None:
        raise NotAllowed(N_("提交任务的用户已停用，或者不再有这项权限。"))
    return replace(found, role=role)


def _centres_below(centre_id: int) -> dict[int, tuple[str, int | None]]:
    """Return the names of a centre and of all below it, each with the centre above."""
    rows = db.session.execute(_CENTRES_BELOW, {"centre_id": centre_id})
    return {row.id: (row.name, row.parent_id) for row in rows}


def find_user(username: str) -> User | None:
    return db.session.scalar(select(User).where(User.username == username))


def recent_failures(username: str, address: str, now: datetime) -> tuple[int, int]:
    """Return how many sign-ins failed of late for this account, and from this address."""
    since = now - FAILURE_WINDOW
    count = select(func.count()).select_from(SignInFailure)
    account = db.session.scalar(
        count.where(SignInFailure.username_hash == digest(username), SignInFailure.at > since)
    )
    place = db.session.scalar(count.where(SignInFailure.address == address, SignInFailure.at > since))
    return account or 0, place or 0


def visible_to(actor: Actor) -> Select[User]:
    """Return the accounts an administrator or auditor may see: those of his centre and below."""
    return select(User).where(User.centre_id.in_(actor.centre_ids))


def get_own(user_id: int) -> User:
    """Return a reader's own account with its places."""
    names = (User.centre, User.section, User.staff_member)
    rows = select(User).where(User.id == user_id).options(*map(joinedload, names))
    return db.session.scalars(rows).one()


def profile_name(session: Session, centre_id: int | None) -> str:
    """Return the name of the password profile that holds in a centre."""
    return str(settings.value(session, centre_id, "password_profile"))


def password_profile(session: Session, centre_id: int | None) -> PasswordProfile:
    """Return what a centre asks of passwords and sessions."""
    return PROFILES[profile_name(session, centre_id)]


def former_passwords(session: Session, user_id: int, most: int) -> list[str]:
    """Return the hashes of the passwords that were replaced last, the latest first."""
    rows = select(FormerPassword.password_hash).where(FormerPassword.user_id == user_id)
    return list(session.scalars(rows.order_by(FormerPassword.id.desc()).limit(most)))


def open_sessions(session: Session, user_id: int, now: datetime) -> list[UserSession]:
    """Return the sessions of a user that have neither ended nor run out, the latest used first."""
    longest = max(profile.absolute for profile in PROFILES.values())
    rows = select(UserSession).where(
        UserSession.user_id == user_id,
        UserSession.ended_at.is_(None),
        UserSession.opened_at > now - longest,
    )
    ordered = rows.order_by(UserSession.seen_at.desc(), UserSession.id.desc()).limit(200)
    return [row for row in session.scalars(ordered) if not _expired(row, now)]


def _expired(row: UserSession, now: datetime) -> bool:
    return rules.expired(row.opened_at, row.seen_at, now, PROFILES[row.profile])


def how_ended(token: str, now: datetime) -> SessionEnd | None:
    """Return why the session of a cookie is over; None if there was none, or if it is not over."""
    row = db.session.scalar(select(UserSession).where(UserSession.token_hash == digest(token)))
    if row is None:
        return None
    return row.end_reason if row.ended_at else SessionEnd.EXPIRED if _expired(row, now) else None
