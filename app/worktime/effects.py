"""What a new edition of a year would change: its days, and the open clocks of every feature.

A feature that keeps due dates has a room `clocks`, found through the registry: KIND is the name of its
rows in the log, `moved_clocks(session, calendar, first, last)` returns those that another calendar moves, and
`move_clocks(uow, calendar, ids)` moves them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

from sqlalchemy.orm import Session

from app.core.workdays import WorkCalendar, YearTable
from app.db.uow import UnitOfWork
from app.registry import FEATURES, find_room
from app.worktime import queries, rules
from app.worktime.rules import DayChange, MovedClock


@dataclass(frozen=True)
class Effect:
    """What stands in the way of applying an edition, and what applying it does."""

    table: YearTable
    present: YearTable | None
    edition: int  # the one it would replace, 0 for none
    days: list[DayChange]
    moved: list[MovedClock]

    @property
    def empty(self) -> bool:
        return self.present == self.table

    @property
    def digest(self) -> str:
        return rules.digest(self.table, self.edition, self.moved)


def effect_of(session: Session, table: YearTable) -> Effect:
    """Return what an edition would change if it were applied now."""
    present = queries.calendar().years.get(table.year)
    span = rules.affected(present, table)
    moved = []
    if span:
        days = _with(table)
        for room in _rooms():
            moved += room.moved_clocks(session, days, *span)
    return Effect(
        table,
        present,
        queries.last_edition(session, table.year),
        rules.changed_days(present, table),
        moved,
    )


def move(uow: UnitOfWork, effect: Effect) -> None:
    """Move the clocks that an effect names."""
    days = _with(effect.table)
    for room in _rooms():
        ids = [moved.row_id for moved in effect.moved if moved.kind == room.KIND]
        if ids:
            room.move_clocks(uow, days, ids)


def _with(table: YearTable) -> WorkCalendar:
    """Return the calendar as it would be with a new edition of one year."""
    return WorkCalendar({**queries.calendar().years, table.year: table})


def _rooms() -> Iterator[ModuleType]:
    for feature in FEATURES:
        room = find_room(feature.name, "clocks")
        if room:
            yield room
