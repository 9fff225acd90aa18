"""Awards in every state, by a rulebook of the quarter over one settled month."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from app import clock
from app.db.uow import unit_of_work
from app.evaluations import award_queries, award_services, month_services, rulebook_queries, rulebook_services
from app.evaluations.award_rules import AWARD_PROPOSED, AwardState, Choice
from app.evaluations.models import AwardCandidate, AwardRun
from app.evaluations.month_rules import MonthVerb, Scored
from app.evaluations.rules import Span, Subject
from app.extensions import db
from app.permissions import Permission
from tests.cast import actor
from tests.factories.base import Example, Ids, Ledger, Visit
from tests.factories.evaluations import EARLY, STRANGERS, month_queries, seen, standing_rules, step

QUARTER_ON = date(2026, 7, 1)
OLDER_ON = date(2025, 10, 1)
SEPTEMBER = date(2026, 9, 1)
LONG_AGO = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)  # a publication of that day is over today
MEETING = "主任办公会审定。"
RULES = """\
rulebook: {code}
title: 服务标兵评选细则
version: 1
effective_from: 2026-01-01
subject: staff
period: {period}
scores:
  - id: total
    name: 合成得分
    base: 0
    floor: 0
    ceiling: 110
    parts: [{{input: months, weight: 80%}}, {{input: appraisal, weight: 20%}}]
categories:
  - id: bars
    name: 否决事项
    items:
      - {{id: refusal, name: 推诿, deduct: 0, links: [R-01]}}
inputs:
  - {{id: months, name: 月度得分, kind: mean}}
  - {{id: appraisal, name: 测评, at_least: 0, at_most: 100}}
  - {{id: votes, name: 得票, optional: true}}
vetoes:
  - {{id: refused, name: 推诿群众, span: quarter, effect: no_award, items: [refusal]}}
outcomes:
  - {{id: excellent, name: 优秀, if: {{score: {{at_least: 90}}}}}}
  - {{id: qualified, name: 合格}}
award:
  name: 服务标兵
  quota: 1
  tie_breaks: [votes]
"""


def award_rules(span: Span = Span.QUARTER) -> None:
    """Put a rulebook that composes months and an appraisal in force."""
    centre_id = actor("head").centre_id or 0
    if rulebook_queries.standing_of(db.session(), centre_id, Subject.STAFF, span):
        return
    with unit_of_work(actor("head", Permission.RULEBOOK_MANAGE), clock.now()) as uow:
        text = RULES.format(code=f"star_{span.value}", period=span.value)
        row = rulebook_services.import_rulebook(uow, centre_id, text)
        rulebook_services.put_in_force(uow, row.id, date(2024, 1, 1))


def settled(site: Any, first_on: date = SEPTEMBER) -> int:
    """Score a month with one finding against the person of window A, and lock it."""
    standing_rules()
    if month := month_queries.month_at(db.session(), site.cast.centre, first_on):
        return month.id
    seen(site, datetime(first_on.year, first_on.month, 16, 2, 0, tzinfo=UTC))
    with unit_of_work(actor("head", Permission.EVALUATION_COMPUTE), EARLY) as uow:
        month_id = month_services.compute_month(uow, site.cast.centre, first_on).id
    step(month_id, "head", MonthVerb.PUBLISH, EARLY)
    step(month_id, "director", MonthVerb.LOCK)
    return month_id


def proposed(site: Any, span: Span = Span.QUARTER, first_on: date = QUARTER_ON) -> int:
    """Propose an award for people; nothing is entered by hand yet."""
    settled(site)
    award_rules(span)
    before = award_queries.live_award(db.session(), site.cast.centre, Scored.STAFF, span, first_on)
    if before:
        withdrawn(before.id)
    with unit_of_work(actor("head", Permission.EVALUATION_COMPUTE), LONG_AGO) as uow:
        return award_services.propose(uow, site.cast.centre, Scored.STAFF, span, first_on).id


def award_of(award_id: int) -> AwardRun:
    return db.session.get_one(AwardRun, award_id, populate_existing=True)


def candidates(award_id: int) -> list[AwardCandidate]:
    return list(award_queries.candidates_of(db.session(), award_of(award_id)))


def complete(site: Any, span: Span = Span.QUARTER, first_on: date = QUARTER_ON) -> int:
    """Propose an award with everybody's appraisal: 90, 89, 88 …"""
    award_id = proposed(site, span, first_on)
    award = award_of(award_id)
    asked = next(each for each in award_services.inputs_asked(award) if each.id == "appraisal")
    values = {row.holder_id: Decimal(90 - number) for number, row in enumerate(candidates(award_id))}
    version = award.version
    with unit_of_work(actor("head", Permission.EVALUATION_COMPUTE), LONG_AGO) as uow:
        award_services.enter_inputs(uow, award_id, version, asked, values)
    return award_id


def in_publication(site: Any, now: datetime | None = None, first_on: date = QUARTER_ON) -> int:
    award_id = complete(site, first_on=first_on)
    version = award_of(award_id).version
    with unit_of_work(actor("head", Permission.EVALUATION_COMPUTE), now or clock.now()) as uow:
        award_services.publish(uow, award_id, version)
    return award_id


def older_in_publication(site: Any) -> int:
    """Publish the award of an older quarter: no other example withdraws it."""
    settled(site, OLDER_ON.replace(month=12))
    return in_publication(site, first_on=OLDER_ON)


def to_decide(site: Any) -> int:
    return in_publication(site, LONG_AGO)


def decided(site: Any) -> int:
    award_id = to_decide(site)
    choices = [Choice(row.id, row.rank) for row in candidates(award_id) if row.within]
    version = award_of(award_id).version
    with unit_of_work(actor("director", Permission.EVALUATION_LOCK), clock.now()) as uow:
        award_services.decide(uow, award_id, version, choices, MEETING, "https://example.test")
    return award_id


def withdrawn(award_id: int) -> None:
    version = award_of(award_id).version
    with unit_of_work(actor("director", Permission.EVALUATION_LOCK), clock.now()) as uow:
        award_services.withdraw(uow, award_id, version, "重新评选")


def many_awards(site: Any, n: int) -> None:
    """Propose n awards, a month each, long ago."""
    standing_rules()
    row = rulebook_queries.standing_of(db.session(), site.cast.centre, Subject.WINDOW, Span.MONTH)[0]
    rulebook_id = row.id
    with unit_of_work(actor("head"), clock.now()) as uow:
        for number in range(n):
            first_on = date(1990 + number // 12, number % 12 + 1, 1)
            award = AwardRun(
                centre_id=site.cast.centre,
                rulebook_id=rulebook_id,
                subject=Scored.WINDOW,
                span=Span.MONTH,
                first_on=first_on,
                last_on=first_on,
                name="红旗窗口",
                months=1,
                state=AwardState.DECIDED,
                runs=0,
                inputs={},
                proposed_at=uow.now,
                proposed_by_id=uow.actor.user_id or 0,
            )
            uow.session.add(award)
            uow.session.flush()
            uow.record(AWARD_PROPOSED, award, candidates=0)


def _award(make: Any, **more: Any) -> Any:
    def prepare(site: Any) -> Ids:
        award_id = make(site)
        ids = {"award_id": award_id, "_version": str(award_of(award_id).version), **more}
        rows = candidates(award_id)
        return ids | {
            "_owner": rows[0].holder_id,
            "_ranks": {f"rank_{r.id}": r.rank for r in rows if r.within},
        }

    return prepare


def _scored(site: Any) -> Ids:
    settled(site)
    award_rules()
    return {}


def _stamp(ids: Ids) -> dict[str, str]:
    return {"version": str(ids["_version"])}


RECORD = "evaluations.awards.show"
EXAMPLES = [
    Example(
        "evaluations.awards.propose",
        "head",
        _scored,
        data={"subject": "staff", "period": f"quarter:{QUARTER_ON}"},
        page="evaluations.awards.index",
        bulk=True,
    ),
    Example(
        "evaluations.awards.enter",
        "head",
        _award(proposed, name="appraisal"),
        data=lambda ids: {**_stamp(ids), f"value_{ids['_owner']}": "91.5"},
        page="evaluations.awards.inputs",
        bulk=True,
    ),
    Example("evaluations.awards.publish", "head", _award(complete), data=_stamp, page=RECORD),
    Example(
        "evaluations.awards.note_objection",
        "head",
        _award(older_in_publication),
        data={
            "form_key": "objection-one-time",
            "received_on": "2026-11-18",
            "said_by": "向女士",
            "text": "反映中午无人值守",
            "answer": "经核查属统一午休",
        },
        page=RECORD,
        shown=(RECORD,),
        text=("said_by", "text", "answer"),
    ),
    Example(
        "evaluations.awards.decide",
        "director",
        _award(to_decide),
        data=lambda ids: {**_stamp(ids), **ids["_ranks"], "decision": MEETING},
        page="evaluations.awards.decision",
        shown=(RECORD,),
        text=("decision",),
    ),
    Example(
        "evaluations.awards.withdraw",
        "director",
        _award(decided),
        data=lambda ids: {**_stamp(ids), "reason": "重新评选"},
        page=RECORD,
        shown=(RECORD,),
        text=("reason",),
    ),
]
VISITS = [
    Visit(RECORD, "head", _award(complete), hidden_from=(*STRANGERS, "window_a", "chief_a")),
    Visit("evaluations.awards.decision", "director", _award(to_decide), hidden_from=("outside_head",)),
    Visit(
        "evaluations.awards.inputs",
        "head",
        _award(proposed, name="appraisal"),
        hidden_from=("outside_head",),
    ),
]
LEDGERS = [
    Ledger("evaluations.awards.index", "head", many_awards, queries=({"state": "decided"},)),
]
