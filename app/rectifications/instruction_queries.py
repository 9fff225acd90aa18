"""The ledger of instructions, each with what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, exists, select
from sqlalchemy.orm import joinedload

from app.db import scope, search
from app.db.listing import Order, Page, capped_count, fetch
from app.db.scope import row_id
from app.extensions import db
from app.inspections.queries import read_day
from app.permissions import Actor
from app.rectifications import queries, rules
from app.rectifications.models import Instruction, Rectification
from app.rectifications.rules import InstructionKind, RectificationStatus


@dataclass(frozen=True)
class Followed:
    """How many notices an instruction led to, how many of these are ended, and how many struck off."""

    issued: int = 0
    ended: int = 0
    closed: int = 0


def visible_to(actor: Actor) -> Select[Instruction]:
    """Return the instructions in sight: those of the centre and below, for roles of the centre only."""
    if not actor.centre_wide:
        return select(Instruction).where(Instruction.id.is_(None))
    return select(Instruction).where(Instruction.centre_id.in_(actor.centre_ids))


def filtered(actor: Actor, args: Mapping[str, str]) -> Select[Instruction]:
    """Return the visible instructions that pass the filters of the address."""
    rows = visible_to(actor)
    if args.get("kind") in set(InstructionKind):
        rows = rows.where(Instruction.kind == InstructionKind(args["kind"]))
    if args.get("state") in ("closed", "open"):
        rows = rows.where(closed() if args["state"] == "closed" else ~closed())
    centre_id, since, until = row_id(args.get("centre")), read_day(args.get("from")), read_day(args.get("to"))
    if centre_id is not None:
        rows = rows.where(Instruction.centre_id == centre_id)
    if since is not None:
        rows = rows.where(Instruction.given_on >= since)
    if until is not None:
        rows = rows.where(Instruction.given_on <= until)
    found = search.found(db.session(), Instruction.__search_table__, Instruction.id, args.get("q", "")[:60])
    return rows if found is None else rows.where(found)


def closed() -> ColumnElement[bool]:
    """Return the condition that what an instruction led to is ended, and at least one of it struck off."""
    led_to = exists().where(Rectification.instruction_id == Instruction.id)
    return and_(
        led_to.where(Rectification.status == RectificationStatus.CLOSED),
        ~led_to.where(Rectification.status.not_in(rules.ENDED)),
    )


def list_instructions(actor: Actor, args: Mapping[str, str]) -> tuple[Page[Instruction], int]:
    """Return one page of instructions by day, filtered, and their capped number."""
    rows = filtered(actor, args)
    order = Order(Instruction.given_on, Instruction.id)
    return fetch(db.session(), rows, order, args.get("cursor")), capped_count(db.session(), rows)


def followed(instruction_ids: Collection[int]) -> dict[int, Followed]:
    """Return what became of each of several instructions, in one statement."""
    rows = db.session.execute(
        select(Rectification.instruction_id, Rectification.status).where(
            Rectification.instruction_id.in_(instruction_ids)
        )
    )
    issued, ended, struck_off = (Counter[int | None]() for _ in range(3))
    for instruction_id, status in rows:
        issued[instruction_id] += 1
        ended[instruction_id] += status in rules.ENDED
        struck_off[instruction_id] += status is RectificationStatus.CLOSED
    return {each: Followed(issued[each], ended[each], struck_off[each]) for each in instruction_ids}


def get(actor: Actor, instruction_id: int) -> Instruction:
    """Return one instruction in sight, with who entered it. Raise NotFound."""
    rows = visible_to(actor).options(joinedload(Instruction.recorded_by))
    return scope.load(db.session(), rows, Instruction, instruction_id)


def recorded_already(form_key: str) -> int | None:
    """Return the instruction entered with this one-time key (a second tap)."""
    if not form_key:
        return None
    return db.session.scalar(select(Instruction.id).where(Instruction.form_key == form_key))


def rectifications_of(instruction_id: int) -> list[Rectification]:
    """Return the notices that an instruction led to, the first one first."""
    rows = queries.with_names(select(Rectification).where(Rectification.instruction_id == instruction_id))
    return list(db.session.scalars(rows.order_by(Rectification.id)))
