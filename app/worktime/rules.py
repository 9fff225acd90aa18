"""Editions of a year's work calendar, and what one of them changes. Pure."""

from __future__ import annotations

import hashlib
from calendar import Calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.core.actions import Action
from app.core.workdays import DayKind, YearTable, weekend_rule

CALENDAR_PUBLISHED = Action("calendar_year.published", frozenset({"holidays", "makeups", "moved"}))

NOTICE_MAX = 200
NOTE_MAX = 1000
DAYS_MAX = 4000  # characters that a year's days may take to type
FILE_MAX = 64 * 1024
DUE_MAX = 250  # working days that the page explains one by one


@dataclass(frozen=True)
class MovedClock:
    """A row whose due date another calendar moves, or makes certain; instants in UTC."""

    kind: str  # the row's name in the audit log
    row_id: int
    number: str
    before: datetime
    provisional_before: bool
    after: datetime
    provisional: bool


@dataclass(frozen=True)
class DayChange:
    """A day that is of another kind, or of another festival, than before."""

    day: date
    before: DayKind
    after: DayKind
    name: str


@dataclass(frozen=True)
class Cell:
    """A day on the page of its year."""

    day: date
    kind: DayKind
    name: str


def names(table: YearTable) -> dict[date, str]:
    """Return the festival of every day that a table lists."""
    return {**table.holidays, **table.makeups}


def days_of(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days))


def _kind_and_name(day: date, table: YearTable | None) -> tuple[DayKind, str]:
    if table is None:
        return weekend_rule(day), ""
    return table.kind(day), table.holidays.get(day) or table.makeups.get(day, "")


def changed_days(before: YearTable | None, after: YearTable) -> list[DayChange]:
    """Return the days on which a new edition differs from the present one, or from plain weekends."""
    found = []
    for day in days_of(after.year):
        old, new = _kind_and_name(day, before), _kind_and_name(day, after)
        if old != new:
            found.append(DayChange(day, old[0], new[0], new[1]))
    return found


def affected(before: YearTable | None, after: YearTable) -> tuple[date, date] | None:
    """Return the first and last day that clocks count otherwise; a new year makes all its days certain."""
    if before is None:
        return date(after.year, 1, 1), date(after.year, 12, 31)
    days = [change.day for change in changed_days(before, after) if change.before is not change.after]
    return (days[0], days[-1]) if days else None


def months(year: int, table: YearTable | None) -> list[list[list[Cell | None]]]:
    """Return the year as twelve months of weeks, Monday first; None pads a week."""
    grid = []
    for month in range(1, 13):
        weeks = Calendar().monthdatescalendar(year, month)
        grid.append(
            [
                [Cell(day, *_kind_and_name(day, table)) if day.month == month else None for day in week]
                for week in weeks
            ]
        )
    return grid


def counts(table: YearTable | None, year: int) -> dict[str, int]:
    """Return how many days of a year are worked, off and made up."""
    kinds = [_kind_and_name(day, table)[0] for day in days_of(year)]
    return {
        "working": sum(kind.is_work for kind in kinds),
        "holiday": kinds.count(DayKind.HOLIDAY),
        "makeup": kinds.count(DayKind.MAKEUP),
    }


def digest(table: YearTable, edition: int, moved: list[MovedClock]) -> str:
    """Return a mark of what was previewed: a table, the edition it replaces, and the clocks it moves."""
    words = repr((edition, table.year, sorted(table.holidays.items()), sorted(table.makeups.items())))
    words += repr((table.notice, table.source, table.note, moved))
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]
