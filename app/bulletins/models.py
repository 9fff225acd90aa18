from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.bulletins.rules import SIX, BulletinStatus
from app.db.mixins import Audited
from app.db.types import Instant, JsonText, enum_type
from app.extensions import Model
from app.organisation.models import Centre


class Bulletin(Audited, Model):
    """The bulletin of one week at one centre; a corrected one is a further edition."""

    __tablename__ = "bulletins"
    __table_args__ = (
        UniqueConstraint("centre_id", "week_on", "edition"),
        Index("ix_bulletins_list", "centre_id", "week_on", "id"),
        CheckConstraint("(status = 'draft') = (figures IS NULL)", name="figures_when_reviewed"),
    )
    __audit_type__ = "bulletin"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    week_on: Mapped[date] = mapped_column(Date)  # a Monday
    edition: Mapped[int]
    status: Mapped[BulletinStatus] = mapped_column(enum_type(BulletinStatus))
    good_practice: Mapped[str] = mapped_column(Text, default="")
    requirements: Mapped[str] = mapped_column(Text, default="")
    # As they were reviewed; the entry of the review keeps their digest.
    figures: Mapped[Any | None] = mapped_column(JsonText, info={"derived": True})
    drafted_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    drafted_at: Mapped[datetime] = mapped_column(Instant)
    reviewed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reviewed_at: Mapped[datetime | None] = mapped_column(Instant)  # the cut-off of its figures
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    issued_at: Mapped[datetime | None] = mapped_column(Instant)
    returned_reason: Mapped[str] = mapped_column(Text, default="")
    correction_reason: Mapped[str] = mapped_column(Text, default="")  # why the edition before is corrected

    centre: Mapped[Centre] = relationship(lazy="raise")
    drafted_by: Mapped[User] = relationship(lazy="raise", foreign_keys=[drafted_by_id])
    reviewed_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[reviewed_by_id])
    issued_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[issued_by_id])

    @property
    def last_on(self) -> date:
        return self.week_on + SIX

    @property
    def audit_name(self) -> str:
        year, week, _day = self.week_on.isocalendar()
        return f"{year}-W{week:02}" + (f" ({self.edition})" if self.edition > 1 else "")
