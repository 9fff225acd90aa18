from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.workdays import DayKind
from app.db.mixins import Audited
from app.db.types import Instant, enum_type
from app.extensions import Model

_LISTED = {"derived": True}


class CalendarYear(Audited, Model):
    """One edition of a year's arrangement of days off, with the notice it comes from.

    The highest edition of a year is in force; the others are its history and are never touched again.
    """

    __tablename__ = "calendar_years"
    __table_args__ = (UniqueConstraint("year", "edition"),)
    __audit_type__ = "calendar_year"

    year: Mapped[int]
    edition: Mapped[int] = mapped_column(default=1)
    notice: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")
    published_at: Mapped[datetime] = mapped_column(Instant)

    days: Mapped[list[CalendarDay]] = relationship(back_populates="calendar_year", lazy="selectin")

    @property
    def audit_name(self) -> str:
        return f"{self.year} v{self.edition}" if self.edition > 1 else str(self.year)


class CalendarDay(Audited, Model):
    """A day that differs from its weekday: off (放假) or made up (补班).

    Written once with its year, whose entry in the log lists all days; none has a story of its own.
    """

    __tablename__ = "calendar_days"
    __table_args__ = (UniqueConstraint("calendar_year_id", "day"),)
    __audit_type__ = "calendar_day"

    calendar_year_id: Mapped[int] = mapped_column(ForeignKey("calendar_years.id"), info=_LISTED)
    day: Mapped[date] = mapped_column(Date, info=_LISTED)
    kind: Mapped[DayKind] = mapped_column(enum_type(DayKind), info=_LISTED)
    name: Mapped[str] = mapped_column(String(40), info=_LISTED)

    calendar_year: Mapped[CalendarYear] = relationship(back_populates="days")

    def audit_subject(self) -> Audited:
        return self.calendar_year
