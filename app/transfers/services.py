from __future__ import annotations

from collections.abc import Mapping

from app.db.uow import UnitOfWork
from app.jobs import services as jobs
from app.jobs.models import Job
from app.transfers import exporting
from app.transfers.exporting import Export, Written
from app.transfers.rules import EXPORT_JOB, LIST_EXPORTED


def record_export(uow: UnitOfWork, export: Export, filters: Mapping[str, str], written: Written) -> None:
    """Record that a list was taken out; without the record it is not handed over."""
    uow.record(
        LIST_EXPORTED,
        ledger=export.name,
        filter=exporting.recorded(export, filters),
        rows=written.rows,
        sha256=written.sha256,
    )


def ask_export(uow: UnitOfWork, export: Export, filters: Mapping[str, str]) -> Job:
    """Ask the worker for a list that is too long to be handed over at once."""
    args = {"list": export.name, "filters": dict(filters)}
    return jobs.ask(uow, EXPORT_JOB, args, uow.actor.centre_id or 0, title=export.title)
