"""The deadline of a rectification: what may stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app import clock
from app.core.clock import DayLine
from app.core.errors import Invalid
from app.core.i18n import N_
from app.rectifications import rules
from app.rectifications.rules import Deadline
from app.worktime.queries import calendar


@dataclass(frozen=True)
class Foreseen:
    """Where a deadline leads: when it ends, and every day until then, counted or skipped."""

    due_at: datetime
    provisional: bool
    days: tuple[DayLine, ...]

    @property
    def counted(self) -> int:
        return sum(line.counted for line in self.days)

    @property
    def skipped(self) -> int:
        return len(self.days) - self.counted


def foresee(deadline: Deadline, now: datetime) -> Foreseen:
    """Return where a deadline would lead if the notice were issued now. Raise Invalid if it cannot stand."""
    due_at, provisional = check_deadline(deadline, now)
    state = rules.clock_state(deadline, calendar(), clock.local(now).date())
    return Foreseen(due_at, provisional, state.days)


def check_deadline(deadline: Deadline, now: datetime, field: str = "deadline_on") -> tuple[datetime, bool]:
    """Return when a deadline ends (UTC) and whether that is provisional. Raise Invalid if it cannot stand."""
    days = calendar()
    today = clock.local(now).date()
    if deadline.fixed_on:
        if deadline.fixed_on < today:
            raise Invalid(N_("整改期限不能早于今天。"), field=field)
        if (deadline.fixed_on - today).days > 366:
            raise Invalid(N_("整改期限超过一年，请核对。"), field=field)
        if days.covers(deadline.fixed_on) and not days.is_workday(deadline.fixed_on):
            raise Invalid(
                N_("%(day)s 是休息日（%(why)s），请改为工作日。"),
                field=field,
                day=deadline.fixed_on.isoformat(),
                why=days.why(deadline.fixed_on),
            )
    state = rules.clock_state(deadline, days, today)
    due_at = clock.at_office(rules.due_moment(deadline, state))
    if due_at <= now:
        raise Invalid(
            N_("整改期限已经过去，请往后推。"), field=field if field != "deadline_on" else "deadline_hour"
        )
    return due_at, state.provisional
