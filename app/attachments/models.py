from __future__ import annotations

from datetime import date, datetime
from typing import cast

from sqlalchemy import BigInteger, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.attachments import rules
from app.attachments.rules import MAX_CAMERA, AttachmentKind, FileKind, MediaType
from app.db.mixins import Audited
from app.db.types import Instant, enum_type
from app.extensions import Model


class Attachment(Audited, Model):
    """A file as evidence of one ledger row, its subject; the bytes stand in the store under their hash."""

    __tablename__ = "attachments"
    __audit_type__ = "attachment"
    __table_args__ = (Index("ix_attachments_subject", "subject_type", "subject_id", "position"),)

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int]
    kind: Mapped[AttachmentKind] = mapped_column(enum_type(AttachmentKind))
    position: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    media_type: Mapped[MediaType] = mapped_column(enum_type(MediaType, length=80))
    filename: Mapped[str] = mapped_column(String(120))
    width: Mapped[int | None]
    height: Mapped[int | None]
    seconds: Mapped[int | None]
    # What the camera claims; stored_at is what we know.
    taken_at: Mapped[datetime | None] = mapped_column(Instant)
    # Of a clip or still out of the hall's recorders: which one, and the day it shows.
    camera: Mapped[str | None] = mapped_column(String(MAX_CAMERA))
    recorded_on: Mapped[date | None] = mapped_column(Date)
    stored_at: Mapped[datetime] = mapped_column(Instant)
    stored_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))  # None: a system user

    # Known while the file is being attached, which is the only change it ever sees.
    _subject = cast("Audited | None", None)  # annotated, it would be taken for a column

    @property
    def file_kind(self) -> FileKind:
        return self.media_type.kind

    @property
    def size_text(self) -> str:
        return rules.size_text(self.size)

    @property
    def duration_text(self) -> str:
        return "" if self.seconds is None else rules.duration_text(self.seconds)

    @property
    def audit_name(self) -> str:
        return self.filename

    def audit_subject(self) -> Audited:
        return self._subject.audit_subject() if self._subject else self


class StoredContent(Model):
    """A content that a centre has handed in; each counts once towards its quota, however often it is used."""

    __tablename__ = "stored_contents"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]


class StoredTotal(Model):
    """The sum of a centre's contents, moved in the transaction that adds one."""

    __tablename__ = "stored_totals"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"), primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)
