"""Extensions and the ladder of one rectification, and what the guards ask about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app import clock
from app.core.errors import NotFound
from app.core.i18n import N_
from app.core.workdays import UnknownYear, WorkCalendar
from app.permissions import Actor
from app.rectifications import queries, rules, stand_in_queries
from app.rectifications.models import Extension, Rectification, SupervisionOrder
from app.rectifications.rules import Facts
from app.worktime.queries import calendar

LADDER_REST = 1  # working days that a rung gives the department before the next


def extensions_of(session: Session, rectification_id: int) -> Sequence[Extension]:
    """Return the requests for more time in their order, with who asked and who decided."""
    rows = select(Extension).where(Extension.rectification_id == rectification_id)
    names = (joinedload(Extension.asked_by), joinedload(Extension.decided_by))
    return session.scalars(rows.options(*names).order_by(Extension.id)).all()


def orders_of(session: Session, rectification_id: int) -> Sequence[SupervisionOrder]:
    """Return the rungs taken, the first one first, with their papers."""
    rows = select(SupervisionOrder).where(SupervisionOrder.rectification_id == rectification_id)
    papers = (SupervisionOrder.issued_by, SupervisionOrder.document, SupervisionOrder.record_document)
    return session.scalars(rows.options(*map(joinedload, papers)).order_by(SupervisionOrder.id)).all()


def get_order(session: Session, rectification_id: int, order_id: int) -> SupervisionOrder:
    """Return one rung of a rectification that the caller may see. Raise NotFound."""
    row = session.get(SupervisionOrder, order_id)
    if row is None or row.rectification_id != rectification_id:
        raise NotFound(N_("没有找到这份督办文书。"))
    return row


def facts_for(session: Session, actor: Actor, row: Rectification, now: datetime) -> Facts:
    """Return what the guards ask about one actor and one rectification."""
    orders = orders_of(session, row.id)
    asked = next((each for each in extensions_of(session, row.id) if each.granted is None), None)
    answers_for = _answers_for(actor, row)
    return Facts(
        user_id=actor.user_id,
        staff_member_id=actor.staff_member_id,
        owner_id=row.owner_id,
        owner_user_id=row.owner_user_id,
        submitter_id=queries.last_submitter(session, row.id),
        answers_for=answers_for,
        stands_in=not answers_for and stand_in_queries.stands_in(session, actor, row),
        overdue=row.status in rules.OPEN_STATUSES and row.due_at < now,
        extension_asked=asked is not None,
        asker_id=asked.asked_by_id if asked else None,
        rungs=frozenset(order.rung for order in orders),
        rested=not orders or _rested(orders[-1].issued_at, now, calendar()),
    )


def _answers_for(actor: Actor, row: Rectification) -> bool:
    return (
        (row.department_id is not None and row.department_id in actor.department_ids)
        or (row.section_id is not None and row.section_id == actor.section_id)
        or (row.to_centre_id is not None and row.to_centre_id == actor.centre_id)
        or (row.owner_id is not None and row.owner_id == actor.staff_member_id)
        or (row.owner_user_id is not None and row.owner_user_id == actor.user_id)
    )


def _rested(since: datetime, now: datetime, days: WorkCalendar) -> bool:
    """Return whether the department has had its working day since the last rung."""
    begun, today = clock.local(since).date(), clock.local(now).date()
    try:
        return days.count_workdays(begun, today) >= LADDER_REST
    except UnknownYear:
        return (today - begun).days >= LADDER_REST
