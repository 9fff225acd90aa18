from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import defer

from app.audit.models import AuditEntry
from app.db import scope
from app.db.listing import Order, Page, capped_count, fetch
from app.documents import rules
from app.documents.models import Document, DocumentFile
from app.documents.rules import DocumentKind, DocumentStatus
from app.extensions import db
from app.jobs import queries as jobs
from app.jobs.models import Job
from app.permissions import Actor
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
    return rows.where(or_(own_centres, led_to) if actor.centre_wide else led_to)


ORDER = Order(Document.numbered_at, Document.id)


def filtered(actor: Actor, args: Mapping[str, str]) -> Select[Document]:
    """Return the documents in sight that pass the filters `kind`, `status` and `q`.

    `q` is the beginning of a number, its serial alone, or a verification code.
    """
    rows = visible_to(actor)
    if args.get("kind") in set(DocumentKind):
        rows = rows.where(Document.kind == DocumentKind(args["kind"]))
    if args.get("status") in set(DocumentStatus):
        rows = rows.where(Document.status == DocumentStatus(args["status"]))
    wanted = args.get("q", "").strip()[:80].replace("\0", "")
    code = rules.tidy_code(wanted)
    if wanted.isdecimal() and len(wanted) < 10:
        rows = rows.where(Document.serial == int(wanted))
    elif len(code) == rules.CODE_LENGTH:
        rows = rows.where(Document.code == code)
    elif wanted:
        rows = rows.where(Document.number.startswith(wanted, autoescape=True))
    return rows


def list_documents(actor: Actor, args: Mapping[str, str]) -> tuple[Page[Document], int]:
    """Return one page of documents, newest first, filtered, and their capped number."""
    rows = filtered(actor, args)
    return fetch(db.session(), rows, ORDER, args.get("cursor")), capped_count(db.session(), rows)


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


def values_to_render(document_id: int) -> tuple[str, dict[str, Any], list[str]] | None:
    """Return template, values and evidence of a document that waits for its bytes; None if it does not."""
    row = db.session.execute(
        select(Document.template, Document.values, Document.evidence).where(
            Document.id == document_id, Document.status == DocumentStatus.NUMBERED
        )
    ).one_or_none()
    return row and (row.template, row.values, row.evidence)


def find_by_code(code: str) -> Document | None:
    """Return the document with a verification code, however the code was typed."""
    tidy = rules.tidy_code(code)
    if len(tidy) != rules.CODE_LENGTH:
        return None
    rows = select(Document).options(defer(Document.values), defer(Document.evidence))
    return db.session.scalar(rows.where(Document.code == tidy))


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
