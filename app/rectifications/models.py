"""Rectifications: the duty, what was handed in, and what the re-check said. Each step adds a row."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.db.mixins import Audited, OnBehalf, Searchable
from app.db.types import Instant, enum_type
from app.documents.models import Document
from app.extensions import Model
from app.inspections.models import Finding
from app.organisation.models import Centre, Department, Section, StaffMember
from app.rectifications.rules import InstructionKind, RecheckResult, RectificationStatus, Rung


class Instruction(Audited, Searchable, Model):
    """A leader's remark, a superior's word or a press report that calls for a rectification (R18)."""

    __tablename__ = "instructions"
    __table_args__ = (
        UniqueConstraint("centre_id", "number"),
        UniqueConstraint("form_key"),
        Index("ix_instructions_list", "centre_id", "given_on", "id"),
    )
    __audit_type__ = "instruction"
    __search_table__ = "instructions_search"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    number: Mapped[str] = mapped_column(String(40))
    form_key: Mapped[str] = mapped_column(String(40))
    kind: Mapped[InstructionKind] = mapped_column(enum_type(InstructionKind))
    given_by: Mapped[str] = mapped_column(String(60))  # the leader, the superior body or the newspaper
    capacity: Mapped[str] = mapped_column(String(60), default="")
    given_on: Mapped[date] = mapped_column(Date)
    text: Mapped[str] = mapped_column(Text)
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(Instant)

    recorded_by: Mapped[User] = relationship(lazy="raise")

    @property
    def audit_name(self) -> str:
        return self.number

    @property
    def search_text(self) -> str:
        return f"{self.number} {self.given_by} {self.capacity} {self.text}"


class Rectification(Audited, OnBehalf, Searchable, Model):
    """The duty of one body to mend one or several findings by a deadline.

    The deadline is either a count of working days from the day of issue or a fixed date; `due_at` is
    a cache of what the clock says, for lists, rebuilt by the same function. The person it was entered
    for is the one who confirmed receipt.
    """

    __tablename__ = "rectifications"
    __table_args__ = (
        UniqueConstraint("centre_id", "number"),
        UniqueConstraint("form_key"),
        Index("ix_rectifications_list", "centre_id", "issued_at", "id"),
        Index("ix_rectifications_status", "centre_id", "status", "due_at", "id"),
        Index("ix_rectifications_department", "department_id", "status", "due_at"),
        Index("ix_rectifications_standing", "centre_id", "status", "issued_at", "id"),
        Index("ix_rectifications_closed", "centre_id", "closed_at", "id"),
        Index("ix_rectifications_of_department", "department_id", "issued_at", "id"),
        Index("ix_rectifications_owner", "owner_id", "status"),
        Index("ix_rectifications_owner_user", "owner_user_id", "status"),
        Index("ix_rectifications_rechecker", "rechecker_id", "status"),
        CheckConstraint(
            "(CASE WHEN department_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN section_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN to_centre_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_addressee",
        ),
        CheckConstraint("(deadline_workdays IS NULL) <> (deadline_on IS NULL)", name="one_deadline"),
    )
    __audit_type__ = "rectification"
    __search_table__ = "rectifications_search"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    number: Mapped[str] = mapped_column(String(80))
    form_key: Mapped[str] = mapped_column(String(40))
    status: Mapped[RectificationStatus] = mapped_column(enum_type(RectificationStatus))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"))
    to_centre_id: Mapped[int | None] = mapped_column(ForeignKey("centres.id"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    owner_user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    instruction_id: Mapped[int | None] = mapped_column(ForeignKey("instructions.id"), index=True)
    requirement: Mapped[str] = mapped_column(Text)
    issued_on: Mapped[date] = mapped_column(Date)
    issued_at: Mapped[datetime] = mapped_column(Instant)
    issued_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    rechecker_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    deadline_workdays: Mapped[int | None]
    deadline_on: Mapped[date | None] = mapped_column(Date)
    deadline_hour: Mapped[int] = mapped_column(default=17)
    extended_to: Mapped[date | None] = mapped_column(Date)
    due_at: Mapped[datetime] = mapped_column(Instant)
    due_provisional: Mapped[bool] = mapped_column(default=False)
    received_at: Mapped[datetime | None] = mapped_column(Instant)
    received_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    receipt_statement: Mapped[str] = mapped_column(Text, default="")
    handed_in_at: Mapped[datetime | None] = mapped_column(Instant)  # the latest submission
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    on_time: Mapped[bool | None]  # whether the accepted submission came before the deadline
    review_on: Mapped[date | None] = mapped_column(Date)  # parked: when the plan is looked at again
    rung: Mapped[Rung | None] = mapped_column(enum_type(Rung))  # the highest taken, for lists
    document_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"))
    search_words: Mapped[str] = mapped_column(Text, default="", info={"derived": True})

    department: Mapped[Department | None] = relationship(lazy="raise")
    section: Mapped[Section | None] = relationship(lazy="raise")
    to_centre: Mapped[Centre | None] = relationship(lazy="raise", foreign_keys=[to_centre_id])
    owner: Mapped[StaffMember | None] = relationship(lazy="raise")
    owner_user: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[owner_user_id])
    instruction: Mapped[Instruction | None] = relationship(lazy="raise")
    issued_by: Mapped[User] = relationship(lazy="raise", foreign_keys=[issued_by_id])
    rechecker: Mapped[User] = relationship(lazy="raise", foreign_keys=[rechecker_id])
    received_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[received_by_id])
    document: Mapped[Document | None] = relationship(lazy="raise")

    @property
    def audit_name(self) -> str:
        return self.number

    @property
    def search_text(self) -> str:
        return f"{self.number} {self.search_words} {self.requirement}"


class RectifiedFinding(Audited, Model):
    """A finding that a rectification answers."""

    __tablename__ = "rectified_findings"
    __table_args__ = (
        UniqueConstraint("rectification_id", "finding_id"),
        Index("ix_rectified_findings", "finding_id"),
    )
    __audit_type__ = "rectified_finding"

    rectification_id: Mapped[int] = mapped_column(ForeignKey("rectifications.id"))
    finding_id: Mapped[int] = mapped_column(ForeignKey("findings.id"))

    rectification: Mapped[Rectification] = relationship(lazy="select")
    finding: Mapped[Finding] = relationship(lazy="raise")

    def audit_subject(self) -> Audited:
        return self.rectification


class Submission(Audited, OnBehalf, Model):
    """What the department says it has done, with evidence from after."""

    __tablename__ = "rectification_submissions"
    __table_args__ = (
        UniqueConstraint("rectification_id", "round"),
        UniqueConstraint("form_key"),
    )
    __audit_type__ = "submission"

    rectification_id: Mapped[int] = mapped_column(ForeignKey("rectifications.id"))
    round: Mapped[int]
    form_key: Mapped[str] = mapped_column(String(40))
    measures: Mapped[str] = mapped_column(Text)
    done_on: Mapped[date] = mapped_column(Date)
    no_photo_reason: Mapped[str] = mapped_column(Text, default="")
    submitted_at: Mapped[datetime] = mapped_column(Instant)
    submitted_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))

    rectification: Mapped[Rectification] = relationship(lazy="select")
    submitted_by: Mapped[User] = relationship(lazy="raise")

    def audit_subject(self) -> Audited:
        return self.rectification


class Recheck(Audited, Model):
    """What someone who is neither owner nor submitter found on looking again."""

    __tablename__ = "rectification_rechecks"
    __table_args__ = (UniqueConstraint("submission_id"),)
    __audit_type__ = "recheck"

    rectification_id: Mapped[int] = mapped_column(ForeignKey("rectifications.id"), index=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("rectification_submissions.id"))
    result: Mapped[RecheckResult] = mapped_column(enum_type(RecheckResult))
    note: Mapped[str] = mapped_column(Text, default="")
    checked_at: Mapped[datetime] = mapped_column(Instant)
    checked_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))

    rectification: Mapped[Rectification] = relationship(lazy="select")
    checked_by: Mapped[User] = relationship(lazy="raise")

    def audit_subject(self) -> Audited:
        return self.rectification


class Extension(OnBehalf, Audited, Model):
    """A request for more time, made before the deadline, and what was decided."""

    __tablename__ = "rectification_extensions"
    __table_args__ = (Index("ix_rectification_extensions", "rectification_id", "id"),)
    __audit_type__ = "extension"

    rectification_id: Mapped[int] = mapped_column(ForeignKey("rectifications.id"))
    until_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(Instant)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    granted: Mapped[bool | None]  # None while nobody has decided
    note: Mapped[str] = mapped_column(Text, default="")
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    rectification: Mapped[Rectification] = relationship(lazy="select")
    asked_by: Mapped[User] = relationship(lazy="raise", foreign_keys=[asked_by_id])
    decided_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[decided_by_id])

    def audit_subject(self) -> Audited:
        return self.rectification


class SupervisionOrder(Audited, Model):
    """One rung of the ladder, with its printed form; of a talk also the record of what was said."""

    __tablename__ = "supervision_orders"
    __table_args__ = (UniqueConstraint("rectification_id", "rung", "times"),)
    __audit_type__ = "supervision_order"

    rectification_id: Mapped[int] = mapped_column(ForeignKey("rectifications.id"))
    rung: Mapped[Rung] = mapped_column(enum_type(Rung))
    times: Mapped[int]  # 第 n 次催办; 1 on the other rungs
    instruction: Mapped[str] = mapped_column(Text)  # what is asked, or what is reported
    limit_on: Mapped[date | None] = mapped_column(Date)
    talk_at: Mapped[datetime | None] = mapped_column(Instant)
    talk_place: Mapped[str] = mapped_column(String(120), default="")
    talk_with: Mapped[str] = mapped_column(String(200), default="")
    issued_at: Mapped[datetime] = mapped_column(Instant)
    issued_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    document_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"))
    record: Mapped[str] = mapped_column(Text, default="")  # of a talk: what was said
    commitment: Mapped[str] = mapped_column(Text, default="")  # and what was promised
    recorded_at: Mapped[datetime | None] = mapped_column(Instant)
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    record_document_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id"))

    rectification: Mapped[Rectification] = relationship(lazy="select")
    issued_by: Mapped[User] = relationship(lazy="raise", foreign_keys=[issued_by_id])
    document: Mapped[Document | None] = relationship(lazy="raise", foreign_keys=[document_id])
    record_document: Mapped[Document | None] = relationship(lazy="raise", foreign_keys=[record_document_id])

    def audit_subject(self) -> Audited:
        return self.rectification
