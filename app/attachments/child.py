"""Look into a file in a child process with limits: a 10 kB file can otherwise take a worker down.

A child (`python -m MODULE ARGUMENTS`) gets paths of our own making and no settings, and prints JSON:
facts, or `{"refused": why}`.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.attachments import rules
from app.core.errors import Invalid
from app.core.i18n import N_

WALL_SECONDS = 10
CPU_SECONDS = 8
MEMORY_BYTES = 1024 * rules.MEGABYTE
WRITTEN_BYTES = 16 * rules.MEGABYTE
_PROJECT = Path(__file__).resolve().parents[2]

FAILED = N_("“%(name)s”处理失败或超时，请稍后重试，或换一个文件。")

log = logging.getLogger(__name__)


class Refused(Exception):
    """A child's reason against a file: the key of its refusal."""


def ask(module: str, *arguments: str | Path, refusals: dict[str, str], name: str) -> dict[str, Any]:
    """Return what a child says of a file; raise Invalid, with `name`, if it refuses or fails."""
    try:
        child = subprocess.run(  # noqa: S603  paths of our own making, no shell
            [sys.executable, "-s", "-E", "-m", module, *arguments],
            cwd=_PROJECT,
            # No secrets: whatever a hostile file makes of the reader finds an empty room.
            env={key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH") if key in os.environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=WALL_SECONDS,
            check=True,
        )
    except subprocess.SubprocessError as failure:
        stderr = getattr(failure, "stderr", None) or b""
        log.warning("file not processed: %s %s", failure, stderr[-1000:].decode(errors="replace"))
        raise Invalid(FAILED, field="photos", name=name) from None
    answer: dict[str, Any] = json.loads(child.stdout)
    if "refused" in answer:
        raise Invalid(refusals[answer["refused"]], field="photos", name=name)
    return answer


def limit() -> None:
    """Set the limits of the child that calls it."""
    for which, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, WRITTEN_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(which, (most, most))
