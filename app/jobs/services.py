from __future__ import annotations

from functools import partial
from typing import Any

from app.core.errors import NotAllowed
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.jobs import queue
from app.jobs.models import Job
from app.jobs.rules import JOB_CANCELLED, JOB_RETRIED, JobState


def ask(uow: UnitOfWork, kind: str, args: dict[str, Any], centre_id: int, *, title: str = "") -> Job:
    """Ask for long work of a kind `feature.verb`, to begin once the change is kept.

    With a title, a marked Chinese string without protected words, its asker can watch and cancel it.
    """
    job = Job(
        kind=kind,
        title=title,
        args=args,
        state=JobState.WAITING,
        centre_id=centre_id,
        asked_by_id=uow.actor.user_id,
        asked_at=uow.now,
        run_after=uow.now,
    )
    uow.session.add(job)
    _wake(uow)
    return job


def cancel(uow: UnitOfWork, job_id: int) -> None:
    """Cancel long work: at once while it waits, at its next sign of life while it runs."""
    job = _get(uow, job_id)
    if job.state is JobState.WAITING:
        job.state, job.finished_at = JobState.CANCELLED, uow.now
    elif job.state is JobState.RUNNING and job.cancel_asked_at is None:
        job.cancel_asked_at = uow.now
    else:
        raise NotAllowed(N_("这项任务已经结束或正在取消。"))
    uow.record(JOB_CANCELLED, job_id=job.id, job_kind=job.kind)


def retry(uow: UnitOfWork, job_id: int) -> None:
    """Give long work that was given up another round of attempts."""
    job = _get(uow, job_id)
    if job.state is not JobState.FAILED:
        raise NotAllowed(N_("这项任务不在未成功状态，不需要重试。"))
    job.state, job.attempts, job.run_after, job.finished_at = JobState.WAITING, 0, uow.now, None
    uow.record(JOB_RETRIED, job_id=job.id, job_kind=job.kind)
    _wake(uow)


def _get(uow: UnitOfWork, job_id: int) -> Job:
    """Load a job that no worker can claim or finish meanwhile; whose it is, its reader has asked before.

    As it is once the lock is ours: what was read while we waited for it is out of date.
    """
    return uow.session.get_one(Job, job_id, with_for_update=True, populate_existing=True)


def _wake(uow: UnitOfWork) -> None:
    uow.after_commit(partial(queue.wake, uow.session.get_bind().engine.url))
