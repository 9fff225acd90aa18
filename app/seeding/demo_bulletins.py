"""The weekly bulletins of the upper demo centre: one missed, one returned, one corrected, one not issued."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from app.bulletins import figure_queries, queries, services
from app.bulletins.models import Bulletin
from app.db.uow import unit_of_work
from app.extensions import db
from app.inspections.plan_rules import WEEK, monday
from app.permissions import Actor
from app.seeding.demo_months import DIRECTOR, HEAD
from app.seeding.demo_stage import Stage, moment
from app.seeding.reference import read

Told = Mapping[str, Any]


def plan(stage: Stage) -> None:
    """Plan the bulletin of every week, told on the Monday after it; the running one is a draft."""
    told = read("demo/bulletins.toml")
    running = monday(stage.days[-1])
    first = monday(stage.days[0]) + WEEK
    weeks = [first + WEEK * number for number in range((running - first) // WEEK + 1)]
    for number, week_on in enumerate(weeks):
        _Week(stage, week_on, number, told).plan((running - week_on) // WEEK)


class _Week:
    """One week's bulletin as its people take its steps."""

    def __init__(self, stage: Stage, week_on: date, number: int, told: Told) -> None:
        self.stage, self.week_on, self.told = stage, week_on, told
        self.centre_id = stage.upper.centre_id
        self.inspector = stage.upper.inspectors[number % len(stage.upper.inspectors)]
        self.head, self.director = stage.actors[HEAD], stage.actors[DIRECTOR]
        self.practice = told["practice"][number % len(told["practice"])]
        self.requirements = told["requirements"][number % len(told["requirements"])]

    def plan(self, ago: int) -> None:
        """Plan the steps of a week that lies so many weeks back."""
        told, begun = self.told, self.stage.later(self.week_on - timedelta(days=1), 1)
        monday_after = self.stage.later(self.week_on + timedelta(days=6), 1)
        if ago == told["missed"]["ago"]:
            return
        self._at(moment(monday_after if ago else begun, "09:10"), self._draft)
        if not ago:
            return
        if ago == told["returned"]["ago"]:
            self._at(moment(monday_after, "10:05"), self._review)
            self._at(moment(monday_after, "10:30"), self._send_back, told["returned"]["reason"])
        self._at(moment(monday_after, "11:20"), self._review)
        if ago == told["waiting"]["ago"]:
            return
        self._at(moment(monday_after, "16:00"), self._issue)
        if ago == told["corrected"]["ago"]:
            self._at(moment(monday_after, "16:40"), self._correct, told["corrected"]["reason"])
            self._at(moment(monday_after, "16:50"), self._review)
            self._at(moment(monday_after, "17:10"), self._issue)

    def _at(self, when: datetime, what: Any, *told: str) -> None:
        self.stage.at(when, partial(what, *told))

    def _row(self) -> Bulletin:
        row = queries.latest_edition(db.session(), self.centre_id, self.week_on)
        if row is None:
            raise LookupError("a bulletin takes its steps after it is drafted")
        return row

    def _known(self) -> tuple[int, int]:
        row = self._row()
        return row.id, row.version

    def _step(self, actor: Actor, at: datetime, step: Any, *values: Any) -> None:
        known = self._known()
        with unit_of_work(actor, at) as uow:
            step(uow, *known, *values)

    def _draft(self, at: datetime) -> None:
        with unit_of_work(self.inspector, at) as uow:
            services.draft(uow, self.centre_id, self.week_on, self.practice, self.requirements)

    def _review(self, at: datetime) -> None:
        content = figure_queries.content(self.head, self.centre_id, self.week_on, at)
        self._step(self.head, at, services.review, content)

    def _send_back(self, reason: str, at: datetime) -> None:
        self._step(self.director, at, services.send_back, reason)

    def _issue(self, at: datetime) -> None:
        self._step(self.director, at, services.issue, self.stage.settings.base_url)

    def _correct(self, reason: str, at: datetime) -> None:
        self._step(self.inspector, at, services.correct, reason)
