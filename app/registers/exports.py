"""The small ledgers as a workbook; the names of givers stay in the house."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import joinedload

from app.core.i18n import N_, NN_
from app.db.listing import Order
from app.organisation.models import Department, PatrolPoint, StaffMember
from app.permissions import Actor, Permission
from app.registers import queries
from app.registers.models import RegisterEntry
from app.registers.queries import EntryFilter
from app.registers.rules import KINDS, EntryStatus, Kind, Level, Register
from app.transfers.exporting import Export, Filter
from app.transfers.workbook import Column

_NAMES = (
    RegisterEntry.staff_member,
    RegisterEntry.patrol_point,
    RegisterEntry.department,
    RegisterEntry.recorded_by,
    RegisterEntry.decided_by,
)


def _rows(actor: Actor, filters: Mapping[str, str], _now: datetime) -> Select[Any]:
    return queries.filtered(actor, EntryFilter.read(filters)).options(*map(joinedload, _NAMES))


EXPORTS = (
    Export(
        name="registers",
        page="registers.index",
        title=NN_("台账"),
        permission=Permission.REGISTER_READ,
        rows=_rows,
        order=Order(RegisterEntry.happened_on, RegisterEntry.id),
        columns=(
            Column(N_("编号"), lambda row: row.number, 14),
            Column(N_("台账"), lambda row: row.register, 10),
            Column(N_("类别"), lambda row: row.kind, 14),
            Column(N_("状态"), lambda row: row.status, 10),
            Column(N_("日期"), lambda row: row.happened_on, 12),
            Column(N_("截止日期"), lambda row: row.ended_on, 12),
            Column(N_("工号"), lambda row: row.staff_member and row.staff_member.staff_number, 10),
            Column(N_("姓名"), lambda row: row.staff_member and row.staff_member.name, 10),
            Column(N_("窗口"), lambda row: row.patrol_point and row.patrol_point.number, 10),
            Column(N_("部门"), lambda row: row.department and row.department.name, 24),
            Column(N_("事项"), lambda row: row.matter, 24),
            Column(N_("授予单位"), lambda row: row.awarded_by, 20),
            Column(N_("荣誉级别"), lambda row: row.honour_level, 10),
            Column(N_("数量"), lambda row: row.quantity, 8),
            Column(N_("单位"), lambda row: KINDS[row.kind].unit, 8),
            Column(N_("分钟"), lambda row: row.minutes, 8),
            Column(N_("依据条款"), lambda row: row.clause, 20),
            Column(N_("播放的问题"), lambda row: row.shown, 24),
            Column(N_("情况说明"), lambda row: row.text, 40),
            Column(N_("附件"), lambda row: row.files, 8),
            Column(N_("登记人"), lambda row: row.recorded_by.name, 10),
            Column(N_("登记时间"), lambda row: row.recorded_at, 18),
            Column(N_("确认人"), lambda row: row.decided_by and row.decided_by.name, 10),
            Column(N_("确认时间"), lambda row: row.decided_at, 18),
        ),
        filters={
            "register": Filter(N_("台账"), Register),
            "kind": Filter(N_("类别"), Kind),
            "status": Filter(N_("状态"), EntryStatus),
            "level": Filter(N_("荣誉级别"), Level),
            "month": Filter(N_("月份")),
            "from": Filter(N_("起始日期")),
            "to": Filter(N_("截止日期")),
            "staff": Filter(N_("人员"), StaffMember),
            "point": Filter(N_("窗口"), PatrolPoint),
            "department": Filter(N_("部门"), Department),
            "batch": Filter(N_("导入")),
            "mine": Filter(N_("我的")),
            "q": Filter(N_("查找"), typed=True),
        },
    ),
)
