"""Files that came with a form of an entry, kept whatever becomes of the form (decision 004)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.attachments.services import StoredFile
from app.db import drafts
from app.db.drafts import Draft
from app.db.uow import UnitOfWork
from app.permissions import Actor
from app.registers.draft_queries import DRAFT


def keep_files(
    session: Session, actor: Actor, entry_id: int, files: Sequence[StoredFile], now: datetime
) -> None:
    """Keep files for a new entry (0) or for the correction of one."""
    draft = drafts.find(session, actor.user_id, DRAFT, entry_id)
    if draft is None:
        draft = Draft(
            kind=DRAFT,
            user_id=actor.user_id,
            centre_id=actor.centre_id,
            subject_id=entry_id,
            content={"uploads": {}},
            begun_at=now,
        )
        session.add(draft)
    uploads = {**draft.content["uploads"], **{file.sha256: file.to_dict() for file in files}}
    drafts.save(session, draft, {"uploads": uploads}, now)


def end(uow: UnitOfWork, entry_id: int) -> None:
    """Remove the draft of a form that has been kept."""
    draft = drafts.find(uow.session, uow.actor.user_id, DRAFT, entry_id)
    if draft is not None:
        uow.session.delete(draft)
