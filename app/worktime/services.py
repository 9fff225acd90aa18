from __future__ import annotations

from app.core.workdays import DayKind, YearTable
from app.db.uow import UnitOfWork
from app.worktime.models import CalendarDay, CalendarYear
from app.worktime.rules import CALENDAR_PUBLISHED


def publish_year(uow: UnitOfWork, table: YearTable) -> CalendarYear:
    """Enter one published year into the calendar."""
    row = CalendarYear(
        year=table.year, notice=table.notice, source=table.source, note=table.note, published_at=uow.now
    )
    uow.session.add(row)
    uow.session.flush()
    days = [
        *(
            {"day": day, "kind": DayKind.HOLIDAY, "name": name}
            for day, name in sorted(table.holidays.items())
        ),
        *({"day": day, "kind": DayKind.MAKEUP, "name": name} for day, name in sorted(table.makeups.items())),
    ]
    rows = [{**day, "calendar_year_id": row.id, "version": 1} for day in days]
    uow.bulk_insert(CalendarDay, rows, subject=row)
    uow.record(CALENDAR_PUBLISHED, row, days=len(days))
    return row
