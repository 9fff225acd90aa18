"""Long lists, on behalf of whoever asked for them, as he is when they are written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app import clock
from app.accounts import queries as accounts
from app.core.errors import NotAllowed
from app.core.i18n import N_
from app.db.uow import unit_of_work
from app.jobs.worker import Task
from app.permissions import Actor, Origin, Permission
from app.transfers import exporting, services
from app.transfers.exporting import Written
from app.transfers.rules import EXPORT_JOB
from app.transfers.workbook import XLSX


def export(task: Task) -> None:
    """Write a list into a result file and record it."""
    wanted, now = exporting.every()[task.args["list"]], clock.now()
    filters: dict[str, Any] = task.args["filters"]
    asker = _asker(task, wanted.permission)
    total = exporting.count(wanted, asker, filters, now)
    path = task.file(exporting.file_name(wanted, now), XLSX)
    rows = exporting.write(path, wanted, asker, filters, now, lambda done: task.progress(done, total))
    written = Written(rows, exporting.sha256_of(path))
    with unit_of_work(asker, clock.now()) as uow:
        services.record_export(uow, wanted, filters, written)
        task.done_with(uow, {"rows": rows})


def _asker(task: Task, permission: Permission) -> Actor:
    """Return who asked for a job, acting under the permission it needs. Raise NotAllowed if he lost it."""
    origin = Origin(route=task.claim.kind)
    found = accounts.actor_of(task.claim.asked_by_id or 0, clock.today(), origin)
    role = found.role_for(permission) if found else None
    if found is None or role is None:
        raise NotAllowed(N_("提交任务的用户已停用，或者不再有这项权限。"))
    return replace(found, role=role)


HANDLERS = {EXPORT_JOB: export}
