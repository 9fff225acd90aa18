"""The patrol plan: rounds of a working day, what a round has to cover, and how it stands. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from app.settings.rules import Round

EARLY = timedelta(minutes=30)  # a round begun so early still counts as begun in its time
WEEK = timedelta(days=7)


class RoundState(StrEnum):
    """How a round of one day stands."""

    AHEAD = "ahead"
    DUE = "due"  # its time has come
    DONE = "done"
    LATE = "late"  # made up for after its time
    MISSED = "missed"


class Period(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Walk:
    """A submitted patrol as the plan sees it: which zone, for which round, begun when."""

    patrol_id: int
    zone_id: int
    begun: datetime  # wall clock of the office


@dataclass(frozen=True)
class Cell:
    """One round of one day: the zones it has to cover, the walks that count, how it stands."""

    day: date
    round: Round
    zones: frozenset[int]
    walks: tuple[Walk, ...]
    state: RoundState

    @property
    def covered(self) -> frozenset[int]:
        return frozenset(walk.zone_id for walk in self.walks) & self.zones

    @property
    def missing(self) -> frozenset[int]:
        return self.zones - self.covered


def round_at(rounds: Sequence[Round], at: time) -> Round | None:
    """Return the round that is on at a time, else the next to come, else the last; None without any."""
    for one in rounds:
        if at < one.ends:
            return one
    return rounds[-1] if rounds else None


def cell(day: date, one: Round, zones: Collection[int], walks: Iterable[Walk], now: datetime) -> Cell:
    """Return how a round stands at a moment of the office's wall clock.

    It is done once every zone that has a place open that day has been walked for it. Whatever was walked
    for it after its end (the day over, or the next round on) shows as made up for, never as done in time.
    """
    counted = tuple(walk for walk in walks if walk.zone_id in zones)
    ends = datetime.combine(day, one.ends)
    by_zone = {
        zone: min((walk.begun for walk in counted if walk.zone_id == zone), default=None) for zone in zones
    }
    if all(by_zone.values()):
        late = any(begun and begun > ends for begun in by_zone.values())
        state = RoundState.LATE if late else RoundState.DONE
    elif now > ends:
        state = RoundState.MISSED
    else:
        state = RoundState.DUE if now >= datetime.combine(day, one.begins) else RoundState.AHEAD
    return Cell(day, one, frozenset(zones), counted, state)


@dataclass(frozen=True)
class Hours:
    """When a place is open on one day of the week, from a day to a day."""

    point_id: int
    weekday: int
    opens_at: time
    closes_at: time
    from_on: date
    to_on: date | None


@dataclass(frozen=True)
class Place:
    """A patrol point with the days it exists between; the day it is closed on no longer counts."""

    point_id: int
    zone_id: int
    opened_on: date
    closed_on: date | None


def open_places(
    places: Iterable[Place],
    hours: Iterable[Hours],
    day: date,
    *,
    works: bool,
    begins: time = time.min,
    ends: time = time.max,
) -> list[Place]:
    """Return the places that are open on a day, some time between two times of it.

    Hours follow the weekday; a public holiday closes what has no hours at a weekend, a make-up day opens
    what has hours on any working day. A place without hours is open on working days.
    """
    told, open_now = set(), set()
    for slot in hours:
        if slot.from_on <= day and (slot.to_on is None or slot.to_on >= day):
            told.add(slot.point_id)
            if slot.opens_at < ends and slot.closes_at > begins and _holds(slot.weekday, day, works):
                open_now.add(slot.point_id)
    return [
        place
        for place in places
        if place.opened_on <= day
        and (place.closed_on is None or place.closed_on > day)
        and (place.point_id in open_now if place.point_id in told else works)
    ]


def _holds(weekday: int, day: date, works: bool) -> bool:
    """Return whether the hours of a weekday are kept on a day."""
    if day.weekday() < 5:
        return works and weekday == day.weekday()
    # On a make-up day the hall keeps the hours of its working week, besides those of the weekend.
    return weekday == day.weekday() or (works and weekday < 5)


def monday(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def span(period: Period, on: date) -> tuple[date, date]:
    """Return the first and the last day of the period that a day lies in."""
    if period is Period.DAY:
        return on, on
    if period is Period.WEEK:
        return monday(on), monday(on) + WEEK - timedelta(days=1)
    first = on.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def days_between(first: date, last: date) -> list[date]:
    """Return every day from the first to the last."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
