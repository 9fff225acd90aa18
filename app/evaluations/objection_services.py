"""Objections: filed against a line, decided by somebody else; the month follows the decision at once."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select

from app import clock
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.core.machine import WRONG_STATUS
from app.db.uow import UnitOfWork
from app.evaluations import material_queries, month_queries, month_services
from app.evaluations.models import EvaluationMonth, Objection, Score, ScoreLine, ScoreRun
from app.evaluations.month_results import Computed
from app.evaluations.month_rules import (
    OBJECTION_DECIDED,
    OBJECTION_FILED,
    MonthState,
    ObjectionFacts,
    ObjectionStatus,
    check_objection,
    refuses_decision,
)
from app.extensions import db
from app.permissions import Actor


def is_concerned(actor: Actor, score: Score) -> bool:
    """Return whether a score is the actor's own, or that of a window or person he answers for."""
    if score.staff_member_id is not None and score.staff_member_id == actor.staff_member_id:
        return True
    return score.department_id in actor.department_ids or (
        score.staff_member is not None and score.staff_member.department_id in actor.department_ids
    )


def file_objection(uow: UnitOfWork, line_id: int, reason: str) -> Objection:
    """File an objection of the person or his chief representative. Raise NotAllowed with the reason."""
    line = uow.get(ScoreLine, line_id)
    score = uow.get(Score, line.score_id)
    run = uow.get(ScoreRun, score.run_id)
    uow.session.refresh(score, ["staff_member"])
    if not is_concerned(uow.actor, score):
        raise NotAllowed(N_("只有本人或者首席代表可以提出申诉。"))
    month, today = run.month, clock.local(uow.now).date()
    check_objection(month.state, month.objections_until, today, bool(line.source))
    known = select(Objection.id).where(
        Objection.month_id == month.id,
        Objection.source == line.source,
        Objection.source_id == line.source_id,
    )
    if uow.session.scalar(known) is not None:
        raise NotAllowed(N_("对这件事已经提出过申诉。"))
    row = Objection(
        centre_id=month.centre_id,
        month_id=month.id,
        line_id=line.id,
        source=line.source,
        source_id=line.source_id or 0,
        recorded_by_id=month_queries.recorder_of(uow.session, line.source, line.source_id or 0),
        status=ObjectionStatus.PENDING,
        reason=reason,
        filed_by_id=uow.actor.user_id or 0,
        filed_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    uow.record(OBJECTION_FILED, row)
    return row


def refusal(actor: Actor, objection: Objection) -> str | None:
    """Return why the actor may not decide an objection."""
    return refuses_decision(ObjectionFacts(actor.user_id, objection.recorded_by_id, objection.filed_by_id))


def drafted(objection: Objection, status: ObjectionStatus, count: Decimal | None) -> Computed:
    """Compute the month as a decision would leave it, before the change."""
    month = db.session.get_one(EvaluationMonth, objection.month_id)
    known = month_queries.waived(db.session(), month.id)
    decided = count if status is ObjectionStatus.CHANGED else None
    waived = known | {(objection.source, objection.source_id): decided}
    return month_services.drafted(month.centre_id, month.first_on, waived)


def decide(
    uow: UnitOfWork,
    objection_id: int,
    status: ObjectionStatus,
    decision: str,
    count: Decimal | None,
    version: int,
    draft: Computed | None = None,
) -> Objection:
    """Decide an objection and keep the month as it is without the line, or with what it costs now.

    Without a draft the month is computed within the change, as seeds do. Raise Stale, NotAllowed, Invalid.
    """
    row = uow.get(Objection, objection_id, version)
    month = uow.get(EvaluationMonth, row.month_id)
    if row.status is not ObjectionStatus.PENDING or month.state is not MonthState.PUBLISHED:
        raise NotAllowed(WRONG_STATUS)
    if (reason := refusal(uow.actor, row)) is not None:
        raise NotAllowed(reason)
    if (status is ObjectionStatus.CHANGED) != (count is not None):
        raise Invalid(N_("改为多少次，只在“变更”时填写，而且必须填写。"), field="count")
    if count is not None and count <= 0:
        raise Invalid(N_("次数应当大于 0；全部不算请选“撤销”。"), field="count")
    if status is not ObjectionStatus.UPHELD:
        computed = draft or drafted(row, status, count)
        now = material_queries.basis(uow.session, month.centre_id, month)
        month_services.keep(uow, month, computed, moved=computed.basis != now)
    row.status, row.decision, row.changed_count = status, decision, count
    row.decided_by_id, row.decided_at = uow.actor.user_id, uow.now
    uow.record(OBJECTION_DECIDED, row)
    return row
