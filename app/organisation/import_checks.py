"""What the tables of places and people have in common: words for what they mean, and refusals by field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from app.core.errors import DomainError, Invalid
from app.db.uow import UnitOfWork
from app.extensions import db
from app.organisation import rules
from app.organisation.labels import LABELS
from app.organisation.models import Department
from app.transfers.importing import MISSING, Cells, folded

TICKS = {**dict.fromkeys(("是", "y", "yes", "1", "true", "综合", "综合窗口"), True)}
TICKS |= dict.fromkeys(("否", "n", "no", "0", "false", "无"), False)
_SOME = 500  # keys that are looked up at once
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
        select(Department.id, Department.name, Department.short_name, Department.opened_on).where(
            Department.centre_id == centre_id, Department.closed_on.is_(None)
        )
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


def ids_of(uow: UnitOfWork, model: Any, column: Any, centre_id: int, keys: Sequence[str]) -> dict[str, int]:
    """Return the ids of new rows by their keys."""
    found: dict[str, int] = {}
    for start in range(0, len(keys), _SOME):
        wanted = select(column, model.id).where(
            model.centre_id == centre_id, column.in_(keys[start : start + _SOME])
        )
        found.update((key, row_id) for key, row_id in uow.session.execute(wanted))
    return found
