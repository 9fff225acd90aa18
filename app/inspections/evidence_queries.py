"""Reads of what proves a finding: its files, and the hall's recording of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app import clock
from app.attachments import queries as attachments
from app.attachments.models import Attachment
from app.extensions import db
from app.inspections import rules
from app.inspections.models import Finding
from app.inspections.rules import Recording


@dataclass(frozen=True)
class RecordingState:
    """Where the hall's recording of a finding is, and until when it can be saved."""

    camera: str
    until: date
    standing: Recording
    days_left: int


def files_of(session: Session, finding_id: int) -> list[Attachment]:
    """Return the files of a finding in their order."""
    return attachments.list_for(session, "finding", [finding_id])[finding_id]


def recording_of(finding: Finding, today: date) -> RecordingState | None:
    """Return how the recording of a finding stands, None if no recorder has seen it."""
    if not finding.camera:
        return None
    days = attachments.video_days(db.session(), finding.centre_id)
    until = rules.kept_until(clock.local(finding.occurred_at).date(), days)
    standing = rules.recording_standing(finding.recording_saved_at is not None, until, today)
    return RecordingState(finding.camera, until, standing, (until - today).days)
