from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.jobs.models import Job
from app.jobs.rules import LOST_AFTER, JobState


def due(now: datetime) -> ColumnElement[bool]:
    """Return the condition of a job that should be running: its time has come, or its worker is lost."""
    return or_(
        and_(Job.state == JobState.WAITING, Job.run_after <= now),
        and_(Job.state == JobState.RUNNING, Job.heartbeat_at < now - LOST_AFTER),
    )


def any_due(session: Session, now: datetime) -> bool:
    return session.scalar(select(Job.id).where(due(now)).limit(1)) is not None


def find_unfinished(session: Session, kind: str, args: dict[str, Any]) -> Job | None:
    """Return the job of that kind and arguments that is not done yet."""
    unfinished = [state for state in JobState if state is not JobState.DONE]
    statement = select(Job).where(Job.state.in_(unfinished), Job.kind == kind, Job.args == args)
    return session.scalar(statement.order_by(Job.id.desc()).limit(1))
