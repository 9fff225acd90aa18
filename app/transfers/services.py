from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.errors import Invalid, Stale
from app.core.i18n import N_
from app.db.drafts import Draft
from app.db.uow import UnitOfWork
from app.jobs import services as jobs
from app.transfers import exporting, importing
from app.transfers.exporting import Export, Written
from app.transfers.importing import Import
from app.transfers.intake import Report
from app.transfers.models import Batch
from app.transfers.rules import CHANGES_MAX, EXPORT_JOB, LIST_EXPORTED, TABLE_IMPORTED

STALE = N_("检查以后数据有变化，没有导入任何内容。请重新检查。")


def record_export(uow: UnitOfWork, export: Export, filters: Mapping[str, str], written: Written) -> None:
    """Record that a list was taken out; without the record it is not handed over."""
    uow.record(
        LIST_EXPORTED,
        ledger=export.name,
        filter=exporting.recorded(export, filters),
        rows=written.rows,
        sha256=written.sha256,
    )


def ask_export(uow: UnitOfWork, export: Export, filters: Mapping[str, str]) -> int:
    """Ask the worker for a list too long to be handed over at once, and return the id of its job."""
    args = {"list": export.name, "filters": dict(filters)}
    return _ask(uow, EXPORT_JOB, args, export.title)


def ask_import(uow: UnitOfWork, job_kind: str, kind: Import, draft_id: int, *, skip_bad: bool = False) -> int:
    """Ask the worker to check or take in a table too long to wait for, and return the id of its job."""
    args = {"kind": kind.name, "draft": draft_id, "skip_bad": skip_bad}
    return _ask(uow, job_kind, args, kind.title)


def _ask(uow: UnitOfWork, job_kind: str, args: dict[str, Any], title: str) -> int:
    job = jobs.ask(uow, job_kind, args, uow.actor.centre_id or 0, title=title)
    uow.session.flush()
    return job.id


def apply_table(uow: UnitOfWork, kind: Import, draft_id: int, report: Report, *, skip_bad: bool) -> Batch:
    """Write what a check found, all of it or nothing, and record it with the file's hash and the counts.

    Raise Stale if anything that the check rests on has changed since, Invalid if bad rows are not to be
    skipped or there is nothing to do.
    """
    draft = uow.get(Draft, draft_id)
    counts, content = report.counts, draft.content
    if importing.fingerprint(kind) != report.fingerprint:
        raise Stale(STALE)
    if counts["bad"] and not skip_bad:
        raise Invalid(N_("还有 %(count)s 行有问题，没有导入任何内容。"), count=counts["bad"])
    if counts["changed"] > CHANGES_MAX:
        raise Invalid(N_("一次最多更改 %(most)s 行已有的记录，请分几次导入。"), most=CHANGES_MAX)
    if not counts["new"] + counts["changed"]:
        raise Invalid(N_("没有需要写入的行。"))
    batch = Batch(
        centre_id=draft.centre_id,
        kind=kind.name,
        file_name=content["file"],
        sha256=content["sha256"],
        columns={name: content["heads"][place] for name, place in content["mapping"].items()},
        added=counts["new"],
        changed=counts["changed"],
        unchanged=counts["unchanged"],
        skipped=counts["bad"],
        applied_at=uow.now,
        applied_by_id=uow.actor.user_id,
    )
    uow.session.add(batch)
    uow.session.flush()
    kind.apply(uow, batch, report.judged)
    uow.record(TABLE_IMPORTED, batch)
    uow.session.delete(draft)
    return batch
