"""Rounds of the large demo: a patrol with its checks, and the findings it brings home."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from app import clock
from app.db.stories import Ids, Part, Step, Story
from app.inspections.models import Finding, Patrol, PatrolCheck
from app.inspections.rules import (
    FINDING_RECORDED,
    PATROL_SUBMITTED,
    Answer,
    CheckResult,
    Finder,
    FindingSource,
    FindingStatus,
    PatrolMode,
    PatrolStatus,
)
from app.permissions import Actor
from app.seeding import reference
from app.seeding.large_hall import Body, Hall, Item, Spot

FINDINGS_A_ROUND = 20
SPARE = 200  # one more of so many: chance may bring home a few less
_MODES = (*[PatrolMode.DAILY] * 6, PatrolMode.SPECIAL, PatrolMode.LEADER, PatrolMode.ACCOMPANIED)
# What is decided on the spot; RECTIFY here means that a notice follows the same day.
_DECIDED = (
    *[FindingStatus.RECTIFY] * 57,
    *[FindingStatus.CORRECTED_ON_SPOT] * 37,
    *[FindingStatus.OPEN] * 3,
    *[FindingStatus.NO_ACTION] * 2,
    FindingStatus.VOID,
)
_BY_SECTION = tuple(status for status in _DECIDED if status is not FindingStatus.RECTIFY)
VOID_REASON = "与另一条记录重复。"


@dataclass(frozen=True)
class Round:
    """One walk through a zone on a day."""

    day: date
    zone: int  # its place among the hall's zones
    begins: time


@dataclass
class Found:
    """A finding as told so far, with what a notice says of it."""

    story: Story
    steps: list[Step]
    number: str
    spot: Spot
    item: Item
    body: Body
    staff: tuple[int, str] | None
    at: datetime
    inspector: Actor
    to_rectify: bool


def serial(last: Counter[tuple[str, int]], kind: str, year: int) -> int:
    """Return the next serial number of a kind and year; `last` are those given out so far."""
    last[kind, year] += 1
    return last[kind, year]


def plan(hall: Hall, findings: int) -> Iterator[Round]:
    """Yield the rounds of all years, so many that they bring home the wanted number of findings."""
    rounds = max(len(hall.zones), (findings + findings // SPARE) // FINDINGS_A_ROUND + 2)
    a_day: Counter[int] = Counter(number * len(hall.days) // rounds for number in range(rounds))
    walked = 0
    for place, day in enumerate(hall.days):
        for number in range(a_day[place]):
            minute = 9 * 60 + 440 * number // a_day[place]  # from nine until a little after four
            yield Round(day, walked % len(hall.zones), time(minute // 60, minute % 60))
            walked += 1


def walk(
    hall: Hall, each: Round, ids: Ids, last: Counter[tuple[str, int]], rng: random.Random
) -> tuple[Story, list[Found]]:
    """Return the story of one patrol and its findings."""
    zone_id, spots = hall.zones[each.zone]
    inspector = hall.inspectors[rng.randrange(len(hall.inspectors))]
    begun = clock.at_office(datetime.combine(each.day, each.begins))
    patrol_id = ids.take(Patrol)
    number = f"{each.day:%Y%m%d}-{serial(last, 'patrol', each.day.year)}"
    ended = begun + timedelta(minutes=len(spots) + 3)
    closed = {spot.id for spot in spots if rng.random() < 0.02}
    open_spots = [spot for spot in spots if spot.id not in closed] or list(spots)
    found = [
        _find(hall, patrol_id, number, rng.choice(open_spots), begun, ended, inspector, ids, last, rng)
        for _ in range(FINDINGS_A_ROUND + rng.randint(-7, 7))
    ]
    checks = [_check(spot, patrol_id, spot.id in closed, found, begun, ids) for spot in spots]
    values = {
        "centre_id": hall.centre_id,
        "number": number,
        "form_key": f"large-{number}",
        "zone_id": zone_id,
        "inspector_id": inspector.user_id,
        "checklist_id": hall.checklist_id,
        "mode": _MODES[rng.randrange(len(_MODES))],
        "status": PatrolStatus.SUBMITTED,
        "started_at": begun,
        "submitted_at": ended,
        "points_checked": len(spots) - len(closed),
        "points_closed": len(closed),
        "findings_count": len(found),
    }
    extra = {"points": len(spots), "findings": len(found)}
    return Story(Patrol, patrol_id, [Step(PATROL_SUBMITTED, inspector, ended, values, checks, extra)]), found


def _check(spot: Spot, patrol_id: int, closed: bool, found: list[Found], begun: datetime, ids: Ids) -> Part:
    wrong = {each.item.code for each in found if each.spot is spot}
    answers = {} if closed else {**spot.in_order, **dict.fromkeys(wrong, Answer.FINDING.value)}
    result = CheckResult.FINDINGS if wrong else CheckResult.CLOSED if closed else CheckResult.IN_ORDER
    values = {
        "patrol_id": patrol_id,
        "patrol_point_id": spot.id,
        "result": result,
        "answers": answers,
        "checked_at": begun,
    }
    return Part(PatrolCheck, ids.take(PatrolCheck), values)


def _find(
    hall: Hall,
    patrol_id: int,
    patrol_number: str,
    spot: Spot,
    begun: datetime,
    ended: datetime,
    inspector: Actor,
    ids: Ids,
    last: Counter[tuple[str, int]],
    rng: random.Random,
) -> Found:
    body = rng.choice(spot.bodies)
    item = _item(spot, rng)
    decided = _DECIDED if body.department_id in hall.chiefs else _BY_SECTION
    status = rng.choice(decided)
    staff = rng.choice(spot.staff) if spot.staff and rng.random() < 0.7 else None
    at = begun + timedelta(seconds=rng.randrange(60, 600))
    number = f"{patrol_number}-{serial(last, 'finding', clock.local(begun).year)}"
    words = (spot.number, spot.name, item.wording, body.name, staff[1] if staff else "")
    values: dict[str, Any] = {
        "centre_id": hall.centre_id,
        "number": number,
        "patrol_id": patrol_id,
        "item_id": item.id,
        "patrol_point_id": spot.id,
        "department_id": body.department_id,
        "section_id": body.section_id,
        "staff_member_id": staff[0] if staff else None,
        "finder": Finder.INTERNAL,
        "source": FindingSource.PATROL,
        "status": FindingStatus.OPEN if status is FindingStatus.RECTIFY else status,
        "occurred_at": at,
        "note": rng.choice(reference.words()[item.code]["notes"]),
        "recorded_by_id": inspector.user_id,
        "recorded_at": ended,
        "void_reason": VOID_REASON if status is FindingStatus.VOID else "",
        "search_words": " ".join(filter(None, words)),
    }
    steps = [Step(FINDING_RECORDED, inspector, ended, values)]
    story = Story(Finding, ids.take(Finding), steps)
    to_rectify = status is FindingStatus.RECTIFY
    return Found(story, steps, number, spot, item, body, staff, at, inspector, to_rectify)


def _item(spot: Spot, rng: random.Random) -> Item:
    """Return what was wrong; a red line is crossed once in a hundred times."""
    return rng.choice(spot.red_lines if spot.red_lines and rng.random() < 0.01 else spot.items)
