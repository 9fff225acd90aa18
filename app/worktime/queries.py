"""The work calendar as rules use it, and its editions as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.workdays import DayKind, WorkCalendar, YearTable
from app.db import drafts
from app.db.scope import MISSING
from app.db.uow import root_centre_id
from app.extensions import db
from app.permissions import Actor
from app.worktime.entry_rules import YEARS
from app.worktime.models import CalendarYear

DRAFT = "calendar"

# The calendar of one state of the table: its present editions tell whether it is still the present one.
_State = tuple[tuple[int, int, datetime], ...]
_cached: dict[_State, WorkCalendar] = {}


def calendar() -> WorkCalendar:
    """Return the published calendar; rebuilt whenever a year was added or replaced."""
    columns = (
        CalendarYear.year,
        CalendarYear.edition,
        CalendarYear.id,
        CalendarYear.version,
        CalendarYear.published_at,
    )
    rows = db.session.execute(select(*columns).order_by(CalendarYear.year, CalendarYear.edition))
    present = {row.year: (row.id, row.version, row.published_at) for row in rows}  # the last edition of each
    state: _State = tuple(present.values())
    if state not in _cached:
        ids = [row_id for row_id, _version, _at in state]
        years = db.session.scalars(select(CalendarYear).where(CalendarYear.id.in_(ids)))
        _cached.clear()
        _cached[state] = WorkCalendar({row.year: table_of(row) for row in years})
    return _cached[state]


def table_of(row: CalendarYear) -> YearTable:
    """Return an edition as rules use it."""
    return YearTable(
        year=row.year,
        holidays={day.day: day.name for day in row.days if day.kind is DayKind.HOLIDAY},
        makeups={day.day: day.name for day in row.days if day.kind is DayKind.MAKEUP},
        notice=row.notice,
        source=row.source,
        note=row.note,
    )


def last_edition(session: Session, year: int) -> int:
    """Return the number of a year's present edition, 0 if it has none."""
    rows = select(CalendarYear.edition).where(CalendarYear.year == year)
    return session.scalar(rows.order_by(CalendarYear.edition.desc()).limit(1)) or 0


def editions(year: int) -> list[CalendarYear]:
    """Return the editions of a year, the present one first. Raise NotFound beyond the years there can be."""
    if year not in YEARS:
        raise NotFound(MISSING)
    rows = select(CalendarYear).where(CalendarYear.year == year).order_by(CalendarYear.edition.desc())
    return list(db.session.scalars(rows))


def manages(actor: Actor) -> bool:
    """Return whether an actor's centre is the top one: all centres of a site share the calendars."""
    return actor.centre_id is not None and actor.centre_id == root_centre_id(db.session())


def draft_of(session: Session, actor: Actor, year: int) -> drafts.Draft | None:
    """Return the edition that an actor has prepared for a year and not applied yet."""
    return drafts.find(session, actor.user_id, DRAFT, year) if year in YEARS else None


def to_content(table: YearTable) -> dict[str, Any]:
    """Return a table as a draft keeps it."""
    return {
        "year": table.year,
        "notice": table.notice,
        "source": table.source,
        "note": table.note,
        **{
            name: {day.isoformat(): festival for day, festival in days.items()}
            for name, days in (("holidays", table.holidays), ("makeups", table.makeups))
        },
    }


def from_content(content: Mapping[str, Any]) -> YearTable:
    """Return the table that a draft keeps."""
    holidays, makeups = (
        {date.fromisoformat(day): festival for day, festival in content[name].items()}
        for name in ("holidays", "makeups")
    )
    texts = {name: content[name] for name in ("notice", "source", "note")}
    return YearTable(content["year"], holidays, makeups, **texts)
