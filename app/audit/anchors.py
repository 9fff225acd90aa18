"""Checkpoints outside the database: the anchor file, and its copy in a place of someone else's."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from app.audit.keys import Checkpoint
from app.config import Settings
from app.core.i18n import N_
from app.db.types import canonical

TAIL_BYTES = 256 * 1024
BLOCK = 1024 * 1024
OTHER_FILE = N_("副本与本机的锚点文件不一致：两者之一被改动过")
NO_FOLDER = N_("副本文件夹不存在或没有挂载")
HANGS = N_("上一次复制还没有结束：副本文件夹没有响应")


def anchor_file(instance: Path) -> Path:
    """Return the file that grows with every checkpoint, to be copied to another machine."""
    return instance / "anchors" / "checkpoints.jsonl"


def copy_file(settings: Settings) -> Path | None:
    """Return the copy of the anchor file in the folder DUBAN_ANCHOR_COPY, None without one."""
    return settings.anchor_copy / "checkpoints.jsonl" if settings.anchor_copy else None


def readable_copy(settings: Settings) -> Path | None:
    """Return the copy if it is there, and answered when last asked: a dead share would hold us up."""
    copy = copy_file(settings)
    alive = copy is not None and copy_status(settings.instance).get("problem") != HANGS
    return copy if copy and alive and copy.is_file() else None


def add_anchors(instance: Path, checkpoints: list[Checkpoint]) -> None:
    """Add checkpoints to the anchor file and wait until they are on the disk."""
    path = anchor_file(instance)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        # A line that a power cut left half written was never an anchor.
        tail = os.pread(handle, TAIL_BYTES, max(size - TAIL_BYTES, 0))
        os.ftruncate(handle, size - len(tail) + tail.rfind(b"\n") + 1)
        os.write(handle, "".join(f"{canonical(each._asdict())}\n" for each in checkpoints).encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_anchors(path: Path, size: int) -> Iterator[tuple[str, Checkpoint | None]]:
    """Yield (file:line, anchor) of the first `size` bytes of an anchor file; None where it cannot be read."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            size -= len(line)
            if size < 0 or not line.endswith(b"\n"):
                return
            yield f"{path.name}:{number}", _read(line)


def last_anchors(path: Path) -> dict[int, Checkpoint]:
    """Return the newest anchor of each chain, read from the end of an anchor file only."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - TAIL_BYTES, 0))
            lines = file.read().splitlines(keepends=True)
    except FileNotFoundError:
        return {}
    if size > TAIL_BYTES:
        lines = lines[1:]
    found: dict[int, Checkpoint] = {}
    for line in lines:
        anchor = _read(line) if line.endswith(b"\n") else None
        if anchor and (anchor.centre_id not in found or found[anchor.centre_id].seq <= anchor.seq):
            found[anchor.centre_id] = anchor
    return found


def _read(line: bytes) -> Checkpoint | None:
    try:
        anchor = Checkpoint(**json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None
    whole = all(
        type(value) is int and 0 <= value < 2**62 for value in (anchor.centre_id, anchor.seq, anchor.at_us)
    )
    text = all(type(value) is str for value in (anchor.hash, anchor.key_id, anchor.signature))
    return anchor if whole and text else None


# --- the copy ----------------------------------------------------------------------------------------


def extend_copy(source: Path, target: Path) -> None:
    """Add to a copy what it lacks. Raise OSError, or ValueError where it is not the source's beginning.

    It is only ever added to, never written anew: what the copy has witnessed stays, whoever rewrites the
    source, and the other machine may hold the file append-only. An addition cut short is gone on with.
    """
    if not target.parent.is_dir():
        raise ValueError(NO_FOLDER)
    if not source.is_file():
        return
    handle = os.open(target, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    with source.open("rb") as ours, closing(os.fdopen(handle, "r+b", buffering=0)) as copy:
        have = copy.seek(0, os.SEEK_END)
        start = max(have - TAIL_BYTES, 0)
        ours.seek(start)
        copy.seek(start)
        if ours.read(have - start) != copy.read(have - start):
            raise ValueError(OTHER_FILE)
        while block := ours.read(BLOCK):
            copy.write(block)
        os.fsync(copy.fileno())
    if have == 0:
        _sync_folder(target.parent)


def same_beginning(source: Path, target: Path) -> bool:
    """Compare a copy with its source from the first byte to the copy's last."""
    if not source.is_file():
        return False
    with source.open("rb") as ours, target.open("rb") as copy:
        while block := copy.read(BLOCK):
            if ours.read(len(block)) != block:
                return False
    return True


def status_file(instance: Path) -> Path:
    return instance / "anchor-copy.json"


def copy_out(settings: Settings, now: datetime) -> dict[str, Any]:
    """Bring the copy up to date and keep what came of it: the state page never looks there itself."""
    target = copy_file(settings)
    if target is None:
        raise ValueError("DUBAN_ANCHOR_COPY is not set")
    try:
        extend_copy(anchor_file(settings.instance), target)
        reached = {str(centre): anchor.seq for centre, anchor in last_anchors(target).items()}
    except (OSError, ValueError) as error:
        problem = str(error.strerror if isinstance(error, OSError) else error)
        return keep_status(settings.instance, now, problem)
    return keep_status(settings.instance, now, "", reached)


def keep_status(
    instance: Path, now: datetime, problem: str, reached: dict[str, int] | None = None
) -> dict[str, Any]:
    """Keep what came of a copy; a failure leaves standing what was reached and when it last went well."""
    before = copy_status(instance)
    status = {
        "problem": problem,
        "reached": before.get("reached", {}) if reached is None else reached,
        "at": before.get("at") if problem else now.isoformat(),
        "failing_since": (before.get("failing_since") or now.isoformat()) if problem else None,
    }
    path = status_file(instance)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(status, ensure_ascii=False))
    draft.replace(path)
    return status


def copy_status(instance: Path) -> dict[str, Any]:
    """Return what came of the last copy: `problem`, `reached` (chain to sequence), `at`, `failing_since`."""
    try:
        found = json.loads(status_file(instance).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def outside(settings: Settings) -> dict[int, int]:
    """Return how far each chain is anchored: in the copy where there is to be one, else in our own file."""
    if settings.anchor_copy:
        return {int(centre): seq for centre, seq in copy_status(settings.instance).get("reached", {}).items()}
    found = last_anchors(anchor_file(settings.instance))
    return {centre_id: anchor.seq for centre_id, anchor in found.items()}
