"""Patrols and findings as workbooks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from app.core.i18n import N_
from app.db.listing import Order
from app.inspections import queries
from app.inspections.models import ChecklistItem, Finding, Patrol
from app.inspections.queries import FindingFilter
from app.inspections.rules import (
    ChecklistPurpose,
    Confirmation,
    Finder,
    FindingSource,
    FindingStatus,
    PatrolMode,
)
from app.organisation.models import Centre, Department, PatrolPoint, Section, StaffMember, Zone
from app.permissions import Actor, Permission
from app.transfers.exporting import Export, Filter
from app.transfers.workbook import Column

# Plain columns: a million lines as objects with five others each would cost twice as much.
_FINDINGS = cast(
    "Select[Any]",
    select(
        Finding.id,
        Finding.number,
        Finding.status,
        Finding.occurred_at,
        Finding.ended_at,
        Finding.source,
        Finding.finder,
        Finding.confirmation,
        Finding.note,
        Finding.photos,
        ChecklistItem.code,
        ChecklistItem.wording,
        ChecklistItem.severity,
        ChecklistItem.red_line,
        PatrolPoint.number.label("point_number"),
        PatrolPoint.name.label("point_name"),
        func.coalesce(Department.name, Section.name).label("owner"),
        StaffMember.staff_number,
        StaffMember.name.label("staff_name"),
        Patrol.number.label("patrol_number"),
    )
    .select_from(Finding)
    .outerjoin(Finding.item)
    .outerjoin(Finding.patrol_point)
    .outerjoin(Finding.department)
    .outerjoin(Finding.section)
    .outerjoin(Finding.staff_member)
    .outerjoin(Finding.patrol),
)


def _findings(actor: Actor, filters: Mapping[str, str], _now: datetime) -> Select[Any]:
    wanted = queries.filtered(actor, FindingFilter.read(filters)).whereclause
    return _FINDINGS if wanted is None else _FINDINGS.where(wanted)


def _patrols(actor: Actor, filters: Mapping[str, str], _now: datetime) -> Select[Patrol]:
    rows = queries.filtered_patrols(actor, filters)
    return rows.options(joinedload(Patrol.zone), joinedload(Patrol.inspector))


EXPORTS = (
    Export(
        name="patrols",
        page="inspections.patrols",
        title=N_("巡查"),
        permission=Permission.PATROL_READ,
        rows=_patrols,
        order=queries.PATROL_ORDER,
        columns=(
            Column(N_("编号"), lambda row: row.number),
            Column(N_("区域"), lambda row: row.zone.name),
            Column(N_("楼层"), lambda row: row.zone.floor, 8),
            Column(N_("方式"), lambda row: row.mode),
            Column(N_("轮次"), lambda row: row.round_name, 10),
            Column(N_("督查员"), lambda row: row.inspector.name),
            Column(N_("开始时间"), lambda row: row.started_at, 18),
            Column(N_("提交时间"), lambda row: row.submitted_at, 18),
            Column(N_("已查"), lambda row: row.points_checked, 8),
            Column(N_("未开放"), lambda row: row.points_closed, 8),
            Column(N_("问题"), lambda row: row.findings_count, 8),
            Column(N_("状态"), lambda row: row.status, 10),
            Column(N_("说明"), lambda row: row.note, 30),
        ),
        filters={
            "mode": Filter(N_("方式"), PatrolMode),
            "zone": Filter(N_("区域"), Zone),
            "round_on": Filter(N_("轮次日期"), typed=True),
            "round": Filter(N_("轮次"), typed=True),
            "from": Filter(N_("开始日期"), typed=True),
            "to": Filter(N_("结束日期"), typed=True),
            "valid": Filter(N_("不含作废")),
            "released": Filter(N_("公开情况")),
            "centre": Filter(N_("中心"), Centre),
            "checklist": Filter(N_("巡查清单"), ChecklistPurpose),
        },
    ),
    Export(
        name="findings",
        page="inspections.findings",
        title=N_("问题"),
        permission=Permission.FINDING_READ,
        rows=_findings,
        order=Order(Finding.occurred_at, Finding.id),
        columns=(
            Column(N_("编号"), lambda row: row.number),
            Column(N_("发生时间"), lambda row: row.occurred_at, 18),
            Column(N_("结束时间"), lambda row: row.ended_at, 18),
            Column(N_("窗口编号"), lambda row: row.point_number, 10),
            Column(N_("窗口名称"), lambda row: row.point_name),
            Column(N_("项目代码"), lambda row: row.code, 10),
            Column(N_("项目"), lambda row: row.wording, 30),
            Column(N_("严重程度"), lambda row: row.severity, 10),
            Column(N_("红线"), lambda row: bool(row.red_line), 8),
            Column(N_("责任单位"), lambda row: row.owner, 24),
            Column(N_("工号"), lambda row: row.staff_number, 10),
            Column(N_("当事人"), lambda row: row.staff_name, 10),
            Column(N_("来源"), lambda row: row.source, 10),
            Column(N_("发现方"), lambda row: row.finder, 10),
            Column(N_("确认情况"), lambda row: row.confirmation, 10),
            Column(N_("状态"), lambda row: row.status, 10),
            Column(N_("附件"), lambda row: row.photos, 8),
            Column(N_("巡查"), lambda row: row.patrol_number),
            Column(N_("说明"), lambda row: row.note, 40),
        ),
        filters={
            "status": Filter(N_("状态"), FindingStatus),
            "red_line": Filter(N_("红线")),
            "recording": Filter(N_("录像待存")),
            "line": Filter(N_("第几条红线"), typed=True),
            "confirmation": Filter(N_("确认情况"), Confirmation),
            "source": Filter(N_("来源"), FindingSource),
            "finder": Filter(N_("发现方"), Finder),
            "checklist": Filter(N_("巡查清单"), ChecklistPurpose),
            "item": Filter(N_("项目代码"), typed=True),
            "valid": Filter(N_("不含作废")),
            "from": Filter(N_("开始日期"), typed=True),
            "to": Filter(N_("结束日期"), typed=True),
            "centre": Filter(N_("中心"), Centre),
            "department": Filter(N_("责任单位"), Department),
            "point": Filter(N_("巡查点"), PatrolPoint),
            "patrol": Filter(N_("巡查"), Patrol),
            "q": Filter(N_("查找"), typed=True),
        },
    ),
)
