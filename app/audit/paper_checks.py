"""Check issued documents against the log: their bytes, their hash, the entry of their issue. Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select

from app.audit.chain import Fault, Link
from app.audit.models import AuditEntry
from app.audit.reports import Report
from app.audit.witness_checks import batches
from app.core.i18n import N_
from app.documents.models import Document, DocumentFile
from app.documents.rules import DOCUMENT_ISSUED

NO_FILE = N_("文书文件缺失")
FILE_DIFFERS = N_("文书文件与登记的哈希不符")
NO_ISSUE = N_("文书没有签发记录")
ISSUE_DIFFERS = N_("文书哈希与签发记录不符")
NO_DOCUMENT = N_("签发过的文书不存在")

_AT_ONCE, _FILES_AT_ONCE = 100, 8  # a file may have some megabytes


class Issue(NamedTuple):
    """The entry of a document's issue."""

    centre_id: int
    seq: int
    document_id: int | None
    number: str


def note_issues(links: Iterable[tuple[Any, ...]], noted: list[Issue]) -> Iterator[tuple[Any, ...]]:
    """Pass links on and note the issues of documents among them."""
    for link in links:
        if link[_ACTION] == DOCUMENT_ISSUED.name:
            noted.append(Issue(*(link[place] for place in _ISSUE)))
        yield link


_ACTION = Link._fields.index("action")
_ISSUE = tuple(Link._fields.index(name) for name in ("centre_id", "seq", "subject_id", "subject_name"))
_ISSUED = (AuditEntry.subject_type == "document") & (AuditEntry.action == DOCUMENT_ISSUED.name)


def check_all(connection: Connection, report: Report) -> None:
    last = 0
    while True:
        documents = _documents().where(Document.id > last).limit(_AT_ONCE)
        rows = connection.execute(documents).all()
        if not rows:
            break
        _check(connection, report, rows)
        last = rows[-1].id
    lost = (
        select(AuditEntry.centre_id, AuditEntry.seq, AuditEntry.subject_name)
        .outerjoin(Document, Document.id == AuditEntry.subject_id)
        .where(_ISSUED, Document.sha256.is_(None))
        .execution_options(yield_per=500)
    )
    for row in connection.execute(lost):
        report.add(Fault(row.centre_id, row.seq, NO_DOCUMENT, row.subject_name))


def check_new(connection: Connection, report: Report, issues: Iterable[Issue]) -> None:
    """Check the documents whose issue was just read from the log."""
    for entries in batches(issues, _AT_ONCE):
        rows = connection.execute(
            _documents().where(Document.id.in_([entry.document_id for entry in entries]))
        ).all()
        _check(connection, report, rows)
        found = {row.id for row in rows}
        for entry in entries:
            if entry.document_id not in found:
                report.add(Fault(entry.centre_id, entry.seq, NO_DOCUMENT, entry.number))


def _documents() -> Select[int, int, str, str | None]:
    return (
        select(Document.id, Document.centre_id, Document.number, Document.sha256)
        .where(Document.sha256.is_not(None))
        .order_by(Document.id)
    )


def _check(connection: Connection, report: Report, rows: Sequence[Any]) -> None:
    ids = [row.id for row in rows]
    # Named one by one: beside a join PostgreSQL reads the files from the first one on for every few rows.
    files = select(DocumentFile.document_id, DocumentFile.content).where(DocumentFile.document_id.in_(ids))
    stored = {
        document_id: sha256(content).hexdigest()
        for document_id, content in connection.execute(files.execution_options(yield_per=_FILES_AT_ONCE))
        if content is not None  # which a damaged file may give back
    }
    # The action is compared here: SQLite would take its index, and read all issues for every few rows.
    entries = select(AuditEntry.subject_id, AuditEntry.seq, AuditEntry.action, AuditEntry.payload).where(
        AuditEntry.subject_type == "document", AuditEntry.subject_id.in_(ids)
    )
    issued = {
        row.subject_id: (row.seq, _issued_hash(row.payload))
        for row in connection.execute(entries)
        if row.action == DOCUMENT_ISSUED.name
    }
    for row in rows:
        report.documents += 1
        seq, recorded = issued.get(row.id, (-1, None))
        problem = None
        if row.id not in stored:
            problem = NO_FILE
        elif stored[row.id] != row.sha256:
            problem = FILE_DIFFERS
        elif seq == -1:
            problem = NO_ISSUE
        elif recorded != row.sha256:
            problem = ISSUE_DIFFERS
        if problem:
            report.add(Fault(row.centre_id, seq, problem, row.number))


def _issued_hash(payload: str) -> str | None:
    try:
        return str(json.loads(payload)["changes"]["sha256"][1])
    except (ValueError, KeyError, TypeError, IndexError):
        return None
