from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.attachments.rules import AttachmentKind, MediaType
from app.db.mixins import Audited
from app.db.types import Instant, enum_type
from app.extensions import Model


class Attachment(Audited, Model):
    """A photo as evidence of one ledger row, its subject; the bytes stand in the store under their hash."""

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
    media_type: Mapped[MediaType] = mapped_column(enum_type(MediaType))
    filename: Mapped[str] = mapped_column(String(120))
    width: Mapped[int]
    height: Mapped[int]
    # What the camera claims; stored_at is what we know.
    taken_at: Mapped[datetime | None] = mapped_column(Instant)
    stored_at: Mapped[datetime] = mapped_column(Instant)
    stored_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))  # None: a system user

    # Known while the photo is being attached, which is the only change it ever sees.
    _subject = cast("Audited | None", None)  # annotated, it would be taken for a column

    @property
    def audit_name(self) -> str:
        return self.filename

    def audit_subject(self) -> Audited:
        return self._subject.audit_subject() if self._subject else self
