"""The log as a file that can be checked on another computer; the format stands in docs/audit-export.md."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO

from sqlalchemy import Connection, func, select

from app import clock
from app.audit import keys
from app.audit.append import microseconds
from app.audit.chain import ALGORITHM, FIELDS, Link
from app.audit.chain import DOMAIN as CHAIN_DOMAIN
from app.audit.keys import Checkpoint
from app.audit.models import AuditCheckpoint, AuditEntry
from app.audit.reports import STEP, Progress
from app.config import Settings
from app.db.types import canonical
from app.organisation.models import Centre

FORMAT = "duban-audit-export"
VERSION = 1


@dataclass(frozen=True)
class Wanted:
    """What is to be exported: the stretch that covers some office days, of some centres; None is all."""

    since: date | None = None
    until: date | None = None
    centre_ids: frozenset[int] | None = None

    def plain(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
            "centres": None if self.centre_ids is None else sorted(self.centre_ids),
        }

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Wanted:
        since, until = (plain[name] and date.fromisoformat(plain[name]) for name in ("since", "until"))
        return cls(since, until, None if plain["centres"] is None else frozenset(plain["centres"]))


EVERYTHING = Wanted()


@dataclass(frozen=True)
class Exported:
    """What went into a file; `sha256` is that of the whole file."""

    entries: int
    checkpoints: int
    sha256: str


def write(
    connection: Connection,
    settings: Settings,
    file: BinaryIO,
    now: datetime,
    wanted: Wanted = EVERYTHING,
    progress: Progress | None = None,
) -> Exported:
    """Write the chains, or the stretch of each that covers the days asked for, to a file."""
    stretches = _stretches(connection, wanted)
    total = sum(last - first + 1 for _, first, last in stretches)
    digest = hashlib.sha256()

    def line(kind: str, content: dict[str, Any]) -> None:
        data = f"{canonical({kind: content})}\n".encode()
        file.write(data)
        digest.update(data)

    line("header", _header(connection, settings, now, wanted, stretches))
    entries = signed = 0
    for stretch in stretches:
        for row in _rows(connection, AuditEntry, Link._fields, stretch):
            line("entry", row)
            entries += 1
            if progress and entries % STEP == 0:
                progress(entries, total)
        for row in _rows(connection, AuditCheckpoint, Checkpoint._fields, stretch):
            line("checkpoint", row)
            signed += 1
    line("trailer", {"entries": entries, "checkpoints": signed, "sha256": digest.hexdigest()})
    return Exported(entries, signed, digest.hexdigest())


def _header(
    connection: Connection,
    settings: Settings,
    now: datetime,
    wanted: Wanted,
    stretches: list[tuple[int, int, int]],
) -> dict[str, Any]:
    names = {row.id: row.name for row in connection.execute(select(Centre.id, Centre.name))}
    key = keys.public_key(settings)
    return {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": now.isoformat(),
        **wanted.plain(),
        "chain_domain": CHAIN_DOMAIN,
        "algorithm": ALGORITHM,
        "hashed_fields": list(FIELDS),
        "checkpoint_domain": keys.DOMAIN,
        "public_key": key.hex(),
        "key_id": keys.key_name(key),
        "retired_keys": [
            {"public_key": each.public.hex(), "key_id": each.key_id, "until_us": each.until_us}
            for each in keys.retired_keys(settings)
        ],
        "chains": [
            {"centre_id": centre_id, "centre": names.get(centre_id, ""), "first_seq": first, "last_seq": last}
            for centre_id, first, last in stretches
        ],
    }


def _stretches(connection: Connection, wanted: Wanted) -> list[tuple[int, int, int]]:
    """Return (centre, first seq, last seq) per chain: whole links, though clocks may have been set back."""
    place = select(AuditEntry.centre_id, func.min(AuditEntry.seq), func.max(AuditEntry.seq))
    if wanted.since:
        place = place.where(AuditEntry.at_us >= _midnight(wanted.since))
    if wanted.until:
        place = place.where(AuditEntry.at_us < _midnight(wanted.until + timedelta(days=1)))
    if wanted.centre_ids is not None:
        place = place.where(AuditEntry.centre_id.in_(wanted.centre_ids))
    rows = connection.execute(place.group_by(AuditEntry.centre_id).order_by(AuditEntry.centre_id))
    return [(row[0], row[1], row[2]) for row in rows]


def _midnight(day: date) -> int:
    return microseconds(clock.at_office(datetime(day.year, day.month, day.day)))  # noqa: DTZ001  (naive: office time)


def _rows(
    connection: Connection,
    model: type[AuditEntry | AuditCheckpoint],
    names: tuple[str, ...],
    stretch: tuple[int, int, int],
) -> Iterator[dict[str, Any]]:
    centre_id, first, last = stretch
    rows = (
        select(*(getattr(model, name) for name in names))
        .where(model.centre_id == centre_id, model.seq.between(first, last))
        .order_by(model.seq)
        .execution_options(yield_per=1000)
    )
    for row in connection.execute(rows):
        yield dict(zip(names, row, strict=True))
