"""The files that long work leaves for whoever asked for it: one folder for each attempt, so that a worker
that was lost and comes back late cannot write into what another one has finished.

    instance/results/<job id>/<attempt>/<name>
"""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

from app.config import Settings
from app.extensions import db
from app.jobs.models import Job
from app.jobs.rules import RESULTS_KEPT


def path_of(settings: Settings, job_id: int, attempt: int, name: str) -> Path:
    """Return where a result file stands or will stand; raise ValueError for a name with a path."""
    if not name.strip(".") or Path(name).name != name:
        raise ValueError(f"not a bare file name: {name!r}")
    return _folder(settings) / str(job_id) / str(attempt) / name


def make(settings: Settings, job_id: int, attempt: int, name: str) -> Path:
    """Return an empty file to write a result into, readable by the service user only."""
    path = path_of(settings, job_id, attempt, name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return path


def discard(settings: Settings, job_id: int, attempt: int) -> None:
    """Remove what an attempt has left that did not succeed."""
    shutil.rmtree(_folder(settings) / str(job_id) / str(attempt), ignore_errors=True)


def discard_before(settings: Settings, job_id: int, attempt: int) -> None:
    """Remove what attempts have left that were lost half-way."""
    for earlier in range(1, attempt):
        discard(settings, job_id, earlier)


def remove_old(settings: Settings, now: datetime) -> None:
    """Remove the files of jobs that were finished a week ago, or that nobody knows of."""
    folder = _folder(settings)
    for place in folder.iterdir() if folder.exists() else ():
        job = db.session.get(Job, int(place.name)) if place.name.isdecimal() else None
        if job is None or (job.finished_at and job.finished_at + RESULTS_KEPT <= now):
            shutil.rmtree(place, ignore_errors=True)


def _folder(settings: Settings) -> Path:
    return settings.instance / "results"
