from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.mixins import Audited
from app.db.types import Instant, JsonText, enum_type
from app.documents.rules import DocumentKind, DocumentStatus
from app.extensions import Model


class Counter(Model):
    """The last number given out per centre, kind and year; moved only inside the change that uses it."""

    __tablename__ = "counters"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(default=0)


class Document(Audited, Model):
    """A numbered paper: values first, then the very bytes that were issued, with their hash."""

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("centre_id", "kind", "year", "serial"),
        Index("ix_documents_subject", "subject_type", "subject_id"),
        Index("ix_documents_list", "centre_id", "numbered_at", "id"),
        Index("ix_documents_kind", "centre_id", "kind", "status", "numbered_at", "id"),
        Index("ix_documents_replaced", "superseded_by_id"),
        Index("ix_documents_status", "centre_id", "status", "numbered_at", "id"),
        Index("ix_documents_serial", "serial", "centre_id"),
        Index("ix_documents_number", "number", postgresql_ops={"number": "varchar_pattern_ops"}),
    )
    __audit_type__ = "document"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    kind: Mapped[DocumentKind] = mapped_column(enum_type(DocumentKind))
    year: Mapped[int]
    serial: Mapped[int]
    number: Mapped[str] = mapped_column(String(80))
    status: Mapped[DocumentStatus] = mapped_column(enum_type(DocumentStatus))
    code: Mapped[str] = mapped_column(String(16), unique=True)
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int]
    template: Mapped[str] = mapped_column(String(120))
    template_version: Mapped[str] = mapped_column(String(64))
    values: Mapped[Any] = mapped_column(JsonText, info={"protected": True})
    evidence: Mapped[Any] = mapped_column(JsonText)  # hashes of the photos it shows
    numbered_at: Mapped[datetime] = mapped_column(Instant)
    issued_at: Mapped[datetime | None] = mapped_column(Instant)
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    superseded_by_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"))
    reason: Mapped[str] = mapped_column(Text, default="")

    @property
    def audit_name(self) -> str:
        return self.number


class DocumentFile(Audited, Model):
    """The bytes of an issued document, apart from its row so that lists never load them."""

    __tablename__ = "document_files"
    __table_args__ = (UniqueConstraint("document_id"),)
    __audit_type__ = "document_file"

    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    content: Mapped[bytes] = mapped_column(LargeBinary, info={"protected": True})

    document: Mapped[Document] = relationship(lazy="raise")

    def audit_subject(self) -> Audited:
        return self.document


class CodeGuess(Model):
    """How many wrong verification codes an address has tried since it began."""

    __tablename__ = "code_guesses"

    address: Mapped[str] = mapped_column(String(45), primary_key=True)
    began_at: Mapped[datetime] = mapped_column(Instant)
    wrong: Mapped[int]
