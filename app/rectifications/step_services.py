"""One step of a rectification: its row in turn, the guard, and where the step leads."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app.core import machine
from app.core.errors import Invalid
from app.core.i18n import N_
from app.core.on_behalf import NOBODY, Represented, require_represented
from app.db.uow import UnitOfWork
from app.inspections.models import Finding
from app.rectifications import ladder_queries, rules
from app.rectifications.models import Rectification
from app.rectifications.rules import Step, Verb


def take_turn(uow: UnitOfWork, model: type[Finding | Rectification], ids: Sequence[int]) -> None:
    """Let one change of these rows wait for another, and read anew: PostgreSQL has no queue for writers."""
    rows = select(model).where(model.id.in_(ids)).order_by(model.id).with_for_update()
    uow.session.scalars(rows.execution_options(populate_existing=True)).all()


def load(uow: UnitOfWork, rectification_id: int, version: int) -> Rectification:
    """Load a rectification to change it. Raise NotFound, or Stale for an older form."""
    take_turn(uow, Rectification, [rectification_id])
    return uow.get(Rectification, rectification_id, version)


def step(uow: UnitOfWork, row: Rectification, verb: Verb, person: Represented = NOBODY) -> Step:
    """Take a step. Whoever stands in names the person whose step it is; whoever does not, names nobody."""
    facts = ladder_queries.facts_for(uow.session, uow.actor, row, uow.now)
    transition = machine.step(rules.TRANSITIONS, row.status, verb, uow.actor.permissions, facts)
    if facts.stands_in and verb in rules.ADDRESSEE_VERBS:
        require_represented(person)
    elif person != NOBODY:
        raise Invalid(N_("本人办理的步骤不能代录。"))
    row.status = transition.to
    return transition
