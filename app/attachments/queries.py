from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.attachments.models import Attachment
from app.core.errors import NotFound
from app.core.i18n import N_


def list_for(
    session: Session, subject_type: str, subject_ids: Collection[int]
) -> dict[int, list[Attachment]]:
    """Return the photos of each of these rows in order; a row without any has an empty list."""
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
    """Return one photo of a row that the caller may see; raise NotFound for a photo of any other."""
    row = session.get(Attachment, attachment_id) if 0 < attachment_id < 2**31 else None
    if row is None or (row.subject_type, row.subject_id) != (subject_type, subject_id):
        raise NotFound(N_("照片不存在。"))
    return row
