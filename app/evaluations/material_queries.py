"""Everything that a month is scored from, read at one moment; what is computed from it needs no database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload

from app.core.events import ScoreEvent, Source
from app.db.types import canonical
from app.evaluations import month_queries, place_queries, rulebook_queries
from app.evaluations.input_rules import Handed, InputStatus
from app.evaluations.models import (
    EvaluationMonth,
    MonthInput,
    RulebookVersion,
    Score,
    ScoreCorrection,
    ScoreRun,
)
from app.evaluations.month_rules import Scored, last_day
from app.evaluations.place_queries import Place, Posts
from app.evaluations.rulebook_rules import Rulebook
from app.evaluations.version_rules import VersionStatus
from app.extensions import db
from app.inspections import score_queries as findings
from app.organisation.models import ChiefRepresentative, StaffMember
from app.registers import queries as registers


@dataclass(frozen=True)
class Book:
    """A version of a rulebook with what it says."""

    id: int
    code: str
    book: Rulebook


@dataclass(frozen=True)
class Correction:
    """What puts a locked month right in this one."""

    id: int
    subject: Scored
    owner_id: int
    worth: Decimal
    reason: str
    first_on: date  # of the month that it corrects


@dataclass(frozen=True)
class Chief:
    """Who answered for a department, and when."""

    staff_id: int
    name: str
    department_id: int
    from_on: date
    to_on: date | None

    def serves(self, day: date) -> bool:
        return self.from_on <= day and (self.to_on is None or day <= self.to_on)


@dataclass(frozen=True)
class Material:
    """One month of one centre as plain values."""

    first: date
    last: date
    days: tuple[date, ...]  # its working days
    events: tuple[ScoreEvent, ...]  # as the ledgers offer them
    waived: Mapping[Source, Decimal | None]  # what objections made of them
    books: tuple[Book, ...]
    posts: Posts
    places: Mapping[Scored, Sequence[Place]]
    chiefs: tuple[Chief, ...]
    strangers: Mapping[int, str]  # people whom an event names though they had no post in the month
    corrections: tuple[Correction, ...]
    handed: tuple[Handed, ...]  # what people entered and a second one confirmed
    basis: str  # fingerprint of what people decide about the month; see `basis`


def gather(
    centre_id: int,
    first_on: date,
    waived: Mapping[Source, Decimal | None] | None = None,
    links: Collection[str] | None = None,
) -> Material:
    """Read a month; `waived` instead of what was decided so far, of the events only those of some `links`."""
    last = last_day(first_on)
    month = month_queries.month_of(db.session(), centre_id, first_on)
    known = month_queries.waived(db.session(), month.id) if month else {}
    posts = place_queries.posts(centre_id, first_on, last)
    people = place_queries.staff_places(centre_id, posts)
    events = (
        *findings.score_events(centre_id, first_on, last, links),
        *registers.score_events(centre_id, first_on, last, links),
    )
    named = {event.staff_id for event in events if event.staff_id} - {place.id for place in people}
    return Material(
        first=first_on,
        last=last,
        days=tuple(place_queries.working_days(first_on, last)),
        events=events,
        waived=known if waived is None else waived,
        books=books(centre_id, first_on),
        posts=posts,
        places={
            Scored.STAFF: people,
            Scored.WINDOW: place_queries.window_places(centre_id, first_on, last),
            Scored.DEPARTMENT: place_queries.department_places(centre_id, first_on, last),
        },
        chiefs=_chiefs(centre_id, first_on, last),
        strangers=_names(named),
        corrections=_corrections(month.id) if month else (),
        handed=_handed(month.id) if month else (),
        basis=basis(db.session(), centre_id, month),
    )


def books(centre_id: int, first_on: date) -> tuple[Book, ...]:
    """Return what was in force on some day of a month, in the order of taking effect."""
    found = rulebook_queries.books_in(centre_id, first_on, last_day(first_on))
    return tuple(Book(row.id, row.code, book) for row, book in found)


def basis(session: Session, centre_id: int, month: EvaluationMonth | None) -> str:
    """Return what a computation must not lose sight of: the month's state, the rules, what was put right.

    Ledger rows are not in it: a finding recorded while a month is computed belongs to the next computation.
    """
    rules = session.execute(
        select(RulebookVersion.id, RulebookVersion.version)
        .where(RulebookVersion.centre_id == centre_id, RulebookVersion.status != VersionStatus.DRAFT)
        .order_by(RulebookVersion.id)
    )
    said: list[Any] = [[month.id, month.version] if month else None, [list(row) for row in rules]]
    if month:
        corrections = select(ScoreCorrection.id).where(ScoreCorrection.month_id == month.id)
        said.append(list(session.scalars(corrections.order_by(ScoreCorrection.id))))
        said.append(list(session.scalars(_confirmed(month.id).with_only_columns(MonthInput.id))))
    return canonical(said)


def _chiefs(centre_id: int, first: date, last: date) -> tuple[Chief, ...]:
    terms = ChiefRepresentative
    rows = db.session.execute(
        select(terms.staff_member_id, StaffMember.name, terms.department_id, terms.from_on, terms.to_on)
        .join(StaffMember, StaffMember.id == terms.staff_member_id)
        .where(
            StaffMember.centre_id == centre_id,
            terms.from_on <= last,
            or_(terms.to_on.is_(None), terms.to_on >= first),
        )
        .order_by(StaffMember.sort_key, terms.id)
    )
    return tuple(Chief(*row) for row in rows)


def _names(ids: Collection[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = db.session.execute(select(StaffMember.id, StaffMember.name).where(StaffMember.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _confirmed(month_id: int) -> Select[MonthInput]:
    return (
        select(MonthInput)
        .where(MonthInput.month_id == month_id, MonthInput.status == InputStatus.CONFIRMED)
        .order_by(MonthInput.id)
    )


def _handed(month_id: int) -> tuple[Handed, ...]:
    return tuple(
        Handed(
            row.id,
            row.subject,
            place_queries.owner_of(row),
            row.item,
            row.amount,
            row.whole,
            row.reason,
            (row.source, row.source_id) if row.source and row.source_id else None,
        )
        for row in db.session.scalars(_confirmed(month_id))
    )


def _corrections(month_id: int) -> tuple[Correction, ...]:
    origin = joinedload(ScoreCorrection.origin).joinedload(Score.run).joinedload(ScoreRun.month)
    rows = select(ScoreCorrection).where(ScoreCorrection.month_id == month_id).order_by(ScoreCorrection.id)
    return tuple(
        Correction(
            row.id,
            row.origin.subject,
            place_queries.owner_of(row.origin),
            row.worth,
            row.reason,
            row.origin.run.month.first_on,
        )
        for row in db.session.scalars(rows.options(origin))
    )
