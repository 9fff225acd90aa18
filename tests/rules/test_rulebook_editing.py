"""Tiers as lines, and the running example beside an item."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.evaluations import example_rules
from app.evaluations.reading import read_rulebook
from app.evaluations.rulebook_rules import Choice, Condition
from app.evaluations.rules import Compare
from app.evaluations.tier_rules import read_tiers, write_tiers
from tests.rules.rulebooks.tools import shipped

NUMBERS = st.decimals(min_value=0, max_value=999, places=2)
CONDITIONS = st.builds(
    Condition, st.sampled_from(["minutes", "count", "speed_up"]), st.sampled_from(list(Compare)), NUMBERS
)
CHOICES = st.lists(st.builds(Choice, NUMBERS, st.lists(CONDITIONS, max_size=3).map(tuple)), max_size=4)


@given(CHOICES.map(tuple))
def test_tiers_read_back_as_they_were_written(choices):
    assert read_tiers(write_tiers(choices)) == choices


@pytest.mark.parametrize("line", ["minutes ≤ 10：1", "minutes<=10: 1", "  minutes <= 10 ： 1 "])
def test_tiers_are_read_as_people_type_them(line):
    ((choice),) = read_tiers(f"\n{line}\n")
    assert write_tiers((choice,)) == "minutes ≤ 10：1"


@pytest.mark.parametrize("line", ["minutes ≤ 10", "一分钟：1", "minutes ≤ 10：一分", "：", "≤ 3：1"])
def test_a_line_that_cannot_be_read_is_named(line):
    with pytest.raises(Invalid, match="第 2 行"):
        read_tiers(f"其余：5\n{line}" if line != "：" else "其余：5\n：x")


def test_the_example_shows_the_doubling_from_the_fifth_time():
    scored = example_rules.run(read_rulebook(shipped("township10_doubling")), "A1", 6, {})
    assert str(scored.published) == "2.00"
    assert [str(line.points.normalize()) for line in scored.lines[1:]] == ["-1"] * 4 + ["-2"] * 2


def test_the_example_stays_within_the_limits():
    scored = example_rules.run(read_rulebook(shipped("county_chiefrep_partial")), "sup4", 3, {})
    assert str(scored.published) == "65.00"
    assert "扣完为止" in scored.lines[-1].why


def test_facts_are_read_and_written():
    assert example_rules.read_facts("minutes=12，kind=会议") == {"minutes": 12, "kind": "会议"}
    with pytest.raises(Invalid):
        example_rules.read_facts("minutes 12")
