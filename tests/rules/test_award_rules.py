"""The life of an award, its periods, who is proposed, what a decision must say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.evaluations.award_rules import (
    TRANSITIONS,
    AwardFacts,
    AwardState,
    AwardVerb,
    Choice,
    Nominee,
    check_choice,
    days_of,
    lasts_into,
    period_name,
    proposed,
    share_of,
    shared_out,
)
from app.evaluations.rulebook_rules import Award, Outcome
from app.evaluations.rules import Span
from app.permissions import GRANTS, Role

S, V = AwardState, AwardVerb
OUTCOMES = (Outcome("excellent", "优秀", ()), Outcome("qualified", "合格", ()))


def nominee(number: int, points: int | None, *barred: str, outcome: str = "优秀") -> Nominee:
    return Nominee(
        number,
        f"甲{number}",
        1,
        3,
        None if points is None else Decimal(points),
        tuple((text, {}) for text in barred),
        outcome=outcome,
    )


def test_the_whole_table() -> None:
    assert {key: step.to for key, step in TRANSITIONS.items()} == {
        (S.PROPOSED, V.PROPOSE): S.PROPOSED,
        (S.PROPOSED, V.PUBLISH): S.IN_PUBLICATION,
        (S.IN_PUBLICATION, V.DECIDE): S.DECIDED,
        (S.PROPOSED, V.WITHDRAW): S.WITHDRAWN,
        (S.IN_PUBLICATION, V.WITHDRAW): S.WITHDRAWN,
        (S.DECIDED, V.WITHDRAW): S.WITHDRAWN,
    }


@pytest.mark.parametrize("role", list(Role))
def test_the_head_proposes_and_the_director_decides(role: Role) -> None:
    verbs = {verb for (_state, verb), step in TRANSITIONS.items() if step.permission in GRANTS[role]}
    assert verbs == {
        Role.SECTION_HEAD: {V.PROPOSE, V.PUBLISH},
        Role.DIRECTOR: {V.DECIDE, V.WITHDRAW},
    }.get(role, set())


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"today": date(2026, 9, 30)}, "还没有结束"),
        ({"open_months": 1}, "没有锁定"),
        ({"faults": 2}, "无法计分"),
        ({"proposed": 0}, "没有符合条件"),
        ({}, None),
    ],
)
def test_when_a_proposal_may_be_published(facts: dict[str, object], said: str | None) -> None:
    known = {"today": date(2026, 10, 9), "last": date(2026, 9, 30), "proposed": 3, **facts}
    refused = TRANSITIONS[S.PROPOSED, V.PUBLISH].guard(AwardFacts(**known))  # type: ignore[arg-type]
    assert (refused is None) if said is None else (said in (refused or ""))


@pytest.mark.parametrize(
    ("until", "proposer", "said"),
    [
        (date(2026, 10, 16), 1, "还没有结束"),
        (date(2026, 10, 15), 2, "由另一人"),
        (date(2026, 10, 15), 1, None),
    ],
)
def test_when_it_may_be_decided(until: date, proposer: int, said: str | None) -> None:
    facts = AwardFacts(
        date(2026, 10, 16), date(2026, 9, 30), publication_until=until, user_id=2, proposed_by_id=proposer
    )
    refused = TRANSITIONS[S.IN_PUBLICATION, V.DECIDE].guard(facts)
    assert (refused is None) if said is None else (said in (refused or ""))


@pytest.mark.parametrize(
    ("span", "on", "name"),
    [
        (Span.MONTH, date(2026, 10, 1), "2026年10月"),
        (Span.QUARTER, date(2026, 1, 1), "2026年第一季度"),
        (Span.QUARTER, date(2026, 4, 1), "2026年第二季度"),
        (Span.QUARTER, date(2026, 7, 1), "2026年第三季度"),
        (Span.QUARTER, date(2026, 10, 1), "2026年第四季度"),
        (Span.HALF_YEAR, date(2026, 1, 1), "2026年上半年"),
        (Span.HALF_YEAR, date(2026, 7, 1), "2026年下半年"),
        (Span.YEAR, date(2026, 1, 1), "2026年度"),
    ],
)
def test_periods_have_names(span: Span, on: date, name: str) -> None:
    assert days_of(span, on)[0] == on
    assert period_name(span, on) == name


@pytest.mark.parametrize(
    ("veto", "raised", "span", "first", "bars"),
    [
        (Span.MONTH, date(2026, 8, 1), Span.MONTH, date(2026, 8, 1), True),
        (Span.MONTH, date(2026, 8, 1), Span.QUARTER, date(2026, 7, 1), False),
        (Span.QUARTER, date(2026, 8, 1), Span.QUARTER, date(2026, 7, 1), True),
        (Span.QUARTER, date(2026, 8, 1), Span.MONTH, date(2026, 9, 1), True),
        (Span.QUARTER, date(2026, 6, 1), Span.QUARTER, date(2026, 7, 1), False),
        (Span.YEAR, date(2026, 1, 1), Span.QUARTER, date(2026, 10, 1), True),
        (Span.YEAR, date(2025, 12, 1), Span.YEAR, date(2026, 1, 1), False),
    ],
)
def test_how_far_a_veto_reaches(veto: Span, raised: date, span: Span, first: date, bars: bool) -> None:
    assert lasts_into(veto, raised, span, first) is bars


def test_the_barred_are_shown_and_not_ranked() -> None:
    found = proposed(
        Award("红旗窗口", quota=1), [nominee(1, 90), nominee(2, 99, "否决"), nominee(3, None), nominee(4, 95)]
    )
    assert [(each.id, each.rank, each.within) for each in found] == [
        (4, 1, True),
        (1, 2, False),
        (2, None, False),
        (3, None, False),
    ]
    assert [each.id for each in found if each.last] == [1]


def test_where_all_are_equal_nobody_is_last() -> None:
    assert not any(each.last for each in proposed(None, [nominee(1, 100), nominee(2, 100)]))


@given(st.lists(st.integers(60, 110), min_size=1, max_size=40), st.integers(0, 100))
def test_the_best_grade_never_exceeds_its_share(points: list[int], share: int) -> None:
    nominees = proposed(None, [nominee(number, each) for number, each in enumerate(points)])
    found = shared_out(OUTCOMES, Decimal(share), nominees)
    best = [each for each in found if each.outcome == "优秀"]
    assert len(best) <= share_of(Decimal(share), len(points)) == len(points) * share // 100
    others = [each for each in found if each.outcome != "优秀"]
    assert not best or not others or min(e.points or 0 for e in best) > max(e.points or 0 for e in others)


def test_who_is_barred_does_not_get_the_best_grade() -> None:
    nominees = proposed(None, [nominee(1, 100, "否决"), nominee(2, 90)])
    found = {each.id: each.outcome for each in shared_out(OUTCOMES, Decimal(50), nominees)}
    assert found == {1: "合格", 2: "优秀"}
    assert shared_out(OUTCOMES[:1], Decimal(0), nominees) == nominees


@pytest.mark.parametrize(
    ("choice", "rank", "barred", "said"),
    [
        (Choice(1, 2), 2, False, None),
        (Choice(1, None), None, False, None),
        (Choice(1, 1), 2, False, "写明理由"),
        (Choice(1, None), 1, False, "写明理由"),
        (Choice(1, 1, "递补"), None, False, None),
        (Choice(1, 1, "破例"), None, True, "没有资格"),
        (Choice(1, 0, "错"), 1, False, "1 以上"),
    ],
)
def test_what_a_decision_must_say(choice: Choice, rank: int | None, barred: bool, said: str | None) -> None:
    if said is None:
        check_choice(choice, rank, barred)
        return
    with pytest.raises(Invalid, match=said):
        check_choice(choice, rank, barred)
