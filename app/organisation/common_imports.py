"""What the tables of places and people have in common: words for what they mean, and refusals by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from itertools import islice
from typing import Any

from sqlalchemy import func, select

from app.core.errors import DomainError, Invalid
from app.db.uow import UnitOfWork
from app.extensions import db
from app.organisation import rules
from app.organisation.labels import LABELS
from app.organisation.models import Department
from app.transfers.importing import MISSING, Cells, Judged, folded
from app.transfers.models import Batch
from app.transfers.rules import NO, YES, Outcome

TICKS = {**dict.fromkeys((YES, "y", "yes", "1", "true"), True)}
TICKS |= dict.fromkeys((NO, "n", "no", "0", "false"), False)
_CHUNK = 5000
Fault = tuple[str, DomainError]


def kinds(kind: type[StrEnum]) -> dict[str, Any]:
    """Return a member by its word and by its name."""
    words: dict[Any, str] = LABELS[kind]  # type: ignore[assignment]
    named = {folded(word): member for member, word in words.items()}
    return {**{folded(member.value): member for member in kind}, **named}


def words_of(kind: type[StrEnum]) -> list[str]:
    """Return the words of an enumeration."""
    words: dict[Any, str] = LABELS[kind]  # type: ignore[assignment]
    return list(words.values())


def departments(centre_id: int) -> tuple[dict[str, int], dict[int, date], list[str]]:
    """Return the departments still there: by their names, since when, and as they are called."""
    rows = db.session.execute(
        select(Department.id, Department.name, Department.short_name, Department.opened_on)
        .where(Department.centre_id == centre_id, Department.closed_on.is_(None))
        .order_by(Department.sort_key, Department.id)
    ).all()
    named = {folded(row.short_name): row.id for row in rows} | {folded(row.name): row.id for row in rows}
    return named, {row.id: row.opened_on for row in rows}, [row.short_name for row in rows]


def lacking(given: Cells, *names: str) -> list[Fault]:
    return [(name, Invalid(MISSING)) for name in names if given.get(name) in (None, "")]


def check_day(day: date, today: date, field: str) -> list[Fault]:
    try:
        rules.check_day(day, today, field)
    except Invalid as error:
        return [(field, error)]
    return []


def differing(row: Any, given: Cells, columns: Iterable[str]) -> dict[str, Any]:
    """Return what a table says otherwise than a row."""
    return {name: given[name] for name in columns if name in given and given[name] != getattr(row, name)}


def insert(
    uow: UnitOfWork, batch: Batch, model: Any, key: Any, rows: Sequence[dict[str, Any]]
) -> dict[str, int]:
    """Insert new rows of the batch's centre in bulk, and return their ids by their keys."""
    last = uow.session.scalar(select(func.max(model.id))) or 0
    uow.bulk_insert(model, rows, subject=batch)
    new = select(key, model.id).where(model.centre_id == batch.centre_id, model.id > last)
    return {row[0]: row[1] for row in uow.session.execute(new)}


def in_chunks(judged: Sequence[Judged]) -> Iterator[list[Judged]]:
    """Yield the new rows, some thousand at a time: a list of all of them once more would not fit."""
    new = (row for row in judged if row.outcome is Outcome.NEW)
    while chunk := list(islice(new, _CHUNK)):
        yield chunk
