"""Photos that came with a form: good ones are kept, bad ones are named, nothing else is lost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO, cast

from werkzeug.datastructures import FileStorage

from app.attachments.services import StoredPhoto, receive
from app.core.errors import Invalid
from app.web.settings import settings


def receive_photos(files: Iterable[FileStorage]) -> tuple[list[StoredPhoto], list[Invalid]]:
    """Store what is a photo; return the photos and the reasons against the rest."""
    stored, faults = [], []
    for file in files:
        if not file.filename:
            continue
        try:
            stored.append(receive(settings().attachments, cast(BinaryIO, file.stream), file.filename))
        except Invalid as error:
            faults.append(error)
    return stored, faults
