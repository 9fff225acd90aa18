"""The months' table of states, whole; ranking; corrections outside all maxima."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from app.core.errors import Invalid
from app.core.machine import allowed, explain
from app.evaluations.month_results import Result, ranked
from app.evaluations.month_rules import (
    CORRECTION,
    TRANSITIONS,
    Apart,
    MonthFacts,
    MonthState,
    MonthVerb,
    Scored,
    correction_points,
    last_day,
    month_of,
    next_month,
    with_corrections,
)
from app.evaluations.place_queries import Place
from app.evaluations.reading import read_rulebook
from app.evaluations.scoring_rules import evaluate
from app.evaluations.sheet_rules import Entry, Sheet
from app.permissions import GRANTS, Role
from tests.rules.rulebooks.tools import shipped

S, V = MonthState, MonthVerb
OVER = MonthFacts(today=date(2026, 11, 20), last=date(2026, 10, 31), objections_until=date(2026, 11, 5))
HEAD = {S.OPEN: [V.COMPUTE], S.COMPUTED: [V.COMPUTE, V.PUBLISH]}
DIRECTOR = {S.PUBLISHED: [V.LOCK], S.LOCKED: [V.ANNOUNCE, V.REOPEN], S.ANNOUNCED: [V.REOPEN]}


@pytest.mark.parametrize("role", list(Role), ids=str)
@pytest.mark.parametrize("state", list(S), ids=str)
def test_who_may_take_which_step(role, state):
    expected = {Role.SECTION_HEAD: HEAD, Role.DIRECTOR: DIRECTOR}.get(role, {}).get(state, [])
    assert allowed(TRANSITIONS, state, GRANTS[role], OVER) == expected


def test_every_state_is_reached_from_an_open_month():
    reached = {S.OPEN}
    for _ in S:
        reached |= {step.to for (source, _verb), step in TRANSITIONS.items() if source in reached}
    assert reached == set(S)


@pytest.mark.parametrize(
    ("state", "role", "facts", "reason"),
    [
        (S.COMPUTED, Role.SECTION_HEAD, MonthFacts(date(2026, 10, 31), date(2026, 10, 31)), "还没有结束"),
        (
            S.COMPUTED,
            Role.SECTION_HEAD,
            MonthFacts(date(2026, 11, 1), date(2026, 10, 31), faults=1),
            "无法计分",
        ),
        (
            S.PUBLISHED,
            Role.DIRECTOR,
            MonthFacts(date(2026, 11, 5), date(2026, 10, 31), objections_until=date(2026, 11, 5)),
            "申诉期",
        ),
        (
            S.PUBLISHED,
            Role.DIRECTOR,
            MonthFacts(date(2026, 11, 9), date(2026, 10, 31), pending=1),
            "没有决定",
        ),
    ],
)
def test_why_a_step_must_wait(state, role, facts, reason):
    assert any(reason in said for _verb, said in explain(TRANSITIONS, state, GRANTS[role], facts))


def result(number, points, days=None, apart=None):
    place = Place(number, f"{number}", number, days=days)
    value = Decimal(points)
    return Result(Scored.STAFF, place, 1, value, value, 21, (), apart=apart)


def test_ties_share_a_rank_and_part_months_come_after_by_their_days():
    rows = [
        result(1, 90),
        result(2, 95),
        result(3, 95),
        result(4, 99),
        result(5, 100, 3, Apart.PART_MONTH),
        result(6, 80, 12, Apart.PART_MONTH),
    ]
    assert [(each.place.id, each.rank) for each in ranked(rows)] == [
        (4, 1),
        (2, 2),
        (3, 2),
        (1, 4),
        (6, None),
        (5, None),
    ]
    assert ranked(rows) == ranked(rows[::-1])


def test_intermediaries_are_ranked_among_themselves_after_the_others():
    apart = Apart.INTERMEDIARY
    rows = [result(1, 100, apart=apart), result(2, 90), result(3, 98, apart=apart), result(4, 80)]
    assert [(each.place.id, each.rank) for each in ranked(rows)] == [(2, 1), (4, 2), (1, 1), (3, 2)]


@pytest.mark.parametrize("points", ["2", "-1.5"])
def test_a_correction_counts_as_it_was_entered(points):
    book = with_corrections(read_rulebook(shipped("township10_doubling")))
    entries = (
        Entry(CORRECTION, points=correction_points(Decimal(points)), reason="更正"),
        Entry("A1", count=Decimal(3)),
    )
    scored = evaluate(book, Sheet(entries)).result
    assert scored.unrounded == 10 - 3 + Decimal(points)


def test_months_are_read_and_follow_each_other():
    assert month_of("2026-10") == date(2026, 10, 1)
    assert last_day(date(2028, 2, 1)) == date(2028, 2, 29)
    assert next_month(date(2026, 12, 1)) == date(2027, 1, 1)
    for typed in ("", "2026-13", "十月", None):
        with pytest.raises(Invalid):
            month_of(typed)
