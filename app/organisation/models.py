"""Centres, the places in their halls, and the people who serve there, each with its dates.

Rows are closed, never deleted: an old finding still names the window and the person of its day.
A term that is withdrawn ends before it begins: no day is in it, and its story stays (decision 010).
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    String,
    Text,
    Time,
    UniqueConstraint,
    column,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db.mixins import Audited, Searchable
from app.db.types import Instant, enum_type
from app.extensions import Model
from app.organisation.rules import (
    AbsenceKind,
    CentreLevel,
    DepartmentKind,
    PointKind,
    PostingRole,
    SectionKind,
    StaffKind,
)


def _initials() -> Mapped[str]:
    """Return the column of the letters a name is found by; it follows from the name."""
    return mapped_column(String(60), default="", info={"derived": True})


class Centre(Audited, Model):
    """A body that runs a hall; centres form a tree, and an upper one may patrol a lower one."""

    __tablename__ = "centres"
    __audit_type__ = "centre"

    parent_id: Mapped[int | None] = mapped_column(ForeignKey("centres.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    short_name: Mapped[str] = mapped_column(String(40))
    initials: Mapped[str] = _initials()
    level: Mapped[CentreLevel] = mapped_column(enum_type(CentreLevel))
    # The part of a document number before the year, as the centre's own registry issues it.
    number_prefix: Mapped[str] = mapped_column(String(20))
    opened_on: Mapped[date] = mapped_column(Date)
    closed_on: Mapped[date | None] = mapped_column(Date)

    @property
    def audit_name(self) -> str:
        return self.name

    @property
    def audit_centre_id(self) -> int | None:
        return self.id


class Section(Audited, Model):
    """A part of the centre itself (督查科, 投诉科, 政务公开科)."""

    __tablename__ = "sections"
    __table_args__ = (UniqueConstraint("centre_id", "name"),)
    __audit_type__ = "section"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    kind: Mapped[SectionKind] = mapped_column(enum_type(SectionKind))
    name: Mapped[str] = mapped_column(String(80))
    initials: Mapped[str] = _initials()
    opened_on: Mapped[date] = mapped_column(Date)
    closed_on: Mapped[date | None] = mapped_column(Date)

    centre: Mapped[Centre] = relationship(lazy="raise")

    @property
    def audit_name(self) -> str:
        return self.name


class Department(Audited, Model):
    """An authority, public-service company or intermediary that sends people to windows."""

    __tablename__ = "departments"
    __table_args__ = (UniqueConstraint("centre_id", "name"),)
    __audit_type__ = "department"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    kind: Mapped[DepartmentKind] = mapped_column(enum_type(DepartmentKind))
    name: Mapped[str] = mapped_column(String(120))
    short_name: Mapped[str] = mapped_column(String(40))
    sort_key: Mapped[str] = mapped_column(String(240), info={"derived": True})
    initials: Mapped[str] = mapped_column(String(60), info={"derived": True})
    qualification: Mapped[str] = mapped_column(Text, default="")  # intermediaries: what entitles them
    qualified_until: Mapped[date | None] = mapped_column(Date)
    opened_on: Mapped[date] = mapped_column(Date)
    closed_on: Mapped[date | None] = mapped_column(Date)

    centre: Mapped[Centre] = relationship(lazy="raise")

    @property
    def audit_name(self) -> str:
        return self.name


class Zone(Audited, Model):
    """A part of the hall that is patrolled in one walk."""

    __tablename__ = "zones"
    __table_args__ = (UniqueConstraint("centre_id", "name"),)
    __audit_type__ = "zone"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    name: Mapped[str] = mapped_column(String(40))
    initials: Mapped[str] = _initials()
    floor: Mapped[str] = mapped_column(String(20))
    position: Mapped[int]
    closed_on: Mapped[date | None] = mapped_column(Date)

    centre: Mapped[Centre] = relationship(lazy="raise")

    @property
    def audit_name(self) -> str:
        return self.name


class PatrolPoint(Audited, Model):
    """A window, or a place without one. A comprehensive window has no single department."""

    __tablename__ = "patrol_points"
    __table_args__ = (
        UniqueConstraint("centre_id", "number"),
        Index("ix_patrol_points_walk", "zone_id", "walking_order", "id"),
    )
    __audit_type__ = "patrol_point"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    zone_id: Mapped[int] = mapped_column(ForeignKey("zones.id"))
    kind: Mapped[PointKind] = mapped_column(enum_type(PointKind))
    number: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(80))
    initials: Mapped[str] = _initials()
    comprehensive: Mapped[bool] = mapped_column(Boolean, default=False)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    walking_order: Mapped[int]
    opened_on: Mapped[date] = mapped_column(Date)
    closed_on: Mapped[date | None] = mapped_column(Date)

    centre: Mapped[Centre] = relationship(lazy="raise")
    zone: Mapped[Zone] = relationship(lazy="raise")
    department: Mapped[Department | None] = relationship(lazy="raise")

    @property
    def audit_name(self) -> str:
        return f"{self.number} {self.name}"


class ServedDepartment(Audited, Model):
    """A department that a comprehensive window serves."""

    __tablename__ = "served_departments"
    __table_args__ = (UniqueConstraint("patrol_point_id", "department_id", "from_on"),)
    __audit_type__ = "served_department"

    patrol_point_id: Mapped[int] = mapped_column(ForeignKey("patrol_points.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date | None] = mapped_column(Date)

    patrol_point: Mapped[PatrolPoint] = relationship(lazy="select")

    def audit_subject(self) -> Audited:
        return self.patrol_point


class OpeningHours(Audited, Model):
    """When a place is open on one day of the week; weekends and extended hours are rows of their own."""

    __tablename__ = "opening_hours"
    __table_args__ = (
        UniqueConstraint("patrol_point_id", "weekday", "opens_at", "from_on"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("opens_at < closes_at", name="order"),
    )
    __audit_type__ = "opening_hours"

    patrol_point_id: Mapped[int] = mapped_column(ForeignKey("patrol_points.id"))
    weekday: Mapped[
        int
    ]  # 0 = Monday, on the work calendar: a make-up day counts as its weekday's working day
    opens_at: Mapped[time] = mapped_column(Time)
    closes_at: Mapped[time] = mapped_column(Time)
    extended: Mapped[bool] = mapped_column(Boolean, default=False)
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date | None] = mapped_column(Date)

    patrol_point: Mapped[PatrolPoint] = relationship(lazy="select")

    def audit_subject(self) -> Audited:
        return self.patrol_point


# A number is a person's for ever; people without one do not share the lack of it.
_NUMBERED: dict[str, Any] = {
    f"{kind}_where": column("staff_number") != "" for kind in ("sqlite", "postgresql")
}


class StaffMember(Audited, Searchable, Model):
    """A person who serves in the hall; not necessarily a user, nor of a department."""

    __tablename__ = "staff_members"
    __table_args__ = (
        Index("ix_staff_members_list", "centre_id", "sort_key", "id"),
        Index("ix_staff_members_initials", "centre_id", "initials"),
        Index("uq_staff_members_number", "centre_id", "staff_number", unique=True, **_NUMBERED),
    )
    __audit_type__ = "staff_member"
    __search_table__ = "staff_members_search"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    kind: Mapped[StaffKind] = mapped_column(enum_type(StaffKind))
    staff_number: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(60))
    sort_key: Mapped[str] = mapped_column(String(240), info={"derived": True})
    initials: Mapped[str] = mapped_column(String(60), info={"derived": True})
    title: Mapped[str] = mapped_column(String(60), default="")
    joined_on: Mapped[date] = mapped_column(Date)
    left_on: Mapped[date | None] = mapped_column(Date)

    centre: Mapped[Centre] = relationship(lazy="raise")
    department: Mapped[Department | None] = relationship(lazy="raise")

    @property
    def audit_name(self) -> str:
        return self.name

    @property
    def search_text(self) -> str:
        return f"{self.name} {self.initials} {self.staff_number}"


class Posting(Audited, Model):
    """A staff member at a window or in a post without one, from a day to a day, as A or B role."""

    __tablename__ = "postings"
    __table_args__ = (
        Index("ix_postings_point", "patrol_point_id", "from_on"),
        Index("ix_postings_staff", "staff_member_id", "from_on"),
    )
    __audit_type__ = "posting"

    staff_member_id: Mapped[int] = mapped_column(ForeignKey("staff_members.id"))
    patrol_point_id: Mapped[int | None] = mapped_column(ForeignKey("patrol_points.id"))
    post: Mapped[str] = mapped_column(String(60), default="")  # a post without a window: 项目代办, 值班律师
    role: Mapped[PostingRole] = mapped_column(enum_type(PostingRole))
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date | None] = mapped_column(Date)

    staff_member: Mapped[StaffMember] = relationship(lazy="select")

    def audit_subject(self) -> Audited:
        return self.staff_member


class ChiefRepresentative(Audited, Model):
    """The staff member who answers for a department's windows, from a day to a day."""

    __tablename__ = "chief_representatives"
    __table_args__ = (
        Index("ix_chief_representatives_department", "department_id", "from_on"),
        Index("ix_chief_representatives_staff", "staff_member_id", "from_on"),
    )
    __audit_type__ = "chief_representative"

    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    staff_member_id: Mapped[int] = mapped_column(ForeignKey("staff_members.id"))
    from_on: Mapped[date] = mapped_column(Date)
    to_on: Mapped[date | None] = mapped_column(Date)

    department: Mapped[Department] = relationship(lazy="select")

    def audit_subject(self) -> Audited:
        return self.department


class Absence(Audited, Model):
    """Leave or an errand with permission: a seat left so is not an empty post. The B-role is named."""

    __tablename__ = "absences"
    __table_args__ = (
        Index("ix_absences_staff", "staff_member_id", "begins_at"),
        Index("ix_absences_ends", "ends_at", "id"),
        CheckConstraint("ends_at >= begins_at", name="order"),
    )
    __audit_type__ = "absence"

    staff_member_id: Mapped[int] = mapped_column(ForeignKey("staff_members.id"))
    kind: Mapped[AbsenceKind] = mapped_column(enum_type(AbsenceKind))
    begins_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime] = mapped_column(Instant)
    stand_in_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    note: Mapped[str] = mapped_column(Text, default="")

    staff_member: Mapped[StaffMember] = relationship(lazy="select", foreign_keys=[staff_member_id])

    def audit_subject(self) -> Audited:
        return self.staff_member
