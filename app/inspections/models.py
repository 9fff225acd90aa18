"""Checklists, patrols and findings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    column,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.attachments.rules import MAX_CAMERA
from app.db.mixins import Audited, OnBehalf, Searchable
from app.db.types import Instant, JsonText, enum_type
from app.extensions import Model
from app.inspections.rules import (
    ChecklistPurpose,
    CheckResult,
    Confirmation,
    Finder,
    FindingSource,
    FindingStatus,
    PatrolMode,
    PatrolStatus,
    Severity,
)
from app.organisation.models import Department, PatrolPoint, Section, StaffMember, Zone


class Checklist(Audited, Model):
    """One version of a list of check items; a patrol keeps the version it used."""

    __tablename__ = "checklists"
    __table_args__ = (UniqueConstraint("centre_id", "code", "edition"),)
    __audit_type__ = "checklist"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    code: Mapped[str] = mapped_column(String(40))
    purpose: Mapped[ChecklistPurpose] = mapped_column(
        enum_type(ChecklistPurpose), default=ChecklistPurpose.ROUTINE
    )
    edition: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    effective_on: Mapped[date] = mapped_column(Date)
    retired_on: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Text)

    @property
    def audit_name(self) -> str:
        return f"{self.name} v{self.edition}"


class ChecklistItem(Audited, Model):
    __tablename__ = "checklist_items"
    __table_args__ = (
        UniqueConstraint("checklist_id", "code"),
        CheckConstraint("red_line BETWEEN 0 AND 5", name="red_line"),
    )
    __audit_type__ = "checklist_item"

    checklist_id: Mapped[int] = mapped_column(ForeignKey("checklists.id"))
    position: Mapped[int]
    group_code: Mapped[str] = mapped_column(String(20))
    group_name: Mapped[str] = mapped_column(String(40))
    code: Mapped[str] = mapped_column(String(20))
    wording: Mapped[str] = mapped_column(String(200))
    clause: Mapped[str] = mapped_column(String(200), default="")
    severity: Mapped[Severity] = mapped_column(enum_type(Severity))
    red_line: Mapped[int] = mapped_column(default=0)  # which of the five, 0 for none
    applies_to: Mapped[Any] = mapped_column(JsonText)  # kinds of patrol points
    photo_required: Mapped[bool] = mapped_column(default=False)
    note_required: Mapped[bool] = mapped_column(default=False)
    deadline_workdays: Mapped[int | None]
    deadline_hours: Mapped[int | None]

    checklist: Mapped[Checklist] = relationship(lazy="raise")

    def audit_subject(self) -> Audited:
        return self.checklist


class Patrol(OnBehalf, Audited, Model):
    """A submitted round through one zone; not edited afterwards, only voided with a reason.

    A leader's round is walked on his behalf.
    """

    __tablename__ = "patrols"
    __table_args__ = (
        UniqueConstraint("centre_id", "number"),
        UniqueConstraint("form_key"),
        Index("ix_patrols_list", "centre_id", "started_at", "id"),
        Index("ix_patrols_mode", "centre_id", "mode", "started_at", "id"),
        Index("ix_patrols_zone", "zone_id", "started_at"),
        Index("ix_patrols_inspector", "inspector_id", "started_at"),
        Index("ix_patrols_round", "centre_id", "round_on", "round_name"),
        CheckConstraint("submitted_at >= started_at", name="order"),
    )
    __audit_type__ = "patrol"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    number: Mapped[str] = mapped_column(String(40))
    form_key: Mapped[str] = mapped_column(String(40))  # one-time key of the draft it came from
    zone_id: Mapped[int] = mapped_column(ForeignKey("zones.id"))
    inspector_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    checklist_id: Mapped[int] = mapped_column(ForeignKey("checklists.id"))
    mode: Mapped[PatrolMode] = mapped_column(enum_type(PatrolMode))
    round_on: Mapped[date | None] = mapped_column(Date)  # the round of the plan it was walked for
    round_name: Mapped[str] = mapped_column(String(20), default="")
    companions: Mapped[str] = mapped_column(String(200), default="")  # accompanied: by whom
    status: Mapped[PatrolStatus] = mapped_column(enum_type(PatrolStatus))
    started_at: Mapped[datetime] = mapped_column(Instant)
    submitted_at: Mapped[datetime] = mapped_column(Instant)
    released_at: Mapped[datetime | None] = mapped_column(Instant)  # a mystery visit, to the inspected
    points_checked: Mapped[int]
    points_closed: Mapped[int]
    findings_count: Mapped[int]
    note: Mapped[str] = mapped_column(Text, default="")
    void_reason: Mapped[str] = mapped_column(Text, default="")

    zone: Mapped[Zone] = relationship(lazy="raise")
    inspector: Mapped[User] = relationship(lazy="raise")
    checklist: Mapped[Checklist] = relationship(lazy="raise")

    @property
    def audit_name(self) -> str:
        return self.number

    @property
    def hidden(self) -> bool:
        """Return whether the inspected may not know of it yet."""
        return self.mode is PatrolMode.MYSTERY and self.released_at is None


class PatrolCheck(Audited, Model):
    """One patrol point on one round, with the answer to every item of the checklist."""

    __tablename__ = "patrol_checks"
    __table_args__ = (
        UniqueConstraint("patrol_id", "patrol_point_id"),
        Index("ix_patrol_checks_point", "patrol_point_id", "checked_at"),
    )
    __audit_type__ = "patrol_check"

    patrol_id: Mapped[int] = mapped_column(ForeignKey("patrols.id"))
    patrol_point_id: Mapped[int] = mapped_column(ForeignKey("patrol_points.id"))
    result: Mapped[CheckResult] = mapped_column(enum_type(CheckResult))
    answers: Mapped[Any] = mapped_column(JsonText)  # item code -> answer
    followed: Mapped[Any | None] = mapped_column(JsonText)  # number of an open rectification -> seen
    checked_at: Mapped[datetime] = mapped_column(Instant)

    patrol: Mapped[Patrol] = relationship(lazy="raise")
    patrol_point: Mapped[PatrolPoint] = relationship(lazy="raise")

    def audit_subject(self) -> Audited:
        return self.patrol


# A recording shows it and has not been saved: the few that somebody must look after.
_RECORDING_WANTED = and_(column("camera").is_not(None), column("recording_saved_at").is_(None))


class Finding(OnBehalf, Audited, Searchable, Model):
    """One observed fact: item, place, responsible body, person, time, evidence."""

    __tablename__ = "findings"
    __table_args__ = (
        UniqueConstraint("centre_id", "number"),
        Index("ix_findings_list", "centre_id", "occurred_at", "id"),
        Index("ix_findings_status", "centre_id", "status", "occurred_at", "id"),
        Index("ix_findings_department", "department_id", "occurred_at", "id"),
        Index("ix_findings_point", "patrol_point_id", "occurred_at", "id"),
        Index("ix_findings_staff", "staff_member_id", "occurred_at", "id"),
        Index("ix_findings_patrol", "patrol_id"),
        Index(
            "ix_findings_recordings",
            "centre_id",
            "occurred_at",
            "id",
            sqlite_where=_RECORDING_WANTED,
            postgresql_where=_RECORDING_WANTED,
        ),
        Index("uq_findings_form_key", "form_key", unique=True),
        CheckConstraint("ended_at IS NULL OR ended_at >= occurred_at", name="order"),
        CheckConstraint("(department_id IS NULL) <> (section_id IS NULL)", name="one_owner"),
    )
    __audit_type__ = "finding"
    __search_table__ = "findings_search"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    number: Mapped[str] = mapped_column(String(40))
    form_key: Mapped[str | None] = mapped_column(String(40))  # of a finding entered by hand
    patrol_id: Mapped[int | None] = mapped_column(ForeignKey("patrols.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("checklist_items.id"), index=True)
    patrol_point_id: Mapped[int] = mapped_column(ForeignKey("patrol_points.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"))
    staff_member_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    finder: Mapped[Finder] = mapped_column(enum_type(Finder))
    source: Mapped[FindingSource] = mapped_column(enum_type(FindingSource))
    status: Mapped[FindingStatus] = mapped_column(enum_type(FindingStatus))
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    note: Mapped[str] = mapped_column(Text, default="")
    photos: Mapped[int] = mapped_column(default=0)  # files of every kind
    # Which of the hall's cameras or recorders has seen it, and when a clip or still of that was kept here.
    camera: Mapped[str | None] = mapped_column(String(MAX_CAMERA))
    recording_saved_at: Mapped[datetime | None] = mapped_column(Instant)
    doubts: Mapped[Any | None] = mapped_column(JsonText)  # what was said against it when it was entered
    confirmation: Mapped[Confirmation] = mapped_column(enum_type(Confirmation), default=Confirmation.PENDING)
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    void_reason: Mapped[str] = mapped_column(Text, default="")

    item: Mapped[ChecklistItem] = relationship(lazy="raise")
    patrol: Mapped[Patrol | None] = relationship(lazy="raise")
    patrol_point: Mapped[PatrolPoint] = relationship(lazy="raise")
    department: Mapped[Department | None] = relationship(lazy="raise")
    section: Mapped[Section | None] = relationship(lazy="raise")
    staff_member: Mapped[StaffMember | None] = relationship(lazy="raise")
    recorded_by: Mapped[User] = relationship(lazy="raise")

    search_words: Mapped[str] = mapped_column(Text, default="", info={"derived": True})

    @property
    def audit_name(self) -> str:
        return self.number

    @property
    def search_text(self) -> str:
        return f"{self.number} {self.search_words} {self.note}"


class FindingStatement(Audited, Model):
    """What the person concerned, or the chief representative, says to a finding; said once."""

    __tablename__ = "finding_statements"
    __table_args__ = (UniqueConstraint("finding_id"),)
    __audit_type__ = "finding_statement"

    finding_id: Mapped[int] = mapped_column(ForeignKey("findings.id"))
    text: Mapped[str] = mapped_column(Text, default="")
    said_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    said_at: Mapped[datetime] = mapped_column(Instant)
    witness: Mapped[str] = mapped_column(String(60), default="")  # of a refusal, named by the inspector

    finding: Mapped[Finding] = relationship(lazy="raise")
    said_by: Mapped[User] = relationship(lazy="raise")

    def audit_subject(self) -> Audited:
        return self.finding


class DutyRoster(Audited, Model):
    """Who walks which round, for one week of one centre, with the rounds as they were then."""

    __tablename__ = "duty_rosters"
    __table_args__ = (UniqueConstraint("centre_id", "week_on"),)
    __audit_type__ = "duty_roster"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    week_on: Mapped[date] = mapped_column(Date)  # its Monday
    rounds: Mapped[Any] = mapped_column(JsonText)  # [name, begins, ends] of each
    saved_at: Mapped[datetime] = mapped_column(Instant)

    @property
    def audit_name(self) -> str:
        return self.week_on.isoformat()


class Duty(Audited, Model):
    __tablename__ = "duties"
    __table_args__ = (
        UniqueConstraint("roster_id", "day", "round_name"),
        Index("ix_duties_user", "user_id", "day"),
    )
    __audit_type__ = "duty"

    roster_id: Mapped[int] = mapped_column(ForeignKey("duty_rosters.id"))
    day: Mapped[date] = mapped_column(Date)
    round_name: Mapped[str] = mapped_column(String(20))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))  # nobody yet

    roster: Mapped[DutyRoster] = relationship(lazy="raise")
    user: Mapped[User | None] = relationship(lazy="raise")

    def audit_subject(self) -> Audited:
        return self.roster
