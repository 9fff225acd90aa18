"""A month: computed, published, locked, announced, reopened; corrections of locked ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.core import collecting
from app.core.clock import ClockEvent, ClockRule, EventKind, replay
from app.core.errors import Invalid, NotAllowed, Stale
from app.core.events import Source
from app.core.i18n import N_
from app.core.machine import NO_PERMISSION, allowed, explain, step
from app.db.uow import UnitOfWork
from app.evaluations import material_queries, month_queries, print_services
from app.evaluations.models import EvaluationMonth, Score, ScoreCorrection, ScoreLine, ScoreRun
from app.evaluations.month_results import Computed, Result
from app.evaluations.month_rules import (
    CORRECTION_ENTERED,
    MONTH_COMPUTED,
    MONTH_OPENED,
    SETTLED,
    TRANSITIONS,
    MonthFacts,
    MonthState,
    MonthVerb,
    Scored,
    last_day,
    next_month,
)
from app.evaluations.month_scoring import score
from app.permissions import Actor
from app.settings import queries as settings
from app.worktime.queries import calendar


def facts_of(month: EvaluationMonth, today: date) -> MonthFacts:
    """Return what the guards of a month ask."""
    run = month_queries.run_of(month)
    return MonthFacts(
        today=today,
        last=last_day(month.first_on),
        faults=sum(1 for is_fault, *_ in run.problems if is_fault) if run else 0,
        objections_until=month.objections_until,
        pending=month_queries.pending(month.id),
    )


def verbs_of(actor: Actor, month: EvaluationMonth, today: date) -> list[MonthVerb]:
    """Return what the actor may do with a month now."""
    return allowed(TRANSITIONS, month.state, actor.permissions, facts_of(month, today))


def refused(actor: Actor, month: EvaluationMonth, today: date) -> list[tuple[MonthVerb, str]]:
    """Return the steps that the actor's roles give but the month does not allow yet, with the reason."""
    found = explain(TRANSITIONS, month.state, actor.permissions, facts_of(month, today))
    return [(verb, reason) for verb, reason in found if reason != NO_PERMISSION]


def check_begun(first_on: date, today: date) -> None:
    """Raise Invalid for a month still to come."""
    if first_on > today:
        raise Invalid(N_("这个月还没有开始。"), field="month")


def open_month(uow: UnitOfWork, centre_id: int, first_on: date) -> EvaluationMonth:
    """Return the row of a month, a new one where it has none yet. Raise Invalid for one still to come."""
    check_begun(first_on, clock.local(uow.now).date())
    return _month(uow, centre_id, first_on)


def _month(uow: UnitOfWork, centre_id: int, first_on: date) -> EvaluationMonth:
    month = month_queries.month_at(uow.session, centre_id, first_on)
    if month is None:
        month = EvaluationMonth(centre_id=centre_id, first_on=first_on, state=MonthState.OPEN, runs=0)
        uow.session.add(month)
        uow.session.flush()
        uow.record(MONTH_OPENED, month)
    return month


def drafted(
    centre_id: int, first_on: date, waived: Mapping[Source, Decimal | None] | None = None
) -> Computed:
    """Compute a month without keeping it: before the change, while everybody else goes on writing.

    `waived` stands for what was decided about objections so far.
    """
    with collecting.put_off():
        return score(material_queries.gather(centre_id, first_on, waived))


def compute_month(
    uow: UnitOfWork, centre_id: int, first_on: date, draft: Computed | None = None
) -> EvaluationMonth:
    """Keep the computation of a month that is not published; equal figures make no new run.

    Raise Stale if the month or its rules have moved since it was drafted; without a draft it is computed
    within the change, as seeds do, which nobody waits for.
    """
    before = month_queries.month_at(uow.session, centre_id, first_on)
    computed = draft or drafted(centre_id, first_on)
    moved = computed.basis != material_queries.basis(uow.session, centre_id, before)
    month = open_month(uow, centre_id, first_on)
    transition = step(TRANSITIONS, month.state, MonthVerb.COMPUTE, uow.actor.permissions)
    month.state = transition.to
    with collecting.put_off():
        keep(uow, month, computed, moved=moved)
    return month


def keep(uow: UnitOfWork, month: EvaluationMonth, computed: Computed, *, moved: bool = False) -> bool:
    """Store a computation as the month's next run and record it; False if it is equal to the present one.

    What has `moved` since is refused, unless somebody else has kept the very same figures.
    """
    before = month_queries.run_of(month)
    if before and before.digest == computed.digest:
        return False
    if moved:
        raise Stale(N_("计算期间这个月的考核刚被别人改动，没有保存，请重新计算。"))
    month.runs += 1
    run = ScoreRun(
        month=month,
        number=month.runs,
        computed_at=uow.now,
        computed_by_id=uow.actor.user_id,
        events=computed.events,
        problems=[list(problem) for problem in computed.problems],
        digest=computed.digest,
    )
    uow.session.add(run)
    uow.session.flush()
    uow.bulk_insert(Score, _score_rows(run.id, computed.results), subject=run)
    ids = {
        (subject, place): score_id
        for score_id, subject, place in uow.session.execute(
            select(Score.id, Score.subject, Score.place).where(Score.run_id == run.id)
        )
    }
    lines = [
        row
        for subject, place, result in _placed(computed.results)
        for row in _line_rows(ids[subject, place], result)
    ]
    uow.bulk_insert(ScoreLine, lines, subject=run)
    uow.record(MONTH_COMPUTED, month, scores=len(computed.results), score_lines=len(lines))
    return True


def _placed(results: list[Result]) -> list[tuple[Scored, int, Result]]:
    places: dict[Scored, int] = {}
    found = []
    for result in results:
        places[result.subject] = places.get(result.subject, 0) + 1
        found.append((result.subject, places[result.subject], result))
    return found


def _score_rows(run_id: int, results: list[Result]) -> list[dict[str, Any]]:
    return [
        {
            "version": 1,
            "run_id": run_id,
            "rulebook_id": result.rulebook_id,
            "subject": subject,
            "place": place,
            "staff_member_id": result.place.staff_id,
            "patrol_point_id": result.place.point_id,
            "department_id": result.place.department_id if subject is not Scored.STAFF else None,
            "name": result.place.name,
            "rank": result.rank,
            "apart": result.apart,
            "published": result.points,
            "unrounded": result.unrounded,
            "days": result.place.days,
            "workdays": result.workdays,
            "outcome": result.outcome,
            "vetoes": list(result.vetoes),
        }
        for subject, place, result in _placed(results)
    ]


def _line_rows(score_id: int, result: Result) -> list[dict[str, Any]]:
    return [
        {
            "version": 1,
            "score_id": score_id,
            "place": place,
            "item": line.item,
            "item_name": line.item_name,
            "clause": line.clause,
            "count": line.count,
            "worth": line.points,
            "why": line.why,
            "happened_on": line.happened_on,
            "patrol_point_id": line.point_id,
            "source": line.source[0] if line.source else "",
            "source_id": line.source[1] if line.source else None,
            "evidence": line.evidence,
        }
        for place, line in enumerate(result.lines, 1)
    ]


def take_step(
    uow: UnitOfWork, month_id: int, verb: MonthVerb, version: int, reason: str = ""
) -> EvaluationMonth:
    """Publish, lock, announce or reopen a month. Raise NotAllowed with the reason, Stale."""
    month = uow.get(EvaluationMonth, month_id, version)
    today = clock.local(uow.now).date()
    transition = step(TRANSITIONS, month.state, verb, uow.actor.permissions, facts_of(month, today))
    month.state = transition.to
    if verb is MonthVerb.PUBLISH:
        month.published_on = today
        month.objections_until = objections_until(uow.session, month.centre_id, today)
    if verb is MonthVerb.REOPEN:
        print_services.withdraw(uow, month, reason)
        uow.record(transition.action, month, reason=reason)
    else:
        uow.record(transition.action, month)
    return month


def objections_until(session: Session, centre_id: int, published_on: date) -> date:
    """Return the last day for objections: so many working days from the day after publication."""
    return due_after(settings.value(session, centre_id, "objection_workdays"), published_on)


def due_after(days: int, on: date) -> date:
    """Return the last of so many working days from the day after one. Raise NotAllowed."""
    state = replay([ClockEvent(EventKind.START, on)], ClockRule(days), calendar(), on)
    due = state.due if state.due is not None else state.estimate
    if due is None:
        raise NotAllowed(N_("工作日历还没有公布到那一年，无法计算期限。"))
    return due


def enter_correction(
    uow: UnitOfWork, score_id: int, points: Decimal, reason: str, form_key: str
) -> ScoreCorrection:
    """Put a score of a locked month right by a line in the next month that is not published yet."""
    origin = uow.get(Score, score_id)
    run = uow.get(ScoreRun, origin.run_id)
    if run.month.state not in SETTLED or run.number != run.month.runs:
        raise NotAllowed(N_("只有已锁定月份的现行结果才用更正；没有锁定的请重新计算。"))
    if origin.subject is Scored.CHIEF_REP:
        raise NotAllowed(N_("首席代表得分随窗口得分变化，请更正窗口。"))
    if points == 0:
        raise Invalid(N_("更正的分值不能是 0。"), field="points")
    first_on = next_month(run.month.first_on)
    month = _month(uow, run.month.centre_id, first_on)
    while month_queries.is_settled(month.state):
        month = _month(uow, run.month.centre_id, next_month(month.first_on))
    if uow.session.scalar(select(ScoreCorrection.id).where(ScoreCorrection.form_key == form_key)):
        raise NotAllowed(N_("这条更正已经登记过了。"))
    row = ScoreCorrection(
        centre_id=run.month.centre_id,
        month_id=month.id,
        form_key=form_key,
        origin_id=origin.id,
        worth=points,
        reason=reason,
        entered_by_id=uow.actor.user_id,
        entered_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    uow.record(CORRECTION_ENTERED, row)
    return row
