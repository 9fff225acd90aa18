"""Patrols and findings: words, states, and what a round needs before it can be submitted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.core.actions import Action


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
FINDING_RECORDED = Action("finding.recorded")
FINDING_EVIDENCE_ADDED = Action("finding.evidence_added", frozenset({"files"}))
FINDING_SENT_TO_RECTIFY = Action("finding.sent_to_rectify", frozenset({"rectification"}))
FINDING_REOPENED = Action("finding.reopened", frozenset({"rectification"}))
CHECKLIST_PUBLISHED = Action("checklist.published", frozenset({"items"}))
CHECKLIST_RETIRED = Action("checklist.retired")

NOTE_MAX = 2000
BACKDATING = timedelta(days=31)  # how far back a finding may be entered


@dataclass(frozen=True)
class PointState:
    """How far one patrol point has been looked at."""

    items: int
    answered: int
    findings: int
    closed: bool

    @property
    def complete(self) -> bool:
        return self.closed or self.answered >= self.items

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
