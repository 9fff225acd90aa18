"""Rulebooks by version; months with runs, scores and lines; objections; corrections; awards."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.core.on_behalf import NAME_MAX
from app.db.mixins import Audited
from app.db.types import Instant, JsonText, ScaledPoints, enum_type
from app.evaluations.award_rules import AwardState
from app.evaluations.input_rules import InputStatus
from app.evaluations.month_rules import Apart, MonthState, ObjectionStatus, Scored
from app.evaluations.rules import Span, Subject
from app.evaluations.version_rules import CODE_MAX, TITLE_MAX, VersionStatus
from app.extensions import Model
from app.organisation.models import Centre, Department, PatrolPoint, StaffMember

_LIVE: ColumnElement[bool] = literal_column("state <> 'withdrawn'")


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
    centre: Mapped[Centre] = relationship(lazy="raise")

    @property
    def audit_name(self) -> str:
        return f"{self.name} v{self.edition}"


class EvaluationMonth(Audited, Model):
    """One month of one centre; its figures are those of its latest run."""

    __tablename__ = "evaluation_months"
    __table_args__ = (UniqueConstraint("centre_id", "first_on"),)
    __audit_type__ = "evaluation_month"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    first_on: Mapped[date] = mapped_column(Date)
    state: Mapped[MonthState] = mapped_column(enum_type(MonthState), default=MonthState.OPEN)
    runs: Mapped[int] = mapped_column(default=0)  # how many there are; the latest counts
    published_on: Mapped[date | None] = mapped_column(Date)
    objections_until: Mapped[date | None] = mapped_column(Date)
    centre: Mapped[Centre] = relationship(lazy="raise")

    @property
    def audit_name(self) -> str:
        return f"{self.first_on:%Y-%m}"


class ScoreRun(Audited, Model):
    """One computation of a month; earlier ones are kept."""

    __tablename__ = "score_runs"
    __table_args__ = (UniqueConstraint("month_id", "number"),)
    __audit_type__ = "score_run"

    month_id: Mapped[int] = mapped_column(ForeignKey("evaluation_months.id"))
    number: Mapped[int]
    computed_at: Mapped[datetime] = mapped_column(Instant)
    computed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    events: Mapped[int]  # how many the ledgers offered
    problems: Mapped[Any] = mapped_column(JsonText)  # [[is a fault, what, whom or where], …]
    digest: Mapped[str] = mapped_column(String(64))  # of all scores and lines: equal runs are equal here

    month: Mapped[EvaluationMonth] = relationship(lazy="select")
    computed_by: Mapped[User] = relationship(lazy="raise")

    def audit_subject(self) -> Audited:
        return self.month


class Score(Audited, Model):
    """What one person, window, chief representative or department got in one run."""

    __tablename__ = "scores"
    __table_args__ = (
        UniqueConstraint("run_id", "subject", "place"),
        Index("ix_scores_staff", "staff_member_id", "run_id"),
    )
    __audit_type__ = "score"

    run_id: Mapped[int] = mapped_column(ForeignKey("score_runs.id"))
    rulebook_id: Mapped[int] = mapped_column(ForeignKey("rulebooks.id"))
    subject: Mapped[Scored] = mapped_column(enum_type(Scored))
    place: Mapped[int]  # its line in the table: the ranked by rank, then those apart
    staff_member_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    patrol_point_id: Mapped[int | None] = mapped_column(ForeignKey("patrol_points.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    name: Mapped[str] = mapped_column(String(120))
    rank: Mapped[int | None]
    apart: Mapped[Apart | None] = mapped_column(enum_type(Apart))
    published: Mapped[Decimal] = mapped_column(ScaledPoints)
    unrounded: Mapped[Decimal] = mapped_column(ScaledPoints)
    days: Mapped[int | None]  # working days at a post, of those of the month
    workdays: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(120), default="")
    vetoes: Mapped[Any] = mapped_column(JsonText)

    run: Mapped[ScoreRun] = relationship(lazy="select")
    rulebook: Mapped[RulebookVersion] = relationship(lazy="raise")
    staff_member: Mapped[StaffMember | None] = relationship(lazy="raise")
    patrol_point: Mapped[PatrolPoint | None] = relationship(lazy="raise")
    department: Mapped[Department | None] = relationship(lazy="raise")

    def audit_subject(self) -> Audited:
        return self.run.month


class ScoreLine(Audited, Model):
    """One deduction or bonus with its source row; the lines of a score sum to it."""

    __tablename__ = "score_lines"
    __table_args__ = (
        UniqueConstraint("score_id", "place"),
        Index("ix_score_lines_source", "source", "source_id"),
    )
    __audit_type__ = "score_line"

    score_id: Mapped[int] = mapped_column(ForeignKey("scores.id"))
    place: Mapped[int]
    item: Mapped[str] = mapped_column(String(40))
    item_name: Mapped[str] = mapped_column(String(120))
    clause: Mapped[str] = mapped_column(String(200))
    count: Mapped[Decimal] = mapped_column(ScaledPoints)
    worth: Mapped[Decimal] = mapped_column(ScaledPoints)
    why: Mapped[str] = mapped_column(Text)
    happened_on: Mapped[date | None] = mapped_column(Date)
    patrol_point_id: Mapped[int | None] = mapped_column(ForeignKey("patrol_points.id"))  # where
    source: Mapped[str] = mapped_column(String(40))  # the ledger, empty where no row stands behind the line
    source_id: Mapped[int | None]
    evidence: Mapped[int]  # how many files the source row has

    score: Mapped[Score] = relationship(lazy="select")
    patrol_point: Mapped[PatrolPoint | None] = relationship(lazy="raise")

    def audit_subject(self) -> Audited:
        return self.score.run.month


class Objection(Audited, Model):
    """What a person or his chief representative says against a line; it is about the event behind it."""

    __tablename__ = "objections"
    __table_args__ = (
        UniqueConstraint("month_id", "source", "source_id"),
        Index("ix_objections_list", "centre_id", "filed_at", "id"),
    )
    __audit_type__ = "objection"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    month_id: Mapped[int] = mapped_column(ForeignKey("evaluation_months.id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("score_lines.id"))  # as it was when it was objected to
    source: Mapped[str] = mapped_column(String(40))
    source_id: Mapped[int]
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))  # who recorded that event
    status: Mapped[ObjectionStatus] = mapped_column(
        enum_type(ObjectionStatus), default=ObjectionStatus.PENDING
    )
    reason: Mapped[str] = mapped_column(Text)
    filed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    filed_at: Mapped[datetime] = mapped_column(Instant)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decision: Mapped[str] = mapped_column(Text, default="")
    changed_count: Mapped[Decimal | None] = mapped_column(ScaledPoints)  # what the event counts from now on

    month: Mapped[EvaluationMonth] = relationship(lazy="raise")
    line: Mapped[ScoreLine] = relationship(lazy="raise")
    filed_by: Mapped[User] = relationship(lazy="raise", foreign_keys=[filed_by_id])
    decided_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[decided_by_id])


class ScoreCorrection(Audited, Model):
    """Puts a locked month right by a line in a later one, which names its origin."""

    __tablename__ = "score_corrections"
    __table_args__ = (
        UniqueConstraint("form_key"),
        Index("ix_score_corrections_month", "month_id"),
    )
    __audit_type__ = "score_correction"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    month_id: Mapped[int] = mapped_column(ForeignKey("evaluation_months.id"))  # whose figures it enters
    form_key: Mapped[str] = mapped_column(String(40))
    origin_id: Mapped[int] = mapped_column(ForeignKey("scores.id"))  # what it corrects
    worth: Mapped[Decimal] = mapped_column(ScaledPoints)  # plus gives back
    reason: Mapped[str] = mapped_column(Text)
    entered_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[datetime] = mapped_column(Instant)

    origin: Mapped[Score] = relationship(lazy="raise")


class MonthInput(Audited, Model):
    """What no ledger knows of a month: points given within a range, a score or a figure from elsewhere."""

    __tablename__ = "month_inputs"
    __table_args__ = (Index("ix_month_inputs_month", "month_id", "status", "id"),)
    __audit_type__ = "month_input"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    month_id: Mapped[int] = mapped_column(ForeignKey("evaluation_months.id"))
    subject: Mapped[Scored] = mapped_column(enum_type(Scored))
    staff_member_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    patrol_point_id: Mapped[int | None] = mapped_column(ForeignKey("patrol_points.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    item: Mapped[str] = mapped_column(String(40))  # the rulebook's item or input
    item_name: Mapped[str] = mapped_column(String(120))
    owner_name: Mapped[str] = mapped_column(String(120))
    source: Mapped[str] = mapped_column(String(40), default="")  # the event that it is about, if any
    source_id: Mapped[int | None]
    amount: Mapped[Decimal] = mapped_column(ScaledPoints)
    whole: Mapped[Decimal | None] = mapped_column(ScaledPoints)  # of a rate or of votes
    reason: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[InputStatus] = mapped_column(enum_type(InputStatus), default=InputStatus.RECORDED)
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    refusal_reason: Mapped[str] = mapped_column(Text, default="")

    month: Mapped[EvaluationMonth] = relationship(lazy="raise")
    recorded_by: Mapped[User] = relationship(lazy="raise", foreign_keys=[recorded_by_id])

    @property
    def audit_name(self) -> str:
        return f"{self.item_name} {self.owner_name}"


class AwardRun(Audited, Model):
    """One choice 评选 among people, windows or departments for a period, from proposal to decision."""

    __tablename__ = "awards"
    __table_args__ = (
        Index("ix_awards_list", "centre_id", "first_on", "id"),
        Index(
            "uq_awards_live",
            "centre_id",
            "subject",
            "span",
            "first_on",
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        ),
    )
    __audit_type__ = "award"

    centre_id: Mapped[int] = mapped_column(ForeignKey("centres.id"))
    rulebook_id: Mapped[int] = mapped_column(ForeignKey("rulebooks.id"))
    subject: Mapped[Scored] = mapped_column(enum_type(Scored))
    span: Mapped[Span] = mapped_column(enum_type(Span))
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
    name: Mapped[str] = mapped_column(String(120))  # of the award; empty where the rulebook gives none
    quota: Mapped[int | None]
    months: Mapped[int]  # of the period that were settled and count
    state: Mapped[AwardState] = mapped_column(enum_type(AwardState), default=AwardState.PROPOSED)
    runs: Mapped[int] = mapped_column(default=0)  # how often it was proposed; the latest counts
    # Entered by hand: {input: {candidate's id: number}}. The log tells the hash of the whole.
    inputs: Mapped[Any] = mapped_column(JsonText, info={"derived": True})
    proposed_at: Mapped[datetime] = mapped_column(Instant)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    published_on: Mapped[date | None] = mapped_column(Date)
    publication_until: Mapped[date | None] = mapped_column(Date)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decision: Mapped[str] = mapped_column(Text, default="")  # what the meeting said
    withdrawn_reason: Mapped[str] = mapped_column(Text, default="")

    centre: Mapped[Centre] = relationship(lazy="raise")
    rulebook: Mapped[RulebookVersion] = relationship(lazy="select")
    proposed_by: Mapped[User] = relationship(lazy="raise", foreign_keys=[proposed_by_id])
    decided_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[decided_by_id])

    @property
    def audit_name(self) -> str:
        return f"{self.first_on:%Y-%m} {self.name}".strip()


class AwardCandidate(Audited, Model):
    """One candidate of an award as the rules propose him, and what was decided."""

    __tablename__ = "award_candidates"
    __table_args__ = (UniqueConstraint("award_id", "run", "place"),)
    __audit_type__ = "award_candidate"

    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"))
    run: Mapped[int]
    place: Mapped[int]  # its line in the table
    staff_member_id: Mapped[int | None] = mapped_column(ForeignKey("staff_members.id"))
    patrol_point_id: Mapped[int | None] = mapped_column(ForeignKey("patrol_points.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    holder_id: Mapped[int]  # of these three, the one it is about
    name: Mapped[str] = mapped_column(String(120))
    total: Mapped[Decimal | None] = mapped_column(ScaledPoints)
    months: Mapped[int]  # in which he was assessed
    barred: Mapped[Any] = mapped_column(JsonText)  # why he is not eligible: [[text, its values], …]
    lines: Mapped[Any] = mapped_column(JsonText)  # [[points, how they came about], …]
    fault: Mapped[Any] = mapped_column(JsonText, nullable=True)  # why he could not be scored: [text, values]
    outcome: Mapped[str] = mapped_column(String(120), default="")
    rank: Mapped[int | None]  # proposed
    within: Mapped[bool]  # the quota
    is_last: Mapped[bool]
    decided_rank: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Text, default="")  # why that is not the proposed one

    award: Mapped[AwardRun] = relationship(lazy="select")
    department: Mapped[Department | None] = relationship(lazy="raise")

    def audit_subject(self) -> Audited:
        return self.award


class AwardObjection(Audited, Model):
    """What somebody said against an award while it was published, and what came of it."""

    __tablename__ = "award_objections"
    __table_args__ = (UniqueConstraint("form_key"), Index("ix_award_objections_award", "award_id"))
    __audit_type__ = "award_objection"

    award_id: Mapped[int] = mapped_column(ForeignKey("awards.id"))
    form_key: Mapped[str] = mapped_column(String(40))
    received_on: Mapped[date] = mapped_column(Date)
    said_by: Mapped[str] = mapped_column(String(NAME_MAX), info={"protected": True})
    text: Mapped[str] = mapped_column(Text)
    answer: Mapped[str] = mapped_column(Text)  # what was found out and done
    noted_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    noted_at: Mapped[datetime] = mapped_column(Instant)

    award: Mapped[AwardRun] = relationship(lazy="select")
    noted_by: Mapped[User] = relationship(lazy="raise")

    def audit_subject(self) -> Audited:
        return self.award
