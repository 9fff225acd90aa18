"""Working days (工作日) after the published yearly arrangements; a year without one raises."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from app.core.errors import DomainError, Invalid
from app.core.i18n import N_

DAY = timedelta(days=1)
SATURDAY = 5


class UnknownYear(DomainError):
    """The year's calendar is not published, or nobody has imported it yet."""

    def __init__(self, year: int) -> None:
        super().__init__(N_("系统中没有%(year)s年的工作日历。"), year=year)
        self.args = (year,)
        self.year = year


class DayKind(StrEnum):
    WORKING = "working"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"  # 放假
    MAKEUP = "makeup"  # 调休上班 on a weekend

    @property
    def is_work(self) -> bool:
        return self in (DayKind.WORKING, DayKind.MAKEUP)


@dataclass(frozen=True)
class YearTable:
    """Hold one year's exceptions to the five-day week, as one notice (and its amendments) orders them.

    Both tables map a day of this year to the festival it belongs to. Raises Invalid on a table that
    no notice could order.
    """

    year: int
    holidays: Mapping[date, str]
    makeups: Mapping[date, str]
    notice: str = ""
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        for day in (*self.holidays, *self.makeups):
            if day.year != self.year:
                raise Invalid(N_("%(day)s不在%(year)s年内。"), day=day, year=self.year)
        for day in self.makeups:
            if day in self.holidays:
                raise Invalid(N_("%(day)s既列为放假又列为调休上班。"), day=day)
            if weekend_rule(day) is not DayKind.WEEKEND:
                raise Invalid(N_("%(day)s不是周末，不能列为调休上班。"), day=day)

    def kind(self, day: date) -> DayKind:
        """Return the kind of a day of this year."""
        if day in self.holidays:
            return DayKind.HOLIDAY
        return DayKind.MAKEUP if day in self.makeups else weekend_rule(day)

    def working_days(self) -> list[date]:
        """Return the year's working days in order."""
        first, last = date(self.year, 1, 1), date(self.year, 12, 31)
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return [day for day in days if self.kind(day).is_work]


def weekend_rule(day: date) -> DayKind:
    """Return the kind a day has if nothing moves it: all that is known of an unpublished year."""
    return DayKind.WEEKEND if day.weekday() >= SATURDAY else DayKind.WORKING


class WorkCalendar:
    """Answer questions about working days in the published years; any other year raises UnknownYear."""

    def __init__(self, years: Mapping[int, YearTable]) -> None:
        self.years = dict(sorted(years.items()))
        self._working = {year: table.working_days() for year, table in self.years.items()}

    def covers(self, day: date) -> bool:
        """Tell whether the day's year is published."""
        return day.year in self.years

    def kind(self, day: date) -> DayKind:
        return self._table(day.year).kind(day)

    def is_workday(self, day: date) -> bool:
        return self.kind(day).is_work

    def why(self, day: date) -> str:
        """Say in a few Chinese words why the day is or is not a working day."""
        table = self._table(day.year)
        kind = table.kind(day)
        if kind is DayKind.HOLIDAY:
            return N_("%(festival)s放假") % {"festival": table.holidays[day]}
        if kind is DayKind.MAKEUP:
            return N_("%(festival)s调休上班") % {"festival": table.makeups[day]}
        return N_("周末") if kind is DayKind.WEEKEND else N_("工作日")

    def add_workdays(self, start: date, n: int) -> date:
        """Return the n-th working day strictly after start (n ≥ 1); start itself never counts.

        The starting day is not counted (民法典 art. 201), whether it is a working day or not: receipt on
        Saturday 2026-09-19 and 20 working days lead to 2026-10-22.
        """
        if n < 1:
            raise Invalid(N_("工作日数必须是正整数。"))
        year = (start + DAY).year
        while True:
            days = self._days(year)
            passed = bisect_right(days, start)
            if len(days) - passed >= n:
                return days[passed + n - 1]
            n -= len(days) - passed
            year += 1

    def count_workdays(self, after: date, until: date) -> int:
        """Count the working days in (after, until]; negative when until lies before after."""
        if until < after:
            return -self.count_workdays(until, after)
        if until == after:
            return 0
        years = range((after + DAY).year, until.year + 1)
        return sum(bisect_right(days, until) - bisect_right(days, after) for days in map(self._days, years))

    def next_workday(self, day: date) -> date:
        """Return the day itself if it is a working day, otherwise the first working day after it."""
        return day if self.is_workday(day) else self.add_workdays(day, 1)

    def _table(self, year: int) -> YearTable:
        try:
            return self.years[year]
        except KeyError:
            raise UnknownYear(year) from None

    def _days(self, year: int) -> list[date]:
        self._table(year)
        return self._working[year]
