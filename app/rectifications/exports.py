"""The ledger of rectifications as a workbook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select
from sqlalchemy.orm import joinedload

from app.core.i18n import N_
from app.db.listing import Order
from app.organisation.models import Department
from app.permissions import Actor, Permission
from app.rectifications import queries
from app.rectifications.models import Rectification
from app.rectifications.rules import Due
from app.transfers.exporting import Export, Filter
from app.transfers.workbook import Column
from app.worktime.queries import calendar


def _rows(actor: Actor, filters: Mapping[str, str], now: datetime) -> Select[Rectification]:
    rows = queries.with_names(queries.filtered(actor, filters, now, calendar()))
    return rows.options(joinedload(Rectification.issued_by), joinedload(Rectification.rechecker))


def _owner(row: Rectification) -> str:
    body = row.department or row.section
    return body.name if body else ""


EXPORTS = (
    Export(
        name="rectifications",
        page="rectifications.index",
        title=N_("整改"),
        permission=Permission.RECTIFICATION_READ,
        rows=_rows,
        order=Order(Rectification.issued_at, Rectification.id),
        columns=(
            Column(N_("文号"), lambda row: row.number, 24),
            Column(N_("状态"), lambda row: row.status, 10),
            Column(N_("责任单位"), _owner, 24),
            Column(N_("整改责任人"), lambda row: row.owner and row.owner.name, 12),
            Column(N_("整改要求"), lambda row: row.requirement, 40),
            Column(N_("下发人"), lambda row: row.issued_by.name, 10),
            Column(N_("下发时间"), lambda row: row.issued_at, 18),
            Column(N_("签收时间"), lambda row: row.received_at, 18),
            Column(N_("截止时间"), lambda row: row.due_at, 18),
            Column(N_("暂定"), lambda row: row.due_provisional, 8),
            Column(N_("提交时间"), lambda row: row.handed_in_at, 18),
            Column(N_("复查人"), lambda row: row.rechecker.name, 10),
            Column(N_("销号时间"), lambda row: row.closed_at, 18),
            Column(N_("按期"), lambda row: row.on_time, 8),
        ),
        filters={
            "stands": Filter(N_("时限"), Due),
            "year": Filter(N_("年份")),
            "on_time": Filter(N_("按期")),
            "mine": Filter(N_("我的")),
            "department": Filter(N_("责任单位"), Department),
            "q": Filter(N_("查找"), typed=True),
        },
    ),
)
