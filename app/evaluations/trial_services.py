"""Trials of a rulebook that take longer than a page may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.core.errors import Invalid, NotFound
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.evaluations.models import RulebookVersion
from app.evaluations.trial_rules import TRIAL, Told
from app.jobs import services as jobs
from app.jobs.models import Job


def ask_trial(uow: UnitOfWork, rulebook_id: int, month_ids: Sequence[int]) -> int:
    """Ask for a trial of a version on some months; return the job's id. Raise Invalid for none."""
    if not month_ids:
        raise Invalid(N_("请至少勾选一个月份。"))
    row = uow.get(RulebookVersion, rulebook_id)
    args: dict[str, Any] = {"rulebook_id": rulebook_id, "month_ids": list(month_ids)}
    job = jobs.ask(uow, TRIAL, args, row.centre_id, title=N_("考核细则"))
    uow.session.flush()
    return job.id


def result_of(job: Job) -> list[Told]:
    """Return what a trial has found. Raise NotFound for other work, and before it is done."""
    found = job.result.get("tried") if job.kind == TRIAL and job.result else None
    if found is None:
        raise NotFound(N_("这项试算还没有结果。"))
    return list(found)
