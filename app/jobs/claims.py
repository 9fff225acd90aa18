"""A job in a worker's hands: claimed, kept alive, finished. States of the machine room, not of a ledger.

A claim's number of attempts is its token: whoever was lost and comes back late can no longer finish it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from app.core.i18n import N_
from app.db.uow import end_reading, short_transaction
from app.extensions import db
from app.jobs import queries
from app.jobs.models import Job
from app.jobs.rules import MAX_ATTEMPTS, JobState, retry_delay

LOST = N_("后台任务多次中断，已停止重试。")
_MESSAGE_MAX = 500


class Lost(Exception):
    """Another worker has taken the job up: stop."""


class Cancelled(Exception):
    """Whoever asked for the job no longer wants it: stop."""


@dataclass(frozen=True)
class Claim:
    """A job in one worker's hands."""

    id: int
    kind: str
    args: dict[str, Any]
    attempt: int
    asked_by_id: int | None


def claim(now: datetime) -> Claim | None:
    """Take the next due job, lost ones included; None if there is none. No two workers take the same."""
    if not queries.any_due(db.session(), now):  # sweeping an empty table writes nothing
        return None
    with short_transaction() as session:
        statement = select(Job).where(queries.due(now)).order_by(Job.run_after, Job.id).limit(1)
        job = session.scalar(statement.with_for_update(skip_locked=True))
        if job is None:
            return None
        if job.cancel_asked_at is None and job.attempts < MAX_ATTEMPTS:
            job.state, job.heartbeat_at, job.attempts = JobState.RUNNING, now, job.attempts + 1
            return Claim(job.id, job.kind, job.args, job.attempts, job.asked_by_id)
        if job.cancel_asked_at:
            job.state, job.finished_at = JobState.CANCELLED, now
        else:
            job.state, job.finished_at, job.message = JobState.FAILED, now, LOST
    return claim(now)


def beat(claim: Claim, done: int, total: int, now: datetime) -> bool:
    """Show that the worker is alive and how far it is; False if the job is no longer its own."""
    return _change(claim, heartbeat_at=now, progress=done, total=total)


def cancel_asked(claim: Claim) -> bool:
    """Return whether whoever asked for the job has cancelled it since."""
    asked = select(Job.id).where(Job.id == claim.id, Job.cancel_asked_at.is_not(None))
    found = db.session.scalar(asked) is not None
    end_reading()
    return found


def cancel(claim: Claim, now: datetime) -> bool:
    """Mark a job as stopped half-way at its asker's wish; False as in `finish`."""
    return _change(claim, state=JobState.CANCELLED, finished_at=now, message="")


def finish(claim: Claim, now: datetime, result: Any = None, files: Sequence[Any] = ()) -> bool:
    """Mark a job as done; False if it is no longer the claimer's."""
    return _change(claim, **_done(now, result, files))


def finish_within(
    session: Session, claim: Claim, now: datetime, result: Any = None, files: Sequence[Any] = ()
) -> None:
    """Mark a job as done within a unit of work that is open. Raise Lost, or Cancelled."""
    if not _write(session, claim, **_done(now, result, files)):
        raise Lost
    if session.scalar(select(Job.cancel_asked_at).where(Job.id == claim.id)):
        raise Cancelled


def _done(now: datetime, result: Any, files: Sequence[Any]) -> dict[str, Any]:
    return {
        "state": JobState.DONE,
        "finished_at": now,
        "message": "",
        "result": result,
        "files": list(files),
    }


def fail(claim: Claim, reason: str, now: datetime, *, for_good: bool = False) -> bool:
    """Let a job rest before its next attempt, or give it up after the last; False as in `finish`."""
    message = reason[:_MESSAGE_MAX]
    if claim.attempt < MAX_ATTEMPTS and not for_good:
        again = now + retry_delay(claim.attempt)
        return _change(claim, state=JobState.WAITING, run_after=again, message=message)
    return _change(claim, state=JobState.FAILED, finished_at=now, message=message)


def retry_failed(now: datetime) -> int:
    """Give every job that was given up another round of attempts; return how many."""
    with short_transaction() as session:
        statement = update(Job).where(Job.state == JobState.FAILED)
        anew = statement.values(state=JobState.WAITING, attempts=0, run_after=now, finished_at=None)
        return cast("CursorResult[Any]", session.execute(anew)).rowcount


def _change(claim: Claim, **values: Any) -> bool:
    with short_transaction() as session:
        return _write(session, claim, **values)


def _write(session: Session, claim: Claim, **values: Any) -> bool:
    mine = (Job.id == claim.id, Job.state == JobState.RUNNING, Job.attempts == claim.attempt)
    result = session.execute(update(Job).where(*mine).values(**values))
    return cast("CursorResult[Any]", result).rowcount == 1
