from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Self

from sqlalchemy import select

from app import clock
from app.attachments import imaging, rules, store
from app.attachments.models import Attachment
from app.attachments.rules import AttachmentKind, MediaType
from app.db.mixins import Audited
from app.db.uow import UnitOfWork


@dataclass(frozen=True)
class StoredPhoto:
    """A photo that is in the store and not yet on any row; drafts keep it as JSON until submitted."""

    sha256: str
    size: int
    media_type: MediaType
    filename: str
    width: int
    height: int
    taken_at: str | None  # ISO 8601, UTC

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Self:
        return cls(**{**kept, "media_type": MediaType(kept["media_type"])})


def receive(root: Path, stream: BinaryIO, filename: str | None) -> StoredPhoto:
    """Store an uploaded photo before any unit of work opens; raise Invalid and keep nothing if it is none."""
    name = rules.safe_filename(filename)
    with (
        store.receiving(root, stream, name) as arrival,
        store.previewing(root, arrival.sha256) as folder,
    ):
        facts = imaging.inspect(arrival.path, folder, name)
    return StoredPhoto(
        sha256=arrival.sha256,
        size=arrival.size,
        media_type=facts.media_type,
        filename=name,
        width=facts.width,
        height=facts.height,
        taken_at=_claimed(facts.taken_at),
    )


def attach(uow: UnitOfWork, subject: Audited, kind: AttachmentKind, stored: StoredPhoto) -> Attachment:
    """Add a photo to a row whose recorded action covers it; raise Invalid beyond MAX_PHOTOS of a kind."""
    uow.session.flush()  # a new subject has no id before
    kinds = uow.session.scalars(
        select(Attachment.kind).where(
            Attachment.subject_type == subject.__audit_type__, Attachment.subject_id == subject.id
        )
    ).all()
    rules.check_count(kinds.count(kind) + 1)
    attachment = Attachment(
        centre_id=subject.audit_centre_id,
        subject_type=subject.__audit_type__,
        subject_id=subject.id,
        kind=kind,
        position=len(kinds),
        stored_at=uow.now,
        stored_by_id=uow.actor.user_id,
        **{**stored.to_dict(), "taken_at": stored.taken_at and datetime.fromisoformat(stored.taken_at)},
    )
    attachment._subject = subject
    uow.session.add(attachment)
    return attachment


def _claimed(taken_at: datetime | None) -> str | None:
    """Return the camera's time, read as office time, as an instant; None if it lies ahead of us."""
    if taken_at is None:
        return None
    instant = clock.at_office(taken_at)
    return None if instant > clock.now() + timedelta(days=1) else instant.isoformat()


def keep_printed_size(root: Path, sha256: str) -> str:
    """Store the size of a photo that is printed as content of its own and return its hash."""
    with (
        imaging.ensure_preview(root, sha256, rules.LARGE).open("rb") as preview,
        store.receiving(root, preview, "preview.jpg") as arrival,
    ):
        return arrival.sha256
