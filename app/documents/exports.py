"""The ledger of documents as a workbook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select

from app.core.i18n import N_
from app.documents import queries
from app.documents.models import Document
from app.documents.rules import DocumentKind, DocumentStatus
from app.permissions import Actor, Permission
from app.transfers.exporting import Export, Filter
from app.transfers.workbook import Column


def _rows(actor: Actor, filters: Mapping[str, str], _now: datetime) -> Select[Document]:
    return queries.filtered(actor, filters)


EXPORTS = (
    Export(
        name="documents",
        page="documents.index",
        title=N_("文书"),
        permission=Permission.DOCUMENT_READ,
        rows=_rows,
        order=queries.ORDER,
        columns=(
            Column(N_("文号"), lambda row: row.number, 24),
            Column(N_("种类"), lambda row: row.kind),
            Column(N_("状态"), lambda row: row.status, 10),
            Column(N_("编号时间"), lambda row: row.numbered_at, 18),
            Column(N_("生成时间"), lambda row: row.issued_at, 18),
            Column(N_("原因"), lambda row: row.reason, 30),
            Column(N_("验证码"), lambda row: row.code),
            Column(N_("内容指纹（SHA-256）"), lambda row: row.sha256, 66),
        ),
        filters={
            "kind": Filter(N_("种类"), DocumentKind),
            "status": Filter(N_("状态"), DocumentStatus),
            "year": Filter(N_("年份"), typed=True),
            "since": Filter(N_("编号日期从"), typed=True),
            "until": Filter(N_("到"), typed=True),
            "q": Filter(N_("查找"), typed=True),
        },
    ),
)
