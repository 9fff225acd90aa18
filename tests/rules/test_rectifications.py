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
from app.rectifications.rules import TRANSITIONS, Deadline, Due, Facts, RectificationStatus, Rung, Verb
from app.worktime.calendar_files import load

S, V, R = RectificationStatus, Verb, Role
CALENDAR = load(ROOT / "seeds" / "calendars")
CHIEF, INSPECTOR, COLLEAGUE, OWNER_STAFF, OWNER_USER = 1, 2, 3, 50, 4
ALL_RUNGS = frozenset(Rung)
WHO = {
    "addressee": Facts(CHIEF, OWNER_STAFF + 1, OWNER_STAFF, submitter_id=CHIEF, answers_for=True),
    "addressee, asked": Facts(CHIEF, submitter_id=CHIEF, answers_for=True, extension_asked=True),
    "addressee, late": Facts(CHIEF, submitter_id=CHIEF, answers_for=True, overdue=True, rungs=ALL_RUNGS),
    "owner": Facts(COLLEAGUE, OWNER_STAFF, OWNER_STAFF, submitter_id=CHIEF, answers_for=True),
    "owner, a user": Facts(OWNER_USER, owner_user_id=OWNER_USER, submitter_id=CHIEF, answers_for=True),
    "submitter": Facts(CHIEF, None, OWNER_STAFF, submitter_id=CHIEF),
    "third person": Facts(INSPECTOR, None, OWNER_STAFF, submitter_id=CHIEF),
    "third person, asked": Facts(INSPECTOR, submitter_id=CHIEF, extension_asked=True, asker_id=CHIEF),
    "third person, late": Facts(INSPECTOR, submitter_id=CHIEF, overdue=True),
    "stand-in": Facts(COLLEAGUE, None, OWNER_STAFF, submitter_id=CHIEF, stands_in=True),
    "stand-in who entered it": Facts(
        COLLEAGUE, submitter_id=COLLEAGUE, stands_in=True, extension_asked=True, asker_id=COLLEAGUE
    ),
    "third person, urged": Facts(INSPECTOR, submitter_id=CHIEF, overdue=True, rungs=frozenset({Rung.URGING})),
}
HEAD, DIRECTOR = R.SECTION_HEAD, R.DIRECTOR
OPEN = (S.ISSUED, S.RECEIVED, S.RETURNED)
ASKERS = ("addressee", "owner", "owner, a user", "stand-in")


def allowed(status, who, role):
    """Return the verbs that this person may take, written out apart from the table."""
    addressed, late = who.startswith(("addressee", "owner")), who.endswith(("late", "urged"))
    verbs = []
    if status in OPEN and (addressed or who.startswith("stand-in")):
        if status is S.ISSUED and role in (HEAD, R.CHIEF_REPRESENTATIVE):
            verbs.append(V.RECEIVE)
        if role in (HEAD, R.WINDOW_STAFF, R.CHIEF_REPRESENTATIVE):
            verbs += [V.SUBMIT] if status is not S.ISSUED else []
            verbs += [V.ASK_EXTENSION] if who in ASKERS else []
    if status in OPEN and not addressed and role in (HEAD, DIRECTOR):
        verbs += [V.GRANT_EXTENSION, V.REFUSE_EXTENSION] if who.endswith("asked") else []
        verbs += [V.URGE] if late else []
        verbs += [V.PROPOSE_CHANGE] if who.endswith("urged") else []
        verbs += [V.PARK] if status is not S.ISSUED else []
        verbs.append(V.CANCEL)
    if (
        status is S.SUBMITTED
        and (who.startswith("third") or who == "stand-in")
        and role in (R.INSPECTOR, HEAD)
    ):
        verbs += [V.ACCEPT, V.RETURN]
    if status is S.PARKED and not addressed and role in (HEAD, DIRECTOR):
        verbs.append(V.RESUME)
    return verbs


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("status", RectificationStatus)
def test_the_whole_table(status, who, role):
    expected = allowed(status, who, role)
    assert machine.allowed(TRANSITIONS, status, GRANTS[role], WHO[who]) == expected
    for verb in Verb:
        if verb in expected:
            assert machine.step(TRANSITIONS, status, verb, GRANTS[role], WHO[who])
        else:
            with pytest.raises(NotAllowed):
                machine.step(TRANSITIONS, status, verb, GRANTS[role], WHO[who])


STEPS = {
    V.RECEIVE: ((S.ISSUED,), S.RECEIVED, Permission.RECTIFICATION_RECEIVE, "received"),
    V.SUBMIT: ((S.RECEIVED, S.RETURNED), S.SUBMITTED, Permission.RECTIFICATION_SUBMIT, "submitted"),
    V.ASK_EXTENSION: (OPEN, None, Permission.RECTIFICATION_SUBMIT, "extension_asked"),
    V.GRANT_EXTENSION: (OPEN, None, Permission.RECTIFICATION_DECIDE, "extension_granted"),
    V.REFUSE_EXTENSION: (OPEN, None, Permission.RECTIFICATION_DECIDE, "extension_refused"),
    V.ACCEPT: ((S.SUBMITTED,), S.CLOSED, Permission.RECTIFICATION_RECHECK, "closed"),
    V.RETURN: ((S.SUBMITTED,), S.RETURNED, Permission.RECTIFICATION_RECHECK, "returned"),
    V.URGE: (OPEN, None, Permission.RECTIFICATION_ESCALATE, "urged"),
    V.PROPOSE_CHANGE: (OPEN, None, Permission.RECTIFICATION_ESCALATE, "change_proposed"),
    V.TALK: (OPEN, None, Permission.RECTIFICATION_ESCALATE, "talk_called"),
    V.REPORT: (OPEN, None, Permission.RECTIFICATION_ESCALATE, "reported"),
    V.PARK: ((S.RECEIVED, S.RETURNED), S.PARKED, Permission.RECTIFICATION_DECIDE, "parked"),
    V.RESUME: ((S.PARKED,), S.RECEIVED, Permission.RECTIFICATION_DECIDE, "resumed"),
    V.CANCEL: (OPEN, S.CANCELLED, Permission.RECTIFICATION_DECIDE, "cancelled"),
}


def test_where_each_step_leads_and_what_the_log_calls_it():
    """A step that leads nowhere else (None) keeps the status."""
    assert {key: (t.to, t.permission, t.action.name) for key, t in TRANSITIONS.items()} == {
        (source, verb): (to or source, permission, f"rectification.{name}")
        for verb, (sources, to, permission, name) in STEPS.items()
        for source in sources
    }


def test_every_status_is_reached_and_the_last_lead_nowhere():
    reached = {S.ISSUED}
    for _ in RectificationStatus:
        reached |= {t.to for (source, _verb), t in TRANSITIONS.items() if source in reached}
    assert reached == set(RectificationStatus)
    assert tuple(s for s in S if not any(source is s for source, _ in TRANSITIONS)) == rules.ENDED


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("submitter", "提交整改的人不能自己复查。"),
        ("owner", "整改责任人不能自己复查。"),
        ("owner, a user", "整改责任人不能自己复查。"),
        ("stand-in who entered it", "提交整改的人不能自己复查。"),
    ],
)
def test_two_roles_in_one_person_do_not_help(who, why):
    """Whoever holds every permission at once is refused for who he is."""
    refused = machine.explain(TRANSITIONS, S.SUBMITTED, frozenset(Permission), WHO[who])
    assert refused == [(V.ACCEPT, why), (V.RETURN, why)]


def why_not(verb, facts, status=S.RECEIVED):
    return dict(machine.explain(TRANSITIONS, status, frozenset(Permission), facts)).get(verb)


def test_a_stranger_is_told_whose_step_it_is():
    why = "只有责任单位的首席代表或整改责任人可以办理这一步。"
    assert why_not(V.RECEIVE, WHO["third person"], S.ISSUED) == why


# --- extensions and the ladder --------------------------------------------------------------------


def test_more_time_is_asked_before_the_deadline_and_once():
    assert why_not(V.ASK_EXTENSION, WHO["addressee"]) is None
    assert why_not(V.ASK_EXTENSION, WHO["addressee, late"]) == "延期应当在期限届满前提出，现在已经逾期。"
    assert why_not(V.ASK_EXTENSION, WHO["addressee, asked"]) == "已有一份延期申请等待决定。"
    assert why_not(V.GRANT_EXTENSION, WHO["addressee, asked"]) == "责任单位的人不能决定本单位的事项。"
    assert why_not(V.GRANT_EXTENSION, WHO["third person"]) == "没有等待决定的延期申请。"
    assert why_not(V.GRANT_EXTENSION, WHO["stand-in who entered it"]) == "提出申请的人不能自己决定。"


def late(*rungs, rested=True):
    return Facts(INSPECTOR, overdue=True, rungs=frozenset(rungs), rested=rested)


@pytest.mark.parametrize(
    ("facts", "open_verbs"),
    [
        (Facts(INSPECTOR), []),
        (late(), [V.URGE]),
        (late(Rung.URGING), [V.URGE, V.PROPOSE_CHANGE]),
        (late(Rung.URGING, rested=False), []),
        (late(Rung.URGING, Rung.CHANGE), [V.URGE, V.TALK]),
        (late(Rung.URGING, Rung.CHANGE, Rung.TALK), [V.URGE, V.REPORT]),
        (late(*Rung), [V.URGE]),
    ],
)
def test_the_ladder_is_climbed_rung_by_rung(facts, open_verbs):
    assert [verb for verb in rules.LADDER if why_not(verb, facts) is None] == open_verbs


def test_a_rung_out_of_turn_says_which_one_is_missing():
    assert why_not(V.TALK, late(Rung.URGING)) == "应当先建议更换人员。"
    assert why_not(V.REPORT, late(Rung.URGING, Rung.CHANGE)) == "应当先约谈。"
    assert why_not(V.PROPOSE_CHANGE, late()) == "应当先发督办单。"
    assert why_not(V.URGE, Facts(INSPECTOR)) == "尚未逾期，不需要督办。"
    assert "不满一个工作日" in why_not(V.URGE, late(Rung.URGING, rested=False))


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


def test_an_extension_takes_the_place_of_what_was_agreed():
    for agreed in ({"workdays": 3}, {"fixed_on": date(2026, 11, 20)}):
        deadline = Deadline(date(2026, 11, 18), **agreed, hour=12, extended_to=date(2026, 12, 1))
        state = rules.clock_state(deadline, CALENDAR, date(2026, 11, 18))
        assert rules.due_moment(deadline, state) == datetime(2026, 12, 1, 12)


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
        (S.PARKED, datetime(2026, 11, 25), DUE, Due.PARKED),
        (S.CANCELLED, datetime(2026, 11, 25), DUE, Due.CANCELLED),
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
