from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.workdays import DayKind
from app.db.mixins import Audited
from app.db.types import Instant, enum_type
from app.extensions import Model


class CalendarYear(Audited, Model):
    """One year's published arrangement of days off, with the notice it comes from."""

    __tablename__ = "calendar_years"
    __audit_type__ = "calendar_year"

    year: Mapped[int] = mapped_column(unique=True)
    notice: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")
    published_at: Mapped[datetime] = mapped_column(Instant)

    days: Mapped[list[CalendarDay]] = relationship(back_populates="calendar_year", lazy="selectin")

    @property
    def audit_name(self) -> str:
        return str(self.year)


class CalendarDay(Audited, Model):
    """A day that differs from its weekday: off (放假) or made up (补班)."""

    __tablename__ = "calendar_days"
    __table_args__ = (UniqueConstraint("day"),)
    __audit_type__ = "calendar_day"

    calendar_year_id: Mapped[int] = mapped_column(ForeignKey("calendar_years.id"), index=True)
    day: Mapped[date] = mapped_column(Date)
    kind: Mapped[DayKind] = mapped_column(enum_type(DayKind))
    name: Mapped[str] = mapped_column(String(40))

    calendar_year: Mapped[CalendarYear] = relationship(back_populates="days")

    def audit_subject(self) -> Audited:
        return self.calendar_year
