"""Rulebooks, version by version."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db.mixins import Audited
from app.db.types import enum_type
from app.evaluations.rules import Span, Subject
from app.evaluations.version_rules import CODE_MAX, TITLE_MAX, VersionStatus
from app.extensions import Model


class RulebookVersion(Audited, Model):
    """One version of a rulebook as its YAML text; once in force a trigger keeps it as it is."""

    __tablename__ = "rulebooks"
    __table_args__ = (
        UniqueConstraint("centre_id", "code", "edition"),
        Index("ix_rulebooks_list", "centre_id", "effective_on", "id"),
        CheckConstraint("retired_on IS NULL OR retired_on >= effective_on", name="order"),
        CheckConstraint("(status = 'retired') = (retired_on IS NOT NULL)", name="retired"),
    )
    __audit_type__ = "rulebook"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    code: Mapped[str] = mapped_column(String(CODE_MAX))
    edition: Mapped[int]
    name: Mapped[str] = mapped_column(String(TITLE_MAX))
    subject: Mapped[Subject] = mapped_column(enum_type(Subject))
    period: Mapped[Span] = mapped_column(enum_type(Span))
    status: Mapped[VersionStatus] = mapped_column(enum_type(VersionStatus), default=VersionStatus.DRAFT)
    effective_on: Mapped[date] = mapped_column(Date)
    retired_on: Mapped[date | None] = mapped_column(Date)
    retire_reason: Mapped[str] = mapped_column(Text, default="")
    # The log tells the lines that changed, and the hash of the whole.
    text: Mapped[str] = mapped_column(Text, info={"derived": True})
    sha256: Mapped[str] = mapped_column(String(64))

    @property
    def audit_name(self) -> str:
        return f"{self.name} v{self.edition}"
