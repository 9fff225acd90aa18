"""Disks that can be filled: a small one mounted for the purpose, or a limit that writing runs into."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path


@cache
def can_mount() -> bool:
    """Say whether this user may mount a file system; in most containers and on nobody's laptop he may not."""
    with tempfile.TemporaryDirectory() as folder:
        if not _mount(Path(folder), 1):
            return False
        _unmount(Path(folder))
    return True


class Disk:
    """What a site stands on."""

    def __init__(self, place: Path, pids: Callable[[], list[int]]) -> None:
        self.place, self.pids = place, pids
        self.kind = "a file system without room" if place.is_mount() else "a limit of file sizes"
        self._ballast = place / "ballast"

    def fill(self) -> None:
        """Leave no room for anything more."""
        if self.place.is_mount():
            with suppress(OSError), self._ballast.open("ab", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass
            return
        # No file can grow beyond what the smallest of the growing ones has now.
        log = self.place / "duban.db-wal"
        self._limit(log.stat().st_size if log.exists() else 0)

    def free(self) -> None:
        """Make room again."""
        if self.place.is_mount():
            self._ballast.unlink()
            return
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        for pid in self.pids():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@contextmanager
def small(place: Path, megabytes: int) -> Iterator[None]:
    """Put a folder, with what is in it, on a disk of its own for a while, where that is allowed."""
    with tempfile.TemporaryDirectory() as folder:
        aside = Path(folder) / "kept"
        shutil.copytree(place, aside)
        if not _mount(place, megabytes):
            yield
            return
        try:
            shutil.copytree(aside, place, dirs_exist_ok=True)
            yield
        finally:
            _unmount(place)


def _mount(place: Path, megabytes: int) -> bool:
    if os.geteuid() != 0:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "tmpfs", str(place)]
    return subprocess.run(command, capture_output=True).returncode == 0


def _unmount(place: Path) -> None:
    subprocess.run(["umount", "--lazy", str(place)], check=True)
