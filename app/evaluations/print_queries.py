"""What the papers of a month are made from, and which of them there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, defer, joinedload

from app.core.events import Source
from app.documents.models import Document
from app.documents.rules import DocumentStatus
from app.evaluations import month_queries, rulebook_queries
from app.evaluations.models import EvaluationMonth, Score, ScoreLine, ScoreRun
from app.evaluations.month_rules import SETTLED, Scored, last_day
from app.evaluations.rulebook_rules import Rulebook
from app.inspections.models import Finding
from app.organisation.models import Department, PatrolPoint, Posting
from app.registers.models import RegisterEntry

IN_FORCE = (DocumentStatus.NUMBERED, DocumentStatus.ISSUED)
_OF_SCORES = and_(
    Document.subject_type == Score.__audit_type__,
    Document.subject_id == Score.id,
    Document.status.in_(IN_FORCE),
)
# Departments first, then windows with their chief representatives, then the people, each by its table.
BINDER_ORDER = (Scored.DEPARTMENT, Scored.WINDOW, Scored.CHIEF_REP, Scored.STAFF)


@dataclass(frozen=True)
class Papers:
    """How many sheets a month has in all, how many are numbered, and how many of them issued."""

    scores: int
    numbered: int
    issued: int


def _of_month(month_id: int) -> Select[Any]:
    """Return the run that counts of a month, as a condition takes it."""
    rows = select(ScoreRun.id).join(EvaluationMonth, EvaluationMonth.id == ScoreRun.month_id)
    return rows.where(EvaluationMonth.id == month_id, month_queries.LATEST)


def papers_of(session: Session, month_id: int) -> Papers:
    """Return how far the sheets of a month are."""
    row = session.execute(
        select(
            func.count(Score.id),
            func.count(Document.id),
            func.count(case((Document.status == DocumentStatus.ISSUED, 1))),
        )
        .select_from(Score)
        .outerjoin(Document, _OF_SCORES)
        .where(Score.run_id.in_(_of_month(month_id)))
    ).one()
    return Papers(*row)


def unnumbered(session: Session, run: ScoreRun, subject: Scored, limit: int) -> list[Score]:
    """Return the first scores of one kind that have no sheet in force."""
    rows = (
        select(Score)
        .outerjoin(Document, _OF_SCORES)
        .where(Score.run_id == run.id, Score.subject == subject, Document.id.is_(None))
        .order_by(Score.place)
        .limit(limit)
    )
    return list(session.scalars(rows.options(joinedload(Score.staff_member), joinedload(Score.rulebook))))


def waiting(session: Session, run: ScoreRun, limit: int) -> list[int]:
    """Return the first documents of a run's sheets that are numbered and have no bytes yet."""
    rows = select(Document.id).join(Score, _OF_SCORES)
    wanted = rows.where(Score.run_id == run.id, Document.status == DocumentStatus.NUMBERED)
    return list(session.scalars(wanted.order_by(Document.id).limit(limit)))


def in_binder(session: Session, month_id: int) -> list[int]:
    """Return the issued sheets of a month in the order in which they are bound."""
    place = case({kind: number for number, kind in enumerate(BINDER_ORDER)}, value=Score.subject)
    rows = select(Document.id).join(Score, _OF_SCORES)
    wanted = rows.where(Score.run_id.in_(_of_month(month_id)), Document.status == DocumentStatus.ISSUED)
    return list(session.scalars(wanted.order_by(place, Score.place)))


def _of_subjects(
    session: Session, subject_type: str, subject_ids: Sequence[int] | Select[Any]
) -> list[Document]:
    """Return the documents in force that speak of some rows, by id, without their values."""
    rows = select(Document).options(defer(Document.values), defer(Document.evidence))
    wanted = rows.where(
        Document.subject_type == subject_type,
        Document.subject_id.in_(subject_ids),
        Document.status.in_(IN_FORCE),
    )
    return list(session.scalars(wanted.order_by(Document.id)))


def sheet_of(session: Session, score_id: int) -> Document | None:
    """Return the sheet in force of a score."""
    found = _of_subjects(session, Score.__audit_type__, [score_id])
    return found[0] if found else None


def notice_of(session: Session, month_id: int) -> Document | None:
    """Return the monthly notice in force."""
    found = _of_subjects(session, EvaluationMonth.__audit_type__, [month_id])
    return found[0] if found else None


def decision_of(session: Session, objection_id: int) -> Document | None:
    """Return the printed decision in force of an objection."""
    found = _of_subjects(session, "objection", [objection_id])
    return found[0] if found else None


def all_papers(session: Session, month: EvaluationMonth) -> list[Document]:
    """Return the sheets and the notice in force of a month, whatever run they were printed from."""
    scores: Select[Any] = select(Score.id).join(ScoreRun).where(ScoreRun.month_id == month.id)
    notice = _of_subjects(session, EvaluationMonth.__audit_type__, [month.id])
    return notice + _of_subjects(session, Score.__audit_type__, scores)


# --- what stands on them --------------------------------------------------------------------------


def lines_by_score(session: Session, score_ids: Sequence[int]) -> dict[int, list[ScoreLine]]:
    """Return the lines of many scores in their order."""
    found: dict[int, list[ScoreLine]] = {score_id: [] for score_id in score_ids}
    rows = select(ScoreLine).where(ScoreLine.score_id.in_(score_ids))
    for line in session.scalars(rows.order_by(ScoreLine.score_id, ScoreLine.place)):
        found[line.score_id].append(line)
    return found


def numbers_of(session: Session, lines: Sequence[ScoreLine]) -> dict[Source, str]:
    """Return the numbers of the ledger rows behind some lines."""
    models: dict[str, Any] = {model.__audit_type__: model for model in (Finding, RegisterEntry)}
    found = {}
    for kind, model in models.items():
        ids = {line.source_id for line in lines if line.source == kind}
        rows = session.execute(select(model.id, model.number).where(model.id.in_(ids))) if ids else ()
        found.update({(kind, row_id): number for row_id, number in rows})
    return found


def places_of(session: Session, month: EvaluationMonth) -> dict[int, str]:
    """Return where each person served in a month, the windows by their numbers."""
    last = last_day(month.first_on)
    rows = session.execute(
        select(Posting.staff_member_id, PatrolPoint.number, PatrolPoint.name)
        .join(PatrolPoint, PatrolPoint.id == Posting.patrol_point_id)
        .where(
            PatrolPoint.centre_id == month.centre_id,
            Posting.from_on <= last,
            or_(Posting.to_on.is_(None), Posting.to_on >= month.first_on),
        )
        .order_by(Posting.from_on, PatrolPoint.number)
    )
    found: dict[int, dict[str, None]] = {}
    for staff, number, name in rows:
        found.setdefault(staff, {})[f"{number} {name}"] = None
    return {staff: "、".join(names) for staff, names in found.items()}


def department_names(session: Session, centre_id: int) -> dict[int, str]:
    rows = select(Department.id, Department.name).where(Department.centre_id == centre_id)
    return {row.id: row.name for row in session.execute(rows)}


def books_of(scores: Sequence[Score]) -> dict[int, Rulebook]:
    """Return the rulebooks of some scores by their version."""
    return {row.id: rulebook_queries.book_of(row) for row in {score.rulebook for score in scores}}


def scores_of(session: Session, run: ScoreRun, subject: Scored) -> list[Score]:
    """Return all scores of one kind in the order of their table."""
    rows = select(Score).where(Score.run_id == run.id, Score.subject == subject).order_by(Score.place)
    return list(session.scalars(rows.options(joinedload(Score.staff_member), joinedload(Score.rulebook))))


def scores_before(session: Session, month: EvaluationMonth, subject: Scored) -> Mapping[int, Score]:
    """Return the scores of the month before by whose they are; none if that one is not settled."""
    first_on = (month.first_on - timedelta(days=1)).replace(day=1)
    before = _settled_run(session, month.centre_id, first_on)
    rows = scores_of(session, before, subject) if before else []
    return {row.patrol_point_id or row.staff_member_id or row.department_id or 0: row for row in rows}


def _settled_run(session: Session, centre_id: int, first_on: date) -> ScoreRun | None:
    rows = select(ScoreRun).join(EvaluationMonth, EvaluationMonth.id == ScoreRun.month_id)
    return session.scalar(
        rows.where(
            EvaluationMonth.centre_id == centre_id,
            EvaluationMonth.first_on == first_on,
            EvaluationMonth.state.in_(SETTLED),
            month_queries.LATEST,
        )
    )
