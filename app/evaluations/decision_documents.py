"""The printed decision on an objection 申诉复核决定."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from app import clock
from app.core.points import plain as written
from app.documents.printing import cn_date, cn_datetime
from app.evaluations.models import Objection, ScoreLine
from app.evaluations.month_rules import ObjectionStatus, Scored
from app.evaluations.rulebook_rules import Rulebook
from app.evaluations.sheet_documents import MonthPaper, basis_of, clause_beside, month_words

_DECIDED = {
    ObjectionStatus.UPHELD: "维持原计分。",
    ObjectionStatus.CHANGED: "变更计分，该事项改按 {count} 次计算。",
    ObjectionStatus.REVOKED: "撤销该项计分，对本人、窗口和首席代表均不再计算。",
}


@dataclass(frozen=True, kw_only=True)
class ObjectionDecision(MonthPaper):
    """Everything the printed decision says."""

    recipient: str
    facts: tuple[tuple[str, str], ...]
    why: str
    clause: str
    reason: str
    conclusion: str
    decision: str
    issuer: str


def decision(
    row: Objection,
    line: ScoreLine,
    book: Rulebook,
    *,
    centre_name: str,
    source: str,
    cutoff: datetime,
    state: str,
    checkpoint: str,
    issued_on: date,
    whose: Mapping[Scored, str],
) -> ObjectionDecision:
    """Build the decision of an objection; number, code and address follow when it is numbered."""
    count = written(row.changed_count) if row.changed_count is not None else ""
    decided = clock.local(row.decided_at).date() if row.decided_at else issued_on
    return ObjectionDecision(
        centre_name=centre_name,
        recipient=row.filed_by.name,
        facts=(
            ("考核月份", month_words(row.month.first_on)),
            (whose[line.score.subject], line.score.name),
            ("申诉人", row.filed_by.name),
            ("申诉时间", cn_datetime(row.filed_at)),
            ("原计分", f"{written(line.worth)}分（考核表第{line.place}行）"),
            ("记录编号", source),
            ("发生日期", cn_date(line.happened_on) if line.happened_on else "—"),
            ("决定日期", cn_date(decided)),
        ),
        why=line.why,
        clause=clause_beside(line),
        reason=row.reason,
        conclusion=_DECIDED[row.status].format(count=count),
        decision=row.decision,
        readings=book.readings,
        basis=basis_of(book),
        cutoff=cn_datetime(cutoff),
        state=state,
        issuer=centre_name,
        issued_on=issued_on,
        checkpoint=checkpoint or None,
    )
