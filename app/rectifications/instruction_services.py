"""Instructions: a leader's remark, a superior's word or a press report, entered once and then followed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from app import clock
from app.core.errors import Invalid
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.documents.services import next_serial
from app.rectifications.models import Instruction
from app.rectifications.rules import INSTRUCTION_RECORDED, InstructionKind

BACKDATING = timedelta(days=366)


@dataclass(frozen=True)
class Said:
    """What was said, by whom, when."""

    form_key: str
    kind: InstructionKind
    given_by: str
    capacity: str
    given_on: date
    text: str


def record_instruction(uow: UnitOfWork, centre_id: int, said: Said) -> Instruction:
    """Enter an instruction in the ledger of a centre."""
    today = clock.local(uow.now).date()
    if said.given_on > today:
        raise Invalid(N_("批示日期不能晚于今天。"), field="given_on")
    if today - said.given_on > BACKDATING:
        raise Invalid(N_("批示日期早于一年前，请核对。"), field="given_on")
    row = Instruction(
        centre_id=centre_id,
        number=f"PS{said.given_on.year}-{next_serial(uow, centre_id, 'instruction', said.given_on.year)}",
        form_key=said.form_key,
        kind=said.kind,
        given_by=said.given_by,
        capacity=said.capacity,
        given_on=said.given_on,
        text=said.text,
        recorded_by_id=uow.actor.user_id,
        recorded_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    uow.record(INSTRUCTION_RECORDED, row)
    return row
