"""The papers of an award: decision form 评选审批表, notice 表彰通报, a department's result of the year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app import clock
from app.core.points import plain
from app.documents.printing import PrintedForm, cn_date
from app.evaluations import rulebook_queries
from app.evaluations.award_rules import period_name
from app.evaluations.labels import LABELS
from app.evaluations.models import AwardCandidate, AwardObjection, AwardRun, RulebookVersion
from app.evaluations.month_rules import Scored
from app.organisation.models import Centre

DECISION_TEMPLATE = "evaluations/award_decision.html"
NOTICE_TEMPLATE = "evaluations/award_notice.html"
RESULT_TEMPLATE = "evaluations/year_result.html"
COUNTED = {
    Scored.STAFF: "%d名窗口工作人员",
    Scored.WINDOW: "%d个窗口",
    Scored.DEPARTMENT: "%d个进驻部门",
}


@dataclass(frozen=True, kw_only=True)
class AwardPaper(PrintedForm):
    """What every paper of an award says."""

    period: str
    award: str  # its name; 年度考核 where the rulebook gives none
    subject: str
    rulebook: str  # with its version
    source: str  # what the rulebook goes back to
    months: int
    readings: tuple[str, ...]
    published: str  # from when to when
    decision: str
    issuer: str


@dataclass(frozen=True)
class CandidateLine:
    """One candidate as a paper prints him."""

    name: str
    department: str
    points: str
    proposed: str
    decided: str
    outcome: str
    remarks: str  # what speaks against him, why the meeting differs
    reasons: tuple[str, ...]  # the points and how they came about


@dataclass(frozen=True, kw_only=True)
class AwardDecision(AwardPaper):
    """评选审批表: everyone ranked, what was said during the publication, what the meeting decided."""

    quota: str
    candidates: tuple[CandidateLine, ...]
    left_out: tuple[CandidateLine, ...]
    objections: tuple[str, ...]
    proposed_by: str
    decided_by: str


@dataclass(frozen=True, kw_only=True)
class AwardNotice(AwardPaper):
    """表彰通报: basis, list, reasons in figures."""

    counted: str  # 3个窗口
    honoured: tuple[CandidateLine, ...]


@dataclass(frozen=True, kw_only=True)
class YearResult(AwardPaper):
    """年度考核结果, to the department that sent the people."""

    recipient: str
    people: tuple[CandidateLine, ...]
    assessed: int


def shared(session: Session, award: AwardRun, checkpoint: str, now: datetime) -> dict[str, Any]:
    """Return what the papers of an award have in common; number, code and address follow."""
    centre = session.get_one(Centre, award.centre_id)
    row = session.get_one(RulebookVersion, award.rulebook_id)
    book = rulebook_queries.book_of(row)
    published = (
        f"{cn_date(award.published_on)}至{cn_date(award.publication_until)}"
        if award.published_on and award.publication_until
        else ""
    )
    return {
        "centre_name": centre.name,
        "period": period_name(award.span, award.first_on),
        "award": award.name or "考核",
        "subject": LABELS[Scored][award.subject],
        "rulebook": f"{row.name}（第 {row.edition} 版）",
        "source": book.source,
        "months": award.months,
        "readings": tuple(book.readings),
        "published": published,
        "decision": award.decision,
        "issuer": centre.name,
        "issued_on": clock.local(now).date(),
        "checkpoint": checkpoint or None,
    }


def decision(
    award: AwardRun,
    candidates: Sequence[AwardCandidate],
    objections: Sequence[AwardObjection],
    said: dict[str, Any],
    names: tuple[str, str],
) -> AwardDecision:
    """Build the decision form: the ranked first, then those left out with the reason."""
    return AwardDecision(
        **said,
        quota="" if award.quota is None else str(award.quota),
        candidates=tuple(_line(row) for row in candidates if row.rank is not None),
        left_out=tuple(_line(row) for row in candidates if row.rank is None),
        objections=tuple(
            f"{cn_date(row.received_on)}：{row.text} 核查处理：{row.answer}" for row in objections
        ),
        proposed_by=names[0],
        decided_by=names[1],
    )


def notice(award: AwardRun, candidates: Sequence[AwardCandidate], said: dict[str, Any]) -> AwardNotice:
    """Build the notice of those honoured, in their decided order."""
    honoured = [row for row in candidates if row.decided_rank is not None]
    honoured.sort(key=lambda row: row.decided_rank or 0)
    return AwardNotice(
        **said,
        counted=COUNTED[award.subject] % len(honoured),
        honoured=tuple(_line(row) for row in honoured),
    )


def results(candidates: Sequence[AwardCandidate], said: dict[str, Any]) -> list[YearResult]:
    """Build a result for every department that sent people, with its own people only."""
    by_department: dict[int, list[AwardCandidate]] = {}
    for row in candidates:
        if row.department_id is not None:
            by_department.setdefault(row.department_id, []).append(row)
    return [
        YearResult(
            **said,
            recipient=rows[0].department.name if rows[0].department else "",
            people=tuple(_line(row) for row in rows),
            assessed=sum(row.total is not None for row in candidates),
        )
        for rows in by_department.values()
    ]


def _line(row: AwardCandidate) -> CandidateLine:
    remarks = [text % values for text, values in row.barred]
    if row.is_last:
        remarks.append("末位")
    if row.reason:
        remarks.append(f"决定理由：{row.reason}")
    return CandidateLine(
        name=row.name,
        department=row.department.short_name if row.department and row.staff_member_id else "",
        points="—" if row.total is None else plain(row.total),
        proposed="—" if row.rank is None else str(row.rank),
        decided="—" if row.decided_rank is None else str(row.decided_rank),
        outcome=row.outcome,
        remarks="；".join(remarks),
        reasons=tuple(why for _points, why in row.lines),
    )
