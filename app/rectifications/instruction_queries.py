"""The ledger of instructions, each with what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from app.db import scope, search
from app.db.listing import Order, Page, capped_count, fetch
from app.extensions import db
from app.permissions import Actor
from app.rectifications import queries, rules
from app.rectifications.models import Instruction, Rectification
from app.rectifications.rules import InstructionKind


@dataclass(frozen=True)
class Followed:
    """How many notices an instruction led to, and how many of these are ended."""

    issued: int = 0
    ended: int = 0


def visible_to(actor: Actor) -> Select[Instruction]:
    """Return the instructions in sight: those of the centre and below, for roles of the centre only."""
    if not actor.centre_wide:
        return select(Instruction).where(Instruction.id.is_(None))
    return select(Instruction).where(Instruction.centre_id.in_(actor.centre_ids))


def filtered(actor: Actor, args: Mapping[str, str]) -> Select[Instruction]:
    """Return the visible instructions that pass the filters `kind` and `q`."""
    rows = visible_to(actor)
    if args.get("kind") in set(InstructionKind):
        rows = rows.where(Instruction.kind == InstructionKind(args["kind"]))
    found = search.found(db.session(), Instruction.__search_table__, Instruction.id, args.get("q", "")[:60])
    return rows if found is None else rows.where(found)


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
    issued, ended = Counter[int | None](), Counter[int | None]()
    for instruction_id, status in rows:
        issued[instruction_id] += 1
        ended[instruction_id] += status in rules.ENDED
    return {each: Followed(issued[each], ended[each]) for each in instruction_ids}


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
