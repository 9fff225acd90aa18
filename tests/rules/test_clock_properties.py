"""Clocks: what must hold for every history."""

from datetime import date, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import ClockEvent, ClockRule, EventKind, overdue, remaining, replay
from app.worktime.calendar_files import load

CALENDAR = load(Path(__file__).resolve().parents[2] / "seeds" / "calendars")
FIRST = date(2020, 1, 1)
offsets = st.integers(0, 40)
lengths = st.integers(0, 30)


@st.composite
def histories(draw, max_size=4):
    """Draw a start and some closed exclusions and extensions soon after it."""
    received = FIRST + timedelta(draw(st.integers(0, 5 * 365)))
    events = [ClockEvent(EventKind.START, received)]
    for _ in range(draw(st.integers(0, max_size))):
        day = received + timedelta(draw(offsets))
        if draw(st.booleans()):
            events.append(ClockEvent(EventKind.EXCLUDE, day, until=day + timedelta(draw(lengths))))
        else:
            events.append(ClockEvent(EventKind.EXTEND, day, days=draw(st.integers(1, 10))))
    return events


rules = st.builds(ClockRule, st.integers(1, 40))


def due(events, rule):
    state = replay(events, rule, CALENDAR, events[0].on)
    assert state.due is not None
    return state.due


@given(histories(), rules)
def test_exactly_the_limit_is_counted_and_every_day_is_explained(events, rule):
    state = replay(events, rule, CALENDAR, events[0].on)
    assert sum(line.counted for line in state.days) == rule.days + state.extension_days
    assert [line.date for line in state.days] == [
        state.started + timedelta(n) for n in range(1, (state.due - state.started).days + 1)
    ]
    assert state.days[-1].counted
    assert CALENDAR.is_workday(state.due)
    assert all(CALENDAR.is_workday(line.date) for line in state.days if line.counted)
    assert all(line.why for line in state.days)
    assert state.strict_due <= state.due


@given(histories(max_size=0), rules)
def test_without_exclusions_the_replay_is_plain_counting(events, rule):
    assert due(events, rule) == CALENDAR.add_workdays(events[0].on, rule.days)


@given(histories(), rules, offsets, st.integers(1, 20))
def test_an_extension_is_strictly_later(events, rule, offset, days):
    extension = ClockEvent(EventKind.EXTEND, events[0].on + timedelta(offset), days=days)
    longer = ClockEvent(EventKind.EXTEND, extension.on, days=days + 1)
    assert due(events, rule) < due([*events, extension], rule) < due([*events, longer], rule)


@given(histories(), rules, offsets, lengths)
def test_an_exclusion_never_shortens_and_twice_is_once(events, rule, offset, length):
    sent = events[0].on + timedelta(offset)
    exclusion = ClockEvent(EventKind.EXCLUDE, sent, until=sent + timedelta(length))
    longer = ClockEvent(EventKind.EXCLUDE, sent, until=sent + timedelta(length + 1))
    once = due([*events, exclusion], rule)
    assert due(events, rule) <= once <= due([*events, longer], rule)
    assert due([*events, exclusion, exclusion], rule) == once


@given(histories(), rules, st.integers(1, 30))
def test_a_later_start_is_never_due_earlier(events, rule, shift):
    later = ClockEvent(EventKind.START, events[0].on + timedelta(shift))
    moved = [event for event in events[1:] if event.on >= later.on]
    kept = [events[0], *moved]
    assert due(kept, rule) <= due([later, *moved], rule)


@given(histories().flatmap(lambda events: st.tuples(st.just(events), st.permutations(events))), rules)
def test_the_order_in_which_events_are_given_is_irrelevant(both, rule):
    events, shuffled = both
    today = events[0].on
    assert replay(events, rule, CALENDAR, today) == replay(shuffled, rule, CALENDAR, today)


@given(histories(), rules, offsets)
def test_after_a_restart_the_full_limit_runs(events, rule, offset):
    day = max(event.on for event in events) + timedelta(offset)
    plain = [event for event in events if event.kind is not EventKind.EXCLUDE]
    restarted = replay([*plain, ClockEvent(EventKind.RESTART, day)], rule, CALENDAR, day)
    assert restarted.due == CALENDAR.add_workdays(day, rule.days)


@given(histories(), rules, st.integers(-60, 60))
def test_remaining_counts_down_to_the_due_date(events, rule, offset):
    state = replay(events, rule, CALENDAR, events[0].on)
    today = state.due + timedelta(offset)
    left = remaining(state, today, CALENDAR)
    assert (left > 0) == (today < state.due)
    assert overdue(state, today) == (today > state.due)
    assert left == CALENDAR.count_workdays(today, state.due)


@given(histories(), rules, offsets)
def test_answering_early_never_makes_it_late(events, rule, offset):
    day = events[0].on + timedelta(offset)
    stopped = replay([*events, ClockEvent(EventKind.STOP, day)], rule, CALENDAR, day)
    open_history = [event for event in events if event.on <= day]
    assert overdue(stopped, day) == (day > due(open_history, rule))
