"""What a security administrator does with accounts: each verb asks the rule that drew its button."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts import admin_queries, admin_rules, password_rules, rules, services
from app.accounts.admin_rules import AccountVerb
from app.accounts.models import RoleGrant, User
from app.accounts.password_rules import PasswordProfile
from app.accounts.rules import SessionEnd
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.organisation.models import Centre, Section, StaffMember
from app.permissions import Role, incompatible

# No two characters that people take for one another when they read a slip of paper.
_CHARACTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
TAKEN = N_("用户名“%(username)s”已有人使用，请换一个。")
OUT_OF_SIGHT = N_("这个账号不在您的管理范围内。")


@dataclass(frozen=True)
class Person:
    """Whose account it is, and where he stands."""

    name: str
    centre_id: int
    section_id: int | None = None
    staff_member_id: int | None = None


def temporary_password(username: str, profile: PasswordProfile) -> str:
    """Return a random password that can be read out over the telephone and keeps every rule."""
    while True:
        groups = ["".join(secrets.choice(_CHARACTERS) for _ in range(4)) for _ in range(4)]
        password = "-".join(groups)
        if password_rules.classes_of(password) == 4 and not password_rules.password_faults(
            password, username, profile
        ):
            return password


def _take_turn(uow: UnitOfWork) -> None:
    """Let changes of accounts in one tree follow each other: who is the last administrator is counted."""
    root = admin_queries.root_of(uow.session, uow.actor.centre_id)
    uow.session.execute(select(Centre.id).where(Centre.id == root).with_for_update(key_share=True))


def _load(uow: UnitOfWork, user_id: int, version: int, verb: AccountVerb) -> User:
    """Load an account to change it. Raise NotFound, Stale, or NotAllowed with the reason."""
    _take_turn(uow)
    user = uow.get(User, user_id, version)
    if user.centre_id not in uow.actor.centre_ids:
        raise NotAllowed(OUT_OF_SIGHT)
    reason = admin_rules.refusal(verb, admin_queries.facts_about(uow.session, uow.actor, user, uow.now))
    if reason:
        raise NotAllowed(reason)
    return user


def add_account(
    uow: UnitOfWork, username: str, person: Person, roles: frozenset[Role], password_hash: str
) -> User:
    """Add an account whose temporary password must be changed at the first sign-in."""
    _take_turn(uow)
    _check_place(uow, person)
    if uow.session.scalar(select(User.id).where(User.username == username)):
        raise Invalid(TAKEN, field="username", username=username)
    user = User(username=username, password_hash=password_hash, must_change_password=True, **vars(person))
    try:
        return services.add_user(uow, user, roles)
    except IntegrityError:  # taken in another tree of centres in this very moment
        raise Invalid(TAKEN, field="username", username=username) from None


def change_account(uow: UnitOfWork, user_id: int, version: int, person: Person) -> User:
    """Correct whose account it is and where he stands."""
    user = _load(uow, user_id, version, AccountVerb.CHANGE)
    _check_place(uow, person, user)
    for name, value in vars(person).items():
        setattr(user, name, value)
    services.spell(user)
    if uow.session.is_modified(user):
        uow.record(admin_rules.USER_CHANGED, user)
    return user


def _check_place(uow: UnitOfWork, person: Person, user: User | None = None) -> None:
    """Refuse a place out of sight, a section or a staff member of another centre, a second account."""
    if person.centre_id not in uow.actor.centre_ids:
        raise Invalid(N_("所选中心不在您的管理范围内。"), field="centre")
    if person.section_id and uow.get(Section, person.section_id).centre_id != person.centre_id:
        raise Invalid(N_("所选科室不属于这个中心。"), field="section")
    if not person.staff_member_id:
        return
    member = uow.get(StaffMember, person.staff_member_id)
    if member.centre_id != person.centre_id:
        raise Invalid(N_("%(name)s不是这个中心的人员，请核对中心或人员。"), field="staff", name=member.name)
    owner = uow.session.scalar(select(User).where(User.staff_member_id == member.id))
    if owner is not None and owner is not user:
        raise Invalid(
            N_("%(name)s已有账号“%(username)s”，一人只能有一个账号。"),
            field="staff",
            name=member.name,
            username=owner.username,
        )


def set_roles(uow: UnitOfWork, user_id: int, version: int, roles: frozenset[Role], reason: str) -> User:
    """Grant and withdraw until these roles are held; every open session of the account ends."""
    user = _load(uow, user_id, version, AccountVerb.SET_ROLES)
    granted, withdrawn = roles - user.held, user.held - roles
    if not granted and not withdrawn:
        raise Invalid(N_("角色没有变动。"), field="roles")
    if incompatible(roles):
        raise Invalid(services.TOGETHER, field="roles")
    why = admin_rules.last_refusal(admin_queries.last_of(uow.session, user) & withdrawn)
    if why:
        raise NotAllowed(why)
    for grant in user.roles:
        if grant.withdrawn_at is None and grant.role in withdrawn:
            grant.withdrawn_at = uow.now
    user.roles.extend(RoleGrant(role=role, granted_at=uow.now) for role in sorted(granted))
    user.roles_changed_at = uow.now
    services.end_sessions(uow, user.id, SessionEnd.ROLES_CHANGED)
    uow.record(
        admin_rules.ROLES_CHANGED,
        user,
        roles_granted=sorted(role.value for role in granted),
        roles_withdrawn=sorted(role.value for role in withdrawn),
        reason=reason,
    )
    return user


def disable(uow: UnitOfWork, user_id: int, version: int, reason: str) -> User:
    """Disable an account; whoever is signed in with it is out at the next request."""
    user = _load(uow, user_id, version, AccountVerb.DISABLE)
    user.disabled_at = uow.now
    services.end_sessions(uow, user.id, SessionEnd.DISABLED)
    uow.record(admin_rules.USER_DISABLED, user, reason=reason)
    return user


def enable(uow: UnitOfWork, user_id: int, version: int) -> User:
    """Let a disabled account sign in again."""
    user = _load(uow, user_id, version, AccountVerb.ENABLE)
    user.disabled_at = None
    uow.record(admin_rules.USER_ENABLED, user)
    return user


def unlock(uow: UnitOfWork, user_id: int, version: int) -> User:
    """Let an account sign in before its rest is over; its failures are forgotten."""
    user = _load(uow, user_id, version, AccountVerb.UNLOCK)
    user.locked_until = None
    services.forget_failures(uow, user.username)
    uow.record(admin_rules.USER_UNLOCKED, user)
    return user


def reset_password(uow: UnitOfWork, user_id: int, version: int, password_hash: str) -> User:
    """Set a temporary password, to be changed at the next sign-in; open sessions end, a rest is over."""
    user = _load(uow, user_id, version, AccountVerb.RESET)
    services.replace_password(uow, user, password_hash, temporary=True)
    user.locked_until = None
    services.forget_failures(uow, user.username)
    services.end_sessions(uow, user.id, SessionEnd.RESET)
    uow.record(admin_rules.PASSWORD_RESET, user)
    return user


def end_all_sessions(uow: UnitOfWork, user_id: int, version: int) -> int:
    """End every open session of an account; return how many."""
    user = _load(uow, user_id, version, AccountVerb.END_SESSIONS)
    count = services.end_sessions(uow, user.id, SessionEnd.ENDED_BY_ADMINISTRATOR)
    if not count:
        raise NotAllowed(N_("这个账号现在没有登录。"))
    uow.record(rules.SESSIONS_ENDED, user, sessions=count)
    return count
