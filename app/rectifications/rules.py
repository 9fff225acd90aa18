"""Rectifications: states, transitions and the deadline. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from app.core.actions import Action
from app.core.clock import ClockEvent, ClockRule, ClockState, EventKind, replay
from app.core.i18n import N_
from app.core.machine import Transition
from app.core.workdays import UnknownYear, WorkCalendar
from app.permissions import Permission


class RectificationStatus(StrEnum):
    ISSUED = "issued"
    RECEIVED = "received"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    CLOSED = "closed"


class Verb(StrEnum):
    RECEIVE = "receive"
    SUBMIT = "submit"
    ACCEPT = "accept"
    RETURN = "return"


class Due(StrEnum):
    """How a rectification stands against its deadline; derived, never a state."""

    OPEN = "open"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    WAITING = "waiting"  # handed in, the re-check is the centre's turn
    CLOSED = "closed"


class RecheckResult(StrEnum):
    ACCEPTED = "accepted"
    RETURNED = "returned"


RECTIFICATION_ISSUED = Action("rectification.issued", frozenset({"findings"}))
RECTIFICATION_RECEIVED = Action("rectification.received")
RECTIFICATION_SUBMITTED = Action("rectification.submitted")
RECTIFICATION_CLOSED = Action("rectification.closed")
RECTIFICATION_RETURNED = Action("rectification.returned", frozenset({"reason"}))
RECTIFICATION_DUE_MOVED = Action("rectification.due_moved")


@dataclass(frozen=True)
class Facts:
    """What the guards ask: who acts, and who did the steps before."""

    user_id: int | None
    staff_member_id: int | None = None
    owner_id: int | None = None  # staff member named to mend it
    submitter_id: int | None = None  # user who handed it in last
    answers_for: bool = (
        False  # the actor is chief representative, section head or named owner of the addressee
    )
    stands_in: bool = False  # the department has nobody with an account: entered in a named person's name


def _addressee(facts: Facts) -> str | None:
    return (
        None
        if facts.answers_for or facts.stands_in
        else N_("只有责任单位的首席代表或整改责任人可以办理这一步。")
    )


def _third_person(facts: Facts) -> str | None:
    if facts.user_id is not None and facts.user_id == facts.submitter_id:
        return N_("提交整改的人不能自己复查。")
    if facts.owner_id is not None and facts.staff_member_id == facts.owner_id:
        return N_("整改责任人不能自己复查。")
    if facts.answers_for:
        return N_("责任单位的人不能复查本单位的整改。")
    return None


S, V, P = RectificationStatus, Verb, Permission
TRANSITIONS: dict[tuple[RectificationStatus, Verb], Transition[RectificationStatus]] = {
    (S.ISSUED, V.RECEIVE): Transition(
        S.RECEIVED, P.RECTIFICATION_RECEIVE, RECTIFICATION_RECEIVED, _addressee
    ),
    (S.RECEIVED, V.SUBMIT): Transition(
        S.SUBMITTED, P.RECTIFICATION_SUBMIT, RECTIFICATION_SUBMITTED, _addressee
    ),
    (S.RETURNED, V.SUBMIT): Transition(
        S.SUBMITTED, P.RECTIFICATION_SUBMIT, RECTIFICATION_SUBMITTED, _addressee
    ),
    (S.SUBMITTED, V.ACCEPT): Transition(
        S.CLOSED, P.RECTIFICATION_RECHECK, RECTIFICATION_CLOSED, _third_person
    ),
    (S.SUBMITTED, V.RETURN): Transition(
        S.RETURNED, P.RECTIFICATION_RECHECK, RECTIFICATION_RETURNED, _third_person
    ),
}
ADDRESSEE_VERBS = (V.RECEIVE, V.SUBMIT)
OPEN_STATUSES = (S.ISSUED, S.RECEIVED, S.RETURNED)  # the department's turn: the clock can run out

DUE_SOON_WORKDAYS = 1
WORKDAYS_MAX = 60
TEXT_MAX = 2000
OFFICE_CLOSES = 17  # the hour a deadline ends unless the notice says another


@dataclass(frozen=True)
class Deadline:
    """A deadline as agreed on issue: a count of working days, or a fixed date; always with an hour."""

    issued_on: date
    workdays: int | None = None
    fixed_on: date | None = None
    hour: int = OFFICE_CLOSES


def clock_state(deadline: Deadline, calendar: WorkCalendar, today: date) -> ClockState:
    """Replay a rectification's clock: one start, and a fixed date where the notice names one."""
    events = [ClockEvent(EventKind.START, deadline.issued_on)]
    if deadline.fixed_on:
        events.append(ClockEvent(EventKind.FIX, deadline.issued_on, until=deadline.fixed_on))
    return replay(events, ClockRule(days=deadline.workdays or 1), calendar, today)


def due_moment(deadline: Deadline, state: ClockState) -> datetime:
    """Return the wall-clock moment at the office at which the deadline ends (naive, office time)."""
    day = state.due or state.estimate
    if day is None:
        raise ValueError("a rectification's clock always has a due date or an estimate")
    return datetime.combine(day, time(deadline.hour))


def standing(status: RectificationStatus, due: datetime, now: datetime, soon_ends: datetime) -> Due:
    """Return how a rectification stands; it is due soon until the midnight after `soon_until`."""
    if status is S.CLOSED:
        return Due.CLOSED
    if status is S.SUBMITTED:
        return Due.WAITING
    if now > due:
        return Due.OVERDUE
    if due < soon_ends:
        return Due.DUE_SOON
    return Due.OPEN


def days_left(due_on: date, today: date, calendar: WorkCalendar) -> int | None:
    """Return the working days until a due date, negative once it has passed; None beyond the calendar."""
    try:
        return calendar.count_workdays(today, due_on)
    except UnknownYear:
        return None


def soon_until(today: date, calendar: WorkCalendar) -> date:
    """Return the last due date that counts as due soon; past the calendar, a few plain days."""
    try:
        return calendar.add_workdays(today, DUE_SOON_WORKDAYS)
    except UnknownYear:
        return today + timedelta(days=DUE_SOON_WORKDAYS + 2)
