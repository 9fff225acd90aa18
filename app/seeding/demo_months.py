"""The months of the upper demo centre: three settled, one whose figures may still be objected to."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import func, select

from app.db.uow import unit_of_work
from app.evaluations import month_queries, month_services, objection_services, print_services
from app.evaluations.models import EvaluationMonth, Objection, Score, ScoreLine, ScoreRun
from app.evaluations.month_rules import MonthVerb, ObjectionStatus, Scored, last_day
from app.extensions import db
from app.organisation.models import StaffMember
from app.permissions import Actor
from app.seeding import demo_findings
from app.seeding.demo_stage import SEED, Stage, moment
from app.seeding.reference import read

SETTLED = 3  # months before the one that is heard
HEAD, DIRECTOR = "yansongtao", "gaoweisong"
Told = Mapping[str, Any]


def hearing_month(stage: Stage) -> date:
    """Return the month that is published three working days back: the one before that day's."""
    return month_before(stage.days[-3].replace(day=1), 1)


def month_before(first_on: date, back: int) -> date:
    """Return the first day of the month so many months before one."""
    for _ in range(back):
        first_on = (first_on - timedelta(days=1)).replace(day=1)
    return first_on


def day_told(stage: Stage, told: Told) -> date:
    """Return the day told by its working day in a month, which counts back from the one that is heard."""
    first_on = month_before(hearing_month(stage), told["month"])
    return stage.later(first_on - timedelta(days=1), told["workday"])


def plan(stage: Stage) -> None:
    """Plan what is entered for months before the rounds, and each month from its figures to its end."""
    told = read("demo/months.toml")
    apart = replace(stage, rng=random.Random(SEED))  # noqa: S311  (what the rounds bring stays as it is)
    for entry in told["entries"]:
        at = moment(day_told(stage, entry), entry["at"])
        stage.at(at, demo_findings.entry(apart, {"fate": demo_findings.ON_SPOT, **entry}))
    hearing = hearing_month(stage)
    for back in range(SETTLED, 0, -1):
        first_on = month_before(hearing, back)
        day = partial(stage.later, last_day(first_on))
        _plan_hearing(stage, told, first_on, back, (day(2), day(3), day(4)))
        step = partial(_step, stage.actors[DIRECTOR], stage.upper.centre_id, first_on)
        stage.at(moment(day(6), "09:30"), partial(step, MonthVerb.LOCK))
        stage.at(moment(day(6), "16:00"), partial(step, MonthVerb.ANNOUNCE))
        stage.at(moment(day(6), "16:30"), partial(_print, stage, first_on, back))
    _plan_hearing(stage, told, hearing, 0, (stage.days[-3], stage.days[-2], stage.days[-2]))


def _plan_hearing(stage: Stage, told: Told, first_on: date, back: int, days: tuple[date, date, date]) -> None:
    """Plan that a month is computed and published, what is objected to the day after, and the answers."""
    published, objected, decided = days
    centre_id, head = stage.upper.centre_id, stage.actors[HEAD]
    stage.at(moment(published, "16:30"), partial(_compute, head, centre_id, first_on))
    stage.at(moment(published, "17:00"), partial(_step, head, centre_id, first_on, MonthVerb.PUBLISH))
    for number, one in enumerate(each for each in told["objections"] if each["month"] == back):
        at = moment(objected, f"10:{10 + 7 * number:02}")
        stage.at(at, partial(_object, stage, told, first_on, one, moment(decided, f"15:{5 + 9 * number:02}")))


def _month(centre_id: int, first_on: date) -> EvaluationMonth:
    month = month_queries.month_at(db.session(), centre_id, first_on)
    if month is None:
        raise LookupError("a month is published after it is computed")
    return month


def _compute(actor: Actor, centre_id: int, first_on: date, at: datetime) -> None:
    with unit_of_work(actor, at) as uow:
        month_services.compute_month(uow, centre_id, first_on)


def _step(actor: Actor, centre_id: int, first_on: date, verb: MonthVerb, at: datetime) -> None:
    month = _month(centre_id, first_on)
    month_id, version = month.id, month.version
    with unit_of_work(actor, at) as uow:
        month_services.take_step(uow, month_id, verb, version)


def _print(stage: Stage, first_on: date, back: int, at: datetime) -> None:
    """Print what a settled month leaves behind; of the latest also the first sheet of each kind."""
    month = _month(stage.upper.centre_id, first_on)
    rows = select(Objection.id).where(Objection.month_id == month.id)
    decided = db.session.scalars(rows.where(Objection.status != ObjectionStatus.PENDING)).all()
    first = select(func.min(Score.id)).join(ScoreRun).group_by(Score.subject).order_by(Score.subject)
    latest = first.where(ScoreRun.month_id == month.id, ScoreRun.number == month.runs)
    sheets = db.session.scalars(latest).all() if back == 1 else ()
    month_id, base_url = month.id, stage.settings.base_url
    with unit_of_work(stage.actors[HEAD], at) as uow:
        print_services.print_notice(uow, month_id, base_url)
        for objection_id in decided:
            print_services.print_decision(uow, objection_id, base_url)
        for score_id in sheets:
            print_services.print_sheet(uow, score_id, base_url)


def _object(stage: Stage, told: Told, first_on: date, one: Told, decided_at: datetime, at: datetime) -> None:
    """File an objection against the first line that nobody has objected to; plan its decision."""
    line_id, item, speaker = next(_open_to_objection(stage, told, first_on))
    with unit_of_work(speaker, at) as uow:
        objection_id = objection_services.file_objection(uow, line_id, told["reasons"][item]).id
    if "status" in one:
        stage.at(decided_at, partial(_decide, stage.actors[DIRECTOR], objection_id, one))


def _open_to_objection(stage: Stage, told: Told, first_on: date) -> Iterator[tuple[int, str, Actor]]:
    """Yield lines of people of different departments, with the item and who speaks against it."""
    accounts = {actor.staff_member_id: actor for actor in stage.actors.values() if actor.staff_member_id}
    chiefs = {row: actor for actor in stage.actors.values() for row in actor.department_ids}
    month = _month(stage.upper.centre_id, first_on)
    objections = select(Objection).where(Objection.month_id == month.id)
    heard = {row.filed_by_id for row in db.session.scalars(objections)}
    rows = (
        select(ScoreLine.id, ScoreLine.item, Score.name, StaffMember.id, StaffMember.department_id)
        .join(Score, Score.id == ScoreLine.score_id)
        .join(StaffMember, StaffMember.id == Score.staff_member_id)
        .join(ScoreRun, ScoreRun.id == Score.run_id)
        .where(ScoreRun.month_id == month.id, ScoreRun.number == month.runs)
        .where(Score.subject == Scored.STAFF, ScoreLine.worth < Decimal(0))
        .where(ScoreLine.source != "", ScoreLine.item.in_(told["reasons"]))
        .order_by(ScoreLine.happened_on.desc(), ScoreLine.id)
    )
    for line_id, item, name, staff, department in db.session.execute(rows):
        speaker = accounts.get(staff) or chiefs.get(department or 0)
        if speaker and speaker.user_id not in heard and name not in told["spared"]:
            yield line_id, item, speaker


def _decide(actor: Actor, objection_id: int, one: Told, at: datetime) -> None:
    version = db.session.get_one(Objection, objection_id).version
    count = Decimal(one["count"]) if "count" in one else None
    status = ObjectionStatus(one["status"])
    with unit_of_work(actor, at) as uow:
        objection_services.decide(uow, objection_id, status, one["decision"], count, version)
