"""What the home page gathers from the ledgers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select

from app import clock
from app.accounts import admin_queries as accounts
from app.accounts.admin_rules import AccountState
from app.audit import entry_queries as audit
from app.bulletins import queries as bulletins
from app.core.figures import Rows
from app.core.i18n import N_
from app.core.workdays import WorkCalendar
from app.db.drafts import Draft
from app.db.listing import capped_counts
from app.extensions import db
from app.inspections import plan_rules, walk_queries
from app.inspections import queries as inspections
from app.inspections.plan_queries import Board
from app.inspections.rules import Confirmation, FindingStatus
from app.jobs import queries as jobs
from app.jobs.models import Job
from app.organisation import setup_queries
from app.organisation.models import Centre, Zone
from app.organisation.setup_queries import Step
from app.permissions import Actor, Permission
from app.rectifications import queries as rectifications
from app.rectifications.models import Rectification
from app.registers import queries as registers
from app.reports import week_queries
from app.reports.week_queries import Week
from app.worktime.queries import calendar

SHOWN = 6
JOBS_SHOWN = 5
P = Permission


@dataclass(frozen=True)
class Number:
    """A number that leads to its rows; `kind` is how it looks where it is not 0."""

    name: str
    count: int
    rows: Rows
    kind: str | None = None


@dataclass(frozen=True)
class Waiting:
    """One kind of work that waits for the reader: how much of it, and the most urgent rows."""

    number: Number
    rows: list[Rectification]


@dataclass(frozen=True)
class Administration:
    """What an administrator looks after: a centre's set-up, next year's calendar, his long work."""

    centre: Centre
    steps: list[Step]
    year_missing: int | None
    jobs: list[Job]


@dataclass(frozen=True)
class Home:
    numbers: list[Number] = field(default_factory=list)
    drafts: list[tuple[Draft, Zone]] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    clocks: dict[int, rectifications.Clock] = field(default_factory=dict)
    rounds: Board | None = None  # of today, for who reads patrols
    week: Week | None = None  # for who reads findings
    administration: Administration | None = None


class _Ask(NamedTuple):
    """A number of the page before it is counted; `always` also where it is 0."""

    name: str
    rows: Rows
    selection: Select[Any]
    kind: str | None = None
    always: bool = True


def home(actor: Actor, now: datetime, week_on: date) -> Home:
    """Return what waits for the actor, what is due, what is overdue, and how the week goes."""
    days = calendar()
    asks = dict(_asks(actor, now, days))
    counts = capped_counts(db.session(), {key: ask.selection for key, ask in asks.items()})
    numbers = {
        key: Number(ask.name, counts[key], ask.rows, ask.kind if counts[key] else None)
        for key, ask in asks.items()
        if counts[key] or ask.always
    }
    waiting = _waiting(actor, asks, numbers)
    week = week_queries.week(actor, week_on, now, days) if actor.can(P.FINDING_READ) else None
    return Home(
        list(numbers.values()),
        walk_queries.own_drafts(actor) if actor.can(P.PATROL_CONDUCT) else [],
        waiting,
        rectifications.clocks_of([row for group in waiting for row in group.rows], now, days),
        _rounds_of_today(actor, week, now),
        week,
        _administration(actor, days),
    )


# --- numbers ----------------------------------------------------------------------------------------

_OWN = (
    ("receive", N_("待我签收"), P.RECTIFICATION_RECEIVE, "open"),
    ("answer", N_("待我整改"), P.RECTIFICATION_SUBMIT, "progress"),
    ("recheck", N_("待我复查"), P.RECTIFICATION_RECHECK, "progress"),
    ("decide", N_("待我决定"), P.RECTIFICATION_DECIDE, "progress"),
)
_STANDING: tuple[tuple[str, str, str | None], ...] = (
    ("due_soon", N_("即将到期"), "due_soon"),
    ("overdue", N_("已逾期"), "overdue"),
    ("open", N_("整改中"), None),
)


_ACCOUNTS: tuple[tuple[AccountState, str, str | None], ...] = (
    (AccountState.LOCKED, N_("暂停登录的用户"), "overdue"),
    (AccountState.MUST_CHANGE, N_("须修改密码的用户"), "open"),
    (AccountState.NORMAL, N_("正常的用户"), None),
)


def _asks(actor: Actor, now: datetime, days: WorkCalendar) -> Iterator[tuple[str, _Ask]]:
    """Yield the numbers of the actor's page in their order."""
    reads = actor.can(P.RECTIFICATION_READ)
    for key, name, permission, kind in _OWN if reads else ():
        if actor.can(permission):
            # What a section head signs for others or for his section is rare: shown when there is some.
            always = key in ("recheck", "decide") or not actor.centre_wide
            yield key, _notices("mine", key, name, kind, actor, now, days, always=always)
    yield from _finding_asks(actor)
    if actor.can(P.REGISTER_CONFIRM):
        rows = Rows("registers.index", {"mine": "confirm"})
        yield "registers", _Ask(N_("待我确认的登记"), rows, registers.waiting_for(actor), "open", False)
    if actor.can(P.BULLETIN_REVIEW) or actor.can(P.BULLETIN_ISSUE):
        query = {"mine": "1"}
        waiting = bulletins.filtered(actor, query)
        yield "bulletins", _Ask(N_("待我处理的通报"), Rows(bulletins.LIST, query), waiting, "open", False)
    for key, name, look in _STANDING if reads else ():
        yield key, _notices("stands", key, name, look, actor, now, days)
    yield from _watched(actor, now)


def _notices(
    filter_: str,
    value: str,
    name: str,
    kind: str | None,
    actor: Actor,
    now: datetime,
    days: WorkCalendar,
    *,
    always: bool = True,
) -> _Ask:
    rows = rectifications.in_hand(actor, value, now, days)
    return _Ask(name, Rows("rectifications.index", {filter_: value}), rows, kind, always)


def _finding_asks(actor: Actor) -> Iterator[tuple[str, _Ask]]:
    """Yield what is to be done with findings: issue a notice, say whether it is so, release a visit."""

    def found(name: str, query: Mapping[str, str], *, always: bool) -> _Ask:
        wanted = inspections.FindingFilter.read(query)
        return _Ask(
            name, Rows("inspections.findings", query), inspections.filtered(actor, wanted), "open", always
        )

    if actor.can(P.RECTIFICATION_ISSUE):
        yield "untreated", found(N_("待处理的问题"), {"status": FindingStatus.OPEN.value}, always=True)
    if actor.can(P.FINDING_CONFIRM) and not actor.centre_wide:
        query = {"confirmation": Confirmation.PENDING.value, "valid": "1"}
        yield "unconfirmed", found(N_("待确认的问题"), query, always=True)
    if actor.can(P.FINDING_RECORD):
        yield "recordings", found(N_("录像待存"), {"recording": "1"}, always=False)
    if actor.can(P.PATROL_RELEASE):
        query = {"released": "0"}
        rows = inspections.filtered_patrols(actor, query)
        yield "unreleased", _Ask(N_("待公开的暗访"), Rows("inspections.patrols", query), rows, "open", False)


def _watched(actor: Actor, now: datetime) -> Iterator[tuple[str, _Ask]]:
    """Yield what the auditor and the security administrator keep an eye on."""
    if actor.can(P.AUDIT_READ):
        monday = plan_rules.monday(clock.local(now).date())
        refused = audit.make_out(actor, audit.Filter(result="refused", since=monday))
        rows = Rows("audit.index", {"result": "refused", "since": monday.isoformat()})
        yield "refused", _Ask(N_("本周被拒绝的操作"), rows, audit.filtered(refused), "due_soon")
    if actor.can(P.ACCOUNT_MANAGE):
        for state, name, look in _ACCOUNTS:
            rows = Rows("accounts.index", {"state": state.value})
            yield state.value, _Ask(name, rows, accounts.in_state(actor, state, now), look)


# --- rows -------------------------------------------------------------------------------------------


def _waiting(actor: Actor, asks: Mapping[str, _Ask], numbers: Mapping[str, Number]) -> list[Waiting]:
    """Return the first rows of whatever waits; what is late or soon will be, to who sees the whole centre."""
    shown = [key for key, *_ in _OWN] + (["overdue", "due_soon"] if actor.centre_wide else [])
    wanted = [key for key in shown if key in numbers and numbers[key].count]
    rows = rectifications.most_urgent({key: asks[key].selection for key in wanted}, SHOWN)
    return [Waiting(numbers[key], rows[key]) for key in wanted]


def _rounds_of_today(actor: Actor, week: Week | None, now: datetime) -> Board | None:
    """Return how today's rounds stand: part of the week that is shown, or asked for beside an earlier one."""
    if week is None or week.board is None:
        return None
    day = clock.local(now).date()
    return week.board.on(day) if week.first <= day <= week.last else week_queries.board(actor, day, day, now)


def _administration(actor: Actor, days: WorkCalendar) -> Administration | None:
    """Return what is to be set up, for who may; he sees no business data."""
    if actor.centre_id is None or not actor.can(P.ORGANISATION_MANAGE):
        return None
    today = clock.today()
    following = today.replace(year=today.year + 1, day=1)
    return Administration(
        db.session.get_one(Centre, actor.centre_id),
        setup_queries.steps(actor.centre_id, today),
        None if days.covers(following) or today.month < 10 else following.year,
        jobs.latest(actor, JOBS_SHOWN),
    )
