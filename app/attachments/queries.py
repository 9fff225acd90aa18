from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.attachments import rules
from app.attachments.models import Attachment, StoredTotal
from app.core.errors import NotFound
from app.core.i18n import N_
from app.settings import queries as settings

MISSING = N_("文件不存在。")


def list_for(
    session: Session, subject_type: str, subject_ids: Collection[int]
) -> dict[int, list[Attachment]]:
    """Return the files of each of these rows in order; a row without any has an empty list."""
    found: dict[int, list[Attachment]] = {subject_id: [] for subject_id in subject_ids}
    if found:
        rows = session.scalars(
            select(Attachment)
            .where(Attachment.subject_type == subject_type, Attachment.subject_id.in_(found))
            .order_by(Attachment.subject_id, Attachment.position)
        )
        for row in rows:
            found[row.subject_id].append(row)
    return found


def get_for(session: Session, subject_type: str, subject_id: int, attachment_id: int) -> Attachment:
    """Return one file of a row that the caller may see; raise NotFound for a file of any other."""
    row = session.get(Attachment, attachment_id)
    if row is None or (row.subject_type, row.subject_id) != (subject_type, subject_id):
        raise NotFound(MISSING)
    return row


@dataclass(frozen=True)
class Space:
    """How much room a centre has for evidence, in bytes."""

    used: int
    quota: int

    @property
    def used_text(self) -> str:
        return rules.size_text(self.used)

    @property
    def quota_text(self) -> str:
        return rules.size_text(self.quota)


def space(session: Session, centre_id: int) -> Space:
    """Return how much a centre has stored, and how much it may."""
    used = session.scalar(select(StoredTotal.size).where(StoredTotal.centre_id == centre_id)) or 0
    return Space(used, settings.value(session, centre_id, "attachment_quota_gb") * rules.GIGABYTE)


def video_days(session: Session, centre_id: int) -> int:
    """Return for how many days the hall's recorders keep what they saw."""
    days: int = settings.value(session, centre_id, "hall_video_days")
    return days
