"""Check the witnesses of the log: checkpoints in the database, anchors outside it. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, select, tuple_

from app.audit import anchors
from app.audit.chain import Fault
from app.audit.keys import Checkpoint, Verifier
from app.audit.models import AuditCheckpoint, AuditEntry
from app.audit.reports import Report
from app.config import Settings
from app.core.i18n import N_

CHECKPOINT_WITHOUT_ENTRY = N_("检查点所签的记录不存在")
CHECKPOINT_DIFFERS = N_("记录与检查点不符")
ANCHOR_UNREADABLE = N_("锚点无法读取")
ANCHOR_WITHOUT_ENTRY = N_("锚点所记的记录不存在")
ANCHOR_DIFFERS = N_("记录与锚点不符")

_CHECKPOINT = tuple(getattr(AuditCheckpoint, name) for name in Checkpoint._fields)
Item = TypeVar("Item")


def _of_chain(centre_id: int) -> Select[Any]:
    return (
        select(*_CHECKPOINT)
        .where(AuditCheckpoint.centre_id == centre_id)
        .order_by(AuditCheckpoint.seq.desc(), AuditCheckpoint.id.desc())
    )


def checkpoint_seq(connection: Connection, centre_id: int) -> int | None:
    row = connection.execute(_of_chain(centre_id).limit(1)).one_or_none()
    return row.seq if row else None


def last_checkpoint(
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


def check_checkpoints(connection: Connection, verifier: Verifier, report: Report) -> None:
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


# --- anchors -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """An anchor file up to its size before the log was read; `outside`: it counts as anchored."""

    path: Path
    size: int
    outside: bool


class Anchors:
    """The anchors of a site: what they say of the log, and how far they reach in each chain."""

    def __init__(self, settings: Settings, report: Report) -> None:
        self.settings, self.report = settings, report
        self.reached: dict[int, int] = {}
        copy = anchors.readable_copy(settings)
        own = sorted((settings.instance / "anchors").glob("*.jsonl"))
        self.sources = [Source(path, path.stat().st_size, not settings.anchor_copy) for path in own]
        if copy:
            self.sources.append(Source(copy, copy.stat().st_size, outside=True))

    def check(self, connection: Connection, verifier: Verifier) -> None:
        """Compare all of them, or in a short run the newest of each chain, with the log."""
        if not self.report.full:
            path = anchors.anchor_file(self.settings.instance)
            newest = [(path.name, anchor) for anchor in anchors.last_anchors(path).values()]
            self._compare(connection, verifier, newest)
            self.reached = anchors.outside(self.settings)
            return
        for source in self.sources:
            for found in batches(self._read(source), 500):
                good = self._compare(connection, verifier, found)
                for anchor in good if source.outside else ():
                    self.reached[anchor.centre_id] = max(anchor.seq, self.reached.get(anchor.centre_id, -1))
            if source.path == anchors.copy_file(self.settings):
                ours = anchors.anchor_file(self.settings.instance)
                if not anchors.same_beginning(ours, source.path):
                    self.report.add(Fault(0, -1, anchors.OTHER_FILE, str(source.path)))

    def _read(self, source: Source) -> Iterator[tuple[str, Checkpoint]]:
        for place, found in anchors.read_anchors(source.path, source.size):
            if found is None:
                self.report.add(Fault(0, 0, ANCHOR_UNREADABLE, place))
            else:
                yield place, found

    def _compare(
        self, connection: Connection, verifier: Verifier, found: list[tuple[str, Checkpoint]]
    ) -> list[Checkpoint]:
        """Return the good ones among some anchors; report the others."""
        places = {(anchor.centre_id, anchor.seq) for _, anchor in found}
        entries = select(AuditEntry.centre_id, AuditEntry.seq, AuditEntry.hash)
        rows = connection.execute(entries.where(tuple_(AuditEntry.centre_id, AuditEntry.seq).in_(places)))
        hashes = {(row.centre_id, row.seq): row.hash for row in rows}
        good = []
        for place, anchor in found:
            self.report.anchors += 1
            problem = verifier.problem(anchor) or _witness_problem(
                anchor, hashes.get((anchor.centre_id, anchor.seq)), ANCHOR_WITHOUT_ENTRY, ANCHOR_DIFFERS
            )
            if problem:
                self.report.add(Fault(anchor.centre_id, anchor.seq, problem, place))
            else:
                good.append(anchor)
        return good


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
