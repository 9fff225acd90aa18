"""Rounds of the plan: done, made up for, missed; what was open; what a clerk types."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid, NotFound
from app.core.figures import Figure, Form, Rows
from app.inspections import checklist_rules, entry_rules, plan_rules
from app.inspections.figure_queries import self_found, targets
from app.inspections.plan_rules import Hours, Place, RoundState, Walk
from app.inspections.rules import (
    Confirmation,
    Finder,
    FindingSource,
    FindingStatus,
    StatementFacts,
    finder_of,
    is_double,
    refuses_statement,
)
from app.settings.rules import Round

DAY = date(2026, 11, 18)  # a Wednesday
OPENING = Round("开门", time(9), time(9, 30))
NOON = Round("上午", time(10), time(11, 30))
ZONES = (1, 2)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime.combine(DAY, time(hour, minute))


def state(now: datetime, *walks: tuple[int, datetime]) -> RoundState:
    made = [Walk(n, zone, begun) for n, (zone, begun) in enumerate(walks)]
    return plan_rules.cell(DAY, OPENING, ZONES, made, now).state


@pytest.mark.parametrize(
    ("now", "walks", "expected"),
    [
        (at(8), (), RoundState.AHEAD),
        (at(9), (), RoundState.DUE),
        (at(9, 30), ((1, at(9)),), RoundState.DUE),
        (at(9, 31), ((1, at(9)),), RoundState.MISSED),
        (at(9, 31), ((1, at(9)), (2, at(9, 20))), RoundState.DONE),
        (at(9, 31), ((1, at(8, 50)), (2, at(9, 30))), RoundState.DONE),
        (at(15), ((1, at(9)), (2, at(14))), RoundState.LATE),
        (at(15), ((1, at(9)), (2, at(9, 10)), (2, at(14))), RoundState.DONE),
        (at(15), ((1, at(9)), (3, at(9))), RoundState.MISSED),
        (at(9) + timedelta(days=40), (), RoundState.MISSED),
    ],
)
def test_how_a_round_stands(now, walks, expected):
    assert state(now, *walks) is expected


walks = st.lists(
    st.tuples(st.sampled_from((1, 2, 3)), st.integers(0, 23 * 60).map(lambda m: at(0) + timedelta(minutes=m)))
)


@given(walks, st.integers(0, 3 * 24 * 60).map(lambda m: at(0) + timedelta(minutes=m)))
def test_a_round_is_done_or_made_up_exactly_if_every_zone_was_walked(made, now):
    found = plan_rules.cell(
        DAY, OPENING, ZONES, [Walk(n, zone, begun) for n, (zone, begun) in enumerate(made)], now
    )
    assert found.covered | found.missing == set(ZONES)
    assert (found.state in (RoundState.DONE, RoundState.LATE)) == (not found.missing)
    if found.missing and now > at(9, 30):
        assert found.state is RoundState.MISSED, "a missed round stays missed"


@given(walks, walks, st.integers(0, 3 * 24 * 60).map(lambda m: at(0) + timedelta(minutes=m)))
def test_another_walk_never_makes_a_round_worse(made, more, now):
    better = {
        RoundState.MISSED: 0,
        RoundState.AHEAD: 1,
        RoundState.DUE: 1,
        RoundState.LATE: 2,
        RoundState.DONE: 3,
    }
    assert better[state(now, *made, *more)] >= better[state(now, *made)]


@pytest.mark.parametrize(
    ("moment", "name"), [(time(7), "开门"), (time(9, 29), "开门"), (time(9, 30), "上午"), (time(20), "上午")]
)
def test_a_patrol_knows_its_round_by_the_time(moment, name):
    found = plan_rules.round_at([OPENING, NOON], moment)
    assert found is not None
    assert found.name == name
    assert plan_rules.round_at([], moment) is None


# --- what was open --------------------------------------------------------------------------------

WORKDAYS = [Hours(1, day, time(9), time(17), date(2024, 1, 1), None) for day in range(5)]
SATURDAY = Hours(2, 5, time(9), time(12), date(2024, 1, 1), None)
PLACES = [Place(n, 1, date(2024, 1, 1), None) for n in (1, 2, 3)]


def opened(day: date, works: bool, **span: time) -> list[int]:
    found = plan_rules.open_places(PLACES, [*WORKDAYS, SATURDAY], day, works=works, **span)
    return [place.point_id for place in found]


def test_coverage_counts_what_was_open():
    assert opened(DAY, True) == [1, 3], "a place without hours is open on working days"
    assert opened(DAY, True, begins=time(17), ends=time(18)) == [3]
    assert opened(DAY, False) == [], "a public holiday closes"
    saturday = DAY + timedelta(days=3)
    assert opened(saturday, False) == [2], "extended hours of the weekend"
    assert opened(saturday, True) == [1, 2, 3], "a make-up day has the hours of the week"


def test_a_place_counts_between_its_days():
    place = Place(1, 1, date(2026, 11, 18), date(2026, 11, 20))
    days = [DAY + timedelta(days=n) for n in range(-1, 3)]
    assert [bool(plan_rules.open_places([place], [], day, works=True)) for day in days] == [
        False,
        True,
        True,
        False,
    ]


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.sampled_from(plan_rules.Period))
def test_a_day_lies_in_its_period_and_periods_do_not_overlap(day, period):
    first, last = plan_rules.span(period, day)
    assert first <= day <= last
    assert plan_rules.span(period, last + timedelta(days=1))[0] == last + timedelta(days=1)
    assert plan_rules.span(period, first) == (first, last)


# --- figures --------------------------------------------------------------------------------------


def test_54_to_4_is_13_5_and_the_target_can_be_read_in_two_ways():
    assert self_found(54, 4, {}).printed == "13.5"
    assert [(one.least, one.reached) for one in targets(54, 4)] == [
        (Decimal("0.8"), True),
        (Decimal("4.8"), True),
    ]
    assert [one.reached for one in targets(2, 4)] == [True, False]


def figure(form: Form, numerator: int, denominator: int | None = None) -> Figure:
    return Figure("R00", "n", "d", form, numerator, Rows("x"), denominator)


def test_a_figure_without_a_base_is_a_dash_never_a_number():
    assert figure(Form.SHARE, 0, 0).printed == "—"
    assert figure(Form.RATIO, 3, 0).printed == "—"
    assert figure(Form.COUNT, 0).printed == "0"
    assert figure(Form.SHARE, 3, 4).printed == "75.0%"
    assert figure(Form.SHARE, 1, 16).printed == "6.3%", "half up"


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_share_is_rounded_once(numerator, denominator):
    value = figure(Form.SHARE, numerator, denominator).value
    assert value is not None
    assert abs(value - Decimal(100 * numerator) / Decimal(denominator)) <= Decimal("0.05")


# --- who says what --------------------------------------------------------------------------------


@given(st.booleans(), st.booleans(), st.sampled_from(Confirmation), st.sampled_from(FindingStatus))
def test_only_the_concerned_answer_and_only_once(concerned, recorder, confirmation, status):
    refusal = refuses_statement(StatementFacts(concerned, recorder, confirmation, status))
    fine = concerned and not recorder and confirmation is Confirmation.PENDING
    assert (refusal is None) == (fine and status is not FindingStatus.VOID)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), st.integers(-90, 90))
def test_half_an_hour_may_be_a_double_entry(moment, minutes):
    other = moment + timedelta(minutes=minutes)
    assert is_double(moment, other) == is_double(other, moment) == (abs(minutes) <= 30)


def test_who_finds_what_a_source_brings():
    outside = {source for source in FindingSource if finder_of(source) is Finder.EXTERNAL}
    assert outside == {
        FindingSource.COMPLAINT,
        FindingSource.RATING,
        FindingSource.MEDIA,
        FindingSource.SUPERIOR,
    }


# --- what a clerk types ---------------------------------------------------------------------------

ROWS = [
    ("a", ("A01", "上班迟到", "sbcd")),
    ("b", ("A02", "擅自早退", "szzt")),
    ("c", ("A011", "上班迟到半天", "sbcdbt")),
]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("A01", "a"),
        ("a01", "a"),
        ("Ａ０１", "a"),
        (" A01 上班迟到", "a"),
        ("sbcd", "a"),
        ("szz", "b"),
        ("早退", "b"),
        ("半天", "c"),
        ("A011", "c"),
    ],
)
def test_a_row_is_found_by_what_is_typed(typed, found):
    assert entry_rules.pick(typed, ROWS, "item") == found


def test_what_is_not_plain_is_asked_back():
    with pytest.raises(Invalid, match=r"可能是：A01、A011") as refused:
        entry_rules.pick("上班", ROWS, "item")
    assert refused.value.field == "item"
    for typed in ("zzz", "", "  "):
        with pytest.raises(Invalid, match="没有找到"):
            entry_rules.pick(typed, ROWS, "item")


@given(st.text(max_size=12))
def test_typing_finds_one_row_or_refuses(typed):
    with suppress(Invalid):
        assert entry_rules.pick(typed, ROWS, "item") in ("a", "b", "c")


# --- drafts of editions ---------------------------------------------------------------------------


def item(code: str, group: str = "考勤") -> dict[str, object]:
    return {"code": code, "group_name": group, "group_code": "", "wording": code}


changes = st.lists(
    st.tuples(
        st.sampled_from(("add", "change", "up", "down", "retire")),
        st.sampled_from(("A1", "A2", "A3", "A4")),
        st.sampled_from(("考勤", "仪容")),
    ),
    max_size=20,
)


def changed(content, step):
    verb, code, group = step
    try:
        if verb == "add":
            return checklist_rules.with_item(content, None, item(code, group))
        if verb == "change":
            return checklist_rules.with_item(content, code, item(code, group))
        if verb == "retire":
            return checklist_rules.without_item(content, code)
        return checklist_rules.moved(content, code, -1 if verb == "up" else 1)
    except (Invalid, NotFound):
        return content


@given(changes)
def test_an_edition_keeps_its_codes_apart_and_its_groups_together(steps):
    content = {"name": "n", "source": "s", "items": []}
    for step in steps:
        content = changed(content, step)
        codes = [one["code"] for one in content["items"]]
        assert len(codes) == len(set(codes))
        groups = [one["group_name"] for one in content["items"]]
        assert groups == [name for name, items in checklist_rules.grouped(content["items"]) for _one in items]
        assert len({(one["group_name"], one["group_code"]) for one in content["items"]}) == len(set(groups))


def test_an_item_moves_inside_its_group_only():
    content = {"items": [item("A1"), item("A2"), item("B1", "仪容")]}
    order = [one["code"] for one in checklist_rules.moved(content, "A2", -1)["items"]]
    assert order == ["A2", "A1", "B1"]
    assert checklist_rules.moved(content, "A2", 1) == content
    assert checklist_rules.moved(content, "B1", -1) == content
