"""Accounts as a workbook, for those who may read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select

from app.accounts import admin_queries
from app.accounts.admin_rules import AccountState
from app.accounts.labels import LABELS
from app.accounts.models import User
from app.core.i18n import N_
from app.db.listing import Order
from app.permissions import Actor, Permission, Role
from app.transfers.exporting import Export, Filter
from app.transfers.workbook import Column


def _rows(actor: Actor, filters: Mapping[str, str], now: datetime) -> Select[Any]:
    return admin_queries.list_users(actor, filters, now).rows


def _lines(rows: Sequence[User], now: datetime) -> Iterator[tuple[User, AccountState]]:
    for row in rows:
        yield row, admin_queries.state_of(row, now)


def _roles(user: User) -> str:
    named: dict[Any, str] = LABELS[Role]  # type: ignore[assignment]
    return N_("、").join(named[role] for role in sorted(user.held))


EXPORTS = (
    Export(
        name="accounts",
        page="accounts.index",
        title=N_("用户"),
        permission=Permission.ACCOUNT_READ,
        rows=_rows,
        lines=_lines,
        order=Order(User.sort_key, User.id, descending=False),
        columns=(
            Column(N_("姓名"), lambda line: line[0].name, 10),
            Column(N_("用户名"), lambda line: line[0].username),
            Column(N_("角色"), lambda line: _roles(line[0]), 30),
            Column(N_("状态"), lambda line: line[1], 12),
            Column(N_("中心"), lambda line: line[0].centre and line[0].centre.short_name),
            Column(N_("密码修改时间"), lambda line: line[0].password_changed_at, 18),
            Column(N_("停用时间"), lambda line: line[0].disabled_at, 18),
        ),
        filters={
            "role": Filter(N_("角色"), Role),
            "state": Filter(N_("状态"), AccountState),
            "q": Filter(N_("查找"), typed=True),
        },
    ),
)
