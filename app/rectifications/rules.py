"""Rectifications: states, transitions and the deadline. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

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
    PARKED = "parked"  # 挂账: kept open with an approved plan, the clock stands
    CLOSED = "closed"
    CANCELLED = "cancelled"  # issued by mistake; its findings are open again


class Verb(StrEnum):
    RECEIVE = "receive"
    SUBMIT = "submit"
    ASK_EXTENSION = "ask_extension"
    GRANT_EXTENSION = "grant_extension"
    REFUSE_EXTENSION = "refuse_extension"
    ACCEPT = "accept"
    RETURN = "return"
    URGE = "urge"
    PROPOSE_CHANGE = "propose_change"
    TALK = "talk"
    REPORT = "report"
    PARK = "park"
    RESUME = "resume"
    CANCEL = "cancel"


class Rung(StrEnum):
    """The ladder of supervision.md 3.4; each rung is taken only after the one before it."""

    URGING = "urging"  # 督办单（催办单）, may be repeated
    CHANGE = "change"  # 建议更换人员
    TALK = "talk"  # 约谈
    REPORT = "report"  # 报告派出部门


class InstructionKind(StrEnum):
    """Whose word calls for a rectification without a finding (R18)."""

    LEADER = "leader"
    SUPERIOR = "superior"
    MEDIA = "media"


class Due(StrEnum):
    """How a rectification stands against its deadline; derived, never a state."""

    OPEN = "open"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    WAITING = "waiting"  # handed in, the re-check is the centre's turn
    PARKED = "parked"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class RecheckResult(StrEnum):
    ACCEPTED = "accepted"
    RETURNED = "returned"


RECTIFICATION_ISSUED = Action("rectification.issued", frozenset({"findings"}))
RECTIFICATION_RECEIVED = Action("rectification.received")
RECTIFICATION_SUBMITTED = Action("rectification.submitted")
RECTIFICATION_CLOSED = Action("rectification.closed")
RECTIFICATION_RETURNED = Action("rectification.returned", frozenset({"reason"}))
RECTIFICATION_DUE_MOVED = Action("rectification.due_moved")
RECTIFICATION_PARKED = Action("rectification.parked", frozenset({"reason"}))
RECTIFICATION_RESUMED = Action("rectification.resumed", frozenset({"reason"}))
RECTIFICATION_CANCELLED = Action("rectification.cancelled", frozenset({"reason"}))
EXTENSION_ASKED = Action("rectification.extension_asked")
EXTENSION_GRANTED = Action("rectification.extension_granted")
EXTENSION_REFUSED = Action("rectification.extension_refused")
LADDER_URGED = Action("rectification.urged", frozenset({"document"}))
LADDER_CHANGE_PROPOSED = Action("rectification.change_proposed", frozenset({"document"}))
LADDER_TALK_CALLED = Action("rectification.talk_called", frozenset({"document"}))
LADDER_TALK_RECORDED = Action("rectification.talk_recorded", frozenset({"document"}))
LADDER_REPORTED = Action("rectification.reported", frozenset({"document"}))
INSTRUCTION_RECORDED = Action("instruction.recorded")


@dataclass(frozen=True)
class Facts:
    """What the guards ask: who acts, who did the steps before, and how the deadline and the ladder stand."""

    user_id: int | None
    staff_member_id: int | None = None
    owner_id: int | None = None  # staff member named to mend it
    owner_user_id: int | None = None  # or a user of an own section or a lower centre
    submitter_id: int | None = None  # user who handed it in last
    answers_for: bool = (
        False  # the actor is chief representative, section head or named owner of the addressee
    )
    stands_in: bool = False  # the department has nobody with an account: entered in a named person's name
    overdue: bool = False
    extension_asked: bool = False  # a request is waiting for its decision
    asker_id: int | None = None  # user who entered it
    rungs: frozenset[Rung] = frozenset()  # those taken
    rested: bool = True  # a working day has passed since the last rung


def _addressee(facts: Facts) -> str | None:
    return (
        None
        if facts.answers_for or facts.stands_in
        else N_("只有责任单位的首席代表或整改责任人可以办理这一步。")
    )


def _other_side(facts: Facts) -> str | None:
    return N_("责任单位的人不能决定本单位的事项。") if facts.answers_for else None


def _third_person(facts: Facts) -> str | None:
    if facts.user_id is not None and facts.user_id == facts.submitter_id:
        return N_("提交整改的人不能自己复查。")
    if facts.owner_id is not None and facts.staff_member_id == facts.owner_id:
        return N_("整改责任人不能自己复查。")
    if facts.owner_user_id is not None and facts.user_id == facts.owner_user_id:
        return N_("整改责任人不能自己复查。")
    if facts.answers_for:
        return N_("责任单位的人不能复查本单位的整改。")
    return None


def _may_ask(facts: Facts) -> str | None:
    if stranger := _addressee(facts):
        return stranger
    if facts.overdue:
        return N_("延期应当在期限届满前提出，现在已经逾期。")
    return N_("已有一份延期申请等待决定。") if facts.extension_asked else None


def _was_asked(facts: Facts) -> str | None:
    if not facts.extension_asked:
        return N_("没有等待决定的延期申请。")
    if facts.user_id is not None and facts.user_id == facts.asker_id:
        return N_("提出申请的人不能自己决定。")
    return _other_side(facts)


def _climb(rung: Rung) -> Callable[[Facts], str | None]:
    """Return the guard of a rung: overdue, the rung before taken, a working day gone by since."""
    before = list(Rung)[list(Rung).index(rung) - 1] if rung is not Rung.URGING else None

    def guard(facts: Facts) -> str | None:
        if not facts.overdue:
            return N_("尚未逾期，不需要督办。")
        if before and before not in facts.rungs:
            return _MISSING_RUNG[before]
        if rung is not Rung.URGING and rung in facts.rungs:
            return N_("这一级督办已经办理过。")
        if not facts.rested:
            return N_("距上一次督办不满一个工作日，请给责任单位留出办理时间。")
        return _other_side(facts)

    return guard


_MISSING_RUNG = {
    Rung.URGING: N_("应当先发督办单。"),
    Rung.CHANGE: N_("应当先建议更换人员。"),
    Rung.TALK: N_("应当先约谈。"),
}

S, V, P = RectificationStatus, Verb, Permission
ADDRESSEE_VERBS = (V.RECEIVE, V.SUBMIT, V.ASK_EXTENSION)
OPEN_STATUSES = (S.ISSUED, S.RECEIVED, S.RETURNED)  # the department's turn: the clock can run out
LADDER = {
    V.URGE: (Rung.URGING, LADDER_URGED),
    V.PROPOSE_CHANGE: (Rung.CHANGE, LADDER_CHANGE_PROPOSED),
    V.TALK: (Rung.TALK, LADDER_TALK_CALLED),
    V.REPORT: (Rung.REPORT, LADDER_REPORTED),
}
Step = Transition[RectificationStatus]


def _table() -> dict[tuple[RectificationStatus, Verb], Step]:
    receive, submit, recheck = P.RECTIFICATION_RECEIVE, P.RECTIFICATION_SUBMIT, P.RECTIFICATION_RECHECK
    decide, escalate = P.RECTIFICATION_DECIDE, P.RECTIFICATION_ESCALATE
    table: dict[tuple[RectificationStatus, Verb], Step] = {}
    for status in OPEN_STATUSES:
        if status is S.ISSUED:
            table[status, V.RECEIVE] = Step(S.RECEIVED, receive, RECTIFICATION_RECEIVED, _addressee)
        else:
            table[status, V.SUBMIT] = Step(S.SUBMITTED, submit, RECTIFICATION_SUBMITTED, _addressee)
        table[status, V.ASK_EXTENSION] = Step(status, submit, EXTENSION_ASKED, _may_ask)
        table[status, V.GRANT_EXTENSION] = Step(status, decide, EXTENSION_GRANTED, _was_asked)
        table[status, V.REFUSE_EXTENSION] = Step(status, decide, EXTENSION_REFUSED, _was_asked)
        for verb, (rung, action) in LADDER.items():
            table[status, verb] = Step(status, escalate, action, _climb(rung))
        if status is not S.ISSUED:
            table[status, V.PARK] = Step(S.PARKED, decide, RECTIFICATION_PARKED, _other_side)
        table[status, V.CANCEL] = Step(S.CANCELLED, decide, RECTIFICATION_CANCELLED, _other_side)
    table[S.SUBMITTED, V.ACCEPT] = Step(S.CLOSED, recheck, RECTIFICATION_CLOSED, _third_person)
    table[S.SUBMITTED, V.RETURN] = Step(S.RETURNED, recheck, RECTIFICATION_RETURNED, _third_person)
    table[S.PARKED, V.RESUME] = Step(S.RECEIVED, decide, RECTIFICATION_RESUMED, _other_side)
    return table


TRANSITIONS = _table()
ENDED = (S.CLOSED, S.CANCELLED)

DUE_SOON_WORKDAYS = 1
WORKDAYS_MAX = 60
TEXT_MAX = 2000
OFFICE_CLOSES = 17  # the hour a deadline ends unless the notice says another


class Addressee(NamedTuple):
    """The body that has to mend something: exactly one of the three."""

    department_id: int | None = None
    section_id: int | None = None
    to_centre_id: int | None = None


@dataclass(frozen=True)
class Deadline:
    """A deadline as agreed on issue: a count of working days, or a fixed date; always with an hour."""

    issued_on: date
    workdays: int | None = None
    fixed_on: date | None = None
    hour: int = OFFICE_CLOSES
    extended_to: date | None = None  # what a granted extension says


def clock_state(deadline: Deadline, calendar: WorkCalendar, today: date) -> ClockState:
    """Replay a rectification's clock: one start, and the fixed date that a notice or an extension names."""
    events = [ClockEvent(EventKind.START, deadline.issued_on)]
    fixed = deadline.extended_to or deadline.fixed_on
    if fixed:
        events.append(ClockEvent(EventKind.FIX, deadline.issued_on, until=fixed))
    return replay(events, ClockRule(days=deadline.workdays or 1), calendar, today)


def due_moment(deadline: Deadline, state: ClockState) -> datetime:
    """Return the wall-clock moment at the office at which the deadline ends (naive, office time)."""
    day = state.due or state.estimate
    if day is None:
        raise ValueError("a rectification's clock always has a due date or an estimate")
    return datetime.combine(day, time(deadline.hour))


def standing(status: RectificationStatus, due: datetime, now: datetime, soon_ends: datetime) -> Due:
    """Return how a rectification stands; it is due soon until the midnight after `soon_until`."""
    settled = {
        S.CLOSED: Due.CLOSED,
        S.CANCELLED: Due.CANCELLED,
        S.PARKED: Due.PARKED,
        S.SUBMITTED: Due.WAITING,
    }
    if status in settled:
        return settled[status]
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
