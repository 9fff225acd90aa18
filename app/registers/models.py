"""Entries of the small ledgers: praise, honours, special services, attendance."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.db.mixins import Audited, OnBehalf, Searchable
from app.db.types import Instant, enum_type
from app.extensions import Model
from app.organisation.models import Department, PatrolPoint, StaffMember
from app.registers.rules import NAME_MAX, EntryStatus, Kind, Level, Register


class RegisterEntry(OnBehalf, Audited, Searchable, Model):
    """One event of a small ledger: whom it is about, what it counts, who recorded and who confirmed it."""

    __tablename__ = "register_entries"
    __table_args__ = (
        UniqueConstraint("centre_id", "number"),
        UniqueConstraint("form_key"),
        Index("ix_register_entries_list", "centre_id", "happened_on", "id"),
        Index("ix_register_entries_register", "centre_id", "register", "happened_on", "id"),
        Index("ix_register_entries_kind", "centre_id", "kind", "happened_on", "id"),
        Index("ix_register_entries_status", "centre_id", "status", "happened_on", "id"),
        Index("ix_register_entries_staff", "staff_member_id", "happened_on", "id"),
        Index("ix_register_entries_point", "patrol_point_id", "happened_on", "id"),
        Index("ix_register_entries_department", "department_id", "happened_on", "id"),
        Index("ix_register_entries_batch", "batch_id"),
        Index("ix_register_entries_recorder", "recorded_by_id", "recorded_at", "id"),
        CheckConstraint("ended_on IS NULL OR ended_on >= happened_on", name="order"),
        CheckConstraint("quantity > 0", name="quantity"),
    )
    __audit_type__ = "register_entry"
    __search_table__ = "register_entries_search"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    number: Mapped[str] = mapped_column(String(40))
    form_key: Mapped[str | None] = mapped_column(String(40))  # of an entry made by hand
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("import_batches.id"))  # … or out of a table
    register: Mapped[Register] = mapped_column(enum_type(Register))
    kind: Mapped[Kind] = mapped_column(enum_type(Kind))
    status: Mapped[EntryStatus] = mapped_column(enum_type(EntryStatus))
    happened_on: Mapped[date] = mapped_column(Date)
    ended_on: Mapped[date | None] = mapped_column(Date)
    staff_member_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    patrol_point_id: Mapped[int | None] = mapped_column(ForeignKey("patrol_points.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    giver: Mapped[str] = mapped_column(String(NAME_MAX), default="", info={"protected": True})
    matter: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    awarded_by: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    honour_level: Mapped[Level | None] = mapped_column(enum_type(Level))
    quantity: Mapped[int] = mapped_column(default=1)
    minutes: Mapped[int | None]
    clause: Mapped[str] = mapped_column(String(NAME_MAX), default="")
    shown: Mapped[str] = mapped_column(Text, default="")  # numbers of the findings played at a meeting
    text: Mapped[str] = mapped_column(Text, default="")
    files: Mapped[int] = mapped_column(default=0)
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    corrected_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    refusal_reason: Mapped[str] = mapped_column(Text, default="")
    void_reason: Mapped[str] = mapped_column(Text, default="")

    staff_member: Mapped[StaffMember | None] = relationship(lazy="raise")
    patrol_point: Mapped[PatrolPoint | None] = relationship(lazy="raise")
    department: Mapped[Department | None] = relationship(lazy="raise")
    recorded_by: Mapped[User] = relationship(lazy="raise", foreign_keys=[recorded_by_id])
    corrected_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[corrected_by_id])
    decided_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[decided_by_id])

    search_words: Mapped[str] = mapped_column(Text, default="", info={"derived": True})

    @property
    def audit_name(self) -> str:
        return self.number

    @property
    def search_text(self) -> str:
        return search_text(
            self.number, self.search_words, self.matter, self.awarded_by, self.shown, self.text
        )


def search_text(*words: str) -> str:
    """Return what an entry is found by: everything but the name of a giver."""
    return " ".join(filter(None, words))
