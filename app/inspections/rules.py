"""Patrols and findings: words, states, and what a round needs before it can be submitted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.core.actions import Action
from app.core.i18n import N_


class PatrolMode(StrEnum):
    DAILY = "daily"
    VIDEO = "video"
    MYSTERY = "mystery"
    ACCOMPANIED = "accompanied"
    LEADER = "leader"
    SPECIAL = "special"


class PatrolStatus(StrEnum):
    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    VOID = "void"


class ChecklistPurpose(StrEnum):
    ROUTINE = "routine"
    SPECIAL = "special"  # devices, messages, computers: asked on special inspections


class CheckResult(StrEnum):
    IN_ORDER = "in_order"
    FINDINGS = "findings"
    CLOSED = "closed"  # the place was not open


class Answer(StrEnum):
    OK = "ok"
    FINDING = "finding"
    NOT_APPLICABLE = "not_applicable"


class Severity(StrEnum):
    MINOR = "minor"
    ORDINARY = "ordinary"
    SERIOUS = "serious"


class FindingStatus(StrEnum):
    OPEN = "open"
    CORRECTED_ON_SPOT = "corrected_on_spot"
    RECTIFY = "rectify"
    NO_ACTION = "no_action"
    VOID = "void"


class Disposition(StrEnum):
    """What the inspector decides on the spot."""

    RECTIFY = "rectify"
    CORRECTED_ON_SPOT = "corrected_on_spot"


class Confirmation(StrEnum):
    """What the person concerned, or the chief representative, says to a finding."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"


class Followed(StrEnum):
    """What an inspector sees of a rectification that is still open."""

    MENDED = "mended"
    NOT_MENDED = "not_mended"


class Doubt(StrEnum):
    """What makes a finding doubtful; it is said, and a finding entered all the same keeps it."""

    DOUBLE = "double"  # the same person and item within half an hour
    ABSENT = "absent"  # the person was away with permission
    CLOSED = "closed"  # the place was not open
    MOVED = "moved"  # the person is posted elsewhere that day


class Finder(StrEnum):
    INTERNAL = "internal"
    EXTERNAL = "external"


class FindingSource(StrEnum):
    PATROL = "patrol"
    VIDEO = "video"
    MYSTERY = "mystery"
    SELF_CHECK = "self_check"
    COMPLAINT = "complaint"
    RATING = "rating"
    MEDIA = "media"
    SUPERIOR = "superior"
    LEADER = "leader"
    E_SUPERVISION = "e_supervision"


class Recording(StrEnum):
    """How the hall's recording of a finding stands; derived, never a state."""

    SAVED = "saved"
    WANTED = "wanted"
    DUE_SOON = "due_soon"
    EXPIRED = "expired"


PATROL_SUBMITTED = Action("patrol.submitted", frozenset({"points", "findings"}))
PATROL_RELEASED = Action("patrol.released")
PATROL_VOIDED = Action("patrol.voided")
DUTY_ROSTER_SAVED = Action("duty_roster.saved")
FINDING_RECORDED = Action("finding.recorded")
FINDING_EVIDENCE_ADDED = Action("finding.evidence_added", frozenset({"files"}))
FINDING_CONFIRMED = Action("finding.confirmed")
FINDING_DISPUTED = Action("finding.disputed")
FINDING_WITNESSED = Action("finding.witnessed")
FINDING_VOIDED = Action("finding.voided")
FINDING_SENT_TO_RECTIFY = Action("finding.sent_to_rectify", frozenset({"rectification"}))
FINDING_REOPENED = Action("finding.reopened", frozenset({"rectification"}))
CHECKLIST_PUBLISHED = Action("checklist.published", frozenset({"items"}))
CHECKLIST_RETIRED = Action("checklist.retired")

NOTE_MAX = 2000
WITNESS_MAX = 60
BACKDATING = timedelta(days=31)  # how far back a finding may be entered
DOUBLE_WITHIN = timedelta(minutes=30)
# Who finds what comes from these sources, unless it is said otherwise; the others are the centre's own.
EXTERNAL_SOURCES = frozenset(
    {FindingSource.COMPLAINT, FindingSource.RATING, FindingSource.MEDIA, FindingSource.SUPERIOR}
)
# Rounds of these modes cover the hall; a mystery visit is unscheduled, a special one asks other things.
COVERING = frozenset({PatrolMode.DAILY, PatrolMode.VIDEO, PatrolMode.ACCOMPANIED, PatrolMode.LEADER})


@dataclass(frozen=True)
class PointState:
    """How far one patrol point has been looked at."""

    items: int
    answered: int
    findings: int
    closed: bool
    followed: int = 0  # how many of the open rectifications have been looked at …
    to_follow: int = 0  # … and how many there are

    @property
    def complete(self) -> bool:
        return self.closed or (self.answered >= self.items and self.followed >= self.to_follow)

    @property
    def result(self) -> CheckResult | None:
        """Return the result of a complete point, None while items are unanswered."""
        if self.closed:
            return CheckResult.CLOSED
        if not self.complete:
            return None
        return CheckResult.FINDINGS if self.findings else CheckResult.IN_ORDER


RECORDING_SOON = timedelta(days=7)


def kept_until(recorded_on: date, days: int) -> date:
    """Return the last day on which the hall's recorders still hold what they saw."""
    return recorded_on + timedelta(days=days)


def recording_standing(saved: bool, until: date, today: date) -> Recording:
    """Return how a recording stands that can be saved until a day."""
    if saved:
        return Recording.SAVED
    if today > until:
        return Recording.EXPIRED
    return Recording.DUE_SOON if until - today <= RECORDING_SOON else Recording.WANTED


def is_future(occurred_at: datetime, now: datetime) -> bool:
    """Return whether a time of day lies ahead; two minutes of clock difference are forgiven."""
    return occurred_at > now + timedelta(minutes=2)


def is_double(one: datetime, other: datetime) -> bool:
    """Return whether two findings of the same person and item are so near that they may be one."""
    return abs(one - other) <= DOUBLE_WITHIN


def finder_of(source: FindingSource) -> Finder:
    """Return who usually finds what comes from a source."""
    return Finder.EXTERNAL if source in EXTERNAL_SOURCES else Finder.INTERNAL


@dataclass(frozen=True)
class StatementFacts:
    """What decides whether an actor may confirm or dispute a finding."""

    concerned: bool  # the person himself, or who answers for the body
    recorder: bool
    confirmation: Confirmation
    status: FindingStatus


def refuses_statement(facts: StatementFacts) -> str | None:
    """Return why a finding may not be confirmed or disputed by this actor, or None."""
    if not facts.concerned:
        return N_("只有当事人或责任单位的首席代表可以确认。")
    if facts.recorder:
        return N_("记录人不能确认自己记录的问题。")
    if facts.status is FindingStatus.VOID:
        return N_("这个问题已经作废。")
    return None if facts.confirmation is Confirmation.PENDING else N_("这个问题已经确认过。")
