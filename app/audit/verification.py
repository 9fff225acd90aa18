"""Check the whole log: chains, heads, checkpoints, anchors and issued documents. Reads only."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select
from sqlalchemy.exc import DBAPIError

from app.audit.chain import ALTERED, ZERO, Fault, Link, check, link_hash
from app.audit.keys import Checkpoint, Verifier
from app.audit.models import AuditCheckpoint, AuditEntry, AuditHead
from app.audit.paper_checks import Issue, check_all, check_new, note_issues
from app.audit.reports import STEP, ChainReport, Progress, Report
from app.audit.witness_checks import (
    CHECKPOINT_DIFFERS,
    CHECKPOINT_WITHOUT_ENTRY,
    Anchors,
    check_checkpoints,
    checkpoint_seq,
    last_checkpoint,
)
from app.config import Settings
from app.core.i18n import N_

UNREADABLE = N_("从这一条起无法读取")
NO_HEAD = N_("有记录而没有链头")
NO_ENTRIES = N_("有链头而没有记录")
CUT = N_("链尾被截去")
HEAD_BEHIND = N_("链头落后于记录")
HEAD_DIFFERS = N_("链头与最后一条不符")

_LINK = tuple(getattr(AuditEntry, name) for name in Link._fields)

MOST_AT_ONCE = 50_000  # entries that a page may check while its reader waits: about a second


def verify(
    engine: Engine, settings: Settings, *, full: bool = True, progress: Progress | None = None
) -> Report:
    """Check everything, or (`full=False`) what was written since each chain's last valid checkpoint.

    `progress(done, total)` is called every few thousand entries, outside of any transaction of its session.
    """
    started = time.perf_counter()
    report = Report(full)
    verifier = Verifier(settings)
    anchors = Anchors(settings, report)
    # If its very schema is damaged, no connection opens.
    with _readable(report, "database"), snapshot(engine) as connection:
        with _readable(report, "audit_entries"):
            anchors.check(connection, verifier)
        if full:
            with _readable(report, "audit_checkpoints"):
                check_checkpoints(connection, verifier, report)
        issues: list[Issue] = []
        with _readable(report, "audit_heads"):
            heads = {head.centre_id: head for head in connection.execute(select(AuditHead.__table__))}
            steps = _Steps(progress, count_all(heads.values()) if full else count_new(connection))
            for centre_id in sorted({*heads, *_chains(connection)}):
                start = None if full else last_checkpoint(connection, verifier, report, centre_id)
                links = steps.count(_links(connection, centre_id, start.seq if start else -1))
                chain = _check_chain(
                    connection,
                    centre_id,
                    heads.get(centre_id),
                    start,
                    links if full else note_issues(links, issues),
                    anchors.reached.get(centre_id),
                )
                report.chains.append(chain)
                if chain.fault:
                    report.add(chain.fault)
        with _readable(report, "documents"):
            if full:
                check_all(connection, report)
            else:
                check_new(connection, report, issues)
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


def count_all(heads: Iterable[Any]) -> int:
    """Return how many entries a full run has to read."""
    return sum(head.seq + 1 for head in heads if isinstance(head.seq, int))


class _Steps:
    """Counts entries as they are read and says so every now and then."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def count(self, links: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        if self.progress is None:
            return links
        return self._counted(links, self.progress)

    def _counted(self, links: Iterator[tuple[Any, ...]], progress: Progress) -> Iterator[tuple[Any, ...]]:
        for link in links:
            yield link
            self.done += 1
            if self.done % STEP == 0:
                progress(self.done, max(self.total, self.done))


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
    except (DBAPIError, UnicodeDecodeError):  # a driver's own complaint may quote what is no text
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


def _links(connection: Connection, centre_id: int, after: int, size: int = 100) -> Iterator[tuple[Any, ...]]:
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
    links: Iterator[tuple[Any, ...]],
    anchored: int | None,
) -> ChainReport:
    after = (start.seq, start.hash) if start else (-1, ZERO)
    last_seq, last_hash = after
    fault = _signed_entry_fault(connection, start) if start else None
    if fault is None:
        try:
            checked = check(links, centre_id, after)
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
        checkpoint_seq=start.seq if start else checkpoint_seq(connection, centre_id),
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
