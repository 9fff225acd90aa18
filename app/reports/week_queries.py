"""The week at a glance: what was found, what was struck off and which rounds were walked, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_

from app import clock
from app.core.workdays import WorkCalendar
from app.db.listing import tally
from app.extensions import db
from app.inspections import plan_queries, plan_rules
from app.inspections import queries as inspections
from app.inspections.models import ChecklistItem, Finding
from app.inspections.plan_queries import Board, BoardDay
from app.inspections.plan_rules import RoundState
from app.permissions import Actor, Permission
from app.rectifications import queries as rectifications
from app.rectifications.models import Rectification
from app.rectifications.rules import Due

LONGEST_AGO = timedelta(weeks=520)


@dataclass(frozen=True)
class Day:
    """One day: findings that touch a red line and others, rectifications struck off, the rounds."""

    day: date
    red_lines: int
    others: int
    closed: int
    rounds: BoardDay | None  # None where nobody may see rounds, and of days to come

    @property
    def findings(self) -> int:
        return self.red_lines + self.others

    @property
    def expected(self) -> int:
        """Return how many rounds ought to have been walked by now."""
        return self._rounds(RoundState.DONE, RoundState.LATE, RoundState.MISSED)

    @property
    def done(self) -> int:
        return self._rounds(RoundState.DONE, RoundState.LATE)

    def _rounds(self, *states: RoundState) -> int:
        cells = self.rounds.cells.values() if self.rounds else ()
        return sum(one.cell.state in states for one in cells)


@dataclass(frozen=True)
class Week:
    """A week from Monday to Sunday; `before` and `after` are the Mondays beside it, none of them to come."""

    days: tuple[Day, ...]
    board: Board | None
    today: date

    @property
    def first(self) -> date:
        return self.days[0].day

    @property
    def last(self) -> date:
        return self.days[-1].day

    @property
    def findings(self) -> int:
        return sum(one.findings for one in self.days)

    @property
    def red_lines(self) -> int:
        return sum(one.red_lines for one in self.days)

    @property
    def closed(self) -> int:
        return sum(one.closed for one in self.days)

    @property
    def before(self) -> date:
        return self.first - plan_rules.WEEK

    @property
    def after(self) -> date | None:
        return self.first + plan_rules.WEEK if self.last < self.today else None

    @property
    def most(self) -> int:
        """Return the number that the highest bar stands for; a quiet week keeps its bars low."""
        return max(4, *(max(one.findings, one.closed) for one in self.days))


def read_week(value: str | None, today: date) -> date:
    """Return the Monday of the week that an address names: this week's, if it names none or one to come."""
    present, wanted = plan_rules.monday(today), inspections.read_day(value)
    if wanted is None or not present - LONGEST_AGO <= wanted <= present:
        return present
    return plan_rules.monday(wanted)


def week(actor: Actor, first: date, now: datetime, calendar: WorkCalendar) -> Week:
    """Return the week that begins on a Monday, of the rows that the actor may see; rounds of his centre."""
    today = clock.local(now).date()
    days = plan_rules.days_between(first, first + timedelta(days=6))
    found, closed = _found(actor, days), _closed(actor, days, now, calendar)
    shown = board(actor, days[0], days[-1], now)
    rounds = {one.day: one for one in shown.days} if shown else {}
    return Week(
        tuple(Day(day, found[day, True], found[day, False], closed[day], rounds.get(day)) for day in days),
        shown,
        today,
    )


def board(actor: Actor, first: date, last: date, now: datetime) -> Board | None:
    """Return how the rounds of the actor's centre stand, if he may read patrols."""
    if actor.centre_id is None or not actor.can(Permission.PATROL_READ):
        return None
    return plan_queries.board(actor.centre_id, first, last, now)


def _found(actor: Actor, days: list[date]) -> dict[tuple[date, bool], int]:
    """Count the findings of each day, apart those that touch a red line and those that do not."""
    wanted = inspections.FindingFilter(valid=True, since=days[0], until=days[-1])
    rows = inspections.filtered(actor, wanted).join(ChecklistItem, ChecklistItem.id == Finding.item_id)
    red = {True: ChecklistItem.red_line > 0, False: ChecklistItem.red_line == 0}
    return tally(
        db.session(),
        rows,
        {
            (day, line): and_(*inspections.within(Finding.occurred_at, day, day), red[line])
            for day in days
            for line in red
        },
    )


def _closed(actor: Actor, days: list[date], now: datetime, calendar: WorkCalendar) -> dict[date, int]:
    """Count the rectifications struck off on each day."""
    span = {"closed_from": days[0].isoformat(), "closed_to": days[-1].isoformat()}
    rows = rectifications.filtered(actor, {**span, "stands": Due.CLOSED.value}, now, calendar)
    return tally(
        db.session(),
        rows,
        {day: and_(*inspections.within(Rectification.closed_at, day, day)) for day in days},
    )
