"""The log as a file that can be checked on another computer; the format stands in docs/audit-export.md."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
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
from app.config import Settings
from app.db.types import canonical
from app.organisation.models import Centre

FORMAT = "duban-audit-export"
VERSION = 1


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
    *,
    since: date | None = None,
    until: date | None = None,
    centre_ids: frozenset[int] | None = None,
) -> Exported:
    """Write the chains, or the stretch of each that covers the office days `since` to `until`, to a file."""
    stretches = _stretches(connection, since, until, centre_ids)
    digest = hashlib.sha256()

    def line(kind: str, content: dict[str, Any]) -> None:
        data = f"{canonical({kind: content})}\n".encode()
        file.write(data)
        digest.update(data)

    line("header", _header(connection, settings, now, since, until, centre_ids, stretches))
    entries = signed = 0
    for stretch in stretches:
        for row in _rows(connection, AuditEntry, Link._fields, stretch):
            line("entry", row)
            entries += 1
        for row in _rows(connection, AuditCheckpoint, Checkpoint._fields, stretch):
            line("checkpoint", row)
            signed += 1
    line("trailer", {"entries": entries, "checkpoints": signed, "sha256": digest.hexdigest()})
    return Exported(entries, signed, digest.hexdigest())


def _header(
    connection: Connection,
    settings: Settings,
    now: datetime,
    since: date | None,
    until: date | None,
    centre_ids: frozenset[int] | None,
    stretches: list[tuple[int, int, int]],
) -> dict[str, Any]:
    names = {row.id: row.name for row in connection.execute(select(Centre.id, Centre.name))}
    key = keys.public_key(settings)
    return {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": now.isoformat(),
        "since": since and since.isoformat(),
        "until": until and until.isoformat(),
        "centres": centre_ids and sorted(centre_ids),
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


def _stretches(
    connection: Connection, since: date | None, until: date | None, centre_ids: frozenset[int] | None
) -> list[tuple[int, int, int]]:
    """Return (centre, first seq, last seq) per chain: whole links, though clocks may have been set back."""
    place = select(AuditEntry.centre_id, func.min(AuditEntry.seq), func.max(AuditEntry.seq))
    if since:
        place = place.where(AuditEntry.at_us >= _midnight(since))
    if until:
        place = place.where(AuditEntry.at_us < _midnight(until + timedelta(days=1)))
    if centre_ids is not None:
        place = place.where(AuditEntry.centre_id.in_(centre_ids))
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
