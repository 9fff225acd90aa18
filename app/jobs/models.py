from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.types import Instant, JsonText, enum_type
from app.extensions import Model
from app.jobs.rules import JobState


class Job(Model):
    """Long work: this row is the truth about it and commits with the change that asks for it.

    One with a `title` (a Chinese source string, no protected words) is listed on the page of whoever asked
    for it, who may cancel it; without one it is the machine's own.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_due", "state", "run_after"),
        Index("ix_jobs_own", "asked_by_id", "asked_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(120), default="")
    args: Mapped[Any] = mapped_column(JsonText)
    state: Mapped[JobState] = mapped_column(enum_type(JobState), default=JobState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    progress: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(Text, default="")
    result: Mapped[Any | None] = mapped_column(JsonText)  # what its handler returned
    files: Mapped[Any] = mapped_column(JsonText, default=list)  # [{name, media_type, size}]
    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    run_after: Mapped[datetime] = mapped_column(Instant)
    heartbeat_at: Mapped[datetime | None] = mapped_column(Instant)
    cancel_asked_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
