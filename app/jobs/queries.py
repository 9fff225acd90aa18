from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from app.core.errors import NotFound
from app.core.i18n import N_
from app.db.listing import Order, Page, capped_count, fetch
from app.extensions import db
from app.jobs.models import Job
from app.jobs.rules import LOST_AFTER, OPEN, JobState
from app.permissions import Actor


def due(now: datetime) -> ColumnElement[bool]:
    """Return the condition of a job that should be running: its time has come, or its worker is lost."""
    return or_(
        and_(Job.state == JobState.WAITING, Job.run_after <= now),
        and_(Job.state == JobState.RUNNING, Job.heartbeat_at < now - LOST_AFTER),
    )


def any_due(session: Session, now: datetime) -> bool:
    return session.scalar(select(Job.id).where(due(now)).limit(1)) is not None


def find_troubled(session: Session, kind: str, wanted: list[dict[str, Any]]) -> list[Job]:
    """Return those jobs of a kind that have failed at least once and are not done, by their arguments."""
    states = [JobState.WAITING, JobState.RUNNING, JobState.FAILED]
    rows = select(Job).where(Job.state.in_(states), Job.kind == kind, Job.args.in_(wanted), Job.message != "")
    return list(session.scalars(rows))


def find_unfinished(session: Session, kind: str, args: dict[str, Any]) -> Job | None:
    """Return the job of that kind and arguments that is not done yet, given up ones included."""
    unfinished = (*OPEN, JobState.FAILED)
    statement = select(Job).where(Job.state.in_(unfinished), Job.kind == kind, Job.args == args)
    return session.scalar(statement.order_by(Job.id.desc()).limit(1))


def visible_to(actor: Actor) -> Select[Job]:
    """Return the long work that an actor has asked for himself and can watch."""
    return select(Job).where(Job.asked_by_id == actor.user_id, Job.title != "")


def list_jobs(actor: Actor, args: Mapping[str, str]) -> tuple[Page[Job], int]:
    """Return one page of one's own long work, newest first, and its capped number."""
    rows = visible_to(actor)
    order = Order(Job.asked_at, Job.id)
    return fetch(db.session(), rows, order, args.get("cursor")), capped_count(db.session(), rows)


def latest(actor: Actor, limit: int) -> list[Job]:
    """Return the first of one's own long work, newest first."""
    return list(
        db.session.scalars(visible_to(actor).order_by(Job.asked_at.desc(), Job.id.desc()).limit(limit))
    )


def get(actor: Actor, job_id: int) -> Job:
    """Return one's own long work. Raise NotFound, for another's as for none: it is no row of a ledger."""
    job = db.session.scalar(visible_to(actor).where(Job.id == job_id))
    if job is None:
        raise NotFound(N_("没有找到这项任务，或者它是别人提交的。"))
    return job
