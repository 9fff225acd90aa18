"""Who may take which step of a rectification, and when its time is up."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import ROOT
from app.core import machine
from app.core.clock import ClockStatus
from app.core.errors import Invalid, NotAllowed
from app.permissions import GRANTS, Permission, Role
from app.rectifications import rules
from app.rectifications.rules import TRANSITIONS, Deadline, Due, Facts, RectificationStatus, Verb
from app.worktime.calendar_files import load

S, V, R = RectificationStatus, Verb, Role
CALENDAR = load(ROOT / "seeds" / "calendars")
CHIEF, INSPECTOR, COLLEAGUE, OWNER_STAFF = 1, 2, 3, 50
WHO = {
    "addressee": Facts(CHIEF, OWNER_STAFF + 1, OWNER_STAFF, CHIEF, True),
    "owner": Facts(COLLEAGUE, OWNER_STAFF, OWNER_STAFF, CHIEF, True),
    "submitter": Facts(CHIEF, None, OWNER_STAFF, CHIEF, False),
    "third person": Facts(INSPECTOR, None, OWNER_STAFF, CHIEF, False),
    "stand-in": Facts(COLLEAGUE, None, OWNER_STAFF, CHIEF, False, stands_in=True),
    "stand-in who entered it": Facts(COLLEAGUE, None, OWNER_STAFF, COLLEAGUE, False, stands_in=True),
}
# (status, who): the verbs of the roles that have any; every other role has none.
ANSWERS = {R.SECTION_HEAD: [V.SUBMIT], R.WINDOW_STAFF: [V.SUBMIT], R.CHIEF_REPRESENTATIVE: [V.SUBMIT]}
RECEIVES = {R.SECTION_HEAD: [V.RECEIVE], R.CHIEF_REPRESENTATIVE: [V.RECEIVE]}
RECHECKS = {R.INSPECTOR: [V.ACCEPT, V.RETURN], R.SECTION_HEAD: [V.ACCEPT, V.RETURN]}
ALLOWED = {
    (S.ISSUED, "addressee"): RECEIVES,
    (S.ISSUED, "owner"): RECEIVES,
    (S.RECEIVED, "addressee"): ANSWERS,
    (S.RECEIVED, "owner"): ANSWERS,
    (S.RETURNED, "addressee"): ANSWERS,
    (S.RETURNED, "owner"): ANSWERS,
    (S.ISSUED, "stand-in"): RECEIVES,
    (S.ISSUED, "stand-in who entered it"): RECEIVES,
    (S.RECEIVED, "stand-in"): ANSWERS,
    (S.RECEIVED, "stand-in who entered it"): ANSWERS,
    (S.RETURNED, "stand-in"): ANSWERS,
    (S.RETURNED, "stand-in who entered it"): ANSWERS,
    (S.SUBMITTED, "third person"): RECHECKS,
    (S.SUBMITTED, "stand-in"): RECHECKS,
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("status", RectificationStatus)
def test_the_whole_table(status, who, role):
    expected = ALLOWED.get((status, who), {}).get(role, [])
    assert machine.allowed(TRANSITIONS, status, GRANTS[role], WHO[who]) == expected
    for verb in Verb:
        if verb in expected:
            assert machine.step(TRANSITIONS, status, verb, GRANTS[role], WHO[who])
        else:
            with pytest.raises(NotAllowed):
                machine.step(TRANSITIONS, status, verb, GRANTS[role], WHO[who])


def test_where_each_step_leads_and_what_the_log_calls_it():
    assert {key: (t.to, t.permission, t.action.name) for key, t in TRANSITIONS.items()} == {
        (S.ISSUED, V.RECEIVE): (S.RECEIVED, Permission.RECTIFICATION_RECEIVE, "rectification.received"),
        (S.RECEIVED, V.SUBMIT): (S.SUBMITTED, Permission.RECTIFICATION_SUBMIT, "rectification.submitted"),
        (S.RETURNED, V.SUBMIT): (S.SUBMITTED, Permission.RECTIFICATION_SUBMIT, "rectification.submitted"),
        (S.SUBMITTED, V.ACCEPT): (S.CLOSED, Permission.RECTIFICATION_RECHECK, "rectification.closed"),
        (S.SUBMITTED, V.RETURN): (S.RETURNED, Permission.RECTIFICATION_RECHECK, "rectification.returned"),
    }


def test_every_status_is_reached_and_the_last_leads_nowhere():
    reached = {S.ISSUED}
    for _ in RectificationStatus:
        reached |= {t.to for (source, _verb), t in TRANSITIONS.items() if source in reached}
    assert reached == set(RectificationStatus)
    assert [s for s in S if not any(source is s for source, _ in TRANSITIONS)] == [S.CLOSED]


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("submitter", "提交整改的人不能自己复查。"),
        ("owner", "整改责任人不能自己复查。"),
        ("stand-in who entered it", "提交整改的人不能自己复查。"),
    ],
)
def test_two_roles_in_one_person_do_not_help(who, why):
    """Whoever holds every permission at once is refused for who he is."""
    refused = machine.explain(TRANSITIONS, S.SUBMITTED, frozenset(Permission), WHO[who])
    assert refused == [(V.ACCEPT, why), (V.RETURN, why)]


def test_a_stranger_is_told_whose_step_it_is():
    why = "只有责任单位的首席代表或整改责任人可以办理这一步。"
    assert machine.explain(TRANSITIONS, S.ISSUED, frozenset(Permission), WHO["third person"]) == [
        (V.RECEIVE, why)
    ]


# --- the deadline ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deadline", "due"),
    [
        (Deadline(date(2026, 11, 18), workdays=3), datetime(2026, 11, 23, 17)),
        (Deadline(date(2026, 9, 30), workdays=1), datetime(2026, 10, 8, 17)),  # after National Day
        (Deadline(date(2026, 9, 18), workdays=5, hour=9), datetime(2026, 9, 24, 9)),  # Sunday the 20th works
        (Deadline(date(2026, 2, 14), workdays=1), datetime(2026, 2, 24, 17)),  # over the Spring Festival
        (Deadline(date(2026, 11, 18), fixed_on=date(2026, 11, 20), hour=12), datetime(2026, 11, 20, 12)),
    ],
)
def test_when_a_deadline_ends(deadline, due):
    state = rules.clock_state(deadline, CALENDAR, deadline.issued_on)
    assert rules.due_moment(deadline, state) == due
    assert (state.due, state.provisional, state.state) == (due.date(), False, ClockStatus.RUNNING)


def test_over_the_year_end_a_deadline_is_provisional():
    deadline = Deadline(date(2026, 12, 30), workdays=3)
    state = rules.clock_state(deadline, CALENDAR, deadline.issued_on)
    assert (state.due, state.estimate, state.provisional) == (None, date(2027, 1, 4), True)
    assert rules.due_moment(deadline, state) == datetime(2027, 1, 4, 17)


def test_a_fixed_date_stands_beyond_the_calendar_too():
    deadline = Deadline(date(2026, 12, 30), fixed_on=date(2027, 1, 6))
    state = rules.clock_state(deadline, CALENDAR, deadline.issued_on)
    assert (state.due, state.provisional) == (date(2027, 1, 6), False)


def test_a_fixed_date_before_the_issue_is_refused():
    with pytest.raises(Invalid):
        rules.clock_state(
            Deadline(date(2026, 11, 18), fixed_on=date(2026, 11, 17)), CALENDAR, date(2026, 11, 18)
        )


@pytest.mark.parametrize(
    ("due_on", "today", "left"),
    [
        (date(2026, 11, 23), date(2026, 11, 18), 3),
        (date(2026, 11, 18), date(2026, 11, 18), 0),
        (date(2026, 11, 17), date(2026, 11, 18), -1),
        (date(2026, 10, 8), date(2026, 9, 30), 1),
        (date(2026, 9, 30), date(2026, 10, 8), -1),
        (date(2027, 1, 4), date(2026, 12, 31), None),
    ],
)
def test_working_days_left(due_on, today, left):
    assert rules.days_left(due_on, today, CALENDAR) == left


@pytest.mark.parametrize(
    ("today", "until"),
    [
        (date(2026, 11, 18), date(2026, 11, 19)),
        (date(2026, 11, 20), date(2026, 11, 23)),
        (date(2026, 9, 30), date(2026, 10, 8)),
        (date(2026, 12, 31), date(2027, 1, 3)),
    ],
)
def test_how_far_soon_reaches(today, until):
    assert rules.soon_until(today, CALENDAR) == until


DUE, SOON = datetime(2026, 11, 19, 17), datetime(2026, 11, 20)


@pytest.mark.parametrize(
    ("status", "now", "due", "stands"),
    [
        (S.ISSUED, datetime(2026, 11, 18, 9), DUE, Due.DUE_SOON),
        (S.RECEIVED, DUE, DUE, Due.DUE_SOON),
        (S.RECEIVED, DUE + timedelta(seconds=1), DUE, Due.OVERDUE),
        (S.RETURNED, datetime(2026, 11, 25), DUE, Due.OVERDUE),
        (S.ISSUED, datetime(2026, 11, 18, 9), SOON, Due.OPEN),
        (S.SUBMITTED, datetime(2026, 11, 25), DUE, Due.WAITING),
        (S.CLOSED, datetime(2026, 11, 25), DUE, Due.CLOSED),
    ],
)
def test_how_it_stands(status, now, due, stands):
    assert rules.standing(status, due, now, SOON) is stands


@given(st.dates(date(2026, 1, 5), date(2026, 12, 20)), st.integers(0, 8))
def test_soon_is_the_same_by_count_and_by_date(today, ahead):
    """The list asks by date, the record counts days: on working days both say the same."""
    due_on = CALENDAR.next_workday(today + timedelta(days=ahead))
    left = rules.days_left(due_on, today, CALENDAR)
    assert (left <= rules.DUE_SOON_WORKDAYS) == (due_on <= rules.soon_until(today, CALENDAR))


@given(st.dates(date(2026, 1, 5), date(2026, 9, 1)), st.integers(1, rules.WORKDAYS_MAX))
def test_a_count_of_working_days_ends_on_a_working_day(issued_on, workdays):
    deadline = Deadline(issued_on, workdays=workdays)
    state = rules.clock_state(deadline, CALENDAR, issued_on)
    assert CALENDAR.is_workday(state.due)
    assert rules.days_left(state.due, issued_on, CALENDAR) == workdays
    assert sum(line.counted for line in state.days) == workdays
