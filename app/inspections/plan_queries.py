"""The patrol plan as it stands: rounds, rosters, what was expected and what was walked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from app import clock
from app.accounts.models import RoleGrant, User
from app.core.workdays import WorkCalendar
from app.db import scope
from app.extensions import db
from app.inspections import plan_rules
from app.inspections.models import Duty, DutyRoster, Patrol, PatrolCheck
from app.inspections.plan_rules import Cell, Hours, Period, Place, RoundState, Walk
from app.inspections.rules import COVERING, CheckResult, PatrolStatus
from app.organisation.models import Centre, OpeningHours, PatrolPoint, Zone
from app.organisation.rules import PointKind
from app.permissions import GRANTS, Actor, Permission
from app.settings import queries as settings
from app.settings import rules as settings_rules
from app.settings.rules import Round
from app.worktime.queries import calendar


def works(day: date, days: WorkCalendar | None = None) -> bool:
    """Return whether a day is a working day; in a year without a calendar, Monday to Friday."""
    days = days or calendar()
    return days.is_workday(day) if days.covers(day) else day.weekday() < 5


def rounds_of(centre_id: int) -> tuple[Round, ...]:
    """Return the rounds of a working day as the centre has them now."""
    return settings_rules.rounds_of(settings.value(db.session(), centre_id, "patrol_rounds"))


def hours_of(point_ids: Collection[int], first: date, last: date) -> list[Hours]:
    """Return the opening hours of points that are in force on some day of a span."""
    rows = db.session.execute(
        select(
            OpeningHours.patrol_point_id,
            OpeningHours.weekday,
            OpeningHours.opens_at,
            OpeningHours.closes_at,
            OpeningHours.from_on,
            OpeningHours.to_on,
        ).where(OpeningHours.patrol_point_id.in_(point_ids), OpeningHours.from_on <= last)
    )
    return [Hours(*row) for row in rows if row.to_on is None or row.to_on >= first]


# --- whose plan -----------------------------------------------------------------------------------


def centres_for(actor: Actor) -> list[Centre]:
    """Return the centres whose plan the actor may see, his own first."""
    rows = db.session.scalars(
        select(Centre).where(Centre.id.in_(actor.centre_ids), Centre.closed_on.is_(None)).order_by(Centre.id)
    )
    return sorted(rows, key=lambda centre: centre.id != actor.centre_id)


def get_centre(actor: Actor, centre_id: int) -> Centre:
    """Return a centre in sight. Raise NotFound, OutOfScope for any other."""
    visible = select(Centre).where(Centre.id.in_(actor.centre_ids))
    return scope.load(db.session(), visible, Centre, centre_id)


# --- rosters --------------------------------------------------------------------------------------


def find_roster(centre_id: int, week_on: date) -> DutyRoster | None:
    return db.session.scalar(
        select(DutyRoster).where(DutyRoster.centre_id == centre_id, DutyRoster.week_on == week_on)
    )


def duties_of(roster_id: int) -> dict[tuple[date, str], int | None]:
    """Return who walks each round of a roster's week."""
    rows = db.session.execute(
        select(Duty.day, Duty.round_name, Duty.user_id).where(Duty.roster_id == roster_id)
    )
    return {(day, name): user_id for day, name, user_id in rows}


def inspectors_of(centre_id: int) -> list[User]:
    """Return who may be on duty at a centre: its accounts that may walk a round."""
    roles = [role for role, granted in GRANTS.items() if Permission.PATROL_CONDUCT in granted]
    walking = select(RoleGrant.user_id).where(RoleGrant.role.in_(roles), RoleGrant.withdrawn_at.is_(None))
    rows = select(User).where(User.centre_id == centre_id, User.id.in_(walking), User.disabled_at.is_(None))
    return list(db.session.scalars(rows.order_by(User.sort_key, User.id)))


@dataclass(frozen=True)
class Rosters:
    """The rosters of a span of days: the rounds of each week, and who walks them."""

    rounds: Mapping[date, tuple[Round, ...]]  # by Monday
    names: Mapping[tuple[date, str], str]


def rosters(centre_id: int, first: date, last: date) -> Rosters:
    """Return the rosters that touch a span of days."""
    weeks = db.session.scalars(
        select(DutyRoster).where(
            DutyRoster.centre_id == centre_id,
            DutyRoster.week_on.between(plan_rules.monday(first), last),
        )
    ).all()
    duties = db.session.scalars(
        select(Duty)
        .where(Duty.roster_id.in_([week.id for week in weeks]), Duty.user_id.is_not(None))
        .options(joinedload(Duty.user))
    )
    return Rosters(
        {week.week_on: kept_rounds(week.rounds) for week in weeks},
        {(duty.day, duty.round_name): duty.user.name for duty in duties if duty.user},
    )


def kept_rounds(rows: Sequence[Sequence[str]]) -> tuple[Round, ...]:
    """Return the rounds that a roster keeps as [name, begins, ends]."""
    return tuple(
        Round(name, time.fromisoformat(begins), time.fromisoformat(ends)) for name, begins, ends in rows
    )


# --- expected and done ----------------------------------------------------------------------------


@dataclass(frozen=True)
class BoardCell:
    """One round of one day on the board: how it stands, who had the duty, what of the open was seen."""

    cell: Cell
    on_duty: str
    seen: int
    open: int


@dataclass(frozen=True)
class BoardDay:
    day: date
    works: bool
    cells: Mapping[str, BoardCell]  # by the name of the round
    windows_seen: int
    windows_open: int


@dataclass(frozen=True)
class Board:
    """What the plan expected of a span of days, and what was done."""

    first: date
    last: date
    rounds: tuple[Round, ...]
    zones: Mapping[int, Zone]
    days: tuple[BoardDay, ...]
    patrolled: frozenset[date]  # days with a submitted patrol of whatever kind

    @property
    def cells(self) -> list[Cell]:
        """Return the rounds whose time has come."""
        found = [one.cell for day in self.days for one in day.cells.values()]
        return [cell for cell in found if cell.state is not RoundState.AHEAD]

    def count(self, *states: RoundState) -> int:
        return sum(cell.state in states for cell in self.cells)

    @property
    def expected(self) -> int:
        return self.count(RoundState.DONE, RoundState.LATE, RoundState.MISSED)

    @property
    def done(self) -> int:
        return self.count(RoundState.DONE, RoundState.LATE)

    def on(self, day: date) -> Board:
        """Return the board of one of its days."""
        days = tuple(one for one in self.days if one.day == day)
        return replace(self, first=day, last=day, days=days)

    @property
    def windows_seen(self) -> int:
        return sum(day.windows_seen for day in self.days)

    @property
    def windows_open(self) -> int:
        return sum(day.windows_open for day in self.days)


def board(centre_id: int, first: date, last: date, now: datetime) -> Board:
    """Return how the plan of a centre stands from one day to another; a week's roster keeps its rounds."""
    local = clock.local(now).replace(tzinfo=None)
    kept = rosters(centre_id, first, last)
    present = rounds_of(centre_id)
    zones = db.session.scalars(
        select(Zone).where(Zone.centre_id == centre_id).order_by(Zone.position, Zone.id)
    ).all()
    points = db.session.execute(
        select(
            PatrolPoint.id,
            PatrolPoint.zone_id,
            PatrolPoint.opened_on,
            PatrolPoint.closed_on,
            PatrolPoint.kind,
        ).where(PatrolPoint.centre_id == centre_id)
    ).all()
    windows = {row.id for row in points if row.kind is PointKind.WINDOW}
    hall = _Hall(
        calendar(),
        [Place(*row[:4]) for row in points],
        hours_of([row.id for row in points], first, last),
        _walks(centre_id, first, last),
        _seen(centre_id, first, last),
    )
    days = tuple(
        _day(day, kept.rounds.get(plan_rules.monday(day), present), hall, windows, kept.names, local)
        for day in plan_rules.days_between(first, min(last, local.date()))
    )
    shown = {one.name: one for rounds in (*kept.rounds.values(), present) for one in rounds}
    used = {name for day in days for name in day.cells} or {one.name for one in present}
    rounds = sorted((one for name, one in shown.items() if name in used), key=lambda one: one.begins)
    return Board(
        first,
        last,
        tuple(rounds),
        {zone.id: zone for zone in zones},
        days,
        _patrolled(centre_id, first, last),
    )


@dataclass(frozen=True)
class _Hall:
    calendar: WorkCalendar
    places: list[Place]
    hours: list[Hours]
    walks: Mapping[tuple[date, str], list[Walk]]
    seen: Mapping[tuple[date, str], set[int]]


def _day(
    day: date,
    rounds: Sequence[Round],
    hall: _Hall,
    windows: Collection[int],
    names: Mapping[tuple[date, str], str],
    local: datetime,
) -> BoardDay:
    on = works(day, hall.calendar)
    opened = plan_rules.open_places(hall.places, hall.hours, day, works=on)
    zones = {place.zone_id for place in opened}
    cells = {}
    for one in rounds if on and zones else ():
        key = (day, one.name)
        then = {
            place.point_id
            for place in plan_rules.open_places(
                opened, hall.hours, day, works=on, begins=one.begins, ends=one.ends
            )
        }
        cells[one.name] = BoardCell(
            plan_rules.cell(day, one, zones, hall.walks.get(key, ()), local),
            names.get(key, ""),
            len(hall.seen.get(key, set()) & then),
            len(then),
        )
    seen = set().union(*(points for (on_day, _name), points in hall.seen.items() if on_day == day))
    open_windows = {place.point_id for place in opened} & set(windows)
    return BoardDay(day, on, cells, len(seen & open_windows), len(open_windows))


def _walks(centre_id: int, first: date, last: date) -> dict[tuple[date, str], list[Walk]]:
    """Return the patrols that cover, by day and round."""
    rows = db.session.execute(
        select(Patrol.id, Patrol.zone_id, Patrol.started_at, Patrol.round_on, Patrol.round_name)
        .where(*_covers(centre_id, first, last))
        .order_by(Patrol.started_at, Patrol.id)
    )
    found: dict[tuple[date, str], list[Walk]] = {}
    for patrol_id, zone_id, started_at, day, name in rows:
        walk = Walk(patrol_id, zone_id, clock.local(started_at).replace(tzinfo=None))
        if day is not None:
            found.setdefault((day, name), []).append(walk)
    return found


def _covers(centre_id: int, first: date, last: date) -> list[ColumnElement[bool]]:
    return [
        Patrol.centre_id == centre_id,
        Patrol.round_on.between(first, last),
        Patrol.mode.in_(COVERING),
        Patrol.status != PatrolStatus.VOID,
    ]


def _seen(centre_id: int, first: date, last: date) -> dict[tuple[date, str], set[int]]:
    """Return the points that were looked at while open, by day and round."""
    rows = db.session.execute(
        select(Patrol.round_on, Patrol.round_name, PatrolCheck.patrol_point_id)
        .join(PatrolCheck, PatrolCheck.patrol_id == Patrol.id)
        .where(*_covers(centre_id, first, last), PatrolCheck.result != CheckResult.CLOSED)
        .distinct()
    )
    found: dict[tuple[date, str], set[int]] = {}
    for day, name, point_id in rows:
        if day is not None:
            found.setdefault((day, name), set()).add(point_id)
    return found


def _patrolled(centre_id: int, first: date, last: date) -> frozenset[date]:
    """Return the days on which a patrol of whatever kind was begun and submitted."""
    begins = clock.at_office(datetime.combine(first, time()))
    ends = clock.at_office(datetime.combine(last + timedelta(days=1), time()))
    rows = db.session.scalars(
        select(Patrol.started_at).where(
            Patrol.centre_id == centre_id,
            Patrol.started_at >= begins,
            Patrol.started_at < ends,
            Patrol.status != PatrolStatus.VOID,
        )
    )
    return frozenset(clock.local(at).date() for at in rows)


def read_period(value: str | None) -> Period:
    """Return the period that an address names, a week if it names none."""
    return Period(value) if value in {period.value for period in Period} else Period.WEEK
