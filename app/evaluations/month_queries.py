"""Reads of months: those in sight, their scores, lines and objections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.core.events import Source
from app.core.points import read_number
from app.db import scope
from app.db.listing import Order, Page, capped_count, fetch
from app.evaluations.models import EvaluationMonth, Objection, Score, ScoreLine, ScoreRun
from app.evaluations.month_rules import PUBLIC, MonthState, ObjectionStatus, Scored
from app.extensions import db
from app.inspections.models import Finding
from app.organisation.models import StaffMember
from app.permissions import Actor
from app.registers.models import RegisterEntry

MONTH_ORDER = Order(EvaluationMonth.first_on, EvaluationMonth.id, centre=EvaluationMonth.centre_id)
SCORE_ORDER = Order(Score.place, Score.id, descending=False)
OBJECTION_ORDER = Order(Objection.filed_at, Objection.id, centre=Objection.centre_id)
LATEST = ScoreRun.number == EvaluationMonth.runs


def visible_to(actor: Actor) -> Select[EvaluationMonth]:
    """Return the months in sight; those concerned see them once they are published."""
    rows = select(EvaluationMonth).where(EvaluationMonth.centre_id.in_(actor.centre_ids))
    return rows if actor.centre_wide else rows.where(EvaluationMonth.state.in_(PUBLIC))


def announced_to(actor: Actor) -> Select[EvaluationMonth]:
    """Return the months whose notice hangs in the hall."""
    return visible_to(actor).where(EvaluationMonth.state == MonthState.ANNOUNCED)


def list_months(actor: Actor, args: Mapping[str, str]) -> tuple[Page[EvaluationMonth], int]:
    """Return one page of months, the latest first, and their capped number."""
    rows = visible_to(actor)
    shown = rows.options(joinedload(EvaluationMonth.centre))
    page = fetch(db.session(), shown, MONTH_ORDER, args.get("cursor"), centres=actor.centre_ids)
    return page, capped_count(db.session(), rows)


def get_month(actor: Actor, month_id: int) -> EvaluationMonth:
    """Return a month in sight. Raise NotFound, OutOfScope."""
    return scope.load(db.session(), visible_to(actor), EvaluationMonth, month_id)


def run_of(month: EvaluationMonth, number: int | None = None) -> ScoreRun | None:
    """Return the run that counts, or the one of a number; None before the first."""
    wanted = month.runs if number is None else number
    rows = select(ScoreRun).where(ScoreRun.month_id == month.id, ScoreRun.number == wanted)
    return db.session.scalar(rows.options(joinedload(ScoreRun.computed_by)))


def runs_of(month: EvaluationMonth) -> Sequence[ScoreRun]:
    """Return all runs of a month, the latest first."""
    rows = select(ScoreRun).where(ScoreRun.month_id == month.id).order_by(ScoreRun.number.desc())
    return db.session.scalars(rows.options(joinedload(ScoreRun.computed_by))).all()


def own(actor: Actor) -> list[ColumnElement[bool]]:
    """Return what makes a score one's own: one's person, or a window or person one answers for."""
    found: list[ColumnElement[bool]] = []
    if actor.staff_member_id:
        himself = Score.staff_member_id == actor.staff_member_id
        found.append(and_(Score.subject.in_((Scored.STAFF, Scored.CHIEF_REP)), himself))
    if actor.department_ids:
        theirs = select(StaffMember.id).where(StaffMember.department_id.in_(actor.department_ids))
        found.append(Score.department_id.in_(actor.department_ids))
        found.append(and_(Score.subject == Scored.STAFF, Score.staff_member_id.in_(theirs)))
    return found


def visible_scores(actor: Actor) -> Select[Score]:
    """Return the scores in sight: the centre's, else one's own in the figures that count."""
    rows = (
        select(Score)
        .join(ScoreRun, ScoreRun.id == Score.run_id)
        .join(EvaluationMonth, EvaluationMonth.id == ScoreRun.month_id)
        .where(EvaluationMonth.centre_id.in_(actor.centre_ids))
    )
    if actor.centre_wide:
        return rows
    return rows.where(EvaluationMonth.state.in_(PUBLIC), LATEST, or_(Score.id.is_(None), *own(actor)))


def list_scores(
    actor: Actor, run: ScoreRun, subject: Scored, args: Mapping[str, str]
) -> tuple[Page[Score], int]:
    """Return one page of a run's scores of one kind in the order of the table; from `low` to below `high`."""
    rows = visible_scores(actor).where(Score.run_id == run.id, Score.subject == subject)
    low, high = (read_number(args.get(name, "")) for name in ("low", "high"))
    if low is not None:
        rows = rows.where(Score.published >= low)
    if high is not None:
        rows = rows.where(Score.published < high)
    return fetch(db.session(), rows, SCORE_ORDER, args.get("cursor")), capped_count(db.session(), rows)


def scores_in(run: ScoreRun) -> Sequence[Score]:
    """Return all scores of a run."""
    return db.session.scalars(select(Score).where(Score.run_id == run.id).order_by(Score.id)).all()


def get_score(actor: Actor, score_id: int) -> Score:
    """Return a score in sight with its month and rulebook. Raise NotFound, OutOfScope."""
    rows = visible_scores(actor).options(
        joinedload(Score.run).joinedload(ScoreRun.month),
        joinedload(Score.rulebook),
        joinedload(Score.staff_member),
    )
    return scope.load(db.session(), rows, Score, score_id)


def lines_of(score: Score) -> Sequence[ScoreLine]:
    """Return the lines of a score in their order; their sum is the score before rounding."""
    rows = select(ScoreLine).where(ScoreLine.score_id == score.id).order_by(ScoreLine.place)
    return db.session.scalars(rows).all()


def get_line(actor: Actor, line_id: int) -> ScoreLine:
    """Return a line of a score in sight. Raise NotFound, OutOfScope."""
    scores = visible_scores(actor).with_only_columns(Score.id)
    rows = select(ScoreLine).where(ScoreLine.score_id.in_(scores))
    loaded = rows.options(joinedload(ScoreLine.score).joinedload(Score.run).joinedload(ScoreRun.month))
    return scope.load(db.session(), loaded, ScoreLine, line_id)


@dataclass(frozen=True)
class Figures:
    """What the board shows first, for one kind of subject."""

    scored: int
    mean: Decimal | None
    highest: Decimal | None
    lowest: Decimal | None


def figures(actor: Actor, run: ScoreRun, subject: Scored) -> Figures:
    """Return the figures of one kind among the scores in sight."""
    rows = visible_scores(actor).where(Score.run_id == run.id, Score.subject == subject)
    count, total, highest, lowest = db.session.execute(
        rows.with_only_columns(
            func.count(Score.id),
            func.sum(Score.published),
            func.max(Score.published),
            func.min(Score.published),
        )
    ).one()
    return Figures(count, total / count if count else None, highest, lowest)


@dataclass(frozen=True)
class ItemFigure:
    """What one item cost or earned in a run."""

    item: str
    name: str
    lines: int
    points: Decimal


def by_item(actor: Actor, run: ScoreRun, subject: Scored) -> list[ItemFigure]:
    """Return what each item of the scores in sight cost, the dearest first."""
    scores = visible_scores(actor).where(Score.run_id == run.id, Score.subject == subject)
    total = func.sum(ScoreLine.worth)
    rows = db.session.execute(
        select(ScoreLine.item, func.max(ScoreLine.item_name), func.count(ScoreLine.id), total)
        .where(ScoreLine.score_id.in_(scores.with_only_columns(Score.id)), ScoreLine.source != "")
        .group_by(ScoreLine.item)
        .order_by(total, ScoreLine.item)
    )
    return [ItemFigure(*row) for row in rows]


def lines_about(
    actor: Actor, run: ScoreRun, subject: Scored, args: Mapping[str, str]
) -> tuple[Page[ScoreLine], int]:
    """Return one page of the lines in sight that have a source: of one `item`, of one window (`point`)."""
    scores = visible_scores(actor).where(Score.run_id == run.id, Score.subject == subject)
    rows = select(ScoreLine).where(
        ScoreLine.score_id.in_(scores.with_only_columns(Score.id)), ScoreLine.source != ""
    )
    if item := args.get("item", "")[:40]:
        rows = rows.where(ScoreLine.item == item)
    if args.get("point"):
        rows = rows.where(ScoreLine.patrol_point_id == (scope.row_id(args["point"]) or 0))
    order = Order(ScoreLine.id, ScoreLine.id, descending=False)
    loaded = rows.options(joinedload(ScoreLine.score), joinedload(ScoreLine.patrol_point))
    return fetch(db.session(), loaded, order, args.get("cursor")), capped_count(db.session(), rows)


# --- objections -----------------------------------------------------------------------------------


def visible_objections(actor: Actor) -> Select[Objection]:
    """Return the objections in sight: the centre's, else those one filed oneself or about one's own."""
    rows = select(Objection).where(Objection.centre_id.in_(actor.centre_ids))
    if actor.centre_wide:
        return rows
    about = (
        select(ScoreLine.id)
        .join(Score, Score.id == ScoreLine.score_id)
        .where(or_(Score.id.is_(None), *own(actor)))
    )
    return rows.where(or_(Objection.filed_by_id == actor.user_id, Objection.line_id.in_(about)))


def list_objections(actor: Actor, args: Mapping[str, str]) -> tuple[Page[Objection], int]:
    """Return one page of objections, the latest first, filtered by status, and their capped number."""
    rows = visible_objections(actor)
    if args.get("status") in set(ObjectionStatus):
        rows = rows.where(Objection.status == ObjectionStatus(args["status"]))
    shown = rows.options(
        joinedload(Objection.month),
        joinedload(Objection.filed_by),
        joinedload(Objection.line).joinedload(ScoreLine.score),
    )
    page = fetch(db.session(), shown, OBJECTION_ORDER, args.get("cursor"), centres=actor.centre_ids)
    return page, capped_count(db.session(), rows)


def get_objection(actor: Actor, objection_id: int) -> Objection:
    """Return an objection in sight. Raise NotFound, OutOfScope."""
    rows = visible_objections(actor).options(
        joinedload(Objection.month),
        joinedload(Objection.filed_by),
        joinedload(Objection.decided_by),
        joinedload(Objection.line).joinedload(ScoreLine.score),
    )
    return scope.load(db.session(), rows, Objection, objection_id)


def pending(month_id: int) -> int:
    """Return how many objections of a month wait for a decision."""
    rows = select(func.count(Objection.id)).where(
        Objection.month_id == month_id, Objection.status == ObjectionStatus.PENDING
    )
    return db.session.scalar(rows) or 0


def objections_by_source(month_id: int) -> dict[Source, Objection]:
    """Return the objections of a month by the event that they are about."""
    rows = db.session.scalars(select(Objection).where(Objection.month_id == month_id))
    return {(row.source, row.source_id): row for row in rows}


def waived(session: Session, month_id: int) -> dict[Source, Decimal | None]:
    """Return what decided objections made of events: None is revoked, else the new count."""
    rows = session.scalars(
        select(Objection).where(
            Objection.month_id == month_id,
            Objection.status.in_((ObjectionStatus.CHANGED, ObjectionStatus.REVOKED)),
        )
    )
    return {
        (row.source, row.source_id): row.changed_count if row.status is ObjectionStatus.CHANGED else None
        for row in rows
    }


def recorder_of(session: Session, source: str, source_id: int) -> int | None:
    """Return the user who recorded a ledger row."""
    models: dict[str, Any] = {model.__audit_type__: model for model in (Finding, RegisterEntry)}
    row = session.get(models[source], source_id) if source in models else None
    return row.recorded_by_id if row else None


def month_of(session: Session, centre_id: int, first_on: date) -> EvaluationMonth | None:
    """Return the row of a month."""
    return session.scalar(_at(centre_id, first_on))


def month_at(session: Session, centre_id: int, first_on: date) -> EvaluationMonth | None:
    """Return the row of a month, locked for whoever writes."""
    return session.scalar(_at(centre_id, first_on).with_for_update())


def _at(centre_id: int, first_on: date) -> Select[EvaluationMonth]:
    return select(EvaluationMonth).where(
        EvaluationMonth.centre_id == centre_id, EvaluationMonth.first_on == first_on
    )


def is_settled(state: MonthState) -> bool:
    return state not in (MonthState.OPEN, MonthState.COMPUTED)
