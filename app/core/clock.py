"""Deadlines in working days as a replay of what happened; nothing is patched, everything is explained.

Every event takes effect on the day after `on`, as the starting day of a period never counts
(民法典 art. 201). Sources of the effects: 政府信息公开条例 arts. 30, 31, 33, 35; a plain deadline
is one START and a rule.

| kind    | effect |
|---------|--------|
| START   | the receipt is fixed, a notice is issued: the first working day after `on` is day 1 |
| WAIT    | the applicant has to act (补正, 缴费): the date stays as it was, the state is waiting |
| RESTART | the limit runs anew and in full after `on`; ends waiting; extensions granted before stay used up |
| EXCLUDE | the days in (on, until] do not count; overlaps count once; `until=None` is still open |
| EXTEND  | `days` more working days; all extensions of a case together at most `rule.max_extension` |
| FIX     | the due date is the stated day `until`, whatever was excluded, until the next FIX or RESTART |
| STOP    | the answer left or the matter closed; what comes later moves nothing, unless a RESTART follows |

Where the day an opinion came back belongs is nowhere laid down. The due date leaves it out; the strict
due date counts it (the excluded days are those in (on, until)) and is the target to aim at: it is never
later than the due date, and the same without exclusions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from app.core.errors import Invalid
from app.core.i18n import N_
from app.core.workdays import DAY, DayKind, UnknownYear, WorkCalendar, weekend_rule


class EventKind(StrEnum):
    """What can happen to a clock; on the same day, in this order."""

    START = "start"
    WAIT = "wait"
    EXCLUDE = "exclude"
    EXTEND = "extend"
    RESTART = "restart"
    FIX = "fix"
    STOP = "stop"


class ClockStatus(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"
    STOPPED = "stopped"


_ORDER = {kind: place for place, kind in enumerate(EventKind)}


@dataclass(frozen=True)
class ClockEvent:
    """Say what happened on a day; `until` is for EXCLUDE and FIX, `days` for EXTEND."""

    kind: EventKind
    on: date
    until: date | None = None
    days: int | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.on:
            raise Invalid(N_("结束日期不能早于开始日期。"), field="until")
        if self.kind is EventKind.FIX and self.until is None:
            raise Invalid(N_("请填写确定的日期。"), field="until")
        if self.kind is EventKind.EXTEND and (self.days or 0) < 1:
            raise Invalid(N_("延期至少一个工作日。"), field="days")


@dataclass(frozen=True)
class ClockRule:
    """Give a limit in working days, and how many more may be granted in all (None: no limit)."""

    days: int
    max_extension: int | None = None

    def __post_init__(self) -> None:
        if self.days < 1:
            raise Invalid(N_("工作日数必须是正整数。"), field="days")


@dataclass(frozen=True)
class DayLine:
    """Explain one calendar day after the (re)start."""

    date: date
    kind: DayKind
    counted: bool
    why: str


@dataclass(frozen=True)
class ClockState:
    """Hold what a replay found.

    `due` is None while an exclusion is open, and when a year on the way is unpublished: then the
    state is `provisional` (暂定) and `estimate` counts weekends only. `days` runs from the day after
    `started` (the last start or restart) to the due date or estimate, or to today while an exclusion is open.
    """

    state: ClockStatus
    started: date
    stopped: date | None
    due: date | None
    strict_due: date | None
    provisional: bool
    estimate: date | None
    days: tuple[DayLine, ...]
    extension_days: int  # granted since `started`
    extension_left: int | None  # of the whole case; None: no limit


@dataclass
class _Run:
    """What the events so far amount to."""

    started: date
    used: int = 0
    exclusions: list[ClockEvent] = field(default_factory=list)
    extension: int = 0
    waiting: date | None = None
    fixed: date | None = None
    stopped: date | None = None


def replay(events: Iterable[ClockEvent], rule: ClockRule, calendar: WorkCalendar, today: date) -> ClockState:
    """Return the state of a clock; `today` is only how far an open exclusion has run.

    Raises Invalid for a history no rule allows: not started, started twice, extended beyond the limit or
    after a fixed date. A service tries a new event by replaying the history with it. That an extension or
    exclusion comes before the due date is for the service to check: a calendar corrected later must not
    make an old history unreadable. (An exclusion that begins after the due date changes nothing here.)
    """
    run = _apply(events, rule)
    limit = rule.days + run.extension
    days, reached = _walk(run, limit, calendar, today)
    known = all(calendar.covers(line.date) for line in days)
    waiting = reached is None or (run.waiting is not None and run.waiting <= reached)
    due = run.fixed or (reached if known else None)
    strict = due
    if due and run.exclusions and not run.fixed:
        _, strict = _walk(run, limit, calendar, today, strict=True)
    return ClockState(
        state=ClockStatus.STOPPED if run.stopped else ClockStatus.WAITING if waiting else ClockStatus.RUNNING,
        started=run.started,
        stopped=run.stopped,
        due=due,
        strict_due=strict,
        provisional=not known and not run.fixed,
        estimate=None if due else reached,
        days=tuple(days),
        extension_days=run.extension,
        extension_left=None if rule.max_extension is None else rule.max_extension - run.used,
    )


def overdue(state: ClockState, today: date) -> bool:
    """Tell whether the limit was missed: by the day it stopped, or by today if it runs."""
    if state.due is None or state.state is ClockStatus.WAITING:
        return False
    return (state.stopped or today) > state.due


def remaining(state: ClockState, today: date, calendar: WorkCalendar) -> int | None:
    """Count the working days left after today until the due date or estimate; negative: so many over.

    0 on the due date, and still 0 on rest days right after it: ask `overdue` whether the limit was missed.
    None when the clock has stopped or there is no date. Unpublished years count weekends only.
    """
    target = state.due or state.estimate
    if state.stopped or target is None:
        return None
    try:
        return calendar.count_workdays(today, target)
    except UnknownYear:
        first, last = sorted((today, target))
        days = (date.fromordinal(n) for n in range(first.toordinal() + 1, last.toordinal() + 1))
        count = sum(_kind(day, calendar).is_work for day in days)
        return count if today <= target else -count


def _apply(events: Iterable[ClockEvent], rule: ClockRule) -> _Run:
    """Fold the events, in order of day and kind, into the current run."""
    ordered = sorted(events, key=lambda event: (event.on, _ORDER[event.kind]))
    if not ordered or ordered[0].kind is not EventKind.START:
        raise Invalid(N_("期限还没有起算。"))
    run = _Run(ordered[0].on)
    for event in ordered[1:]:
        if event.kind is EventKind.START:
            raise Invalid(N_("期限只能起算一次。"))
        if event.kind is EventKind.RESTART:
            run = _Run(event.on, run.used, run.exclusions)
        elif run.stopped is None:
            _change(run, event, rule)
    return run


def _change(run: _Run, event: ClockEvent, rule: ClockRule) -> None:
    match event.kind:
        case EventKind.WAIT:
            run.waiting = event.on
        case EventKind.EXCLUDE:
            run.exclusions.append(event)
        case EventKind.EXTEND:
            _extend(run, event.days or 0, rule)
        case EventKind.FIX:
            run.fixed = event.until
        case EventKind.STOP:
            run.stopped = event.on
            run.exclusions = [_closed(exclusion, event.on) for exclusion in run.exclusions]


def _extend(run: _Run, days: int, rule: ClockRule) -> None:
    if run.fixed:
        raise Invalid(N_("已经确定了日期，不能再延期。"))
    run.extension += days
    run.used += days
    if rule.max_extension is not None and run.used > rule.max_extension:
        raise Invalid(N_("延期合计不得超过%(limit)s个工作日。"), field="days", limit=rule.max_extension)


def _closed(exclusion: ClockEvent, stop: date) -> ClockEvent:
    """End an exclusion with the clock: after the answer nothing is left to exclude."""
    return replace(exclusion, until=min(exclusion.until or stop, stop))


def _walk(
    run: _Run, limit: int, calendar: WorkCalendar, today: date, strict: bool = False
) -> tuple[list[DayLine], date | None]:
    """Go day by day to the limit or the fixed date.

    Return the days passed and the day reached, None while an exclusion is open.
    """
    lines: list[DayLine] = []
    count, day = 0, run.started
    while day < run.fixed if run.fixed else count < limit:
        day += DAY
        exclusion = _exclusion(day, run.exclusions, strict)
        if exclusion and exclusion.until is None and day > today and not run.fixed:
            return lines, None
        kind = _kind(day, calendar)
        counted = kind.is_work and exclusion is None
        count += counted
        lines.append(DayLine(day, kind, counted, _why(day, kind, exclusion, calendar)))
    return lines, day


def _exclusion(day: date, exclusions: list[ClockEvent], strict: bool) -> ClockEvent | None:
    """Return the exclusion the day falls into, the open one first."""
    found = None
    for exclusion in exclusions:
        if day <= exclusion.on:
            continue
        if exclusion.until is None:
            return exclusion
        if day < exclusion.until or (day == exclusion.until and not strict):
            found = exclusion
    return found


def _kind(day: date, calendar: WorkCalendar) -> DayKind:
    return calendar.kind(day) if calendar.covers(day) else weekend_rule(day)


def _why(day: date, kind: DayKind, exclusion: ClockEvent | None, calendar: WorkCalendar) -> str:
    if exclusion and kind.is_work:
        return N_("%(reason)s，不计入期限") % {"reason": exclusion.note or N_("排除的时间")}
    if calendar.covers(day):
        return calendar.why(day)
    if kind.is_work:
        return N_("没有%(year)s年的工作日历，暂按工作日计") % {"year": day.year}
    return N_("没有%(year)s年的工作日历，暂按周末计") % {"year": day.year}
