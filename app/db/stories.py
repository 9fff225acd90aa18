"""Rows in bulk, each with its own story: how the years of the large demo are written.

A row is the sum of what its steps set, so that ledger and log cannot differ; each step becomes the entry
that the same change would have left if it had been made alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Dialect, func, inspect, select
from sqlalchemy.orm import Session

from app.audit import append as audit
from app.audit.chain import Link
from app.core.actions import Action
from app.db import changes, search
from app.db.mixins import Audited, Searchable
from app.db.rows import converters, insert_rows, scalar_defaults
from app.db.search import Indexed
from app.extensions import Model
from app.permissions import Actor


@dataclass(frozen=True)
class Part:
    """A child row that a step adds; its values stand in its parent's entry."""

    model: Any  # the class of the row
    row_id: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One recorded change: who did what when, and what it set."""

    action: Action
    actor: Actor
    at: datetime
    values: Mapping[str, Any]
    parts: Sequence[Part] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    """A row that is the subject of its own entries, from its first step to its last."""

    model: Any  # the class of the row
    row_id: int
    steps: Sequence[Step]


@dataclass(frozen=True)
class Batch:
    """Stories made ready to be written.

    Rows as a driver takes them, by their tables; texts to be found by; entries still without a place.
    """

    rows: Mapping[str, list[tuple[Any, ...]]]
    texts: Mapping[str, list[Indexed]]
    entries: list[Link]


class Ids:
    """The ids of rows to come, one after the other, as the database would give them out."""

    def __init__(self, last: Mapping[type[Audited], int]) -> None:
        self._last = Counter(last)

    def take(self, model: type[Audited]) -> int:
        """Return the id of the next row of a model."""
        self._last[model] += 1
        return self._last[model]


def prepare(told: Iterable[Story], dialect: Dialect) -> Batch:
    """Make stories ready to be written to a kind of database; needs none itself."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    texts: dict[str, list[Indexed]] = {}
    entries: list[Link] = []
    for story in told:
        row, drafts = _tell(story)
        entries += drafts
        parts = [part for step in story.steps for part in step.parts]
        for model, values in (
            (story.model, row),
            *((part.model, {**_blank(part.model), **part.values, "id": part.row_id}) for part in parts),
        ):
            plain = tuple(
                values[key] if convert is None else convert(values[key])
                for key, convert in converters(model, dialect)
            )
            rows.setdefault(model.__tablename__, []).append(plain)
        if issubclass(story.model, Searchable):
            found = texts.setdefault(story.model.__search_table__, [])
            found.append(search.indexed(story.row_id, _ask(story.model, "search_text", row)))
    entries.sort(key=lambda link: link.at_us)
    return Batch(rows, texts, entries)


def write(session: Session, batch: Batch) -> None:
    """Insert the rows of a batch and fill their search indexes; for the unit of work, past the guard.

    Raise RuntimeError if somebody else has taken one of the ids meanwhile.
    """
    for table in Model.metadata.sorted_tables:  # parents first
        if table.name in batch.rows:
            rows = batch.rows[table.name]
            place = list(table.columns.keys()).index("id")
            _use_up(session, table.name, [row[place] for row in rows])
            insert_rows(session.connection(), table, rows)
    for name, found in batch.texts.items():
        search.index_many(session, name, found)


def _use_up(session: Session, table: str, ids: Sequence[int]) -> None:
    """Move PostgreSQL's sequence past the ids; SQLite goes on after the highest by itself."""
    if session.get_bind().dialect.name != "postgresql":
        return
    sequence = func.pg_get_serial_sequence(table, "id")
    taken = select(func.nextval(sequence).label("id")).select_from(func.generate_series(1, len(ids)))
    if session.scalar(select(func.max(taken.subquery().c.id))) != max(ids):
        raise RuntimeError(f"the ids of {table} were not ours alone")


def _tell(story: Story) -> tuple[dict[str, Any], list[Link]]:
    """Return the row that a story ends with, and its entries."""
    blank = _blank(story.model)
    row: dict[str, Any] = {}
    payloads = []
    for step in story.steps:
        if set(step.extra) != step.action.extra:
            raise TypeError(f"{step.action.name} takes {sorted(step.action.extra)}, not {sorted(step.extra)}")
        values = step.values if row else {**blank, **step.values}
        changed = changes.between(story.model, row, values)
        for part in step.parts:
            prefix = f"{part.model.__audit_type__}#{part.row_id}."
            blank = _blank(part.model)
            changed.update(changes.between(part.model, {}, {**blank, **part.values}, prefix))
        row.update(values)
        payload = {key: changes.plain(value) for key, value in step.extra.items()}
        payloads.append({**payload, "changes": changed} if changed else payload)
    row.update(id=story.row_id, version=len(story.steps))
    name = _ask(story.model, "audit_name", row)
    drafts = [
        audit.draft(
            step.actor,
            step.at,
            row["centre_id"],
            step.action.name,
            subject_type=story.model.__audit_type__,
            subject_id=story.row_id,
            subject_name=name,
            payload=payload,
        )
        for step, payload in zip(story.steps, payloads, strict=True)
    ]
    return row, drafts


@cache
def _blank(model: Any) -> dict[str, Any]:
    """Return a row with nothing but its defaults, so that all rows of a batch have the same columns."""
    blank = dict.fromkeys(inspect(model).local_table.columns.keys()) | scalar_defaults(model)
    return {**blank, "version": 1}


def _ask(model: Any, name: str, row: Mapping[str, Any]) -> Any:
    """Ask a property of a model of plain values: a million objects would cost more than all the rest."""
    return getattr(model, name).fget(SimpleNamespace(**row))
