"""Months of evaluation in every state, objections, corrections; the rulebooks are in a file of their own."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app import clock
from app.db.uow import unit_of_work
from app.evaluations import (
    input_queries,
    input_services,
    month_queries,
    month_services,
    objection_services,
    rulebook_queries,
    rulebook_services,
    trial_services,
)
from app.evaluations.input_queries import Ask
from app.evaluations.input_services import Typed
from app.evaluations.models import (
    EvaluationMonth,
    MonthInput,
    Objection,
    Score,
    ScoreLine,
    ScoreRun,
)
from app.evaluations.month_rules import MONTH_OPENED, MonthState, MonthVerb, ObjectionStatus, Scored
from app.evaluations.rules import Span, Subject
from app.extensions import db
from app.inspections.models import Finding
from app.inspections.rules import (
    FINDING_RECORDED,
    Confirmation,
    Finder,
    FindingSource,
    FindingStatus,
)
from app.jobs import worker
from app.permissions import Permission
from tests.cast import actor
from tests.factories import rulebooks
from tests.factories.base import Example, Ids, Ledger, Visit

OCTOBER = date(2026, 10, 1)
# Left to awards, which want them settled: the months of two quarters.
AWARDED = tuple(
    date(year, month, 1) for year, first in ((2025, 10), (2026, 7)) for month in range(first, first + 3)
)
EARLY = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)  # long enough ago for objections to be over today
REASON = "当时经批准外出，已在系统报备。"
_NUMBERS = itertools.count(1)
WINDOW = """\
rulebook: hall_window
title: 窗口月度考核细则
version: 1
effective_from: 2026-01-01
subject: window
period: month
result: window
scores:
  - {id: chief_rep, name: 首席代表得分, base: 100, floor: 0, ceiling: 100,
     answers_for: [{score: window, ratio: 50%}]}
  - {id: window, name: 窗口得分, base: 70, floor: 0, ceiling: 100,
     parts: [{input: staff_mean, worth: 30, out_of: 100}]}
categories:
  - id: duty
    name: 在岗
    items:
      - {id: empty, name: 空岗, deduct: 4, links: [A-01]}
inputs:
  - {id: staff_mean, name: 人员平均, kind: mean}
"""


def standing_rules() -> None:
    """Put a rulebook for people and one for windows in force."""
    rulebooks.in_force()
    centre_id = actor("head").centre_id or 0
    if rulebook_queries.standing_of(db.session(), centre_id, Subject.WINDOW, Span.MONTH):
        return
    with unit_of_work(actor("head", Permission.RULEBOOK_MANAGE), clock.now()) as uow:
        row = rulebook_services.import_rulebook(uow, uow.actor.centre_id or 0, WINDOW)
        rulebook_services.put_in_force(uow, row.id, date(2024, 1, 1))


def seen(site: Any, at: datetime, code: str = "A-01", **over: Any) -> int:
    """Record a finding of an inspector's at a moment; by default at window A, of its person."""
    cast = site.cast
    with unit_of_work(actor("wang", Permission.FINDING_RECORD), clock.now()) as uow:
        row = Finding(
            **{
                "centre_id": cast.centre,
                "number": f"F9{next(_NUMBERS):04}",
                "item_id": cast.items[code],
                "patrol_point_id": cast.point_a,
                "department_id": cast.department_a,
                "staff_member_id": cast.window_a_staff,
                "finder": Finder.INTERNAL,
                "source": FindingSource.VIDEO,
                "status": FindingStatus.OPEN,
                "confirmation": Confirmation.PENDING,
                "occurred_at": at,
                "recorded_by_id": cast.users["wang"],
                "recorded_at": clock.now(),
                **over,
            }
        )
        uow.session.add(row)
        uow.session.flush()
        uow.record(FINDING_RECORDED, row)
        return row.id


def computed(site: Any) -> int:
    """Compute a month, October if it is free, with two findings against window A and its person."""
    standing_rules()
    first_on = OCTOBER
    while first_on in AWARDED or month_queries.month_at(db.session(), site.cast.centre, first_on):
        first_on = (first_on - timedelta(days=1)).replace(day=1)
    for day in (12, 13):
        seen(site, datetime(first_on.year, first_on.month, day, 2, 0, tzinfo=UTC))
    with unit_of_work(actor("head", Permission.EVALUATION_COMPUTE), EARLY) as uow:
        return month_services.compute_month(uow, site.cast.centre, first_on).id


def step(
    month_id: int, username: str, verb: MonthVerb, now: datetime | None = None, reason: str = ""
) -> None:
    month = db.session.get_one(EvaluationMonth, month_id, populate_existing=True)
    version = month.version
    with unit_of_work(actor(username), now or clock.now()) as uow:
        month_services.take_step(uow, month_id, verb, version, reason)


def published(site: Any, now: datetime | None = None) -> int:
    month_id = computed(site)
    step(month_id, "head", MonthVerb.PUBLISH, now)
    return month_id


def locked(site: Any) -> int:
    month_id = published(site, EARLY)
    step(month_id, "director", MonthVerb.LOCK)
    return month_id


def settled(site: Any) -> int:
    """Return a locked month, the latest if there is one: examples of one site have only so many months."""
    standing = select(EvaluationMonth.id).where(EvaluationMonth.state == MonthState.LOCKED)
    latest = standing.order_by(EvaluationMonth.first_on.desc()).limit(1)
    return db.session.scalar(latest) or locked(site)


def score_of(month_id: int, subject: Scored, owner: int) -> Score:
    """Return the score that counts of one of those concerned."""
    person = subject in (Scored.STAFF, Scored.CHIEF_REP)
    column = Score.staff_member_id if person else Score.patrol_point_id
    rows = (
        select(Score)
        .join(ScoreRun, ScoreRun.id == Score.run_id)
        .join(EvaluationMonth, EvaluationMonth.id == ScoreRun.month_id)
        .where(
            ScoreRun.month_id == month_id,
            ScoreRun.number == EvaluationMonth.runs,
            Score.subject == subject,
            column == owner,
        )
    )
    return db.session.scalars(rows).one()


def line_of(site: Any, month_id: int, place: int = 0) -> int:
    """Return a line of the person of window A behind which a finding stands."""
    score = score_of(month_id, Scored.STAFF, site.cast.window_a_staff)
    rows = select(ScoreLine.id).where(ScoreLine.score_id == score.id, ScoreLine.source == "finding")
    return list(db.session.scalars(rows.order_by(ScoreLine.place)))[place]


def objected(site: Any, username: str = "window_a") -> int:
    """File an objection against a line of the published October; return its id."""
    line_id = line_of(site, published(site))
    with unit_of_work(actor(username, Permission.OBJECTION_FILE), clock.now()) as uow:
        return objection_services.file_objection(uow, line_id, REASON).id


def decided(objection_id: int, status: ObjectionStatus, count: str | None = None) -> None:
    version = db.session.get_one(Objection, objection_id, populate_existing=True).version
    given = None if count is None else Decimal(count)
    with unit_of_work(actor("head", Permission.OBJECTION_DECIDE), clock.now()) as uow:
        objection_services.decide(uow, objection_id, status, "经核实。", given, version)


def many_months(site: Any, n: int) -> None:
    """Open n months, one after another."""
    with unit_of_work(actor("head"), clock.now()) as uow:
        for number in range(n):
            first_on = date(1990 + number // 12, number % 12 + 1, 1)
            month = EvaluationMonth(
                centre_id=site.cast.centre, first_on=first_on, state=MonthState.ANNOUNCED, runs=0
            )
            uow.session.add(month)
            uow.session.flush()
            uow.record(MONTH_OPENED, month)


def many_objections(site: Any, n: int) -> None:
    """File n objections against findings of one month, a day apart."""
    standing_rules()
    for number in range(n):
        day = datetime(2026, 10, 1 + number % 28, 1 + number // 28, 0, tzinfo=UTC)
        seen(site, day)
    with unit_of_work(actor("head"), clock.now()) as uow:
        month_id = month_services.compute_month(uow, site.cast.centre, OCTOBER).id
    step(month_id, "head", MonthVerb.PUBLISH)
    score = score_of(month_id, Scored.STAFF, site.cast.window_a_staff)
    rows = select(ScoreLine.id).where(ScoreLine.score_id == score.id, ScoreLine.source == "finding")
    for line_id in list(db.session.scalars(rows)):
        filed = clock.now() - timedelta(minutes=line_id % 119)
        with unit_of_work(actor("window_a"), filed) as uow:
            objection_services.file_objection(uow, line_id, f"理由{line_id}")


def _version_of(month_id: int) -> str:
    return str(db.session.get_one(EvaluationMonth, month_id, populate_existing=True).version)


def _month(make: Any, *args: Any) -> Any:
    def prepare(site: Any) -> Ids:
        month_id = make(site, *args)
        return {"month_id": month_id, "_version": _version_of(month_id)}

    return prepare


def _rules(site: Any) -> Ids:
    standing_rules()
    seen(site, datetime(2026, 10, 12, 2, 0, tzinfo=UTC))
    return {}


def _sheet(site: Any) -> Ids:
    return {"score_id": score_of(settled(site), Scored.STAFF, site.cast.window_a_staff).id}


def _own_sheet(site: Any) -> Ids:
    return {"score_id": score_of(published(site), Scored.STAFF, site.cast.window_a_staff).id}


def _line(site: Any) -> Ids:
    return {"line_id": line_of(site, published(site))}


def _objection(site: Any) -> Ids:
    objection_id = objected(site)
    return {"objection_id": objection_id, "_version": "1"}


def _announced(site: Any) -> int:
    month_id = locked(site)
    step(month_id, "director", MonthVerb.ANNOUNCE)
    return month_id


def _stamp(ids: Ids) -> dict[str, str]:
    return {"version": str(ids["_version"])}


ASKING = """\
rulebook: hall_department
title: 部门月度考核细则
version: 1
effective_from: 2026-01-01
subject: department
period: month
scores:
  - {id: month, name: 月度得分, base: 100, floor: 0, ceiling: 110,
     parts: [{input: rate, worth: 10, out_of: 100}]}
categories:
  - id: own
    name: 部门自身
    items:
      - {id: refusal, name: 推诿, deduct: {from: 2, to: 5}, links: [R-01]}
      - {id: upper, name: 上级测评, bonus: as_entered}
inputs:
  - {id: rate, name: 满意率, kind: rate}
  - {id: volume, name: 办件量, at_least: 0, optional: true}
"""


# Without what a month cannot be published without: other examples of one site publish theirs.
ASKING_LITTLE = ASKING.replace(",\n     parts: [{input: rate, worth: 10, out_of: 100}]}", "}").replace(
    "  - {id: rate, name: 满意率, kind: rate}\n", ""
)


def asking_rules(text: str = ASKING) -> None:
    """Put a rulebook for departments in force that asks people for what no ledger knows."""
    standing_rules()
    centre_id = actor("head").centre_id or 0
    if rulebook_queries.standing_of(db.session(), centre_id, Subject.DEPARTMENT, Span.MONTH):
        return
    with unit_of_work(actor("head", Permission.RULEBOOK_MANAGE), clock.now()) as uow:
        row = rulebook_services.import_rulebook(uow, centre_id, text)
        rulebook_services.put_in_force(uow, row.id, date(2024, 1, 1))


def asked(site: Any, subject: str = "department", name: str = "volume") -> tuple[int, Ask]:
    """Compute a month whose rules ask for something; return its id and one thing asked."""
    asking_rules(ASKING_LITTLE)
    month_id = computed(site)
    month = db.session.get_one(EvaluationMonth, month_id)
    return month_id, input_queries.get_ask(month, subject, name)


def entered(site: Any, name: str = "volume", amount: str = "120", whole: str | None = None) -> int:
    """Let the head enter a figure for department A; return its id."""
    month_id, ask = asked(site, name=name)
    row = next(each for each in ask.rows if each.place.id == site.cast.department_a)
    typed = Typed(row, Decimal(amount), Decimal(whole) if whole else None, "窗口月报")
    with unit_of_work(actor("head", Permission.INPUT_RECORD), clock.now()) as uow:
        return input_services.record_inputs(uow, month_id, ask, [typed])[0].id


def harsher(code: str = "harsher") -> int:
    """Draft a rulebook for people in which an empty post costs five points instead of two."""
    text = rulebooks.text(code).replace("deduct: 2, links: [A-01]", "deduct: 5, links: [A-01]")
    with unit_of_work(actor("head", Permission.RULEBOOK_MANAGE), clock.now()) as uow:
        return rulebook_services.import_rulebook(uow, uow.actor.centre_id or 0, text).id


def _to_try(site: Any) -> Ids:
    month_id = computed(site)
    return {"rulebook_id": harsher(), "_month": str(month_id), "?month": str(month_id)}


def tried_in_background(site: Any) -> int:
    """Let the head ask for a trial, and the worker make it; return the job's id."""
    month_id, rulebook_id = computed(site), harsher()
    with unit_of_work(actor("head", Permission.RULEBOOK_TRY), clock.now()) as uow:
        job_id = trial_services.ask_trial(uow, rulebook_id, [month_id])
    worker.run_due(site.app)
    return job_id


def _asked(site: Any) -> Ids:
    month_id, _ask = asked(site)
    department = site.cast.department_a
    return {"month_id": month_id, "subject": "department", "name": "volume", "_department": department}


def _asked_month(site: Any) -> Ids:
    return {"month_id": asked(site)[0]}


def _entered(site: Any) -> Ids:
    return {"input_id": entered(site)}


def _to_confirm(site: Any) -> Ids:
    row = db.session.get_one(MonthInput, entered(site))
    return {"month_id": row.month_id, "_ticked": f"{row.id}:{row.version}"}


def _decided(site: Any) -> Ids:
    objection_id = objected(site)
    decided(objection_id, ObjectionStatus.UPHELD)
    return {"objection_id": objection_id}


def _locked_month(site: Any) -> Ids:
    return {"month_id": settled(site)}


BOARD = "evaluations.months.show"
EXAMPLES = [
    *rulebooks.EXAMPLES,
    Example(
        "evaluations.months.compute",
        "head",
        _rules,
        data={"month": "2026-10"},
        page="evaluations.index",
        bulk=True,
    ),
    Example("evaluations.months.publish", "head", _month(computed), data=_stamp, page=BOARD),
    Example("evaluations.months.lock", "director", _month(published, EARLY), data=_stamp, page=BOARD),
    Example("evaluations.months.announce", "director", _month(locked), data=_stamp, page=BOARD),
    Example(
        "evaluations.months.reopen",
        "director",
        _month(_announced),
        data=lambda ids: {**_stamp(ids), "reason": "漏算一个窗口"},
        page=BOARD,
        shown=(BOARD,),
        text=("reason",),
    ),
    Example(
        "evaluations.months.correct",
        "head",
        _sheet,
        data={"form_key": "correction-one-time", "points": "2", "reason": "当日系统故障"},
        page="evaluations.months.sheet",
        text=("reason",),
    ),
    Example(
        "evaluations.objections.file",
        "window_a",
        _line,
        data={"reason": REASON},
        page="evaluations.objections.new",
        text=("reason",),
    ),
    Example(
        "evaluations.objections.decide",
        "head",
        _objection,
        data=lambda ids: {**_stamp(ids), "status": "revoked", "count": "", "decision": "情况属实"},
        page="evaluations.objections.show",
        shown=("evaluations.objections.show",),
        text=("decision",),
        bulk=True,
    ),
]
INPUT = "evaluations.inputs.show"
EXAMPLES += [
    Example(
        "evaluations.trials.ask",
        "head",
        _to_try,
        data=lambda ids: {"month": ids["_month"]},
        audited=False,
    ),
    Example("evaluations.trials.adopt", "head", _to_try, page="evaluations.trials.show"),
    Example(
        "evaluations.inputs.record",
        "head",
        _asked,
        data=lambda ids: {
            f"r{ids['_department']}-amount": "120",
            f"r{ids['_department']}-reason": "窗口月报",
        },
        page="evaluations.inputs.grid",
    ),
    Example(
        "evaluations.inputs.confirm_ticked",
        "director",
        _to_confirm,
        data=lambda ids: {"input": ids["_ticked"]},
        page="evaluations.inputs.index",
    ),
    Example("evaluations.inputs.confirm", "director", _entered, data={"version": "1"}, page=INPUT),
    Example(
        "evaluations.inputs.refuse",
        "director",
        _entered,
        data={"version": "1", "reason": "数字与月报不符"},
        page=INPUT,
        shown=(INPUT,),
        text=("reason",),
    ),
    Example(
        "evaluations.inputs.void",
        "head",
        _entered,
        data={"version": "1", "reason": "录错了部门"},
        page=INPUT,
        shown=(INPUT,),
        text=("reason",),
    ),
]
EXAMPLES += [
    Example("evaluations.printing.sheet", "window_a", _sheet, page="evaluations.months.sheet"),
    Example("evaluations.printing.notice", "head", _locked_month, page=BOARD),
    Example("evaluations.printing.pack", "head", _locked_month, page=BOARD, audited=False),
    Example(
        "transfers.scores",
        "head",
        _locked_month,
        data=lambda ids: {"month_id": ids["month_id"], "subject": "staff"},
        page=BOARD,
        status=200,
    ),
    Example("evaluations.printing.decision", "window_a", _decided, page="evaluations.objections.show"),
]
STRANGERS = ("outsider", "outside_head")
VISITS = [
    *rulebooks.VISITS,
    Visit(BOARD, "head", _month(computed), hidden_from=(*STRANGERS, "window_a", "chief_a")),
    Visit(
        "evaluations.months.lines",
        "head",
        _month(computed),
        query={"item": "away"},
        hidden_from=(*STRANGERS, "window_a"),
    ),
    Visit("evaluations.figures.show", "head", _month(computed), hidden_from=(*STRANGERS, "window_a")),
    Visit("evaluations.figures.against", "window_a", _own_sheet, hidden_from=(*STRANGERS, "chief_b")),
    Visit("evaluations.inputs.index", "head", _asked_month, hidden_from=STRANGERS),
    Visit("evaluations.inputs.grid", "head", _asked, hidden_from=("outside_head",)),
    Visit(INPUT, "head", _entered, hidden_from=STRANGERS),
    Visit("evaluations.trials.show", "head", _to_try, hidden_from=("outside_head",)),
    Visit(
        "evaluations.trials.result",
        "head",
        lambda site: {"job_id": tried_in_background(site)},
        hidden_from=("director", "outside_head"),
        recorded=False,
    ),
    Visit("evaluations.months.check", "head", _month(computed), hidden_from=("outside_head",)),
    Visit("evaluations.months.sheet", "window_a", _own_sheet, hidden_from=(*STRANGERS, "chief_b")),
    Visit("evaluations.objections.new", "window_a", _line, hidden_from=("chief_b",)),
    Visit("evaluations.objections.show", "window_a", _objection, hidden_from=(*STRANGERS, "chief_b")),
]
LEDGERS = [
    *rulebooks.LEDGERS,
    Ledger("evaluations.index", "head", many_months),
    Ledger("evaluations.objections.index", "head", many_objections, queries=({"status": "pending"},)),
]
MORE = ("evaluations_awards",)
