"""Files that came with a form: good ones are kept, bad ones are named, nothing else is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, cast

from flask import request

from app.attachments.services import StoredFile, receive, take_room
from app.core.errors import Invalid
from app.db.uow import short_transaction
from app.web.settings import settings

FILES, RECORDINGS = "photos", "recordings"  # the file fields of a form: evidence; out of the hall's recorders


def receive_files(centre_id: int) -> tuple[list[StoredFile], list[Invalid]]:
    """Store what counts as evidence for a centre; return the files and the reasons against the rest."""

    def make_room(sha256: str, size: int, name: str) -> None:
        with short_transaction() as session:
            take_room(session, centre_id, sha256, size, name)

    stored, faults = [], []
    for field in (FILES, RECORDINGS):
        for file in request.files.getlist(field):
            if not file.filename:
                continue
            stream = cast(BinaryIO, file.stream)
            try:
                stored.append(
                    receive(
                        settings().attachments,
                        stream,
                        file.filename,
                        make_room,
                        recording=field == RECORDINGS,
                    )
                )
            except Invalid as error:
                faults.append(error)
    return stored, faults


def status_of(faults: Sequence[Invalid]) -> int:
    """Return the status of a form that comes back with faults: too large, or otherwise unfit."""
    return 413 if any("limit" in fault.params for fault in faults) else 422
