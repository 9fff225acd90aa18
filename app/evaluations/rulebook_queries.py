"""Reads of rulebooks: versions in sight, the book that a version holds, what its items can be linked to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload

from app.db import scope
from app.db.listing import Order, Page, capped_count, fetch
from app.evaluations.models import RulebookVersion
from app.evaluations.reading import read_rulebook
from app.evaluations.rulebook_rules import Rulebook
from app.evaluations.rules import Span, Subject
from app.evaluations.version_rules import VersionStatus
from app.extensions import db
from app.inspections.models import Checklist, ChecklistItem
from app.permissions import Actor
from app.registers.rules import Kind

ORDER = Order(RulebookVersion.effective_on, RulebookVersion.id, centre=RulebookVersion.centre_id)


def visible_to(actor: Actor) -> Select[RulebookVersion]:
    """Return the versions in sight; drafts are for roles of the centre."""
    rows = select(RulebookVersion).where(RulebookVersion.centre_id.in_(actor.centre_ids))
    return rows if actor.centre_wide else rows.where(RulebookVersion.status != VersionStatus.DRAFT)


def list_versions(actor: Actor, args: Mapping[str, str]) -> tuple[Page[RulebookVersion], int]:
    """Return one page of versions, the latest to take effect first, and their capped number."""
    rows = visible_to(actor)
    if args.get("status") in set(VersionStatus):
        rows = rows.where(RulebookVersion.status == VersionStatus(args["status"]))
    if args.get("subject") in set(Subject):
        rows = rows.where(RulebookVersion.subject == Subject(args["subject"]))
    shown = rows.options(joinedload(RulebookVersion.centre))
    page = fetch(db.session(), shown, ORDER, args.get("cursor"), centres=actor.centre_ids)
    return page, capped_count(db.session(), rows)


def get_version(actor: Actor, rulebook_id: int) -> RulebookVersion:
    """Return a version in sight. Raise NotFound, OutOfScope."""
    return scope.load(db.session(), visible_to(actor), RulebookVersion, rulebook_id)


def versions_of(actor: Actor, row: RulebookVersion) -> list[RulebookVersion]:
    """Return all versions of a rulebook in sight, the latest first."""
    rows = visible_to(actor).where(
        RulebookVersion.centre_id == row.centre_id, RulebookVersion.code == row.code
    )
    return list(db.session.scalars(rows.order_by(RulebookVersion.edition.desc())))


def newest(session: Session, centre_id: int, code: str) -> RulebookVersion | None:
    """Return the latest version of a rulebook, locked for whoever writes."""
    return session.scalar(
        select(RulebookVersion)
        .where(RulebookVersion.centre_id == centre_id, RulebookVersion.code == code)
        .order_by(RulebookVersion.edition.desc())
        .limit(1)
        .with_for_update()
    )


def standing_of(session: Session, centre_id: int, subject: Subject, period: Span) -> list[RulebookVersion]:
    """Return the versions in force for a subject and a period: one, unless none."""
    rows = select(RulebookVersion).where(
        RulebookVersion.centre_id == centre_id,
        RulebookVersion.status == VersionStatus.IN_FORCE,
        RulebookVersion.subject == subject,
        RulebookVersion.period == period,
    )
    return list(session.scalars(rows.with_for_update()))


@lru_cache(maxsize=64)
def _read(text: str) -> Rulebook:
    return read_rulebook(text)


def book_of(row: RulebookVersion) -> Rulebook:
    """Return the rulebook that a version holds, ending the day before it was retired."""
    book = _read(row.text)
    if row.retired_on is None:
        return book
    last = row.retired_on - timedelta(days=1)
    return replace(book, effective_until=min(last, book.effective_until or last))


def books_in(centre_id: int, first: date, last: date) -> list[tuple[RulebookVersion, Rulebook]]:
    """Return what was in force at a centre on some day of a span, in the order of taking effect."""
    rows = select(RulebookVersion).where(
        RulebookVersion.centre_id == centre_id,
        RulebookVersion.status != VersionStatus.DRAFT,
        RulebookVersion.effective_on <= last,
        or_(RulebookVersion.retired_on.is_(None), RulebookVersion.retired_on > first),
    )
    found = db.session.scalars(rows.order_by(RulebookVersion.effective_on, RulebookVersion.edition))
    return [(row, book_of(row)) for row in found]


def links_of(session: Session, centre_id: int) -> dict[str, str]:
    """Return what items can be linked to at a centre, with its words.

    Each check item's code with its latest wording, and the kinds of the registers, whose words are labels.
    """
    rows = session.execute(
        select(ChecklistItem.code, ChecklistItem.wording)
        .join(Checklist, Checklist.id == ChecklistItem.checklist_id)
        .where(Checklist.centre_id == centre_id)
        .order_by(Checklist.effective_on, ChecklistItem.checklist_id, ChecklistItem.position)
    )
    return {row.code: row.wording for row in rows} | {kind.value: "" for kind in Kind}
