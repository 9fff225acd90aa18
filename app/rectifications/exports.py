"""The ledger of rectifications as a workbook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select
from sqlalchemy.orm import joinedload

from app.core.i18n import N_
from app.db.listing import Order
from app.organisation.models import Centre, Department, PatrolPoint, Section
from app.permissions import Actor, Permission
from app.rectifications import instruction_queries, queries
from app.rectifications.models import Instruction, Rectification
from app.rectifications.rules import Due, InstructionKind
from app.transfers.exporting import Export, Filter
from app.transfers.workbook import Column
from app.worktime.queries import calendar

_PEOPLE = (Rectification.issued_by, Rectification.rechecker, Rectification.instruction)


def _rows(actor: Actor, filters: Mapping[str, str], now: datetime) -> Select[Rectification]:
    rows = queries.with_names(queries.filtered(actor, filters, now, calendar()))
    return rows.options(*map(joinedload, _PEOPLE))


def _owner(row: Rectification) -> str:
    body = row.department or row.section or row.to_centre
    return body.name if body else ""


def _person(row: Rectification) -> str:
    person = row.owner or row.owner_user
    return person.name if person else ""


def _instructions(actor: Actor, filters: Mapping[str, str], _now: datetime) -> Select[Instruction]:
    return instruction_queries.filtered(actor, filters).options(joinedload(Instruction.recorded_by))


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
            Column(N_("整改责任人"), _person, 12),
            Column(N_("整改要求"), lambda row: row.requirement, 40),
            Column(N_("下发人"), lambda row: row.issued_by.name, 10),
            Column(N_("下发时间"), lambda row: row.issued_at, 18),
            Column(N_("批示"), lambda row: row.instruction and row.instruction.number, 14),
            Column(N_("签收时间"), lambda row: row.received_at, 18),
            Column(N_("截止时间"), lambda row: row.due_at, 18),
            Column(N_("暂定"), lambda row: row.due_provisional, 8),
            Column(N_("督办层级"), lambda row: row.rung, 12),
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
            "from": Filter(N_("下发日期起"), typed=True),
            "to": Filter(N_("下发日期止"), typed=True),
            "closed_from": Filter(N_("销号日期起"), typed=True),
            "closed_to": Filter(N_("销号日期止"), typed=True),
            "valid": Filter(N_("不含撤销")),
            "third": Filter(N_("由第三人销号")),
            "centre": Filter(N_("下发的中心"), Centre),
            "department": Filter(N_("责任单位"), Department),
            "section": Filter(N_("责任科室"), Section),
            "to_centre": Filter(N_("下级中心"), Centre),
            "point": Filter(N_("巡查点"), PatrolPoint),
            "owner": Filter(N_("整改责任人")),
            "q": Filter(N_("查找"), typed=True),
        },
    ),
    Export(
        name="instructions",
        page="rectifications.instructions.index",
        title=N_("批示台账"),
        permission=Permission.RECTIFICATION_READ,
        rows=_instructions,
        order=Order(Instruction.given_on, Instruction.id),
        columns=(
            Column(N_("编号"), lambda row: row.number, 14),
            Column(N_("类别"), lambda row: row.kind, 10),
            Column(N_("批示人或来源"), lambda row: row.given_by, 16),
            Column(N_("职务"), lambda row: row.capacity, 14),
            Column(N_("批示日期"), lambda row: row.given_on, 12),
            Column(N_("内容"), lambda row: row.text, 60),
            Column(N_("登记人"), lambda row: row.recorded_by.name, 10),
            Column(N_("登记时间"), lambda row: row.recorded_at, 18),
        ),
        filters={
            "kind": Filter(N_("类别"), InstructionKind),
            "state": Filter(N_("办结")),
            "centre": Filter(N_("中心"), Centre),
            "from": Filter(N_("批示日期起"), typed=True),
            "to": Filter(N_("批示日期止"), typed=True),
            "q": Filter(N_("查找"), typed=True),
        },
    ),
)
