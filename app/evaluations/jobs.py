"""What the worker does for evaluations."""

from __future__ import annotations

from typing import Any

from app import clock
from app.accounts import queries as accounts
from app.core.errors import NotAllowed
from app.core.i18n import N_
from app.db.uow import begin_reading, end_reading
from app.evaluations import rulebook_queries, trial_queries
from app.evaluations.trial_rules import TRIAL, Told
from app.jobs.worker import Task
from app.permissions import Origin, Permission


def try_rulebook(task: Task) -> dict[str, Any]:
    """Try a version of a rulebook on months; the result is kept with the job and nowhere else."""
    actor = accounts.actor_of(task.claim.asked_by_id or 0, clock.today(), Origin(route=TRIAL))
    if actor is None or not actor.can(Permission.RULEBOOK_TRY):
        raise NotAllowed(N_("申请试算的人已不再有试算的权限。"))
    wanted: list[int] = task.args["month_ids"]
    found: list[Told] = []
    for month_id in wanted:
        end_reading()
        task.progress(len(found), len(wanted))
        begin_reading()
        row = rulebook_queries.get_version(actor, task.args["rulebook_id"])
        found.append(trial_queries.tried(row, month_id))
    end_reading()
    return {
        "rows": sum(each["moved"] for each in found),
        "endpoint": "evaluations.trials.result",
        "values": {"job_id": task.claim.id},
        "tried": found,
    }


HANDLERS: dict[str, Any] = {TRIAL: try_rulebook}
