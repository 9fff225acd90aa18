"""Work under way (a patrol, an answer with photos): one unaudited row, saved at each step."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db.types import Instant, JsonText
from app.extensions import Model


class Draft(Model):
    """What its owner has entered so far about one subject (a zone, a rectification).

    Submitting it writes the ledger rows and removes the draft in one unit of work.
    """

    __tablename__ = "drafts"
    __table_args__ = (UniqueConstraint("user_id", "kind", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    subject_id: Mapped[int]
    content: Mapped[Any] = mapped_column(JsonText)
    revision: Mapped[int] = mapped_column()
    begun_at: Mapped[datetime] = mapped_column(Instant)
    saved_at: Mapped[datetime] = mapped_column(Instant)

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012  (how the mapper takes it)


def find(session: Session, user_id: int | None, kind: str, subject_id: int) -> Draft | None:
    """Return the draft that a user keeps about one subject."""
    return session.scalar(
        select(Draft).where(Draft.user_id == user_id, Draft.kind == kind, Draft.subject_id == subject_id)
    )


def save(session: Session, draft: Draft, content: Any, now: datetime) -> None:
    """Keep new content; a copy, so that the row notices the change."""
    draft.content = content
    draft.saved_at = now
    session.flush()
