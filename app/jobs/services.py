from __future__ import annotations

from functools import partial
from typing import Any

from app.db.uow import UnitOfWork
from app.jobs import queue
from app.jobs.models import Job
from app.jobs.rules import JobState


def ask(uow: UnitOfWork, kind: str, args: dict[str, Any], centre_id: int) -> Job:
    """Ask for long work of a kind `feature.verb`, to begin once the change is kept."""
    job = Job(
        kind=kind,
        args=args,
        state=JobState.WAITING,
        centre_id=centre_id,
        asked_by_id=uow.actor.user_id,
        asked_at=uow.now,
        run_after=uow.now,
    )
    uow.session.add(job)
    uow.after_commit(partial(queue.wake, uow.session.get_bind().engine.url))
    return job
