"""Entries that stand on their own: refusals, in a short transaction apart from what was asked; exports."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from app.audit import export
from app.audit.export import EVERYTHING, Exported, Wanted
from app.audit.reports import Progress
from app.audit.rules import ACCESS_REFUSED, AUDIT_EXPORTED, EXPORT, VERIFY
from app.audit.verification import snapshot
from app.config import Settings
from app.core.i18n import N_
from app.db.mixins import Audited
from app.db.uow import UnitOfWork, root_centre_id, unit_of_work
from app.jobs import services as jobs
from app.jobs.models import Job
from app.organisation.models import Centre
from app.permissions import Actor


def record_refusal(actor: Actor, now: datetime, *, permission: str, subject: Audited | None = None) -> None:
    """Record that someone was refused: a permission, a row out of scope, a forged request."""
    with unit_of_work(actor, now) as uow:
        uow.record(ACCESS_REFUSED, subject, result="refused", permission=permission)


def export_log(
    engine: Engine, settings: Settings, actor: Actor, now: datetime, target: Path, wanted: Wanted = EVERYTHING
) -> Exported:
    """Write the log to a file; the file has its name only once the export is recorded."""
    draft = target.with_name(f"{target.name}.part")
    try:
        done = write_log(engine, settings, now, draft, wanted)
        with unit_of_work(actor, now) as uow:
            record_export(uow, wanted, done)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return done


def write_log(
    engine: Engine,
    settings: Settings,
    now: datetime,
    target: Path,
    wanted: Wanted,
    progress: Progress | None = None,
) -> Exported:
    """Write the log to a file as it was at one moment."""
    with target.open("wb") as file, snapshot(engine) as connection:
        return export.write(connection, settings, file, now, wanted, progress)


def record_export(uow: UnitOfWork, wanted: Wanted, done: Exported) -> None:
    """Record what was taken out of the log, in the chain of its centre if it was only one."""
    only = min(wanted.centre_ids) if wanted.centre_ids and len(wanted.centre_ids) == 1 else 0
    uow.record(
        AUDIT_EXPORTED,
        uow.get(Centre, only) if only else None,
        entries=done.entries,
        sha256=done.sha256,
        **wanted.plain(),
    )


def ask_for_export(uow: UnitOfWork, wanted: Wanted) -> int:
    """Let the worker write the log to a file that its asker can fetch; return the job's id."""
    return _id(uow, jobs.ask(uow, EXPORT, wanted.plain(), _centre(uow), title=N_("审计日志")))


def ask_for_verification(uow: UnitOfWork) -> int:
    """Let the worker check the whole log; return the job's id."""
    return _id(uow, jobs.ask(uow, VERIFY, {"by": uow.actor.name}, _centre(uow), title=N_("全部审计记录")))


def _id(uow: UnitOfWork, job: Job) -> int:
    uow.session.flush()
    return job.id


def _centre(uow: UnitOfWork) -> int:
    return uow.actor.centre_id or root_centre_id(uow.session)
