"""Papers of a month: sheets, notice and decisions numbered, all of a month packed, taken out of force."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app import clock
from app.audit.checkpoints import foot_line
from app.core.errors import NotAllowed
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.documents import services as documents
from app.documents.models import Document
from app.documents.rules import DocumentKind
from app.documents.services import Paper
from app.evaluations import month_queries, print_queries, print_rules
from app.evaluations.decision_documents import ObjectionDecision, decision
from app.evaluations.labels import LABELS
from app.evaluations.models import EvaluationMonth, Objection, Score, ScoreLine, ScoreRun
from app.evaluations.month_rules import SETTLED, ObjectionStatus, Scored
from app.evaluations.notice_documents import NoticeFacts, notice
from app.evaluations.sheet_documents import WHOSE, Known, sheet
from app.jobs import queries as job_queries
from app.jobs import services as jobs
from app.jobs.rules import OPEN
from app.organisation.models import Centre

NOT_SETTLED = N_("只有已锁定的月份可以打印，请先锁定。")
REPLACED = N_("这是已被代替的计算结果，不能打印。")
UNDER_WAY = N_("这个月的考核表正在打印，请在任务页查看进度。")
REOPENED = N_("月份重开：%(reason)s")


def print_sheet(uow: UnitOfWork, score_id: int, base_url: str) -> Document:
    """Number the sheet of a score and ask the worker for it; the one in force if there is one."""
    score = uow.get(Score, score_id)
    month, run = _settled(uow, uow.get(ScoreRun, score.run_id).month_id)
    if score.run_id != run.id:
        raise NotAllowed(REPLACED)
    found = print_queries.sheet_of(uow.session, score.id)
    if found:
        return found
    scores = print_queries.scores_of(uow.session, run, score.subject)
    (paper,) = _sheets(uow, month, run, [each for each in scores if each.id == score.id])
    centre = uow.get(Centre, month.centre_id)
    return documents.number(uow, centre, print_rules.SHEETS[score.subject], paper, base_url)


def print_notice(uow: UnitOfWork, month_id: int, base_url: str) -> Document:
    """Number the notice of a month and ask the worker for it; the one in force if there is one."""
    month, run = _settled(uow, month_id)
    found = print_queries.notice_of(uow.session, month.id)
    if found:
        return found
    paper = Paper(month, print_rules.NOTICE_TEMPLATE, notice(_notice_facts(uow, month, run)))
    centre = uow.get(Centre, month.centre_id)
    return documents.number(uow, centre, DocumentKind.MONTHLY_NOTICE, paper, base_url)


def print_decision(uow: UnitOfWork, objection_id: int, base_url: str) -> Document:
    """Number the decision on an objection and ask the worker for it; the one in force if there is one."""
    row = uow.session.scalar(select(Objection).where(Objection.id == objection_id).with_for_update())
    if row is None or row.status is ObjectionStatus.PENDING:
        raise NotAllowed(N_("申诉还没有决定，不能打印决定书。"))
    found = print_queries.decision_of(uow.session, row.id)
    if found:
        return found
    uow.session.refresh(row, ["month", "line", "filed_by"])
    paper = Paper(row, print_rules.DECISION_TEMPLATE, _decision(uow, row))
    centre = uow.get(Centre, row.centre_id)
    return documents.number(uow, centre, DocumentKind.OBJECTION_DECISION, paper, base_url)


def ask_pack(uow: UnitOfWork, month_id: int) -> int:
    """Ask the worker for all papers of a settled month, and return the id of its job."""
    month, _run = _settled(uow, month_id)
    args = {"month_id": month.id}
    before = job_queries.find_unfinished(uow.session, print_rules.PACK_JOB, args)
    if before and before.state in OPEN:
        raise NotAllowed(UNDER_WAY)
    title = f"{month.first_on:%Y-%m}"
    job = jobs.ask(uow, print_rules.PACK_JOB, args, month.centre_id, title=title)
    uow.session.flush()
    return job.id


def number_slice(uow: UnitOfWork, month_id: int, base_url: str) -> list[int]:
    """Return the next documents of a pack that wait for their bytes; number some if none do.

    What an interrupted pack has numbered comes first, so that no number is left without its paper.
    """
    month, run = _settled(uow, month_id)
    waiting = print_queries.waiting(uow.session, run, print_rules.SLICE)
    if waiting:
        return waiting
    centre = uow.get(Centre, month.centre_id)
    for subject in Scored:
        scores = print_queries.unnumbered(uow.session, run, subject, print_rules.SLICE)
        if scores:
            papers = _sheets(uow, month, run, scores)
            kind = print_rules.SHEETS[subject]
            return [row.id for row in documents.number_papers(uow, centre, kind, papers, base_url)]
    return []


def record_pack(uow: UnitOfWork, month_id: int, papers: int, sha256: str) -> None:
    """Record that all papers of a month were bound together."""
    month, _run = _settled(uow, month_id)
    uow.record(print_rules.MONTH_PACKED, month, papers=papers, sha256=sha256)


def withdraw(uow: UnitOfWork, month: EvaluationMonth, reason: str) -> None:
    """Take the sheets and the notice of a month that is reopened out of force; their numbers stay taken."""
    for document in print_queries.all_papers(uow.session, month):
        documents.void(uow, document.id, REOPENED % {"reason": reason})


# --- what goes onto them --------------------------------------------------------------------------


def _settled(uow: UnitOfWork, month_id: int) -> tuple[EvaluationMonth, ScoreRun]:
    """Load a settled month and its run; others who number its papers wait. Raise NotAllowed."""
    uow.session.execute(select(EvaluationMonth.id).where(EvaluationMonth.id == month_id).with_for_update())
    month = uow.get(EvaluationMonth, month_id)
    run = month_queries.run_of(month)
    if month.state not in SETTLED or run is None:
        raise NotAllowed(NOT_SETTLED)
    return month, run


def _sheets(uow: UnitOfWork, month: EvaluationMonth, run: ScoreRun, scores: Sequence[Score]) -> list[Paper]:
    """Return the sheets of some scores, with what is looked up for all of them at once."""
    lines = print_queries.lines_by_score(uow.session, [score.id for score in scores])
    known = Known(
        centre_name=uow.get(Centre, month.centre_id).name,
        month=month,
        run=run,
        checkpoint=foot_line(uow.session, month.centre_id),
        issued_on=clock.local(uow.now).date(),
        books=print_queries.books_of(scores),
        lines=lines,
        numbers=print_queries.numbers_of(uow.session, [line for each in lines.values() for line in each]),
        objections=month_queries.objections_by_source(month.id),
        places=print_queries.places_of(uow.session, month),
        departments=print_queries.department_names(uow.session, month.centre_id),
    )
    return [Paper(score, print_rules.SHEET_TEMPLATE, sheet(score, known)) for score in scores]


def _notice_facts(uow: UnitOfWork, month: EvaluationMonth, run: ScoreRun) -> NoticeFacts:
    windows, departments, people = (
        print_queries.scores_of(uow.session, run, subject)
        for subject in (Scored.WINDOW, Scored.DEPARTMENT, Scored.STAFF)
    )
    scores: list[Score] = [*windows, *departments, *people]
    decided: dict[str, int] = {}
    for row in month_queries.objections_by_source(month.id).values():
        word = LABELS[ObjectionStatus][row.status]
        decided[word] = decided.get(word, 0) + 1
    return NoticeFacts(
        centre_name=uow.get(Centre, month.centre_id).name,
        month=month,
        run=run,
        windows=windows,
        departments=departments,
        people=people,
        lines=print_queries.lines_by_score(uow.session, [score.id for score in scores]),
        before=print_queries.scores_before(uow.session, month, Scored.WINDOW),
        before_departments=print_queries.scores_before(uow.session, month, Scored.DEPARTMENT),
        places=print_queries.places_of(uow.session, month),
        books=list(print_queries.books_of(scores).values()),
        decided=decided,
        checkpoint=foot_line(uow.session, month.centre_id),
        issued_on=clock.local(uow.now).date(),
    )


def _decision(uow: UnitOfWork, row: Objection) -> ObjectionDecision:
    line = uow.get(ScoreLine, row.line_id)
    score = uow.get(Score, line.score_id)
    uow.session.refresh(score, ["rulebook"])
    run = month_queries.run_of(row.month)
    return decision(
        row,
        line,
        print_queries.books_of([score])[score.rulebook_id],
        centre_name=uow.get(Centre, row.centre_id).name,
        source=print_queries.numbers_of(uow.session, [line]).get((line.source, line.source_id or 0), "—"),
        cutoff=run.computed_at if run else uow.now,
        state=LABELS[type(row.month.state)][row.month.state],
        checkpoint=foot_line(uow.session, row.centre_id),
        issued_on=clock.local(uow.now).date(),
        whose=WHOSE,
    )
