"""What no ledger knows: entered by one person, confirmed by another, closed once a month is published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from app.core import machine
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.evaluations import input_queries, month_queries
from app.evaluations.input_queries import Ask, Row
from app.evaluations.input_rules import (
    INPUT_RECORDED,
    TRANSITIONS,
    InputStatus,
    InputVerb,
    Step,
    check_amount,
)
from app.evaluations.models import EvaluationMonth, MonthInput
from app.evaluations.month_rules import Scored


@dataclass(frozen=True)
class Typed:
    """What was typed into one row."""

    row: Row
    amount: Decimal
    whole: Decimal | None = None
    reason: str = ""


def record_inputs(uow: UnitOfWork, month_id: int, ask: Ask, rows: Sequence[Typed]) -> list[MonthInput]:
    """Enter the rows that were filled in, all or none; each counts once a second person has confirmed it."""
    month = _take_month(uow, month_id)
    if month_queries.is_settled(month.state):
        raise NotAllowed(N_("这个月已经公布，不能再改录入的数。"))
    if not rows:
        raise Invalid(N_("请至少填写一行。"))
    known = {input_queries.key_of(row) for row in input_queries.standing(uow.session, month_id)}
    found = []
    for typed in rows:
        check_amount(ask.about, typed.amount, typed.whole, typed.reason)
        row = _new(uow, month, ask, typed)
        if input_queries.key_of(row) in known:
            raise NotAllowed(N_("“%(name)s”已经有人录入，请刷新页面核对。"), name=typed.row.place.name)
        uow.session.add(row)
        uow.session.flush()
        uow.record(INPUT_RECORDED, row)
        found.append(row)
    return found


def _new(uow: UnitOfWork, month: EvaluationMonth, ask: Ask, typed: Typed) -> MonthInput:
    place, source = typed.row.place, typed.row.source
    return MonthInput(
        centre_id=month.centre_id,
        month_id=month.id,
        subject=ask.subject,
        staff_member_id=place.staff_id,
        patrol_point_id=place.point_id,
        department_id=place.id if ask.subject is Scored.DEPARTMENT else None,
        item=ask.about.id,
        item_name=ask.about.name,
        owner_name=place.name,
        source=source[0] if source else "",
        source_id=source[1] if source else None,
        amount=typed.amount,
        whole=typed.whole if ask.is_share else None,
        reason=typed.reason,
        status=InputStatus.RECORDED,
        recorded_by_id=uow.actor.user_id,
        recorded_at=uow.now,
    )


def confirm_inputs(uow: UnitOfWork, wanted: Sequence[tuple[int, int]]) -> None:
    """Confirm entries as a second person, all or none; each with the version that was looked at."""
    if not wanted:
        raise Invalid(N_("请先勾选要确认的录入。"))
    for input_id, version in wanted:
        _decide(uow, input_id, version, InputVerb.CONFIRM)


def refuse_input(uow: UnitOfWork, input_id: int, version: int, reason: str) -> None:
    """Refuse an entry with the reason; it can be entered anew."""
    _decide(uow, input_id, version, InputVerb.REFUSE, reason)


def void_input(uow: UnitOfWork, input_id: int, version: int, reason: str) -> None:
    """Void an entry that should not stand; it can be entered anew."""
    _decide(uow, input_id, version, InputVerb.VOID, reason)


def _decide(uow: UnitOfWork, input_id: int, version: int, verb: InputVerb, reason: str = "") -> None:
    row = uow.get(MonthInput, input_id, version)
    month = _take_month(uow, row.month_id)
    transition: Step = machine.step(
        TRANSITIONS,
        row.status,
        verb,
        uow.actor.permissions,
        input_queries.facts(uow.actor, row, month.state),
    )
    row.status, row.refusal_reason = transition.to, reason
    row.decided_by_id, row.decided_at = uow.actor.user_id, uow.now
    uow.record(transition.action, row)


def _take_month(uow: UnitOfWork, month_id: int) -> EvaluationMonth:
    """Return the month, locked: nobody enters anything while it is being published."""
    rows = select(EvaluationMonth).where(EvaluationMonth.id == month_id)
    return uow.session.scalars(rows.with_for_update()).one()
