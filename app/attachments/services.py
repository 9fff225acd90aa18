from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Self

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app import clock
from app.attachments import imaging, probing, queries, rules, store
from app.attachments.models import Attachment, StoredContent, StoredTotal
from app.attachments.rules import AttachmentKind, FileKind, MediaType
from app.core.errors import Invalid
from app.db.mixins import Audited
from app.db.uow import UnitOfWork

# Asked with hash, size and name before a file is kept; it raises Invalid where there is no room.
MakeRoom = Callable[[str, int, str], object]


@dataclass(frozen=True)
class StoredFile:
    """A file that is in the store and not yet on any row; drafts keep it as JSON until submitted."""

    sha256: str
    size: int
    media_type: MediaType
    filename: str
    width: int | None = None
    height: int | None = None
    taken_at: str | None = None  # ISO 8601, UTC
    seconds: int | None = None
    recording: bool = False  # a clip or still out of the hall's recorders

    @property
    def kind(self) -> FileKind:
        return self.media_type.kind

    @property
    def is_photo(self) -> bool:
        return self.kind is FileKind.PHOTO

    @property
    def size_text(self) -> str:
        return rules.size_text(self.size)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Self:
        return cls(**{**kept, "media_type": MediaType(kept["media_type"])})


def receive(
    root: Path,
    stream: BinaryIO,
    filename: str | None,
    make_room: MakeRoom,
    *,
    recording: bool = False,
) -> StoredFile:
    """Store an uploaded file before any unit of work opens; raise Invalid and keep nothing if it is unfit."""
    name = rules.safe_filename(filename)
    head = stream.read(rules.HEAD_BYTES)
    stream.seek(0)
    kind = rules.file_kind(head, name)
    with store.receiving(root, stream, kind, name) as arrival:
        if kind is FileKind.PHOTO:
            with store.previewing(root, arrival.sha256) as folder:
                facts = imaging.inspect(arrival.path, folder, name)
        else:
            facts = probing.inspect(arrival.path, kind, name)
        make_room(arrival.sha256, arrival.size, name)
    return StoredFile(
        sha256=arrival.sha256,
        size=arrival.size,
        media_type=facts.media_type,
        filename=name,
        width=facts.width,
        height=facts.height,
        taken_at=_claimed(facts.taken_at),
        seconds=facts.seconds,
        recording=recording,
    )


def take_room(session: Session, centre_id: int, sha256: str, size: int, name: str) -> None:
    """Count a content towards its centre's quota, once; raise Invalid if there is no room left for it.

    The total moves only where it stays within the quota, so that two uploads cannot both take the last room.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    added = session.execute(
        dialect.insert(StoredContent)
        .values(centre_id=centre_id, sha256=sha256, size=size)
        .on_conflict_do_nothing()
        .returning(StoredContent.sha256)
    ).one_or_none()
    if added is None:
        return
    session.execute(dialect.insert(StoredTotal).values(centre_id=centre_id, size=0).on_conflict_do_nothing())
    space = queries.space(session, centre_id)
    fits = session.execute(
        update(StoredTotal)
        .where(StoredTotal.centre_id == centre_id, StoredTotal.size + size <= space.quota)
        .values(size=StoredTotal.size + size)
        .returning(StoredTotal.size)
    ).one_or_none()
    if fits is None:
        raise Invalid(
            rules.FULL,
            field="photos",
            name=name,
            quota=space.quota_text,
            used=space.used_text,
            size=rules.size_text(size),
        )


def attach(
    uow: UnitOfWork,
    subject: Audited,
    kind: AttachmentKind,
    stored: StoredFile,
    *,
    camera: str | None = None,
    recorded_on: date | None = None,
) -> Attachment:
    """Add a file to a row whose recorded action covers it; raise Invalid beyond MAX_FILES of a kind.

    `camera` and `recorded_on` say which of the hall's recorders a recording is from.
    """
    uow.session.flush()  # a new subject has no id before
    kinds = uow.session.scalars(
        select(Attachment.kind).where(
            Attachment.subject_type == subject.__audit_type__, Attachment.subject_id == subject.id
        )
    ).all()
    rules.check_count(kinds.count(kind) + 1)
    facts = stored.to_dict()
    recording = facts.pop("recording")
    attachment = Attachment(
        centre_id=subject.audit_centre_id,
        subject_type=subject.__audit_type__,
        subject_id=subject.id,
        kind=kind,
        position=len(kinds),
        camera=camera if recording else None,
        recorded_on=recorded_on if recording else None,
        stored_at=uow.now,
        stored_by_id=uow.actor.user_id,
        **{**facts, "taken_at": stored.taken_at and datetime.fromisoformat(stored.taken_at)},
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
        store.receiving(root, preview, FileKind.PHOTO, "preview.jpg") as arrival,
    ):
        return arrival.sha256
