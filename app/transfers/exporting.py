"""Lists as workbooks. A feature declares in its room `exports` what its lists are: `EXPORTS`, one each.

The rows are those of the list: the same query, the same filters, nothing out of its reader's sight.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Select, func, select

from app import clock
from app.core.i18n import N_
from app.db.listing import Order, capped_count, walk
from app.db.mixins import Audited
from app.db.scope import row_id
from app.extensions import db
from app.permissions import Actor, Permission
from app.registry import FEATURES, find_room
from app.transfers.rules import EXPORT_AT_ONCE, HIDDEN
from app.transfers.workbook import Column, Sheets, Words

Filters = Mapping[str, str]
_NO_FILTER = N_("全部")


@dataclass(frozen=True)
class Filter:
    """A filter of a list: its name, and what its value stands for: a member, a row, or what was typed."""

    label: str
    kind: type[StrEnum] | type[Audited] | None = None
    typed: bool = False  # words of a search are kept out of the log


@dataclass(frozen=True)
class Export:
    """A list that can be taken out. `rows` gives what the list shows under the filters of its address."""

    name: str
    page: str  # the endpoint of the list
    title: str
    permission: Permission
    rows: Callable[[Actor, Filters, datetime], Select[Any]]
    order: Order
    columns: Sequence[Column]
    filters: Mapping[str, Filter]
    # What the columns take, where that is more than the rows themselves: some thousand at a time.
    lines: Callable[[Sequence[Any], datetime], Iterable[Any]] = lambda rows, now: rows
    # A further sheet that the columns refer to: its name, columns and rows.
    beside: Callable[[Actor, Filters, datetime], tuple[str, Sequence[Column], Iterable[Any]]] | None = None

    def chosen(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the filters of an address that this list knows."""
        return {name: value for name, value in given.items() if name in self.filters and value}


@dataclass(frozen=True)
class Written:
    """What stands in a file that was written."""

    rows: int
    sha256: str


@cache
def every() -> dict[str, Export]:
    """Return every list that a feature lets out, by name."""
    rooms = (find_room(feature.name, "exports") for feature in FEATURES)
    return {export.name: export for room in rooms if room for export in room.EXPORTS}


@cache
def words() -> Words:
    """Return the words of all enumerations."""
    rooms = (find_room(feature.name, "labels") for feature in FEATURES)
    return {kind: named for room in rooms for kind, named in getattr(room, "LABELS", {}).items()}


@cache
def logged(kind: str) -> dict[str, str]:
    """Return the words of what the log names: all features' ACTIONS or SUBJECTS."""
    rooms = (find_room(feature.name, "labels") for feature in FEATURES)
    return {name: word for room in rooms for name, word in getattr(room, kind, {}).items()}


def too_many(export: Export, actor: Actor, filters: Filters, now: datetime) -> bool:
    """Return whether a list has more rows than are handed over at once."""
    return capped_count(db.session(), export.rows(actor, filters, now), EXPORT_AT_ONCE) > EXPORT_AT_ONCE


def count(export: Export, actor: Actor, filters: Filters, now: datetime) -> int:
    """Return how many rows a list has; for work that shows its progress, not for a page."""
    bare = export.rows(actor, filters, now).with_only_columns(export.order.key, maintain_column_froms=True)
    return db.session.scalar(select(func.count()).select_from(bare.order_by(None).subquery())) or 0


def recorded(export: Export, filters: Filters) -> dict[str, str]:
    """Return the filters as the log keeps them."""
    return {name: HIDDEN if export.filters[name].typed else value for name, value in filters.items()}


def file_name(export: Export, now: datetime) -> str:
    return f"{export.title}-{clock.local(now):%Y%m%d-%H%M}.xlsx"


def write(
    target: Path | BinaryIO,
    export: Export,
    actor: Actor,
    filters: Filters,
    now: datetime,
    said: Callable[[int], object] = lambda done: None,
) -> int:
    """Write a list into a workbook and return its number of rows; `said` hears after each thousand."""
    with closing(Sheets(target, words())) as sheets:
        total = sheets.add(export.title, export.columns, _rows(export, actor, filters, now, said))
        if export.beside:
            sheets.add(*export.beside(actor, filters, now))
        sheets.note(
            [
                (N_("清单"), export.title),
                (N_("中心"), actor.centre_name),
                (N_("导出人"), actor.name),
                (N_("导出时间"), now),
                (N_("数据截至"), now),
                (N_("筛选条件"), _described(export, actor, filters)),
                (N_("行数"), total),
            ]
        )
    return total


def sha256_of(file: Path | bytes) -> str:
    """Return the hash of a written file."""
    if isinstance(file, bytes):
        return hashlib.sha256(file).hexdigest()
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _rows(
    export: Export, actor: Actor, filters: Filters, now: datetime, said: Callable[[int], object]
) -> Iterator[Any]:
    done = 0
    for chunk in walk(db.session(), export.rows(actor, filters, now), export.order):
        yield from export.lines(chunk, now)
        done += len(chunk)
        said(done)


def _described(export: Export, actor: Actor, filters: Filters) -> str:
    """Say in words what a list was filtered by."""
    parts = [
        N_("%(name)s：%(value)s")
        % {"name": export.filters[name].label, "value": _named(export.filters[name], actor, value)}
        for name, value in filters.items()
    ]
    return N_("；").join(parts) or _NO_FILTER


def _named(wanted: Filter, actor: Actor, value: str) -> str:
    kind = wanted.kind
    if kind is None:
        return value
    if issubclass(kind, StrEnum):
        return words()[kind][kind(value)] if value in set(kind) else value
    row = db.session.get(kind, row_id(value) or 0)
    return row.audit_name if row and row.audit_centre_id in actor.centre_ids else value
