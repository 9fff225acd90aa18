"""What processes hold in memory, as Linux tells it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path


def peak_mb(process: int | str = "self") -> float:
    """Return the most that a process has held, in MB (not getrusage: that tells of its parent too)."""
    return _found(f"/proc/{process}/status", "VmHWM")


def shared_mb(processes: Iterable[int]) -> float:
    """Return what processes hold together, in MB (PSS); what they share counts once."""
    return sum(_found(f"/proc/{process}/smaps_rollup", "Pss") for process in processes)


def _found(file: str, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+)", Path(file).read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0
