"""Reads of awards: those in sight, their candidates, objections and papers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.db import scope
from app.db.listing import Order, Page, capped_count, fetch
from app.documents.models import Document
from app.evaluations.award_rules import NEXT_BEST, PUBLIC, AwardState
from app.evaluations.models import AwardCandidate, AwardObjection, AwardRun
from app.evaluations.month_rules import Scored
from app.evaluations.rules import Span
from app.extensions import db
from app.organisation.models import StaffMember
from app.permissions import Actor

ORDER = Order(AwardRun.first_on, AwardRun.id, centre=AwardRun.centre_id)
CANDIDATES = Order(AwardCandidate.place, AwardCandidate.id, descending=False)


def visible_to(actor: Actor) -> Select[AwardRun]:
    """Return the awards in sight; the hall sees them from their publication on."""
    rows = select(AwardRun).where(AwardRun.centre_id.in_(actor.centre_ids))
    return rows if actor.centre_wide else rows.where(AwardRun.state.in_(PUBLIC))


def list_awards(actor: Actor, args: Mapping[str, str]) -> tuple[Page[AwardRun], int]:
    """Return one page of awards, the latest period first, filtered by state, and their capped number."""
    rows = visible_to(actor)
    if args.get("state") in set(AwardState):
        rows = rows.where(AwardRun.state == AwardState(args["state"]))
    shown = rows.options(joinedload(AwardRun.centre))
    page = fetch(db.session(), shown, ORDER, args.get("cursor"), centres=actor.centre_ids)
    return page, capped_count(db.session(), rows)


def get_award(actor: Actor, award_id: int) -> AwardRun:
    """Return an award in sight. Raise NotFound, OutOfScope."""
    rows = visible_to(actor).options(
        joinedload(AwardRun.rulebook), joinedload(AwardRun.proposed_by), joinedload(AwardRun.decided_by)
    )
    return scope.load(db.session(), rows, AwardRun, award_id)


def live_award(
    session: Session, centre_id: int, subject: Scored, span: Span, first_on: date
) -> AwardRun | None:
    """Return the award of a period that is not withdrawn, locked for whoever writes."""
    rows = select(AwardRun).where(
        AwardRun.centre_id == centre_id,
        AwardRun.subject == subject,
        AwardRun.span == span,
        AwardRun.first_on == first_on,
        AwardRun.state != AwardState.WITHDRAWN,
    )
    return session.scalar(rows.with_for_update())


def candidates_of(session: Session, award: AwardRun) -> Sequence[AwardCandidate]:
    """Return the candidates of the proposal that counts, in the order of the table."""
    rows = select(AwardCandidate).where(AwardCandidate.award_id == award.id, AwardCandidate.run == award.runs)
    loaded = rows.options(joinedload(AwardCandidate.department))
    return session.scalars(loaded.order_by(AwardCandidate.place)).all()


def _visible_candidates(actor: Actor, award: AwardRun) -> Select[AwardCandidate]:
    """Return the candidates in sight: all for the centre, else those honoured and one's own."""
    rows = select(AwardCandidate).where(AwardCandidate.award_id == award.id, AwardCandidate.run == award.runs)
    if actor.centre_wide:
        return rows
    theirs = select(StaffMember.id).where(StaffMember.department_id.in_(actor.department_ids))
    own = [
        and_(
            AwardCandidate.staff_member_id.is_not(None),
            AwardCandidate.staff_member_id == (actor.staff_member_id or 0),
        ),
        AwardCandidate.department_id.in_(actor.department_ids),
        AwardCandidate.staff_member_id.in_(theirs),
    ]
    honoured = AwardCandidate.decided_rank.is_not(None)
    named = honoured if award.state is AwardState.DECIDED else AwardCandidate.within.is_(True)
    return rows.where(or_(named, *own))


def list_candidates(
    actor: Actor, award: AwardRun, args: Mapping[str, str]
) -> tuple[Page[AwardCandidate], int]:
    """Return one page of candidates in sight: all, or by `show` those eligible, barred or honoured."""
    rows = _visible_candidates(actor, award)
    if args.get("show") in SHOWN:
        rows = rows.where(SHOWN[args["show"]])
    loaded = rows.options(joinedload(AwardCandidate.department))
    return fetch(db.session(), loaded, CANDIDATES, args.get("cursor")), capped_count(db.session(), rows)


SHOWN = {
    "eligible": AwardCandidate.rank.is_not(None),
    "barred": and_(AwardCandidate.rank.is_(None), AwardCandidate.fault.is_(None)),
    "proposed": AwardCandidate.within.is_(True),
    "honoured": AwardCandidate.decided_rank.is_not(None),
}


@dataclass(frozen=True)
class Tally:
    """How many candidates there are of each kind that the list can show."""

    candidates: int
    eligible: int
    barred: int
    proposed: int
    honoured: int
    faults: int


def tally(session: Session, award: AwardRun) -> Tally:
    """Return the figures of R03 for one award."""
    counted = {"candidates": func.count(), "faults": func.count().filter(AwardCandidate.fault.is_not(None))}
    counted |= {name: func.count().filter(rule) for name, rule in SHOWN.items()}
    rows = select(*(count.label(name) for name, count in counted.items())).where(
        AwardCandidate.award_id == award.id, AwardCandidate.run == award.runs
    )
    return Tally(**session.execute(rows).mappings().one())


def put_before_the_meeting(candidates: Sequence[AwardCandidate]) -> list[AwardCandidate]:
    """Return those proposed, and the next ones behind them."""
    ranked = [row for row in candidates if row.rank is not None]
    inside = sum(row.within for row in ranked)
    return ranked[: inside + NEXT_BEST] if inside else []


def objections_of(session: Session, award_id: int) -> Sequence[AwardObjection]:
    """Return what was said while an award was published, the earliest first."""
    rows = select(AwardObjection).where(AwardObjection.award_id == award_id)
    loaded = rows.options(joinedload(AwardObjection.noted_by))
    return session.scalars(loaded.order_by(AwardObjection.received_on, AwardObjection.id)).all()


def papers_of(session: Session, award_id: int) -> Sequence[Document]:
    """Return the documents of an award in the order of their numbering."""
    rows = select(Document).where(
        Document.subject_type == AwardRun.__audit_type__, Document.subject_id == award_id
    )
    return session.scalars(rows.order_by(Document.id)).all()
