"""What the worker does about the log: signing, copying, checking at night, and what an auditor asks for."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app import clock
from app.accounts import queries as accounts
from app.audit import anchors, checkpoints, reports, services, verification
from app.audit.export import Wanted
from app.audit.rules import EXPORT, VERIFY
from app.config import Settings
from app.core.errors import NotAllowed
from app.core.i18n import N_
from app.db.uow import end_reading, unit_of_work
from app.extensions import db
from app.jobs.worker import Task
from app.permissions import Actor, Origin, Permission

NIGHT = range(1, 5)  # office hours of the clock in which the full check may run
FULL_EVERY = timedelta(hours=20)
COPY_PATIENCE = 5  # seconds that the worker waits for a copy
MACHINE = N_("后台任务")

log = logging.getLogger(__name__)
_copying: list[threading.Thread] = []


def sign_due(settings: Settings, now: datetime) -> None:
    """Sign every chain that has 200 new entries, or one about to be five minutes old."""
    checkpoints.sign(settings, now, only_due=True)


def copy_anchors(settings: Settings, now: datetime) -> None:
    """Bring the copy of the anchor file up to date, in a thread: a share that hangs must hold nobody up."""
    if settings.anchor_copy is None:
        return
    if _copying and _copying[0].is_alive():
        anchors.keep_status(settings.instance, now, anchors.HANGS)
        return
    _copying[:] = [threading.Thread(target=anchors.copy_out, args=(settings, now), daemon=True)]
    _copying[0].start()
    _copying[0].join(timeout=COPY_PATIENCE)


def verify_at_night(settings: Settings, now: datetime) -> None:
    """Check the whole log once a night and keep the result for the auditor."""
    last = reports.last_full_at(settings.instance)
    if clock.local(now).hour not in NIGHT or (last and now - last < FULL_EVERY):
        return
    _verify(settings, now, MACHINE)


def _verify(
    settings: Settings, now: datetime, by: str, progress: reports.Progress | None = None
) -> reports.Report:
    report = verification.verify(db.engine, settings, progress=progress)
    reports.keep(settings.instance, reports.as_json(report, now, by))
    for fault in report.faults:
        log.error("audit log: %s %s %s", fault.place, fault.problem, fault.about)
    return report


def verify(task: Task) -> dict[str, Any]:
    """Check the whole log for an auditor."""
    report = _verify(task.settings, clock.now(), task.args["by"], task.progress)
    return {"rows": report.entries, "endpoint": "audit.state", "values": {}}


def export(task: Task) -> None:
    """Write the log to a file, with a checkpoint of this moment to vouch for it."""
    now = clock.now()
    actor = _auditor(task)
    wanted = Wanted.read(task.args)
    end_reading()
    checkpoints.sign(task.settings, now)
    target = task.file(f"audit-{clock.local(now):%Y%m%d-%H%M}.jsonl", "application/x-ndjson")
    done = services.write_log(db.engine, task.settings, now, target, wanted, task.progress)
    with unit_of_work(actor, clock.now()) as uow:
        services.record_export(uow, wanted, done)
        task.done_with(uow, {"rows": done.entries, "sha256": done.sha256})


def _auditor(task: Task) -> Actor:
    """Return who asked, as he is now. Raise NotAllowed if he has ceased to be an auditor."""
    actor = accounts.actor_of(task.claim.asked_by_id or 0, clock.today(), Origin(route=EXPORT))
    if actor is None or not actor.can(Permission.AUDIT_READ):
        raise NotAllowed(N_("申请导出的人已不再有查阅审计日志的权限。"))
    return replace(actor, role=actor.role_for(Permission.AUDIT_READ))


HANDLERS: dict[str, Any] = {EXPORT: export, VERIFY: verify}
# (every so many minutes, what to call); called by the worker within an application context.
PERIODIC = ((1, sign_due), (1, copy_anchors), (30, verify_at_night))
