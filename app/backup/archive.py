"""The file that a backup is: one tar, written and read as a stream, its manifest the last member."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import tarfile
import zlib
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from app.core.errors import Invalid
from app.core.i18n import N_

FORMAT = 1
MANIFEST = "manifest.json"
# Nothing else is written to disk: no folder, link or name that could lead out of the target.
_NAME = re.compile(
    r"database\.(?:sqlite|dump)"
    r"|attachments/(?P<a>[0-9a-f]{2})/(?P<b>[0-9a-f]{2})/(?P=a)(?P=b)[0-9a-f]{60}"
    r"|(?:anchors|fonts)/[^/\\\0.][^/\\\0]{0,199}"
    r"|secrets/(?:secret|field|signing)_key\.secret"
)
_CHUNK = 1024 * 1024
_LARGEST_MANIFEST = 512 * 1024 * 1024

Files = dict[str, list[Any]]  # name -> [size, SHA-256]


class _Hashing:
    """A stream that keeps the SHA-256 of what passed through it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self.stream.read(size)
        self.digest.update(data)
        return data

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self.stream.write(data)


class Writer:
    """Writes members one after another and notes size and hash of each for the manifest."""

    def __init__(self, file: BinaryIO, mtime: int, *, zipped: bool) -> None:
        self._out = _Hashing(file)
        self._mtime = mtime
        self._tar = _open(self._out, "w|gz" if zipped else "w|")
        self.files: Files = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tar.close()  # after an error too: the tar must not outlive its file

    def add(self, name: str, stream: BinaryIO) -> str:
        """Add a file as long as it is now, and return the SHA-256 of what was written."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a name of the archive: {name!r}")
        size = os.fstat(stream.fileno()).st_size
        source = _Hashing(stream)
        self._tar.addfile(self._member(name, size), source)  # type: ignore[arg-type]  # it only reads
        self.files[name] = [size, source.digest.hexdigest()]
        return source.digest.hexdigest()

    def add_text(self, name: str, text: str) -> None:
        """Add a short text that stands in no file."""
        data = text.encode()
        self._put(name, data)
        self.files[name] = [len(data), hashlib.sha256(data).hexdigest()]

    def finish(self, facts: dict[str, Any]) -> None:
        """Close with the manifest: what the backup says of itself, and every file."""
        manifest = {"format": FORMAT, **facts, "files": self.files}
        self._put(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1).encode())

    def sha256(self) -> str:
        """Return the SHA-256 of the whole archive, once it is closed."""
        return self._out.digest.hexdigest()

    def _put(self, name: str, data: bytes) -> None:
        self._tar.addfile(self._member(name, len(data)), BytesIO(data))

    def _member(self, name: str, size: int) -> tarfile.TarInfo:
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = size, self._mtime, 0o600
        return member


def _open(stream: Any, mode: Any) -> tarfile.TarFile:
    return tarfile.open(fileobj=stream, mode=mode, bufsize=_CHUNK)


def unpack(file: BinaryIO, folder: Path) -> dict[str, Any]:
    """Write the members into an empty folder and return the manifest they agree with. Raise Invalid."""
    found: Files = {}
    manifest: dict[str, Any] | None = None
    try:
        with _open(file, "r|*") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or member.name in found or manifest is not None:
                    raise Invalid(N_("备份文件中有不该有的成员：%(name)s"), name=member.name[:200])
                if member.name == MANIFEST:
                    manifest = _manifest(content.read(_LARGEST_MANIFEST))
                    continue
                if not _NAME.fullmatch(member.name):
                    raise Invalid(N_("备份文件中有不该有的成员：%(name)s"), name=member.name[:200])
                found[member.name] = _write(folder / member.name, content)  # type: ignore[arg-type]
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise Invalid(N_("备份文件损坏或不完整，无法读取。")) from error
    if manifest is None:
        raise Invalid(N_("备份文件不完整：缺少清单。"))
    _compare(manifest["files"], found)
    return manifest


def _manifest(text: bytes) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(text)
        known = manifest["format"] == FORMAT
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Invalid(N_("备份文件的清单无法读取。")) from error
    keys = ("at", "kind", "revision", "tables", "heads", "keys", "files")
    if not known or not all(key in manifest for key in keys) or not isinstance(manifest["files"], dict):
        raise Invalid(N_("备份文件的格式不是本版本所能恢复的。"))
    return manifest


def _write(path: Path, content: BinaryIO) -> list[Any]:
    path.parent.mkdir(parents=True, exist_ok=True)
    source, size = _Hashing(content), 0
    with path.open("xb") as file:
        # Evidence is never written again, by nobody; the rest is for its owner.
        os.fchmod(file.fileno(), 0o440 if path.parts[-4:-3] == ("attachments",) else 0o600)
        while chunk := source.read(_CHUNK):
            size += file.write(chunk)
    return [size, source.digest.hexdigest()]


def _compare(listed: Files, found: Files) -> None:
    for name in sorted({*listed, *found}):
        if name not in found:
            raise Invalid(N_("备份文件不完整：缺少 %(name)s。"), name=name[:200])
        if listed.get(name) != found[name]:
            raise Invalid(N_("备份文件被改动过：%(name)s 与清单不符。"), name=name[:200])
