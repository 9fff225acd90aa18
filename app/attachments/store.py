"""Originals under their SHA-256, written once; previews beside them, made again at will.

`root` is the folder `attachments` of the instance:

    ab/cd/abcd…                      an original
    previews/ab/cd/abcd…-320.jpg     a preview
    incoming/                        unfinished work
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.attachments import rules
from app.attachments.rules import FileKind

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class Arrival:
    """A received file before it is kept; `path` lasts as long as the block that received it."""

    path: Path
    sha256: str
    size: int


def path_of(root: Path, sha256: str) -> Path:
    """Return where an original stands, whether it exists or not; raise ValueError for anything but a hash."""
    return root / _place(sha256) / sha256


def preview_path(root: Path, sha256: str, width: int) -> Path:
    """Return where the preview of that width stands, whether it exists or not."""
    return root / "previews" / _place(sha256) / f"{sha256}-{width:d}.jpg"


@contextmanager
def receiving(root: Path, stream: BinaryIO, kind: FileKind, name: str) -> Iterator[Arrival]:
    """Receive a file; leaving the block without an error keeps it for good, otherwise nothing remains.

    The same content may be received again, also by two processes at once: it is stored once.
    Raise Invalid, with `name`, if it is too large for its kind.
    """
    with _workspace(root) as folder:
        arrival = _receive(stream, folder / "original", kind, name)
        yield arrival
        target = path_of(root, arrival.sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.link(arrival.path, target)
        for place in (target.parent, target.parent.parent, root):
            _sync(place)


@contextmanager
def previewing(root: Path, sha256: str) -> Iterator[Path]:
    """Give a folder to make `<width>.jpg` in; leaving the block without an error puts them in place."""
    with _workspace(root) as folder:
        yield folder
        for width in rules.PREVIEW_WIDTHS:
            made = folder / f"{width}.jpg"
            _sync(made)
            target = preview_path(root, sha256, width)
            target.parent.mkdir(parents=True, exist_ok=True)
            made.replace(target)


def _place(sha256: str) -> Path:
    if not _SHA256.fullmatch(sha256):
        raise ValueError("not a SHA-256 in lower-case hexadecimal")
    return Path(sha256[:2], sha256[2:4])


@contextmanager
def _workspace(root: Path) -> Iterator[Path]:
    # Under root, because link() and rename() work within one file system only.
    incoming = root / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=incoming) as folder:
        yield Path(folder)


def _receive(stream: BinaryIO, path: Path, kind: FileKind, name: str) -> Arrival:
    digest = hashlib.sha256()
    size = 0
    with path.open("xb") as file:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            rules.check_size(size, kind, name)
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fchmod(file.fileno(), 0o440)
        os.fsync(file.fileno())
    return Arrival(path, digest.hexdigest(), size)


def _sync(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
