"""The awards of the upper demo centre: of a quarter, of two months, and the year so far."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from app.db.uow import unit_of_work
from app.evaluations import award_queries, award_services
from app.evaluations.award_rules import AwardState, Choice, days_of
from app.evaluations.models import AwardRun
from app.evaluations.month_rules import Scored, last_day
from app.evaluations.rules import Span
from app.extensions import db
from app.seeding.demo_months import DIRECTOR, HEAD, hearing_month, month_before
from app.seeding.demo_stage import Stage, moment
from app.seeding.reference import read

Told = Mapping[str, Any]


def plan(stage: Stage) -> None:
    """Plan what is proposed, published, said against it and decided."""
    told = read("demo/awards.toml")
    hearing = hearing_month(stage)
    first, last = quarter_before(hearing)
    day = partial(stage.later, last)
    for number, one in enumerate(told["quarter"]):
        run = _Run(stage, Scored(one["subject"]), Span.QUARTER, first)
        run.at(moment(day(7), f"10:{number:02}"), run.propose, one)
        run.at(moment(day(7), f"16:{number:02}"), run.publish)
        if "objection" in one:
            run.at(moment(day(9), "11:20"), run.note, day(9), one["objection"])
        run.at(moment(day(13), f"15:{number:02}"), run.decide, one)
    withdrawn, published = (
        _Run(stage, Scored.WINDOW, Span.MONTH, month_before(hearing, back)) for back in (2, 1)
    )
    settled = partial(stage.later, last_day(withdrawn.first_on))
    withdrawn.at(moment(settled(7), "09:30"), withdrawn.propose, told["month"])
    withdrawn.at(moment(settled(8), "09:30"), withdrawn.withdraw, told["month"]["withdrawn"])
    published.at(moment(stage.days[-3], "09:30"), published.propose, told["month"])
    published.at(moment(stage.days[-3], "09:50"), published.publish)
    year = _Run(stage, Scored.STAFF, Span.YEAR, days_of(Span.YEAR, month_before(hearing, 1))[0])
    year.at(moment(stage.days[-2], "09:20"), year.propose, told["year"])


def quarter_before(hearing: date) -> tuple[date, date]:
    """Return the latest quarter that ended before the month that is heard."""
    return days_of(Span.QUARTER, days_of(Span.QUARTER, hearing)[0] - timedelta(days=1))


class _Run:
    """One award as its people take its steps."""

    def __init__(self, stage: Stage, subject: Scored, span: Span, first_on: date) -> None:
        self.stage, self.subject, self.span, self.first_on = stage, subject, span, first_on
        self.centre_id = stage.upper.centre_id
        self.head, self.director = stage.actors[HEAD], stage.actors[DIRECTOR]

    def at(self, when: datetime, what: Any, *told: Any) -> None:
        self.stage.at(when, partial(what, *told))

    def _award(self) -> AwardRun:
        award = award_queries.live_award(db.session(), self.centre_id, self.subject, self.span, self.first_on)
        if award is None:
            raise LookupError("an award takes its steps after it is proposed")
        return award

    def _known(self) -> tuple[int, int]:
        award = self._award()
        return award.id, award.version

    def propose(self, told: Told, at: datetime) -> None:
        """Propose, then enter the figure that the rulebook asks for beside the months."""
        with unit_of_work(self.head, at) as uow:
            award_services.propose(uow, self.centre_id, self.subject, self.span, self.first_on)
        award = self._award()
        asked = award_services.inputs_asked(award)[0]
        least, most = told["from"], told["to"]
        values = {
            row.holder_id: Decimal(least + row.holder_id * 7919 % (most - least + 1))
            for row in award_queries.candidates_of(db.session(), award)
        }
        award_id, version = award.id, award.version
        with unit_of_work(self.head, at + timedelta(minutes=5)) as uow:
            award_services.enter_inputs(uow, award_id, version, asked, values)

    def publish(self, at: datetime) -> None:
        """Publish, unless the rules leave nobody: in the crowded hall of the large demo all are barred."""
        if not award_queries.tally(db.session(), self._award()).proposed:
            return
        award_id, version = self._known()
        with unit_of_work(self.head, at) as uow:
            award_services.publish(uow, award_id, version)

    def _published(self) -> bool:
        return self._award().state is AwardState.IN_PUBLICATION

    def note(self, on: date, told: Told, at: datetime) -> None:
        if not self._published():
            return
        award_id, _version = self._known()
        with unit_of_work(self.head, at) as uow:
            award_services.note_objection(
                uow, award_id, on, told["said_by"], told["text"], told["answer"], f"demo-{award_id}"
            )

    def decide(self, told: Told, at: datetime) -> None:
        """Decide as proposed; where told, the first behind the quota takes the place of the last within."""
        if not self._published():
            return
        award = self._award()
        rows = award_queries.candidates_of(db.session(), award)
        ranks = {row.id: row.rank for row in rows if row.within}
        choices = [Choice(row_id, rank) for row_id, rank in ranks.items()]
        behind = award_queries.put_before_the_meeting(rows)[len(ranks) :]
        if "instead" in told and behind:
            gone = choices.pop()
            choices.append(Choice(gone.candidate_id, None, told["instead"]["left_out"]))
            choices.append(Choice(behind[0].id, gone.rank, told["instead"]["taken"]))
        award_id, version, base_url = award.id, award.version, self.stage.settings.base_url
        with unit_of_work(self.director, at) as uow:
            award_services.decide(uow, award_id, version, choices, told["decision"], base_url)

    def withdraw(self, reason: str, at: datetime) -> None:
        award_id, version = self._known()
        with unit_of_work(self.director, at) as uow:
            award_services.withdraw(uow, award_id, version, reason)
