"""Photos that came with a form: good ones are kept, bad ones are named, nothing else is lost."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

from flask import current_app
from werkzeug.datastructures import FileStorage

from app.attachments.services import StoredPhoto, receive
from app.config import Settings
from app.core.errors import Invalid


def photo_root() -> Path:
    """Return the folder that evidence is stored under."""
    settings: Settings = current_app.config["DUBAN"]
    return settings.attachments


def receive_photos(files: Iterable[FileStorage]) -> tuple[list[StoredPhoto], list[Invalid]]:
    """Store what is a photo; return the photos and the reasons against the rest."""
    stored, faults = [], []
    for file in files:
        if not file.filename:
            continue
        try:
            stored.append(receive(photo_root(), cast(BinaryIO, file.stream), file.filename))
        except Invalid as error:
            faults.append(error)
    return stored, faults
