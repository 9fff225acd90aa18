"""Sign-in, sessions and passwords."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from sqlalchemy import delete, update

from app import clock
from app.accounts import queries, rules
from app.accounts.models import RoleGrant, SignInFailure, User, UserSession
from app.core.errors import Invalid
from app.core.i18n import N_
from app.db.uow import UnitOfWork, short_transaction, unit_of_work
from app.permissions import Actor, Origin, Permission, Role, incompatible, system_actor

# About 110 ms on one core of a 2026 server; the cost of a check, known account or not.
_hasher = PasswordHasher(time_cost=2, memory_cost=64 * 1024, parallelism=1)
# Nobody's password, checked for an account that does not exist. Written down, because to make one takes every
# process 64 MB and as long as a sign-in at its start.
_unknown = "$argon2id$v=19$m=65536,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
WRONG = N_("用户名或密码不正确。")
LOCKED = N_("连续多次输错，账号已暂停登录，请稍后再试。")


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False


def sign_in(username: str, password: str, origin: Origin, agent: str, now: datetime) -> str:
    """Open a session and return its token. Raise Invalid, the same for every wrong pair."""
    user = queries.find_user(username)
    failures, from_address = queries.recent_failures(username, origin.address, now)
    if from_address > rules.ADDRESS_FREE_FAILURES:
        time.sleep(min((from_address - rules.ADDRESS_FREE_FAILURES) * 0.1, 2.0))
    locked = bool(user and user.locked_until and user.locked_until > now)
    right = _verify(user.password_hash if user else _unknown, password[: rules.PASSWORD_MAX])
    if user is None or not right or locked or user.disabled_at:
        reason = (
            "unknown"
            if user is None
            else "disabled"
            if user.disabled_at
            else "locked"
            if locked
            else "password"
        )
        _refuse(user.id if user else None, username, origin, now, reason, failures + 1)
        raise Invalid(LOCKED if locked and right else WRONG, field="username")
    roles = frozenset(grant.role for grant in user.roles if grant.withdrawn_at is None)
    actor = queries.build_actor(user, roles, clock.local(now).date(), origin)
    token = secrets.token_urlsafe(32)
    user_id = user.id
    stronger = hash_password(password) if _hasher.check_needs_rehash(user.password_hash) else None
    with unit_of_work(actor, now) as uow:
        row = UserSession(
            token_hash=queries.digest(token),
            user_id=user_id,
            opened_at=now,
            seen_at=now,
            address=origin.address,
            agent=agent[:200],
        )
        uow.session.add(row)
        uow.session.flush()
        uow.actor = replace(actor, origin=replace(origin, session_id=row.id))
        subject = uow.get(User, user_id)
        if stronger:
            subject.password_hash = stronger
        uow.session.execute(
            delete(SignInFailure).where(SignInFailure.username_hash == queries.digest(username))
        )
        uow.record(rules.SESSION_OPENED, subject)
    return token


def _refuse(
    user_id: int | None, username: str, origin: Origin, now: datetime, reason: str, failures: int
) -> None:
    with unit_of_work(system_actor("anonymous", origin), now) as uow:
        uow.session.add(SignInFailure(username_hash=queries.digest(username), address=origin.address, at=now))
        user = uow.get(User, user_id) if user_id else None
        rest = rules.lock_time(failures)
        if user and rest and reason == "password":
            user.locked_until = now + rest
            uow.record(rules.ACCOUNT_LOCKED, user, failures=failures)
        uow.record(rules.SIGN_IN_REFUSED, user, result="refused", reason=reason)


def resume(token: str, origin: Origin, now: datetime) -> tuple[Actor, bool] | None:
    """Return the actor of an open session and whether his password must change; None if it is over."""
    found = queries.find_session(token)
    if found is None:
        return None
    row, user, roles = found
    if user.disabled_at or rules.expired(row.opened_at, row.seen_at, now):
        return None
    actor = queries.build_actor(user, roles, clock.local(now).date(), replace(origin, session_id=row.id))
    must_change = user.must_change_password
    if now - row.seen_at > rules.SEEN_EVERY:
        with short_transaction() as session:
            session.execute(update(UserSession).where(UserSession.id == row.id).values(seen_at=now))
    return actor, must_change


def with_role(actor: Actor, permission: Permission) -> Actor:
    """Return the actor as he acts under one permission; his role is None if he does not hold it."""
    return replace(actor, role=actor.role_for(permission))


def sign_out(uow: UnitOfWork) -> None:
    """End the present session at once."""
    uow.session.execute(
        update(UserSession).where(UserSession.id == uow.actor.origin.session_id).values(ended_at=uow.now)
    )
    uow.record(rules.SESSION_CLOSED, uow.get(User, uow.actor.user_id or 0))


def check_new_password(user: User, old: str, new: str) -> str:
    """Return the hash of a new password, made before the write transaction opens. Raise Invalid."""
    if not _verify(user.password_hash, old[: rules.PASSWORD_MAX]):
        raise Invalid(N_("原密码不正确。"), field="old")
    if old == new:
        raise Invalid(N_("新密码不能与原密码相同。"), field="new")
    return new_password(new, user.username, field="new")


def new_password(password: str, username: str, field: str = "password") -> str:
    """Return the hash of a password that keeps the rules. Raise Invalid."""
    for fault in rules.password_faults(password, username):
        raise Invalid(fault, field=field)
    return hash_password(password)


def change_password(uow: UnitOfWork, user_id: int, password_hash: str) -> None:
    """Change one's own password and end every other session of the account."""
    user = uow.get(User, user_id)
    user.password_hash = password_hash
    user.password_changed_at = uow.now
    user.must_change_password = False
    uow.session.execute(
        update(UserSession)
        .where(
            UserSession.user_id == user_id,
            UserSession.id != uow.actor.origin.session_id,
            UserSession.ended_at.is_(None),
        )
        .values(ended_at=uow.now)
    )
    uow.record(rules.PASSWORD_CHANGED, user)


def add_user(uow: UnitOfWork, user: User, roles: frozenset[Role]) -> User:
    """Add an account with its roles. Raise Invalid if two separated roles would meet."""
    if incompatible(roles):
        raise Invalid(N_("系统管理员、安全管理员、审计员不能由同一人兼任。"), field="roles")
    user.password_changed_at = uow.now
    uow.session.add(user)
    uow.session.flush()
    uow.session.add_all(RoleGrant(user_id=user.id, role=role, granted_at=uow.now) for role in sorted(roles))
    uow.record(rules.USER_ADDED, user, roles=sorted(role.value for role in roles))
    return user
