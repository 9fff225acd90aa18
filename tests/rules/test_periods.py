"""The periods of figures: where each begins and ends, and which one came before."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.periods import Period, span, span_before

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("period", "first", "last", "before"),
    [
        (Period.WEEK, date(2026, 11, 16), date(2026, 11, 22), date(2026, 11, 9)),
        (Period.MONTH, date(2026, 11, 1), date(2026, 11, 30), date(2026, 10, 1)),
        (Period.QUARTER, date(2026, 10, 1), date(2026, 12, 31), date(2026, 7, 1)),
        (Period.HALF_YEAR, date(2026, 7, 1), date(2026, 12, 31), date(2026, 1, 1)),
        (Period.YEAR, date(2026, 1, 1), date(2026, 12, 31), date(2025, 1, 1)),
    ],
)
def test_the_periods_of_a_day(period, first, last, before):
    assert span(period, date(2026, 11, 18)) == (first, last)
    assert span_before(period, date(2026, 11, 18))[0] == before


@given(st.sampled_from(Period), DAYS)
def test_periods_follow_each_other_without_gap_or_overlap(period, on):
    first, last = span(period, on)
    assert first <= on <= last
    assert span(period, first) == span(period, last) == (first, last)
    assert span_before(period, on)[1] == first - timedelta(days=1)
