"""Sign-in, sessions and one's own password."""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from sqlalchemy import ColumnElement, CursorResult, delete, select, update

from app import clock
from app.accounts import password_rules, queries, rules
from app.accounts.models import FormerPassword, RoleGrant, SignInFailure, User, UserSession
from app.accounts.password_rules import PASSWORD_MAX, PROFILES, PasswordProfile
from app.accounts.rules import SessionEnd
from app.core.errors import Invalid, NotFound
from app.core.i18n import N_
from app.db.trouble import trouble
from app.db.uow import UnitOfWork, short_transaction, unit_of_work
from app.extensions import db
from app.organisation.queries import name_initials, name_key
from app.permissions import Actor, Origin, Permission, Role, incompatible, system_actor

log = logging.getLogger(__name__)

# About 110 ms on one core of a 2026 server; the cost of a check, known account or not.
_hasher = PasswordHasher(time_cost=2, memory_cost=64 * 1024, parallelism=1)
# Nobody's password, checked for an account that does not exist. Written down, because to make one takes every
# process 64 MB and as long as a sign-in at its start.
_unknown = "$argon2id$v=19$m=65536,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
WRONG = N_("用户名或密码不正确。")
LOCKED = N_("连续多次输错，账号暂停登录至 %(until)s，请届时再试。")
TOGETHER = N_("系统管理员、安全管理员、审计员不能由同一人兼任。")


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
    right = _verify(user.password_hash if user else _unknown, password[:PASSWORD_MAX])
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
        if user and user.locked_until and locked and right:
            raise Invalid(LOCKED, field="username", until=_minute_after(user.locked_until))
        raise Invalid(WRONG, field="username")
    actor = queries.build_actor(user, user.held, clock.local(now).date(), origin)
    profile = queries.profile_name(db.session(), user.centre_id)
    due = _must_renew(user, password, PROFILES[profile], now)
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
            profile=profile,
        )
        uow.session.add(row)
        uow.session.flush()
        uow.actor = replace(actor, origin=replace(origin, session_id=row.id))
        subject = uow.get(User, user_id)
        if stronger:
            subject.password_hash = stronger
        if due:
            subject.must_change_password = True
        forget_failures(uow, username)
        uow.record(rules.SESSION_OPENED, subject)
    return token


def _minute_after(instant: datetime) -> str:
    """Return the first full minute, in office time, at which an instant has passed."""
    return clock.local(instant + timedelta(seconds=59)).strftime("%H:%M")


def _must_renew(user: User, password: str, profile: PasswordProfile, now: datetime) -> bool:
    """Return whether a right password is too old for its centre's profile, or no longer good enough."""
    too_old = password_rules.outdated(user.password_changed_at, now, profile)
    return too_old or bool(password_rules.password_faults(password, user.username, profile))


def forget_failures(uow: UnitOfWork, username: str) -> None:
    """Let the next wrong password of an account be the first."""
    uow.session.execute(delete(SignInFailure).where(SignInFailure.username_hash == queries.digest(username)))


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
    if user.disabled_at or rules.expired(row.opened_at, row.seen_at, now, PROFILES[row.profile]):
        return None
    actor = queries.build_actor(user, roles, clock.local(now).date(), replace(origin, session_id=row.id))
    must_change = user.must_change_password
    if now - row.seen_at > rules.SEEN_EVERY:
        _note_seen(row.id, now)
    return actor, must_change


def _note_seen(session_id: int, now: datetime) -> None:
    """Note when a session was last used. Who only reads must not fail because nothing can be written now;
    a session that goes unnoted ends early, never late.
    """
    try:
        with short_transaction(waiting=False) as session:
            session.execute(update(UserSession).where(UserSession.id == session_id).values(seen_at=now))
    except Exception as error:
        if trouble(error) is None:
            raise
        log.warning("a session's last use was not noted: %s", type(error).__name__)


def how_ended(token: str, now: datetime) -> SessionEnd | None:
    """Return why the session of a cookie is over; None if there was none."""
    return queries.how_ended(token, now)


def with_role(actor: Actor, permission: Permission) -> Actor:
    """Return the actor as he acts under one permission; his role is None if he does not hold it."""
    return replace(actor, role=actor.role_for(permission))


def end_sessions(uow: UnitOfWork, user_id: int, reason: SessionEnd, *which: ColumnElement[bool]) -> int:
    """End the open sessions of a user, or `which` of them; return how many."""
    ended: CursorResult[Any] = uow.session.execute(  # type: ignore[assignment]
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None), *which)
        .values(ended_at=uow.now, end_reason=reason)
    )
    return int(ended.rowcount)


def sign_out(uow: UnitOfWork) -> None:
    """End the present session at once."""
    own, session_id = uow.actor.user_id or 0, uow.actor.origin.session_id
    end_sessions(uow, own, SessionEnd.SIGNED_OUT, UserSession.id == session_id)
    uow.record(rules.SESSION_CLOSED, uow.get(User, uow.actor.user_id or 0))


def end_own_session(uow: UnitOfWork, session_id: int) -> None:
    """End one of one's own sessions. Raise NotFound if it is not open, or another's."""
    own = uow.actor.user_id or 0
    if not end_sessions(uow, own, SessionEnd.ENDED_BY_OWNER, UserSession.id == session_id):
        raise NotFound(N_("这次登录已经结束。"))
    uow.record(rules.SESSIONS_ENDED, uow.get(User, own), sessions=1)


def end_other_sessions(uow: UnitOfWork) -> int:
    """End all of one's own sessions but the present one; return how many."""
    own, present = uow.actor.user_id or 0, uow.actor.origin.session_id
    count = end_sessions(uow, own, SessionEnd.ENDED_BY_OWNER, UserSession.id != present)
    if count:
        uow.record(rules.SESSIONS_ENDED, uow.get(User, own), sessions=count)
    return count


def check_new_password(user: User, old: str, new: str) -> str:
    """Return the hash of a new password, made before the write transaction opens. Raise Invalid."""
    if not _verify(user.password_hash, old[:PASSWORD_MAX]):
        raise Invalid(N_("原密码不正确。"), field="old")
    if old == new:
        raise Invalid(N_("新密码不能与原密码相同。"), field="new")
    profile = queries.password_profile(db.session(), user.centre_id)
    hashed = new_password(new, user.username, profile, field="new")
    former = queries.former_passwords(db.session(), user.id, profile.history - 1)
    if any(_verify(each, new) for each in former):
        raise Invalid(N_("不能使用最近 %(count)d 次用过的密码。"), field="new", count=profile.history)
    return hashed


def new_password(password: str, username: str, profile: PasswordProfile, field: str = "password") -> str:
    """Return the hash of a password that keeps a profile's rules. Raise Invalid."""
    for fault in password_rules.password_faults(password, username, profile):
        fault.field = field
        raise fault
    return hash_password(password)


def change_password(uow: UnitOfWork, user_id: int, version: int, password_hash: str) -> None:
    """Change one's own password and end every other session of the account.

    Raise Stale if the account is no longer as it was when the old password was checked.
    """
    user = uow.get(User, user_id, version)
    replace_password(uow, user, password_hash, temporary=False)
    present = uow.actor.origin.session_id
    end_sessions(uow, user_id, SessionEnd.RENEWED, UserSession.id != present)
    uow.record(rules.PASSWORD_CHANGED, user)


def replace_password(uow: UnitOfWork, user: User, password_hash: str, *, temporary: bool) -> None:
    """Put a new password in the place of the old one, which is remembered for a while."""
    uow.session.add(FormerPassword(user_id=user.id, password_hash=user.password_hash, replaced_at=uow.now))
    uow.session.flush()
    kept = select(FormerPassword.id).where(FormerPassword.user_id == user.id)
    kept = kept.order_by(FormerPassword.id.desc()).limit(password_rules.FORMER_KEPT)
    uow.session.execute(
        delete(FormerPassword).where(
            FormerPassword.user_id == user.id, FormerPassword.id.not_in(list(uow.session.scalars(kept)))
        )
    )
    user.password_hash = password_hash
    user.password_changed_at = uow.now
    user.must_change_password = temporary


def spell(user: User) -> None:
    """Keep what a name sorts by and is found by."""
    user.sort_key, user.initials = name_key(user.name), name_initials(user.name)


def add_user(uow: UnitOfWork, user: User, roles: frozenset[Role]) -> User:
    """Add an account with its roles. Raise Invalid if two separated roles would meet."""
    if incompatible(roles):
        raise Invalid(TOGETHER, field="roles")
    user.password_changed_at = uow.now
    spell(user)
    uow.session.add(user)
    uow.session.flush()
    uow.session.add_all(RoleGrant(user_id=user.id, role=role, granted_at=uow.now) for role in sorted(roles))
    uow.record(rules.USER_ADDED, user, roles=sorted(role.value for role in roles))
    return user
