"""The ledger of entries as a workbook, for reading; what can be verified is the file of `audit.export`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select

from app import clock
from app.audit import entry_queries
from app.audit.append import instant
from app.audit.forms import FilterForm, Typed
from app.audit.models import AuditEntry
from app.core.i18n import N_
from app.db.listing import Order
from app.permissions import Actor, Permission, Role
from app.transfers.exporting import Export, Filter, logged
from app.transfers.workbook import Column

RESULTS = {"ok": N_("成功"), "refused": N_("被拒")}


def _rows(actor: Actor, filters: Mapping[str, str], now: datetime) -> Select[AuditEntry]:
    form = FilterForm(Typed(filters), meta={"today": clock.local(now).date()})
    wanted = entry_queries.Filter.read(filters, form.read())
    return entry_queries.filtered(entry_queries.make_out(actor, wanted))


EXPORTS = (
    Export(
        name="audit",
        page="audit.index",
        title=N_("审计记录"),
        permission=Permission.AUDIT_READ,
        rows=_rows,
        order=Order(AuditEntry.at_us, AuditEntry.place),
        columns=(
            Column(N_("位置"), lambda row: f"{row.centre_id}/{row.seq}", 12),
            Column(N_("时间"), lambda row: instant(row.at_us), 18),
            Column(N_("操作人"), lambda row: row.actor_name),
            Column(N_("角色"), lambda row: Role(row.role) if row.role in list(Role) else row.role),
            Column(N_("操作"), lambda row: logged("ACTIONS").get(row.action, row.action), 20),
            Column(N_("对象种类"), lambda row: logged("SUBJECTS").get(row.subject_type, row.subject_type)),
            Column(N_("对象"), lambda row: row.subject_name, 24),
            Column(
                N_("结果"),
                lambda row: RESULTS.get(row.result, row.result),
                8,
            ),
            Column(N_("来源地址"), lambda row: row.address),
            Column(N_("入口"), lambda row: row.route, 24),
            Column(N_("内容"), lambda row: row.payload, 60),
            Column(N_("哈希"), lambda row: row.hash, 66),
        ),
        filters={
            "result": Filter(N_("结果")),
            "action": Filter(N_("操作")),
            "subject": Filter(N_("对象种类")),
            "subject_id": Filter(N_("对象")),
            "name": Filter(N_("编号或名称"), typed=True),
            "person": Filter(N_("操作人"), typed=True),
            "person_id": Filter(N_("操作人")),
            "since": Filter(N_("起始日期")),
            "until": Filter(N_("结束日期")),
        },
    ),
)
