"""The deadlines that stand in the ledger, compared with what a work calendar makes of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app import clock
from app.core.workdays import WorkCalendar
from app.db.uow import UnitOfWork
from app.rectifications import rules
from app.rectifications.models import Rectification
from app.rectifications.rules import Deadline
from app.worktime.rules import MovedClock

KIND = Rectification.__audit_type__


def deadline_of(row: Rectification) -> Deadline:
    agreed = (row.deadline_workdays, row.deadline_on, row.deadline_hour)
    return Deadline(row.issued_on, *agreed, extended_to=row.extended_to)


def due_of(row: Rectification, days: WorkCalendar) -> tuple[datetime, bool]:
    """Return when the clock says a deadline ends (UTC), and whether that is provisional."""
    deadline = deadline_of(row)
    state = rules.clock_state(deadline, days, row.issued_on)
    return clock.at_office(rules.due_moment(deadline, state)), state.provisional


def _open() -> Select[Rectification]:
    """Return what is not ended; the rest was judged by the date that was in force then."""
    return select(Rectification).where(Rectification.status.not_in(rules.ENDED)).order_by(Rectification.id)


def moved_clocks(
    session: Session, days: WorkCalendar, first: date | None = None, last: date | None = None
) -> list[MovedClock]:
    """Return what stands in the ledger with another due date than a calendar gives, and that date.

    `first` and `last` bound the days in which the calendar differs from the one that is in force.
    """
    rows = _open()
    if first and last:
        begins = clock.at_office(datetime.combine(first, time()))
        rows = rows.where(Rectification.due_at >= begins, Rectification.issued_on < last)
    found = []
    for row in session.scalars(rows):
        due_at, provisional = due_of(row, days)
        if (row.due_at, row.due_provisional) != (due_at, provisional):
            found.append(
                MovedClock(
                    KIND,
                    row.id,
                    row.number,
                    row.due_at,
                    row.due_provisional,
                    due_at,
                    provisional,
                )
            )
    return found


def move_clocks(uow: UnitOfWork, days: WorkCalendar, ids: Collection[int]) -> None:
    """Compute the cached deadlines of these rows anew; each move is recorded in its own story."""
    rows = select(Rectification).where(Rectification.id.in_(ids)).order_by(Rectification.id)
    for row in uow.session.scalars(rows.with_for_update().execution_options(populate_existing=True)):
        rebuild_due(uow, row, days)


def rebuild_due(uow: UnitOfWork, row: Rectification, days: WorkCalendar) -> bool:
    """Compute one cached deadline anew and record it if it moved; return whether it did."""
    moved = set_due(row, days)
    if moved:
        uow.record(rules.RECTIFICATION_DUE_MOVED, row)
    return moved


def set_due(row: Rectification, days: WorkCalendar) -> bool:
    """Compute one cached deadline anew, for a change that records itself; return whether it moved."""
    computed = due_of(row, days)
    if (row.due_at, row.due_provisional) == computed:
        return False
    row.due_at, row.due_provisional = computed
    return True
