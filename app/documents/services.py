"""The life of a document: numbered in the change that calls for it, issued by the worker, printed, void."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from sqlalchemy import case, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app import clock
from app.core.errors import NotAllowed
from app.core.i18n import N_
from app.db.mixins import Audited
from app.db.uow import UnitOfWork
from app.documents import rules
from app.documents.models import CodeGuess, Counter, Document, DocumentFile
from app.documents.printing import PrintedForm, plain, template_version
from app.documents.rules import DocumentKind, DocumentStatus
from app.jobs import services as jobs
from app.organisation.models import Centre
from app.settings import queries as settings
from app.settings.rules import mark_key, pattern_key

_version = cache(template_version)  # 8 ms of parsing, not to be spent while others wait to write

ALREADY_ISSUED = N_("这份文书已经生成，不再重复生成。")
NOT_CURRENT = N_("只有现行有效的文书可以打印。")
NOT_OURS = N_("这份文书由上级中心签发，只能由其作废。")
NO_LONGER_CURRENT = N_("这份文书已经作废或被替代。")


def next_serial(uow: UnitOfWork, centre_id: int, kind: str, year: int, count: int = 1) -> int:
    """Take the next number of a centre, kind and year; given back if the unit of work is not kept.

    Of several taken at once, `count`, the last is returned.
    """
    dialect = postgresql if uow.session.get_bind().dialect.name == "postgresql" else sqlite
    first = dialect.insert(Counter).values(centre_id=centre_id, kind=kind, year=year, last=count)
    taken = first.on_conflict_do_update(
        index_elements=["centre_id", "kind", "year"], set_={"last": Counter.last + count}
    )
    # On PostgreSQL the row stays locked until the commit: the next one waits, and no number is skipped.
    serial: int = uow.session.execute(taken.returning(Counter.last)).scalar_one()
    return serial


@dataclass(frozen=True)
class Paper:
    """What a document is numbered with.

    `subject` is the row it speaks of; `form` what its template prints, but for number, code and address;
    `evidence` names the photos that it shows by their SHA-256.
    """

    subject: Audited
    template: str
    form: PrintedForm
    evidence: Sequence[str] = ()


def number(uow: UnitOfWork, centre: Centre, kind: DocumentKind, paper: Paper, base_url: str) -> Document:
    """Number a document inside the change that calls for it, and ask the worker to issue it."""
    (document,) = number_papers(uow, centre, kind, [paper], base_url)
    jobs.ask(uow, rules.RENDER, {"document_id": document.id}, centre.id)
    return document


def number_papers(
    uow: UnitOfWork, centre: Centre, kind: DocumentKind, papers: Sequence[Paper], base_url: str
) -> list[Document]:
    """Number documents of one kind, one after the other; whoever asks for many issues them himself."""
    if not papers:
        return []
    uow.session.flush()  # a new subject has no id before
    year = clock.local(uow.now).year
    first = next_serial(uow, centre.id, kind.value, year, len(papers)) - len(papers) + 1
    pattern, mark = _number_format(uow, centre, kind)
    found = []
    for serial, paper in enumerate(papers, first):
        # 31^10 codes: nobody guesses one, and no two are alike (the unique index would refuse the second).
        code = "".join(secrets.choice(rules.CODE_ALPHABET) for _ in range(rules.CODE_LENGTH))
        text = rules.document_number(pattern, centre.number_prefix, mark, year, serial)
        document = Document(
            centre_id=centre.id,
            kind=kind,
            year=year,
            serial=serial,
            number=text,
            status=DocumentStatus.NUMBERED,
            code=code,
            subject_type=paper.subject.__audit_type__,
            subject_id=paper.subject.id,
            template=paper.template,
            template_version=_version(paper.template),
            values=plain(
                replace(
                    paper.form,
                    number=text,
                    code=rules.printed_code(code),
                    verify_url=f"{base_url}/verify/{code}",
                )
            ),
            evidence=list(paper.evidence),
            numbered_at=uow.now,
        )
        uow.session.add(document)
        found.append(document)
    uow.session.flush()
    for document in found:
        uow.record(rules.DOCUMENT_NUMBERED, document)
    return found


def _number_format(uow: UnitOfWork, centre: Centre, kind: DocumentKind) -> tuple[str, str]:
    """Return how a centre's own settings write numbers of a kind at this moment: pattern and mark."""
    keys = (pattern_key(kind), mark_key(kind))
    pattern, mark = settings.values(uow.session, centre.id, keys).values()
    return pattern, mark


def issue(uow: UnitOfWork, document_id: int, content: bytes) -> Document:
    """Keep the bytes of a numbered document for good. Raise NotAllowed if it is not waiting for any."""
    document = uow.get(Document, document_id)
    if document.status is not DocumentStatus.NUMBERED:
        raise NotAllowed(ALREADY_ISSUED)
    uow.session.add(DocumentFile(document=document, content=content))
    document.sha256 = hashlib.sha256(content).hexdigest()
    document.status = DocumentStatus.ISSUED
    document.issued_at = uow.now
    uow.record(rules.DOCUMENT_ISSUED, document)
    return document


def issue_waiting(uow: UnitOfWork, document_ids: Sequence[int], contents: Sequence[bytes]) -> None:
    """Issue those of many documents that still wait for their bytes."""
    rows = uow.session.execute(
        select(Document.id)
        .where(Document.id.in_(document_ids), Document.status == DocumentStatus.NUMBERED)
        .with_for_update()
    )
    waiting = set(rows.scalars())
    for document_id, content in zip(document_ids, contents, strict=True):
        if document_id in waiting:
            issue(uow, document_id, content)


def record_print(uow: UnitOfWork, document_id: int) -> Document:
    """Record that someone prints the stored bytes again. Raise NotAllowed unless the document is in force."""
    document = uow.get(Document, document_id)
    if document.status is not DocumentStatus.ISSUED:
        raise NotAllowed(NOT_CURRENT)
    uow.record(rules.DOCUMENT_PRINTED, document)
    return document


def void(uow: UnitOfWork, document_id: int, reason: str, version: int | None = None) -> Document:
    """Take a document of ours out of force, for good; its number stays taken. Raise NotAllowed."""
    document = _in_force(uow, document_id, version)
    if uow.actor.user_id is not None and document.centre_id not in uow.actor.centre_ids:
        raise NotAllowed(NOT_OURS)
    document.status = DocumentStatus.VOID
    document.reason = reason
    uow.record(rules.DOCUMENT_VOIDED, document, reason=reason)
    return document


def is_in_force(uow: UnitOfWork, document_id: int) -> bool:
    """Return whether a document can still be taken out of force."""
    return uow.get(Document, document_id).status in (DocumentStatus.NUMBERED, DocumentStatus.ISSUED)


def supersede(uow: UnitOfWork, document_id: int, by: Document, reason: str) -> Document:
    """Let a corrected document take the place of one; what is void stays void and names its successor."""
    document = uow.get(Document, document_id)
    if document.status is not DocumentStatus.VOID:
        document = _in_force(uow, document_id)
        document.status = DocumentStatus.SUPERSEDED
        document.reason = reason
    document.superseded_by_id = by.id
    uow.record(rules.DOCUMENT_SUPERSEDED, document, reason=reason, by=by.number)
    return document


def _in_force(uow: UnitOfWork, document_id: int, version: int | None = None) -> Document:
    # On PostgreSQL two changes of one document take turns, as its worker does.
    uow.session.execute(select(Document.id).where(Document.id == document_id).with_for_update())
    document = uow.get(Document, document_id)
    if document.status not in (DocumentStatus.NUMBERED, DocumentStatus.ISSUED):
        raise NotAllowed(NO_LONGER_CURRENT)
    return uow.get(Document, document_id, version)


def note_guess(session: Session, address: str, now: datetime) -> int:
    """Count a wrong verification code of an address; return how many it has tried in this window."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    first = dialect.insert(CodeGuess).values(address=address, began_at=now, wrong=1)
    over = CodeGuess.began_at <= now - rules.GUESS_WINDOW
    counted = first.on_conflict_do_update(
        index_elements=["address"],
        set_={
            "wrong": case((over, 1), else_=CodeGuess.wrong + 1),
            "began_at": case((over, now), else_=CodeGuess.began_at),
        },
    )
    wrong: int = session.execute(counted.returning(CodeGuess.wrong)).scalar_one()
    return wrong


def record_guesses(uow: UnitOfWork, wrong: int) -> None:
    """Record that somebody has tried as many wrong codes as he may; from which address, the entry says."""
    uow.record(rules.CODES_GUESSED, result="refused", wrong=wrong)
