"""Distribution and movers: everybody is counted once, and the greatest changes come first."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from app.evaluations.figure_rules import MOST_BINS, Move, bins, movers

scores = st.lists(st.decimals(-50, 120, places=2), min_size=1, max_size=60)


@given(scores)
def test_everybody_is_in_exactly_one_step(values):
    found = bins(values)
    assert sum(each.count for each in found) == len(values)
    assert len(found) <= MOST_BINS
    for each in found:
        assert each.count == sum(1 for value in values if each.low <= value < each.high)
    assert [each.high for each in found[:-1]] == [each.low for each in found[1:]]


def test_no_scores_have_no_distribution():
    assert bins([]) == []


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=30))
def test_movers_are_those_who_changed_most(pairs):
    moves = [Move(place, f"{place}", Decimal(a), Decimal(b)) for place, (a, b) in enumerate(pairs)]
    falling, rising = movers(moves, 5)
    assert all(each.by < 0 for each in falling) and all(each.by > 0 for each in rising)
    down = sorted(each.by for each in moves if each.by < 0)
    up = sorted((each.by for each in moves if each.by > 0), reverse=True)
    assert [each.by for each in falling] == down[:5]
    assert [each.by for each in rising] == up[:5]
