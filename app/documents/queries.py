from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import defer

from app import clock
from app.audit.models import AuditEntry
from app.audit.queries import event_of
from app.bulletins import queries as bulletins
from app.bulletins.models import Bulletin
from app.db import scope
from app.db.listing import Order, Page, capped_count, fetch
from app.db.mixins import Audited
from app.db.scope import row_id
from app.db.search import begins_with
from app.documents import rules
from app.documents.models import CodeGuess, Document, DocumentFile
from app.documents.rules import DocumentKind, DocumentStatus
from app.evaluations import month_queries as months
from app.evaluations.models import EvaluationMonth, Objection, Score
from app.extensions import db
from app.jobs import queries as jobs
from app.jobs.models import Job
from app.organisation.models import Department, Section
from app.permissions import Actor, Role
from app.rectifications import queries as rectifications
from app.rectifications.models import Rectification


def visible_to(actor: Actor) -> Select[Document]:
    """Return the documents in sight: the centre's for its roles, else those of rectifications in sight."""
    # What a page shows never needs the values that were printed.
    rows = select(Document).options(defer(Document.values), defer(Document.evidence))
    own_centres = Document.centre_id.in_(actor.centre_ids)
    if actor.centre_wide and actor.upper_centre_id is None:
        return rows.where(own_centres)
    # A lower centre also sees the notices that the upper one addressed to it.
    own = rectifications.visible_to(actor).with_only_columns(Rectification.id)
    led_to = and_(Document.subject_type == Rectification.__audit_type__, Document.subject_id.in_(own))
    if actor.centre_wide:
        return rows.where(or_(own_centres, led_to))
    if Role.CHIEF_REPRESENTATIVE not in actor.roles:
        # What is said of a person to those who sent him is theirs.
        led_to = and_(led_to, Document.kind == DocumentKind.RECTIFICATION_NOTICE)
    return rows.where(or_(led_to, _told_to(actor)))


def _told_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a paper is of one's own score or objection, or a notice to the hall."""
    own: dict[type[Audited], Any] = {
        Score: months.visible_scores(actor).with_only_columns(Score.id),
        Objection: months.visible_objections(actor).with_only_columns(Objection.id),
        EvaluationMonth: months.announced_to(actor).with_only_columns(EvaluationMonth.id),
        Bulletin: bulletins.visible_to(actor).with_only_columns(Bulletin.id),
    }
    return or_(
        *(
            and_(Document.subject_type == model.__audit_type__, Document.subject_id.in_(ids))
            for model, ids in own.items()
        )
    )


ORDER = Order(Document.numbered_at, Document.id, centre=Document.centre_id)


def filtered(actor: Actor, args: Mapping[str, str]) -> Select[Document]:
    """Return the documents in sight that pass the filters `kind`, `status`, `year`, `since`, `until` and `q`.

    The days are those of numbering; `q` is the beginning of a number, its serial alone, or a code.
    """
    rows = visible_to(actor)
    if args.get("kind") in set(DocumentKind):
        rows = rows.where(Document.kind == DocumentKind(args["kind"]))
    if args.get("status") in set(DocumentStatus):
        rows = rows.where(Document.status == DocumentStatus(args["status"]))
    year = row_id(args.get("year"))
    if year is not None:
        rows = rows.where(Document.year == year)
    since, until = _day(args.get("since")), _day(args.get("until"))
    if since:
        rows = rows.where(Document.numbered_at >= _midnight(since))
    if until:
        rows = rows.where(Document.numbered_at < _midnight(until + timedelta(days=1)))
    wanted = args.get("q", "").strip()[:80].replace("\0", "")
    code = rules.tidy_code(wanted)
    if wanted.isdecimal() and len(wanted) < 10:
        rows = rows.where(Document.serial == int(wanted))
    elif len(code) == rules.CODE_LENGTH:
        rows = rows.where(Document.code == code)
    elif wanted:
        rows = rows.where(begins_with(db.session(), Document.number, wanted))
    return rows


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if 1970 < day.year < 9000 else None


def _midnight(day: date) -> datetime:
    return clock.at_office(datetime.combine(day, time()))


# A line of the ledger: the paper and the body that it speaks to.
_LINES = cast(
    "Select[Any]",
    select(
        Document.id,
        Document.number,
        Document.kind,
        Document.status,
        Document.numbered_at,
        Document.issued_at,
        Document.reason,
        Document.subject_id,
        func.coalesce(Department.name, Section.name).label("addressee"),
    )
    .select_from(Document)
    .outerjoin(
        Rectification,
        and_(Document.subject_type == Rectification.__audit_type__, Rectification.id == Document.subject_id),
    )
    .outerjoin(Rectification.department)
    .outerjoin(Rectification.section),
)


def list_documents(actor: Actor, args: Mapping[str, str]) -> tuple[Page[Any], int]:
    """Return one page of documents as lines of the ledger, newest first, and their capped number."""
    rows = filtered(actor, args)
    lines = _LINES if rows.whereclause is None else _LINES.where(rows.whereclause)
    page = fetch(db.session(), lines, ORDER, args.get("cursor"), centres=actor.centre_ids)
    return page, capped_count(db.session(), rows)


def get(actor: Actor, document_id: int) -> Document:
    """Return one document in sight. Raise OutOfScope or NotFound."""
    return scope.load(db.session(), visible_to(actor), Document, document_id)


def content_of(document_id: int) -> bytes | None:
    """Return the bytes that were issued, None if there are none yet."""
    return db.session.scalar(select(DocumentFile.content).where(DocumentFile.document_id == document_id))


def pending_job(document: Document) -> Job | None:
    """Return the job that is to issue a document still without its bytes."""
    if document.status is not DocumentStatus.NUMBERED:
        return None
    return jobs.find_unfinished(db.session(), rules.RENDER, {"document_id": document.id})


def failures(lines: Sequence[Any]) -> dict[int, Job]:
    """Return the job of each document whose rendering has failed at least once, by document."""
    waiting = [{"document_id": line.id} for line in lines if line.status is DocumentStatus.NUMBERED]
    found = jobs.find_troubled(db.session(), rules.RENDER, waiting) if waiting else []
    return {job.args["document_id"]: job for job in found}


@dataclass(frozen=True)
class Relations:
    """What a document replaces, and what replaces it."""

    successor: Document | None
    predecessors: list[Document]


def relations(document: Document) -> Relations:
    """Return the documents that a document took the place of, and the one that took its own."""
    rows = select(Document).options(defer(Document.values), defer(Document.evidence))
    related = or_(Document.superseded_by_id == document.id, Document.id == document.superseded_by_id)
    found = db.session.scalars(rows.where(related).order_by(Document.id)).all()
    successor = next((row for row in found if row.id == document.superseded_by_id), None)
    return Relations(successor, [row for row in found if row is not successor])


@dataclass(frozen=True)
class Prints:
    """Who has printed a document and when, the latest first, and how often in all."""

    count: int
    latest: list[tuple[datetime, str]]


def prints_of(document_id: int, limit: int = 20) -> Prints:
    """Return the log of reprints, out of the audit log."""
    rows = select(AuditEntry).where(
        AuditEntry.subject_type == Document.__audit_type__,
        AuditEntry.subject_id == document_id,
        AuditEntry.action == rules.DOCUMENT_PRINTED.name,
    )
    latest = db.session.scalars(rows.order_by(AuditEntry.seq.desc()).limit(limit)).all()
    count = len(latest) if len(latest) < limit else capped_count(db.session(), rows)
    return Prints(count, [(event_of(entry).at, entry.actor_name) for entry in latest])


def values_to_render(document_id: int) -> tuple[str, dict[str, Any], list[str]] | None:
    """Return template, values and evidence of a document that waits for its bytes; None if it does not."""
    row = db.session.execute(
        select(Document.template, Document.values, Document.evidence).where(
            Document.id == document_id, Document.status == DocumentStatus.NUMBERED
        )
    ).one_or_none()
    return row and (row.template, row.values, row.evidence)


def papers_to_render(document_ids: Sequence[int]) -> list[tuple[int, str, dict[str, Any]]]:
    """Return id, template and values of those documents that wait for their bytes, by id."""
    rows = db.session.execute(
        select(Document.id, Document.template, Document.values)
        .where(Document.id.in_(document_ids), Document.status == DocumentStatus.NUMBERED)
        .order_by(Document.id)
    )
    return [tuple(row) for row in rows]


def contents_of(document_ids: Sequence[int]) -> dict[int, bytes]:
    """Return the bytes of those documents that were issued, by id."""
    rows = db.session.execute(
        select(DocumentFile.document_id, DocumentFile.content).where(
            DocumentFile.document_id.in_(document_ids)
        )
    )
    return {row.document_id: row.content for row in rows}


def find_by_code(code: str) -> Document | None:
    """Return the paper with a verification code, however the code was typed; asked the same way for any code.

    What is numbered and not yet rendered is no paper: nobody can hold it.
    """
    tidy = rules.tidy_code(code)[: rules.CODE_LENGTH + 1]
    rows = select(Document).options(defer(Document.values), defer(Document.evidence))
    return db.session.scalar(rows.where(Document.code == tidy, Document.sha256.is_not(None)))


def must_wait(address: str, now: datetime) -> timedelta | None:
    """Return how long an address that has tried too many wrong codes has to wait; None if it need not."""
    found = db.session.get(CodeGuess, address)
    if found is None or found.wrong < rules.GUESSES:
        return None
    left = found.began_at + rules.GUESS_WINDOW - now
    return left if left > timedelta() else None


@dataclass(frozen=True)
class Proof:
    """What the books say about some bytes: their document, and whether every record of it agrees."""

    document: Document
    stored: bool  # the database keeps the same bytes
    recorded: bool  # the audit log has the same hash


def prove(content: bytes, sha256: str) -> Proof | None:
    """Return the document that was issued as these bytes, None if there was none."""
    document = db.session.scalar(select(Document).where(Document.sha256 == sha256).limit(1))
    if document is None:
        return None
    payloads = db.session.scalars(
        select(AuditEntry.payload).where(
            AuditEntry.subject_type == Document.__audit_type__,
            AuditEntry.subject_id == document.id,
            AuditEntry.action == rules.DOCUMENT_ISSUED.name,
        )
    )
    hashes = [json.loads(payload).get("changes", {}).get("sha256", [None, None])[1] for payload in payloads]
    return Proof(document, stored=content_of(document.id) == content, recorded=hashes == [sha256])
