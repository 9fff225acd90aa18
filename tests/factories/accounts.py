"""Sign-in, sign-out, one's own password and language; and many accounts for the list."""

from __future__ import annotations

from typing import Any

from app.accounts import services
from app.accounts.models import User
from app.db.uow import unit_of_work
from app.permissions import Role, system_actor
from tests.cast import NOW, PASSWORD
from tests.factories.base import Example, Ledger

NEW = "brand-new-words-9"


def make_users(site: Any, n: int) -> None:
    """Add n accounts to the cast's centre."""
    hashed = services.hash_password(PASSWORD)
    with unit_of_work(system_actor("factory"), NOW) as uow:
        for i in range(n):
            user = User(
                username=f"more{i}",
                name=f"更多{i}",
                sort_key=f"gd{i:04}",
                centre_id=site.cast.centre,
                password_hash=hashed,
            )
            services.add_user(uow, user, frozenset({Role.DIRECTOR}))


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
        "accounts.change_password",
        actor="wang",
        data={"old": PASSWORD, "new": NEW, "again": NEW},
        page="accounts.password",
    ),
    Example("accounts.language", actor="wang", data={"language": "en"}, page="reports.home", audited=False),
]
LEDGERS = [Ledger("accounts.index", "auditor", make_users)]
