"""Long lists and tables, on behalf of whoever asked for them, as he is when the work is done."""

from __future__ import annotations

from typing import Any

from app import clock
from app.accounts import queries as accounts
from app.core.errors import NotFound, Stale
from app.db.drafts import Draft
from app.db.uow import unit_of_work
from app.jobs.worker import Task
from app.permissions import Actor, Origin, Permission
from app.transfers import exporting, intake, services
from app.transfers.exporting import Written
from app.transfers.importing import Import
from app.transfers.rules import APPLY_JOB, CHECK_JOB, EXPORT_JOB
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
    return accounts.acting(task.claim.asked_by_id, permission, clock.today(), Origin(route=task.claim.kind))


def check(task: Task) -> dict[str, Any]:
    """Judge a long table; its report waits on the page of the import."""
    kind, draft = _table(task)
    total = draft.content["rows"]
    report = intake.check(task.settings, kind, draft, lambda done: task.progress(done, total))
    intake.save(task.args["draft"], clock.now(), check=report.as_json(clock.now()))
    return {"rows": total, "endpoint": "transfers.imports.checked", "values": {"name": kind.name}}


def apply(task: Task) -> None:
    """Judge a long table again and write it, with the job's own end in the same transaction."""
    kind, draft = _table(task)
    total = draft.content["rows"]
    report = intake.check(task.settings, kind, draft, lambda done: task.progress(done, total))
    shown = draft.content["check"]
    if shown is None or shown["counts"] != report.counts:
        raise Stale(services.STALE)
    kind.prepare(report.judged)
    task.progress(total, total)
    with unit_of_work(_asker(task, Permission.IMPORT_RUN), clock.now()) as uow:
        batch = services.apply_table(uow, kind, task.args["draft"], report, skip_bad=task.args["skip_bad"])
        values = {"batch_id": batch.id}
        task.done_with(
            uow,
            {"rows": batch.added + batch.changed, "endpoint": "transfers.imports.batch", "values": values},
        )


def _table(task: Task) -> tuple[Import, Draft]:
    """Return the table that a job is about. Raise NotFound if it was given up meanwhile."""
    asker = _asker(task, Permission.IMPORT_RUN)
    kind = intake.kind_of(asker, task.args["kind"])
    draft = intake.get(asker, kind)
    if draft.id != task.args["draft"]:
        raise NotFound(intake.GONE)
    return kind, draft


HANDLERS = {EXPORT_JOB: export, CHECK_JOB: check, APPLY_JOB: apply}
# (every so many minutes, what to call); called by the worker within an application context.
PERIODIC = ((60, intake.remove_old),)
