"""Terms from day to day: whether they meet, and how a new arrangement follows an old one."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.organisation.term_rules import Standing, follow, last_before, meet, never, withdrawn

FIRST = date(2026, 1, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(12)]
days = st.sampled_from(DAYS[1:-1])
terms = st.tuples(days, st.one_of(st.none(), days))


def covers(from_on: date, to_on: date | None, on: date) -> bool:
    return from_on <= on and (to_on is None or to_on >= on)


@given(terms, terms)
def test_terms_meet_when_they_share_a_day(a: tuple[date, date | None], b: tuple[date, date | None]) -> None:
    shared = any(covers(*a, on) and covers(*b, on) for on in DAYS)
    assert meet(*a, *b) == meet(*b, *a) == shared


@given(days)
def test_a_withdrawn_term_covers_no_day_and_meets_nothing(from_on: date) -> None:
    assert withdrawn(from_on, never(from_on))
    assert not any(covers(from_on, never(from_on), on) for on in DAYS)
    assert not meet(from_on, never(from_on), FIRST, None)


@given(terms, days)
def test_a_term_cut_short_covers_nothing_from_that_day_on(term: tuple[date, date | None], on: date) -> None:
    from_on, _ = term
    last = last_before(from_on, on)
    assert not any(covers(from_on, last, day) for day in DAYS if day >= on)
    assert all(covers(from_on, last, day) for day in DAYS if from_on <= day < on)


# --- one arrangement follows another --------------------------------------------------------------

Kept = list[tuple[str, str, date, date | None]]  # slot, value, from, to
arrangements = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy"), max_size=3)
changes = st.lists(st.tuples(days, arrangements), max_size=5)


def apply(kept: Kept, wanted: dict[str, str], on: date) -> Kept:
    """Write down what `follow` plans, as a service does with rows."""
    standing = [Standing(n, *row[:2], row[2], row[3]) for n, row in enumerate(kept)]
    plan = follow(standing, wanted, on)
    rows = list(kept)
    for n, value, to_on in plan.changes:
        rows[n] = (rows[n][0], value, rows[n][2], to_on)
    return rows + [(slot, value, on, None) for slot, value in plan.additions.items()]


def holds(kept: Kept, on: date) -> list[tuple[str, str]]:
    return sorted((slot, value) for slot, value, from_on, to_on in kept if covers(from_on, to_on, on))


@given(changes)
def test_what_was_said_last_holds_from_its_day_on_and_what_held_before_stays(
    said: list[tuple[date, dict[str, str]]],
) -> None:
    kept: Kept = []
    for on, wanted in said:
        before = {day: holds(kept, day) for day in DAYS if day < on}
        known = [row[:1] + row[2:3] for row in kept]
        kept = apply(kept, wanted, on)
        assert all(holds(kept, day) == sorted(wanted.items()) for day in DAYS if day >= on)
        assert {day: holds(kept, day) for day in before} == before
        assert [row[:1] + row[2:3] for row in kept][: len(known)] == known, "a row was taken away"
        begins = [(slot, from_on) for slot, _, from_on, _ in kept]
        assert len(begins) == len(set(begins)), "two rows say something about one slot from one day"


@given(arrangements, days)
def test_saying_the_same_again_changes_nothing(wanted: dict[str, str], on: date) -> None:
    kept = apply([], wanted, FIRST)
    standing = [Standing(n, *row) for n, row in enumerate(kept)]
    assert not follow(standing, wanted, on)
