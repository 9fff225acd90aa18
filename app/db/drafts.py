"""Work under way (a patrol, a long form): one unaudited row, saved at each step."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db.types import Instant, JsonText
from app.extensions import Model


class Draft(Model):
    """What its owner has entered so far; submitting it writes the ledger rows in one unit of work."""

    __tablename__ = "drafts"
    __table_args__ = (Index("ix_drafts_owner", "user_id", "kind", "saved_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    content: Mapped[Any] = mapped_column(JsonText)
    revision: Mapped[int] = mapped_column(default=1)
    begun_at: Mapped[datetime] = mapped_column(Instant)
    saved_at: Mapped[datetime] = mapped_column(Instant)

    __mapper_args__ = {"version_id_col": revision}
