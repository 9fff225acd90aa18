"""Clocks: the law's cases worked out by hand, and what each event does."""

from datetime import date
from pathlib import Path

import pytest

from app.core.clock import ClockEvent, ClockRule, ClockStatus, EventKind, overdue, remaining, replay
from app.core.errors import Invalid
from app.core.workdays import DayKind, WorkCalendar, YearTable
from app.worktime.calendar_files import load

CALENDAR = load(Path(__file__).resolve().parents[2] / "seeds" / "calendars")
DISCLOSURE = ClockRule(20, max_extension=20)
RUNNING, WAITING, STOPPED = ClockStatus


def on(text):
    return date.fromisoformat(text)


def start(day):
    return ClockEvent(EventKind.START, on(day))


def restart(day):
    return ClockEvent(EventKind.RESTART, on(day))


def wait(day):
    return ClockEvent(EventKind.WAIT, on(day))


def stop(day):
    return ClockEvent(EventKind.STOP, on(day))


def fix(day, until):
    return ClockEvent(EventKind.FIX, on(day), until=on(until))


def exclude(sent, back=None, note=""):
    return ClockEvent(EventKind.EXCLUDE, on(sent), until=back and on(back), note=note)


def extend(day, days):
    return ClockEvent(EventKind.EXTEND, on(day), days=days)


def run(*events, rule=DISCLOSURE, today="2026-01-01", calendar=CALENDAR):
    return replay(events, rule, calendar, on(today))


# The cases V0–V13 of the disclosure fact sheet: counted there by hand, V0 also in a reported judgment.


@pytest.mark.parametrize(
    ("case", "received", "days", "due"),
    [
        ("V0", "2022-09-30", 20, "2022-11-02"),
        ("V1", "2025-01-20", 20, "2025-02-21"),
        ("V1 correction notice", "2025-01-20", 7, "2025-02-05"),
        ("V1 extended", "2025-01-20", 40, "2025-03-21"),
        ("V3 before supplement", "2026-02-11", 20, "2026-03-17"),
        ("V3 correction notice", "2026-02-11", 7, "2026-02-27"),
        ("V3 supplement term", "2026-02-25", 10, "2026-03-10"),
        ("V4 third party", "2026-04-24", 15, "2026-05-19"),
        ("V4 base", "2026-04-15", 20, "2026-05-15"),
        ("V5", "2026-09-03", 20, "2026-10-08"),
        ("V6 base", "2026-05-25", 20, "2026-06-23"),
        ("V6 payment", "2026-06-16", 20, "2026-07-15"),
        ("V7", "2026-05-06", 20, "2026-06-02"),
        ("V7 correction notice", "2026-05-06", 7, "2026-05-14"),
        ("V7 if arrival counted", "2026-04-30", 20, "2026-06-01"),
        ("V11", "2025-09-12", 20, "2025-10-16"),
        ("V11 co-maker", "2025-09-23", 15, "2025-10-20"),
        ("V12", "2026-02-14", 20, "2026-03-20"),
        ("V12 correction notice", "2026-02-14", 7, "2026-03-03"),
        ("V13", "2025-02-20", 20, "2025-03-20"),
        # A rectification within 5 working days, issued the day before the National Day holiday.
        ("rectification", "2026-09-30", 5, "2026-10-13"),
        ("rest day", "2026-09-19", 20, "2026-10-22"),
        ("leap day", "2024-02-29", 20, "2024-03-28"),
    ],
)
def test_a_plain_limit(case, received, days, due):
    state = run(start(received), rule=ClockRule(days))
    assert (state.state, state.due, state.strict_due) == (RUNNING, on(due), on(due)), case
    assert (state.provisional, state.estimate, state.extension_left) == (False, None, None)


def test_v3_a_supplement_starts_the_limit_anew():
    asked = [start("2026-02-11"), wait("2026-02-25")]
    assert (run(*asked).state, run(*asked).due) == (WAITING, on("2026-03-17"))
    state = run(*asked, restart("2026-03-03"))
    assert (state.state, state.started, state.due) == (RUNNING, on("2026-03-03"), on("2026-03-31"))


def test_v4_a_consultation_does_not_count():
    state = run(start("2026-04-15"), exclude("2026-04-22", "2026-05-12", "征求第三方意见"))
    assert (state.due, state.strict_due) == (on("2026-06-02"), on("2026-06-01"))
    lost = [line for line in state.days if line.kind.is_work and not line.counted]
    assert len(lost) == 12
    assert (lost[0].date, lost[-1].date) == (on("2026-04-23"), on("2026-05-12"))
    assert {line.why for line in lost} == {"征求第三方意见，不计入期限"}
    worked_saturday = next(line for line in lost if line.date == on("2026-05-09"))
    assert worked_saturday.kind is DayKind.MAKEUP


def test_v5_extensions():
    received = start("2026-09-03")
    for days, due, left in [(10, "2026-10-21", 10), (20, "2026-11-04", 0)]:
        state = run(received, extend("2026-09-30", days))
        assert (state.due, state.extension_days, state.extension_left) == (on(due), days, left)


def test_v6_payment_starts_the_limit_anew():
    told = [start("2026-05-25"), wait("2026-06-16")]
    assert run(*told, today="2026-06-29").state is WAITING
    assert not overdue(run(*told), on("2026-06-29"))
    state = run(*told, restart("2026-07-03"))
    assert state.due == on("2026-07-31") != on("2026-07-09")


def test_v9_an_unpublished_year_gives_an_estimate_only():
    # 17 working days are left in 2026; by weekends only, Friday 2027-01-01 is day 18, 04 and 05 follow.
    state = run(start("2026-12-08"))
    assert (state.state, state.due, state.strict_due) == (RUNNING, None, None)
    assert (state.provisional, state.estimate) == (True, on("2027-01-05"))
    assert sum(line.counted for line in state.days if line.date.year == 2026) == 17
    guessed = {line.why for line in state.days if line.date.year == 2027}
    assert guessed == {"没有2027年的工作日历，暂按工作日计", "没有2027年的工作日历，暂按周末计"}
    assert remaining(state, on("2026-12-31"), CALENDAR) == 3
    assert not overdue(state, on("2027-02-01"))


def test_publishing_the_year_settles_the_date():
    new_year = YearTable(2027, {on("2027-01-01"): "元旦"}, {}, "试验")
    published = WorkCalendar({**CALENDAR.years, 2027: new_year})
    state = run(start("2026-12-08"), calendar=published)
    assert (state.due, state.provisional, state.estimate) == (on("2027-01-06"), False, None)


def test_a_limit_that_ends_before_the_unpublished_year_is_certain():
    assert run(start("2026-12-02")).due == on("2026-12-30")
    assert not run(start("2026-12-02")).provisional


def test_an_open_consultation_has_no_end_date():
    events = [start("2026-04-15"), exclude("2026-04-22")]
    state = run(*events, today="2026-04-24")
    assert (state.state, state.due, state.strict_due) == (WAITING, None, None)
    assert (state.provisional, state.estimate) == (False, None)
    assert [(line.date, line.counted) for line in state.days[-3:]] == [
        (on("2026-04-22"), True),
        (on("2026-04-23"), False),
        (on("2026-04-24"), False),
    ]
    assert remaining(state, on("2026-04-24"), CALENDAR) is None
    assert not overdue(state, on("2026-12-31"))


def test_overlapping_consultations_count_once():
    one = exclude("2026-04-22", "2026-05-07")
    other = exclude("2026-04-29", "2026-05-12")
    assert (
        run(start("2026-04-15"), one, other).due
        == run(start("2026-04-15"), exclude("2026-04-22", "2026-05-12")).due
    )


def test_one_open_consultation_outweighs_a_closed_one():
    open_one, closed = exclude("2026-04-20"), exclude("2026-04-22", "2026-04-30")
    state = run(start("2026-04-15"), open_one, closed, today="2026-04-24")
    assert (state.state, state.due, state.days[-1].date) == (WAITING, None, on("2026-04-24"))


def test_a_consultation_after_the_due_date_rescues_nothing():
    # V4's base limit ends on 05-15.
    late = run(start("2026-04-15"), exclude("2026-05-18"), today="2026-05-20")
    assert (late.state, late.due) == (RUNNING, on("2026-05-15"))
    assert overdue(late, on("2026-05-20"))
    asked_late = run(start("2026-04-15"), wait("2026-05-18"))
    assert overdue(asked_late, on("2026-05-20"))


def test_an_answer_on_the_same_day_excludes_nothing():
    assert run(start("2026-04-15"), exclude("2026-04-22", "2026-04-22")).due == on("2026-05-15")


def test_the_clock_stops_on_the_day_the_answer_leaves():
    for day, late in [("2026-05-15", False), ("2026-05-16", True)]:
        state = run(start("2026-04-15"), stop(day))
        assert (state.state, state.stopped, state.due) == (STOPPED, on(day), on("2026-05-15"))
        assert overdue(state, on("2026-12-31")) is late
        assert remaining(state, on("2026-05-01"), CALENDAR) is None


def test_what_comes_after_the_stop_moves_nothing():
    closed = [start("2026-04-15"), stop("2026-05-12")]
    later = [
        exclude("2026-05-13"),
        wait("2026-05-13"),
        extend("2026-05-13", 99),
        fix("2026-05-13", "2026-06-30"),
    ]
    assert run(*closed, *later) == run(*closed)


def test_a_stop_ends_an_open_consultation():
    state = run(start("2026-04-15"), exclude("2026-04-22"), stop("2026-04-24"))
    # 23 and 24 April are excluded, so 15 May becomes the 18th day and 18 and 19 May follow.
    assert (state.state, state.due) == (STOPPED, on("2026-05-19"))
    assert run(start("2026-04-15"), exclude("2026-04-22", "2026-05-12"), stop("2026-04-24")) == state


def test_an_order_to_answer_again_restarts_a_stopped_clock():
    state = run(start("2026-04-15"), exclude("2026-04-22"), stop("2026-04-24"), restart("2026-08-03"))
    assert (state.state, state.stopped, state.due) == (RUNNING, None, on("2026-08-31"))


def test_a_restart_keeps_used_extensions_used():
    events = [start("2026-02-11"), extend("2026-02-13", 12), wait("2026-02-25"), restart("2026-03-03")]
    state = run(*events)
    assert (state.due, state.extension_days, state.extension_left) == (on("2026-03-31"), 0, 8)
    assert run(*events, extend("2026-03-20", 8)).extension_left == 0
    with pytest.raises(Invalid, match="20个工作日"):
        run(*events, extend("2026-03-20", 9))


def test_a_consultation_outlives_a_restart():
    both = run(start("2026-02-11"), exclude("2026-02-26", "2026-03-10"), restart("2026-03-03"))
    # 4–6, 9 and 10 March: five working days after the restart are excluded.
    assert both.due == CALENDAR.add_workdays(on("2026-03-31"), 5)


def test_a_stated_date_stands_whatever_is_excluded():
    events = [start("2026-04-15"), exclude("2026-04-22"), fix("2026-05-06", "2026-07-18")]
    state = run(*events)
    assert (state.state, state.due, state.strict_due) == (RUNNING, on("2026-07-18"), on("2026-07-18"))
    assert run(*events, fix("2026-05-07", "2026-08-01")).due == on("2026-08-01")
    assert run(*events, wait("2026-05-08")).state is WAITING
    with pytest.raises(Invalid, match="不能再延期"):
        run(*events, extend("2026-05-08", 5))


def test_a_stated_date_is_certain_in_an_unpublished_year():
    state = run(start("2026-12-08"), fix("2026-12-10", "2027-03-01"))
    assert (state.due, state.provisional, state.estimate) == (on("2027-03-01"), False, None)
    assert remaining(state, on("2027-02-26"), CALENDAR) == 1


@pytest.mark.parametrize(
    ("today", "left", "late"),
    [
        ("2026-05-08", 6, False),  # Saturday 09 is worked, then 11–15
        ("2026-05-15", 0, False),
        ("2026-05-16", 0, True),  # a rest day: the limit is missed, no working day over yet
        ("2026-05-18", -1, True),
        ("2026-05-25", -6, True),
    ],
)
def test_remaining_and_overdue(today, left, late):
    state = run(start("2026-04-15"))
    assert remaining(state, on(today), CALENDAR) == left
    assert overdue(state, on(today)) is late


def test_remaining_does_not_fail_when_today_lies_in_an_unpublished_year():
    state = run(start("2026-12-02"))
    assert remaining(state, on("2027-01-05"), CALENDAR) == -4
    assert overdue(state, on("2027-01-05"))


@pytest.mark.parametrize(
    "events",
    [
        [],
        [restart("2026-03-03")],
        [wait("2026-02-01"), start("2026-02-11")],
        [start("2026-02-11"), start("2026-02-12")],
        [start("2026-02-11"), extend("2026-02-12", 15), extend("2026-02-13", 6)],
    ],
)
def test_a_history_no_rule_allows_is_refused(events):
    with pytest.raises(Invalid):
        run(*events)


@pytest.mark.parametrize(
    "make",
    [
        lambda: exclude("2026-05-02", "2026-05-01"),
        lambda: extend("2026-05-01", 0),
        lambda: ClockEvent(EventKind.EXTEND, on("2026-05-01")),
        lambda: ClockEvent(EventKind.FIX, on("2026-05-01")),
        lambda: ClockRule(0),
    ],
)
def test_an_impossible_event_or_rule_is_refused(make):
    with pytest.raises(Invalid):
        make()


def test_no_limit_on_extensions_unless_the_rule_sets_one():
    state = run(start("2026-03-02"), extend("2026-03-03", 30), extend("2026-03-04", 30), rule=ClockRule(5))
    assert (state.extension_days, state.extension_left) == (60, None)


def test_the_order_of_entry_does_not_matter():
    events = [
        start("2026-04-15"),
        exclude("2026-04-22", "2026-05-12"),
        extend("2026-04-22", 5),
        wait("2026-05-13"),
    ]
    for shuffled in (events[::-1], events[2:] + events[:2], [events[1], events[0], events[3], events[2]]):
        assert run(*shuffled) == run(*events)
