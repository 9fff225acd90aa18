from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.db.mixins import Audited
from app.db.types import Instant, JsonText
from app.extensions import Model


class Batch(Audited, Model):
    """A table that was taken in, in one transaction; the one entry that answers for its new rows."""

    __tablename__ = "import_batches"
    __table_args__ = (Index("ix_import_batches_list", "centre_id", "kind", "applied_at"),)
    __audit_type__ = "import_batch"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    kind: Mapped[str] = mapped_column(String(40))
    # What somebody called his file may say anything.
    file_name: Mapped[str] = mapped_column(String(255), info={"protected": True})
    sha256: Mapped[str] = mapped_column(String(64))
    columns: Mapped[Any] = mapped_column(JsonText)  # field -> head of its column, remembered for the next one
    added: Mapped[int]
    changed: Mapped[int]
    unchanged: Mapped[int]
    skipped: Mapped[int]  # bad rows that were left out at the importer's wish
    applied_at: Mapped[datetime] = mapped_column(Instant)
    applied_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))

    applied_by: Mapped[User] = relationship(lazy="raise")

    @property
    def audit_name(self) -> str:
        return f"{self.kind} {self.sha256[:12]}"
