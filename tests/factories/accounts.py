"""Sign-in, one's own account, and what the security administrator does with those of others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app import clock
from app.accounts import admin_services, services
from app.accounts.models import User, UserSession
from app.accounts.rules import ACCOUNT_LOCKED
from app.db.uow import unit_of_work
from app.extensions import db
from app.permissions import Origin, Permission, Role, system_actor
from tests.cast import NOW, PASSWORD, actor
from tests.factories.base import Example, Ids, Ledger, Visit

NEW = "brand-new-words-9"


def make_users(site: Any, n: int) -> None:
    """Add n accounts to the cast's centre."""
    hashed = services.hash_password(PASSWORD)
    with unit_of_work(system_actor("factory"), NOW) as uow:
        for i in range(n):
            user = User(
                username=f"more{i}",
                name=f"更多{i}",
                centre_id=site.cast.centre,
                password_hash=hashed,
            )
            services.add_user(uow, user, frozenset({Role.DIRECTOR}))


def add_user(site: Any, username: str, *roles: Role, centre_id: int | None = None) -> int:
    """Add an account beside the cast's; return its id."""
    with unit_of_work(system_actor("factory"), clock.now()) as uow:
        user = User(
            username=username,
            name=f"添{username}",
            centre_id=centre_id or site.cast.centre,
            password_hash=services.hash_password(PASSWORD),
        )
        return services.add_user(uow, user, frozenset(roles)).id


def version_of(username: str) -> int:
    return db.session.scalar(select(User.version).where(User.username == username)) or 0


def _account(site: Any, username: str = "wang") -> Ids:
    return {"user_id": site.cast.users[username], "_version": str(version_of(username))}


def _signed_in_twice(site: Any) -> Ids:
    services.sign_in("wang", PASSWORD, Origin(address="10.0.0.9"), "Firefox/1 Windows", clock.now())
    latest = select(UserSession.id).order_by(UserSession.id.desc()).limit(1)
    return {**_account(site), "session_id": db.session.scalar(latest)}


def _disabled(site: Any) -> Ids:
    ids = _account(site, "lower")
    with unit_of_work(actor("secadmin", Permission.ACCOUNT_MANAGE), clock.now()) as uow:
        admin_services.disable(uow, ids["user_id"], int(ids["_version"]), "调离")
    return _account(site, "lower")


def _locked(site: Any) -> Ids:
    with unit_of_work(system_actor("factory"), clock.now()) as uow:
        user = uow.get(User, site.cast.users["lower"])
        user.locked_until = clock.now() + timedelta(minutes=5)
        uow.record(ACCOUNT_LOCKED, user, failures=5)
    return _account(site, "lower")


def _versioned(**more: Any) -> Callable[[Ids], dict[str, Any]]:
    return lambda ids: {"version": ids["_version"], **more}


def _new(site: Any) -> Ids:
    return {"_centre": str(site.cast.centre), "_section": str(site.cast.section)}


def _new_data(ids: Ids) -> dict[str, Any]:
    return {
        "username": "hedao",
        "staff": "9001",
        "name": "何导",
        "centre": ids["_centre"],
        "section": "0",
        "roles": ["window_staff"],
    }


def _changed(ids: Ids) -> dict[str, Any]:
    return {"version": ids["_version"], "name": "王巡视", "staff": "", **_place(ids)}


def _place(ids: Ids) -> dict[str, Any]:
    return {"centre": ids["_centre"], "section": ids["_section"]}


RECORD = "accounts.show"
MANAGED = {"page": RECORD, "shown": (RECORD,)}
EXAMPLES = [
    Example(
        "accounts.sign_in_now",
        actor=None,
        data={"username": "wang", "password": PASSWORD},
        page="accounts.sign_in",
        text=("username",),
    ),
    Example("accounts.sign_out", actor="wang", page="reports.home"),
    Example(
        "accounts.own.change_password",
        actor="wang",
        data={"old": PASSWORD, "new": NEW, "again": NEW},
        page="accounts.own.password",
    ),
    Example("accounts.language", actor="wang", data={"language": "en"}, page="reports.home", audited=False),
    Example("accounts.own.end_session", "wang", _signed_in_twice, page="accounts.own.show"),
    Example("accounts.own.end_others", "wang", _signed_in_twice, page="accounts.own.show"),
    Example(
        "accounts.admin.add",
        "secadmin",
        _new,
        data=_new_data,
        page="accounts.admin.new",
        text=("name",),
        status=200,
    ),
    Example(
        "accounts.admin.change",
        "secadmin",
        lambda site: {**_account(site), **_new(site)},
        data=_changed,
        page="accounts.admin.edit",
        shown=(RECORD,),
        text=("name",),
    ),
    Example(
        "accounts.admin.set_roles",
        "secadmin",
        _account,
        data=_versioned(roles=["inspector", "complaint_officer"], reason="兼任投诉专员"),
        text=("reason",),
        **MANAGED,
    ),
    Example(
        "accounts.admin.disable",
        "secadmin",
        _account,
        data=_versioned(reason="调离中心"),
        text=("reason",),
        **MANAGED,
    ),
    Example("accounts.admin.enable", "secadmin", _disabled, data=_versioned(), **MANAGED),
    Example("accounts.admin.unlock", "secadmin", _locked, data=_versioned(), **MANAGED),
    Example("accounts.admin.end_sessions", "secadmin", _signed_in_twice, data=_versioned(), **MANAGED),
    Example(
        "accounts.admin.reset_password", "secadmin", _account, data=_versioned(), page=RECORD, status=200
    ),
]
VISITS = [
    Visit(RECORD, "secadmin", _account, hidden_from=("outside_security", "wang", "sysadmin")),
    Visit("accounts.admin.edit", "secadmin", _account, hidden_from=("outside_security", "auditor")),
]
LEDGERS = [
    Ledger(
        "accounts.index",
        "auditor",
        make_users,
        ({}, {"q": "更多"}, {"role": "director"}, {"state": "normal"}),
    )
]
