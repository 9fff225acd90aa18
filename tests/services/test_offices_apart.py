"""三员分立 in the rows themselves: whoever writes them, no account holds two of the three offices."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from app import clock as office
from app.accounts import admin_services, queries
from app.accounts.models import RoleGrant
from app.core.errors import Invalid
from app.db.uow import unit_of_work
from app.permissions import SEPARATED, Permission, Role, incompatible
from tests.cast import NOW, actor
from tests.factories.accounts import add_user
from tests.services.audit_tools import owner

pytestmark = pytest.mark.both_databases
OFFICES = sorted(SEPARATED)


def set_roles(username: str, *roles: Role) -> Any:
    user = queries.find_user(username)
    assert user is not None
    user_id, version = user.id, user.version
    with unit_of_work(actor("secadmin", Permission.ACCOUNT_MANAGE), office.now()) as uow:
        return admin_services.set_roles(uow, user_id, version, frozenset(roles), "试")


def test_no_service_gives_two(db_context: Any, site: Any, figure: Any) -> None:
    tried = 0
    for size in (2, 3):
        for together in combinations(Role, size):
            if incompatible(frozenset(together)):
                tried += 1
                with pytest.raises(Invalid, match="兼任"):
                    set_roles("wang", *together)
    figure("S14", "sets of roles with two offices refused", tried, bar="all", held=tried > 0)


def test_the_owner_of_the_database_cannot_give_two(db_context: Any, site: Any, figure: Any) -> None:
    grants = RoleGrant.__table__
    refused = 0
    for first, second in permutations(OFFICES, 2):
        row = {"user_id": site.cast.users["wang"], "granted_at": NOW, "version": 1}
        with pytest.raises(IntegrityError), owner(site, guarded=True) as connection:
            connection.execute(insert(grants).values(**row, role=first))
            connection.execute(insert(grants).values(**row, role=second))
        refused += 1
    with pytest.raises(IntegrityError), owner(site, guarded=True) as connection:
        mine = {name: site.cast.users[name] for name in ("auditor", "sysadmin")}
        moved = update(grants).where(grants.c.user_id == mine["auditor"]).values(user_id=mine["sysadmin"])
        connection.execute(moved)
    figure("S14", f"pairs of offices refused by the database ({site.kind})", refused, bar="6", held=True)


def test_one_office_may_follow_another(db_context: Any, site: Any) -> None:
    """A change of office is one step, and the former one stays in the history."""
    for name, first in (("one", OFFICES[0]), ("two", OFFICES[1])):
        add_user(site, name, first)
    for username, offices in (("one", OFFICES[1:]), ("two", [OFFICES[0], OFFICES[2]])):
        for office_now in offices:
            set_roles(username, office_now, Role.DIRECTOR)
            user = queries.find_user(username)
            assert user is not None
            assert user.held == {office_now, Role.DIRECTOR}
