"""Check the whole log: chains, heads, checkpoints, anchors and issued documents. Reads only."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Row, Select, func, select, tuple_
from sqlalchemy.exc import DBAPIError

from app.audit import checkpoints
from app.audit.chain import ALTERED, ZERO, Fault, Link, check, link_hash
from app.audit.checkpoints import Checkpoint, Verifier
from app.audit.models import AuditCheckpoint, AuditEntry, AuditHead
from app.audit.reports import ChainReport, Report
from app.config import Settings
from app.core.i18n import N_
from app.documents.models import Document, DocumentFile
from app.documents.rules import DOCUMENT_ISSUED

UNREADABLE = N_("从这一条起无法读取")
NO_HEAD = N_("有记录而没有链头")
NO_ENTRIES = N_("有链头而没有记录")
CUT = N_("链尾被截去")
HEAD_BEHIND = N_("链头落后于记录")
HEAD_DIFFERS = N_("链头与最后一条不符")
CHECKPOINT_WITHOUT_ENTRY = N_("检查点所签的记录不存在")
CHECKPOINT_DIFFERS = N_("记录与检查点不符")
ANCHOR_UNREADABLE = N_("锚点无法读取")
ANCHOR_WITHOUT_ENTRY = N_("锚点所记的记录不存在")
ANCHOR_DIFFERS = N_("记录与锚点不符")
NO_FILE = N_("文书文件缺失")
FILE_DIFFERS = N_("文书文件与登记的哈希不符")
NO_ISSUE = N_("文书没有签发记录")
ISSUE_DIFFERS = N_("文书哈希与签发记录不符")
NO_DOCUMENT = N_("签发过的文书不存在")

_DOCUMENTS_AT_ONCE = 8
_CHECKPOINT = tuple(getattr(AuditCheckpoint, name) for name in Checkpoint._fields)
_LINK = tuple(getattr(AuditEntry, name) for name in Link._fields)

MOST_AT_ONCE = 50_000  # entries that a page may check while its reader waits: about a second

Item = TypeVar("Item")


def verify(engine: Engine, settings: Settings, *, full: bool = True) -> Report:
    """Check everything, or (`full=False`) what was written since each chain's last valid checkpoint."""
    started = time.perf_counter()
    report = Report(full)
    verifier = Verifier(settings)
    with snapshot(engine) as connection:
        anchored: dict[int, int] = {}
        with _readable(report, "audit_entries"):
            for anchors in _batches(_anchors(settings, report, full=full), 500):
                _check_anchors(connection, verifier, report, anchors, anchored)
        if full:
            with _readable(report, "audit_checkpoints"):
                _check_checkpoints(connection, verifier, report)
        starts: list[tuple[int, int]] = []
        with _readable(report, "audit_heads"):
            heads = {head.centre_id: head for head in connection.execute(select(AuditHead.__table__))}
            for centre_id in sorted({*heads, *_chains(connection)}):
                start = None if full else _last_checkpoint(connection, verifier, report, centre_id)
                starts.append((centre_id, start.seq + 1 if start else 0))
                chain = _check_chain(
                    connection, centre_id, heads.get(centre_id), start, anchored.get(centre_id)
                )
                report.chains.append(chain)
                if chain.fault:
                    report.add(chain.fault)
        with _readable(report, "documents"):
            if full:
                _check_all_documents(connection, report)
            else:
                _check_new_documents(connection, report, starts)
    report.seconds = time.perf_counter() - started
    return report


def count_new(connection: Connection) -> int:
    """Return how many entries stand after the last checkpoints: what an incremental run has to read."""
    signed = func.coalesce(
        select(func.max(AuditCheckpoint.seq))
        .where(AuditCheckpoint.centre_id == AuditHead.centre_id, AuditCheckpoint.seq <= AuditHead.seq)
        .scalar_subquery(),
        -1,
    )
    return connection.scalar(select(func.coalesce(func.sum(AuditHead.seq - signed), 0))) or 0


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """Open a connection that sees one moment: writers go on meanwhile."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


@contextmanager
def _readable(report: Report, table: str) -> Iterator[None]:
    """Turn what a damaged database cannot give back into a fault."""
    try:
        yield
    except DBAPIError:
        report.add(Fault(0, 0, UNREADABLE, table))


# --- chains ----------------------------------------------------------------------------------------


def _chains(connection: Connection) -> Iterator[int]:
    """Yield the chains that have entries, by one index look-up each."""
    found = connection.scalar(select(func.min(AuditEntry.centre_id)))
    while found is not None:
        yield found
        found = connection.scalar(select(func.min(AuditEntry.centre_id)).where(AuditEntry.centre_id > found))


class _Unreadable(Exception):
    """The database cannot give an entry back."""

    def __init__(self, seq: int) -> None:
        self.seq = seq


def _links(connection: Connection, centre_id: int, after: int, size: int = 2000) -> Iterator[tuple[Any, ...]]:
    """Yield a chain's entries in their order, a few at a time; memory stays flat."""
    entries = (
        select(*_LINK)
        .where(AuditEntry.centre_id == centre_id, AuditEntry.seq > after)
        .order_by(AuditEntry.seq)
        .compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    )
    try:
        with closing(_driver_cursor(connection)) as cursor:
            cursor.execute(str(entries))
            while rows := cursor.fetchmany(size):
                yield from rows
                after = rows[-1][1]
        return
    except connection.dialect.loaded_dbapi.Error as error:
        if size == 1:
            raise _Unreadable(after + 1) from error
    yield from _links(connection, centre_id, after, 1)  # up to the very entry


def _driver_cursor(connection: Connection) -> Any:
    # The driver's own tuples: to make rows of them costs as much as to hash them.
    driver: Any = connection.connection.driver_connection
    return driver.cursor("audit_entries") if connection.dialect.name == "postgresql" else driver.cursor()


def _check_chain(
    connection: Connection,
    centre_id: int,
    head: Row[Any] | None,
    start: Checkpoint | None,
    anchored: int | None,
) -> ChainReport:
    after = (start.seq, start.hash) if start else (-1, ZERO)
    last_seq, last_hash = after
    fault = _signed_entry_fault(connection, start) if start else None
    if fault is None:
        try:
            checked = check(_links(connection, centre_id, after[0]), centre_id, after)
        except _Unreadable as error:
            last_seq, fault = error.seq - 1, Fault(centre_id, error.seq, UNREADABLE)
        else:
            fault = checked.fault
            if checked.last:
                last_seq, last_hash = checked.last.seq, checked.last.hash
    return ChainReport(
        centre_id=centre_id,
        entries=last_seq - after[0],
        last_seq=last_seq if last_seq >= 0 else None,
        checkpoint_seq=start.seq if start else _checkpoint_seq(connection, centre_id),
        anchored_seq=anchored,
        fault=fault or _head_fault(centre_id, head, last_seq, last_hash),
    )


def _signed_entry_fault(connection: Connection, start: Checkpoint) -> Fault | None:
    """Return what is wrong with the entry at which an incremental run begins."""
    where = (AuditEntry.centre_id == start.centre_id, AuditEntry.seq == start.seq)
    row = connection.execute(select(*_LINK).where(*where)).one_or_none()
    if row is None:
        return Fault(start.centre_id, start.seq, CHECKPOINT_WITHOUT_ENTRY)
    if row.hash != start.hash:
        return Fault(start.centre_id, start.seq, CHECKPOINT_DIFFERS)
    return None if link_hash(tuple(row)) == row.hash else Fault(start.centre_id, start.seq, ALTERED)


def _head_fault(centre_id: int, head: Row[Any] | None, last_seq: int, last_hash: str) -> Fault | None:
    if head is None:
        return Fault(centre_id, max(last_seq, 0), NO_HEAD)
    if last_seq == -1:
        return Fault(centre_id, 0, NO_ENTRIES)
    if head.seq == last_seq:
        return None if head.hash == last_hash else Fault(centre_id, last_seq, HEAD_DIFFERS)
    # A damaged file may give back anything for a number.
    cut = isinstance(head.seq, int) and head.seq > last_seq
    return Fault(centre_id, last_seq + 1, CUT) if cut else Fault(centre_id, last_seq, HEAD_BEHIND)


# --- checkpoints and anchors -----------------------------------------------------------------------


def _of_chain(centre_id: int) -> Select[Any]:
    return (
        select(*_CHECKPOINT)
        .where(AuditCheckpoint.centre_id == centre_id)
        .order_by(AuditCheckpoint.seq.desc(), AuditCheckpoint.id.desc())
    )


def _checkpoint_seq(connection: Connection, centre_id: int) -> int | None:
    row = connection.execute(_of_chain(centre_id).limit(1)).one_or_none()
    return row.seq if row else None


def _last_checkpoint(
    connection: Connection, verifier: Verifier, report: Report, centre_id: int
) -> Checkpoint | None:
    """Return a chain's last checkpoint with a good signature, reporting the bad ones above it."""
    found = connection.execute(_of_chain(centre_id).execution_options(yield_per=20))
    for row in found:
        checkpoint = Checkpoint._make(row)
        problem = verifier.problem(checkpoint)
        report.checkpoints += 1
        if problem is None:
            found.close()
            return checkpoint
        report.add(Fault(centre_id, checkpoint.seq, problem))
    return None


def _check_checkpoints(connection: Connection, verifier: Verifier, report: Report) -> None:
    rows = connection.execute(
        select(*_CHECKPOINT, AuditEntry.hash)
        .outerjoin(
            AuditEntry,
            (AuditEntry.centre_id == AuditCheckpoint.centre_id) & (AuditEntry.seq == AuditCheckpoint.seq),
        )
        .order_by(AuditCheckpoint.id)
        .execution_options(yield_per=500)
    )
    for *values, entry_hash in rows:
        checkpoint = Checkpoint._make(values)
        report.checkpoints += 1
        problem = verifier.problem(checkpoint) or _witness_problem(
            checkpoint, entry_hash, CHECKPOINT_WITHOUT_ENTRY, CHECKPOINT_DIFFERS
        )
        if problem:
            report.add(Fault(checkpoint.centre_id, checkpoint.seq, problem))


def _witness_problem(witness: Checkpoint, entry_hash: str | None, absent: str, differs: str) -> str | None:
    if entry_hash is None:
        return absent
    return None if entry_hash == witness.hash else differs


def _anchors(settings: Settings, report: Report, *, full: bool) -> Iterator[tuple[str, Checkpoint]]:
    """Yield the anchors to compare: all of them, or the newest of each chain."""
    if not full:
        for anchor in checkpoints.last_anchors(settings.instance).values():
            yield checkpoints.anchor_file(settings.instance).name, anchor
        return
    for place, found in checkpoints.read_anchors(settings.instance):
        if found is None:
            report.add(Fault(0, 0, ANCHOR_UNREADABLE, place))
        else:
            yield place, found


def _check_anchors(
    connection: Connection,
    verifier: Verifier,
    report: Report,
    anchors: list[tuple[str, Checkpoint]],
    anchored: dict[int, int],
) -> None:
    places = {(anchor.centre_id, anchor.seq) for _, anchor in anchors}
    entries = select(AuditEntry.centre_id, AuditEntry.seq, AuditEntry.hash)
    rows = connection.execute(entries.where(tuple_(AuditEntry.centre_id, AuditEntry.seq).in_(places)))
    hashes = {(row.centre_id, row.seq): row.hash for row in rows}
    for place, anchor in anchors:
        report.anchors += 1
        problem = verifier.problem(anchor) or _witness_problem(
            anchor, hashes.get((anchor.centre_id, anchor.seq)), ANCHOR_WITHOUT_ENTRY, ANCHOR_DIFFERS
        )
        if problem:
            report.add(Fault(anchor.centre_id, anchor.seq, problem, place))
        else:
            anchored[anchor.centre_id] = max(anchor.seq, anchored.get(anchor.centre_id, -1))


# --- issued documents ------------------------------------------------------------------------------

_ISSUED = (AuditEntry.subject_type == "document") & (AuditEntry.action == DOCUMENT_ISSUED.name)


def _check_all_documents(connection: Connection, report: Report) -> None:
    last = 0
    while True:
        documents = _documents().where(Document.id > last).limit(_DOCUMENTS_AT_ONCE)
        rows = connection.execute(documents).all()
        if not rows:
            break
        _check_documents(connection, report, rows)
        last = rows[-1].id
    lost = (
        select(AuditEntry.centre_id, AuditEntry.seq, AuditEntry.subject_name)
        .outerjoin(Document, Document.id == AuditEntry.subject_id)
        .where(_ISSUED, Document.sha256.is_(None))
        .execution_options(yield_per=500)
    )
    for row in connection.execute(lost):
        report.add(Fault(row.centre_id, row.seq, NO_DOCUMENT, row.subject_name))


def _check_new_documents(connection: Connection, report: Report, starts: list[tuple[int, int]]) -> None:
    for centre_id, seq in starts:
        new = select(AuditEntry.seq, AuditEntry.subject_id, AuditEntry.subject_name).where(
            AuditEntry.centre_id == centre_id, AuditEntry.seq >= seq, _ISSUED
        )
        for entries in _batches(connection.execute(new.execution_options(yield_per=500)), _DOCUMENTS_AT_ONCE):
            rows = connection.execute(
                _documents().where(Document.id.in_([entry.subject_id for entry in entries]))
            ).all()
            _check_documents(connection, report, rows)
            found = {row.id for row in rows}
            for entry in entries:
                if entry.subject_id not in found:
                    report.add(Fault(centre_id, entry.seq, NO_DOCUMENT, entry.subject_name))


def _documents() -> Select[int, int, str, str | None, bytes]:
    return (
        select(Document.id, Document.centre_id, Document.number, Document.sha256, DocumentFile.content)
        .outerjoin(DocumentFile, DocumentFile.document_id == Document.id)
        .where(Document.sha256.is_not(None))
        .order_by(Document.id)
    )


def _check_documents(connection: Connection, report: Report, rows: Sequence[Any]) -> None:
    entries = select(AuditEntry.subject_id, AuditEntry.seq, AuditEntry.payload).where(
        _ISSUED, AuditEntry.subject_id.in_([row.id for row in rows])
    )
    issued = {row.subject_id: (row.seq, _issued_hash(row.payload)) for row in connection.execute(entries)}
    for row in rows:
        report.documents += 1
        seq, recorded = issued.get(row.id, (-1, None))
        problem = None
        if row.content is None:
            problem = NO_FILE
        elif sha256(row.content).hexdigest() != row.sha256:
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


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
