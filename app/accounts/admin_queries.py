"""Accounts as the security administrator and the auditor find and read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session, joinedload

from app.accounts import admin_rules
from app.accounts.admin_rules import AccountFacts, AccountState
from app.accounts.models import RoleGrant, User
from app.accounts.queries import visible_to
from app.db import scope, search
from app.db.listing import Order, Page, capped_count, fetch
from app.extensions import db
from app.organisation.models import Centre, Section, StaffMember
from app.permissions import Actor, Role

STAFF_OFFERED = 12


@dataclass(frozen=True)
class Listed:
    """A page of accounts, its capped number, and what it was filtered by."""

    page: Page[User]
    total: int
    states: dict[int, AccountState]
    role: Role | None
    state: AccountState | None
    rows: Select[User]  # all of it, for whoever takes the list out


def list_users(actor: Actor, args: Mapping[str, str], now: datetime) -> Listed:
    """Return one page of the accounts in sight, by name, under the filters of the address."""
    role = Role(args["role"]) if args.get("role") in set(Role) else None
    state = AccountState(args["state"]) if args.get("state") in set(AccountState) else None
    rows = visible_to(actor).where(*_with_words(args.get("q", "")[:60]))
    if role:
        holders = select(RoleGrant.user_id).where(RoleGrant.role == role, RoleGrant.withdrawn_at.is_(None))
        rows = rows.where(User.id.in_(holders))
    if state:
        rows = rows.where(_stands(state, now))
    order = Order(User.sort_key, User.id, descending=False)
    loaded = rows.options(joinedload(User.centre))
    page = fetch(db.session(), loaded, order, args.get("cursor"))
    states = {user.id: state_of(user, now) for user in page.rows}
    return Listed(page, capped_count(db.session(), rows), states, role, state, loaded)


def _with_words(typed: str) -> list[ColumnElement[bool]]:
    """Return the condition that each word stands in name, user name or initials; for some thousand rows."""
    columns = (User.name, User.username, User.initials)
    return [
        or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in search.words(typed)
    ]


def _stands(state: AccountState, now: datetime) -> ColumnElement[bool]:
    """Return the condition that an account stands so; admin_rules.state_of in SQL."""
    locked = and_(User.locked_until.is_not(None), User.locked_until > now)
    free = and_(User.disabled_at.is_(None), or_(User.locked_until.is_(None), User.locked_until <= now))
    return {
        AccountState.DISABLED: User.disabled_at.is_not(None),
        AccountState.LOCKED: and_(User.disabled_at.is_(None), locked),
        AccountState.MUST_CHANGE: and_(free, User.must_change_password.is_(True)),
        AccountState.NORMAL: and_(free, User.must_change_password.is_(False)),
    }[state]


def in_state(actor: Actor, state: AccountState, now: datetime) -> Select[User]:
    """Return the accounts in sight that stand so."""
    return visible_to(actor).where(_stands(state, now))


def state_of(user: User, now: datetime) -> AccountState:
    return admin_rules.state_of(user.disabled_at, user.locked_until, user.must_change_password, now)


def get_user(actor: Actor, user_id: int) -> User:
    """Return an account in sight with its places. Raise NotFound, or OutOfScope."""
    names = (User.centre, User.section, User.staff_member)
    rows = visible_to(actor).options(*map(joinedload, names))
    return scope.load(db.session(), rows, User, user_id)


def facts_about(session: Session, actor: Actor, user: User, now: datetime) -> AccountFacts:
    """Return what decides about the verbs on an account."""
    return AccountFacts(user.id == actor.user_id, state_of(user, now), last_of(session, user))


def last_of(session: Session, user: User) -> frozenset[Role]:
    """Return the administrators' roles an account holds that no other usable account of its tree holds."""
    held = user.held & admin_rules.LAST_OF.keys()
    if not held or user.disabled_at:
        return frozenset()
    others = session.scalars(
        select(RoleGrant.role)
        .join(User, User.id == RoleGrant.user_id)
        .where(
            RoleGrant.role.in_(held),
            RoleGrant.withdrawn_at.is_(None),
            User.id != user.id,
            User.disabled_at.is_(None),
            User.centre_id.in_(_tree_of(session, user.centre_id)),
        )
    )
    return frozenset(held - set(others))


def root_of(session: Session, centre_id: int | None) -> int | None:
    """Return the top of the tree that a centre stands in."""
    up = select(Centre.id, Centre.parent_id).where(Centre.id == centre_id).cte("up", recursive=True)
    up = up.union_all(select(Centre.id, Centre.parent_id).where(Centre.id == up.c.parent_id))
    return session.scalar(select(up.c.id).where(up.c.parent_id.is_(None)))


def _tree_of(session: Session, centre_id: int | None) -> list[int]:
    root = root_of(session, centre_id)
    tree = select(Centre.id).where(Centre.id == root).cte("tree", recursive=True)
    tree = tree.union_all(select(Centre.id).where(Centre.parent_id == tree.c.id))
    return list(session.scalars(select(tree.c.id)))


# --- what a form offers -----------------------------------------------------------------------------


def centre_choices(actor: Actor) -> list[tuple[int, str]]:
    """Return the centres in sight, the upper ones first."""
    rows = select(Centre.id, Centre.name).where(Centre.id.in_(actor.centre_ids), Centre.closed_on.is_(None))
    return [(centre_id, name) for centre_id, name in db.session.execute(rows.order_by(Centre.id))]


def section_choices(actor: Actor) -> list[tuple[int, str]]:
    """Return the sections in sight, each with its centre where there are several."""
    rows = db.session.execute(
        select(Section.id, Section.name, Centre.short_name)
        .join(Centre, Centre.id == Section.centre_id)
        .where(Section.centre_id.in_(actor.centre_ids), Section.closed_on.is_(None))
        .order_by(Section.centre_id, Section.id)
    )
    several = len(actor.centre_ids) > 1
    return [(section_id, f"{centre} · {name}" if several else name) for section_id, name, centre in rows]


def find_staff(actor: Actor, typed: str) -> list[StaffMember]:
    """Return the people in service whom a name, initials or a number may mean; the exact ones, if any."""
    matching = search.matching(db.session(), StaffMember.__search_table__, typed)
    if matching is None:
        return []
    rows = (
        select(StaffMember)
        .where(
            StaffMember.id.in_(matching),
            StaffMember.centre_id.in_(actor.centre_ids),
            StaffMember.left_on.is_(None),
        )
        .options(joinedload(StaffMember.department))
        .order_by(StaffMember.sort_key, StaffMember.id)
        .limit(200)
    )
    found = list(db.session.scalars(rows))
    wanted = search.fold(typed.strip())
    exact = [row for row in found if wanted in (search.fold(row.name), search.fold(row.staff_number))]
    return exact or found[:STAFF_OFFERED]
