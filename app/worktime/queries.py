"""The work calendar as rules use it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from app.core.workdays import DayKind, WorkCalendar, YearTable
from app.extensions import db
from app.worktime.models import CalendarYear

# The calendar of one state of the table: years and their version tell whether it is still the present one.
_cached: dict[tuple[tuple[int, int, datetime], ...], WorkCalendar] = {}


def calendar() -> WorkCalendar:
    """Return the published calendar; rebuilt whenever a year was added or changed."""
    columns = select(CalendarYear.year, CalendarYear.version, CalendarYear.published_at)
    state = tuple(
        (year, version, at) for year, version, at in db.session.execute(columns.order_by(CalendarYear.year))
    )
    if state not in _cached:
        years = {row.year: _table(row) for row in db.session.scalars(select(CalendarYear))}
        _cached.clear()
        _cached[state] = WorkCalendar(years)
    return _cached[state]


def _table(row: CalendarYear) -> YearTable:
    return YearTable(
        year=row.year,
        holidays={day.day: day.name for day in row.days if day.kind is DayKind.HOLIDAY},
        makeups={day.day: day.name for day in row.days if day.kind is DayKind.MAKEUP},
        notice=row.notice,
        source=row.source,
        note=row.note,
    )
