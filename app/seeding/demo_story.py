"""Three months of work at the demo centres, told by seeds/demo/story.toml.

What people do goes through the services they use themselves: rounds in `demo_rounds`, what is said of
findings in `demo_findings`, notices and what becomes of them in `demo_notices`, the small ledgers in
`demo_registers`, the months in `demo_months`, the awards in `demo_awards`, the bulletins in
`demo_bulletins`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from app.config import Settings
from app.db.sqlite import prepare_load
from app.db.uow import unit_of_work
from app.extensions import db
from app.inspections import plan_queries, plan_rules, plan_services
from app.inspections.rules import PatrolMode
from app.seeding import (
    demo_awards,
    demo_bulletins,
    demo_findings,
    demo_months,
    demo_notices,
    demo_registers,
    demo_rounds,
    demo_stage,
)
from app.seeding.demo_findings import Seen
from app.seeding.demo_rounds import Visit
from app.seeding.demo_stage import Hall, Stage, moment
from app.settings.rules import Group, Round
from app.settings.services import change_settings

Told = dict[tuple[int, int, str], Any]  # working days back, round of the day, zone


def run(settings: Settings, now: datetime) -> None:
    """Play the three months before `now`."""
    prepare_load(db.session())
    stage = demo_stage.set_up(settings, now)
    _decide_rounds(stage)
    for hall in stage.halls:
        _plan_duty(stage, hall)
        _plan_rounds(stage, hall)
    for told in stage.story["visits"]:
        if "at" in told:
            _plan_visit(stage, told)
    for told in stage.story["entries"]:
        stage.at(stage.told(told["ago"], told["at"]), demo_findings.entry(stage, told))
    for told in stage.story["instructions"]:
        stage.at(stage.told(told["ago"], told["at"]), demo_notices.instruction(stage, told))
    demo_registers.plan(stage)
    demo_months.plan(stage)
    demo_awards.plan(stage)
    demo_bulletins.plan(stage)
    stage.play()


def _decide_rounds(stage: Stage) -> None:
    """Let the director decide the rounds of the day; the centre below follows."""
    at = moment(stage.days[0] - timedelta(days=7), "09:00")
    with unit_of_work(stage.actors["gaoweisong"], at) as uow:
        values = {"patrol_rounds": stage.story["habits"]["rounds"]}
        change_settings(uow, stage.upper.centre_id, Group.PATROLS, values, 0)


def _on_duty(stage: Stage, hall: Hall, day: date, number: int) -> str:
    """Return who walks a round: in turn, day by day and round by round."""
    names: list[str] = stage.story["duty"][hall.name]
    return names[(day.toordinal() + number) % len(names)]


def _plan_duty(stage: Stage, hall: Hall) -> None:
    """Plan who is on duty, a week at a time, on the Friday before."""
    week = plan_rules.monday(stage.days[0])
    while week <= stage.days[-1] + timedelta(days=7):
        friday = moment(week - timedelta(days=3), "15:30")
        stage.at(friday, partial(_roster, stage, hall, week))
        week += plan_rules.WEEK


def _roster(stage: Stage, hall: Hall, week: date, at: datetime) -> None:
    rounds = plan_queries.rounds_of(hall.centre_id)
    cells = {
        (day, one.name): stage.actors[_on_duty(stage, hall, day, number)].user_id
        for day in plan_rules.days_between(week, week + timedelta(days=6))
        if plan_queries.works(day, stage.calendar)
        for number, one in enumerate(rounds)
    }
    with unit_of_work(hall.head, at) as uow:
        plan_services.save_roster(uow, hall.centre_id, week, 0, cells)


def _plan_rounds(stage: Stage, hall: Hall) -> None:
    """Walk every zone on every round of the plan, but for one left out or walked late now and then."""
    seen, visits = _told_by_zone(stage, hall)
    rounds = plan_queries.rounds_of(hall.centre_id)
    for back, day in enumerate(reversed(stage.days)):
        for number, one in enumerate(rounds):
            actor = stage.actors[_on_duty(stage, hall, day, number)]
            begun = moment(day, one.begins.isoformat()) + timedelta(minutes=stage.rng.randrange(2, 9))
            spared = stage.rng.choice(list(hall.zones))
            missed, late = stage.chance("zone_missed"), stage.chance("zone_late")
            for zone in hall.zones:
                key = (back, number, zone)
                told = visits.get(key, {})
                if zone == spared and missed and key not in seen and not told:
                    continue
                if zone == spared and late:
                    begun = moment(day, one.ends.isoformat()) + timedelta(minutes=stage.rng.randrange(3, 20))
                walker = stage.actors[told["by"]] if told else actor
                visit = _visit(
                    stage, zone, told, walker, begun, (*seen.get(key, ()), *_seen(told)), (day, one)
                )
                stage.at(visit.ends, demo_rounds.walk(stage, visit))
                begun = visit.ends + timedelta(minutes=2)


def _told_by_zone(stage: Stage, hall: Hall) -> tuple[dict[tuple[int, int, str], list[Seen]], Told]:
    """Return what is told of the plan's rounds: what is seen on them, and which are walked otherwise."""
    seen: dict[tuple[int, int, str], list[Seen]] = {}
    zone_of = {spot.number: zone for zone, (_, spots) in hall.zones.items() for spot in spots}
    said = {(ago, place, item): words for ago, _, place, item, *words in stage.story["seen"]["disputes"]}
    for ago, number, place, item, fate in stage.story["seen"]["cases"]:
        if place in zone_of:
            one = Seen(place, item, fate, dispute=tuple(said.get((ago, place, item), ())))
            seen.setdefault((ago, number, zone_of[place]), []).append(one)
    visits = {
        (told["ago"], told["round"], told["zone"]): told
        for told in stage.story["visits"]
        if "round" in told and told["zone"] in hall.zones
    }
    return seen, visits


def _plan_visit(stage: Stage, told: dict[str, Any]) -> None:
    begun = stage.told(told["ago"], told["at"])
    visit = _visit(stage, told["zone"], told, stage.actors[told["by"]], begun, _seen(told), None)
    stage.at(visit.ends, demo_rounds.walk(stage, visit))


def _seen(told: dict[str, Any]) -> tuple[Seen, ...]:
    return tuple(Seen(*words) for words in told.get("seen", ()))


def _visit(
    stage: Stage,
    zone: str,
    told: dict[str, Any],
    actor: Any,
    begun: datetime,
    seen: tuple[Seen, ...],
    planned: tuple[date, Round] | None,
) -> Visit:
    return Visit(
        stage.hall_of(zone),
        zone,
        PatrolMode(told.get("mode", PatrolMode.DAILY)),
        actor,
        begun,
        planned,
        seen,
        note=told.get("note", ""),
        companions=told.get("companions", ""),
        leader=tuple(told.get("leader", ("", ""))),
        released=told.get("released"),
        void=told.get("void", ""),
        saved=told.get("saved", False),
    )
