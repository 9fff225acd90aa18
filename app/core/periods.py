"""The periods that figures are told for: week, month, quarter, half-year, year."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

_MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


class Period(StrEnum):
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


def span(period: Period, on: date) -> tuple[date, date]:
    """Return the first and the last day of the period that a day lies in; a week begins on Monday."""
    if period is Period.WEEK:
        monday = on - timedelta(days=on.weekday())
        return monday, monday + timedelta(days=6)
    months = _MONTHS[period]
    first = on.replace(month=(on.month - 1) // months * months + 1, day=1)
    following = first.month - 1 + months
    after = date(first.year + following // 12, following % 12 + 1, 1)
    return first, after - timedelta(days=1)


def span_before(period: Period, on: date) -> tuple[date, date]:
    """Return the period before the one that a day lies in."""
    return span(period, span(period, on)[0] - timedelta(days=1))
