"""What the worker does for evaluations: rulebooks tried on months, and the pack of a month.

The pack is all papers of a month, in slices, then bound into one file. It can be killed anywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from app import clock
from app.accounts import queries as accounts
from app.db.uow import begin_reading, end_reading, unit_of_work
from app.documents import jobs as papers
from app.documents import queries as documents
from app.documents.pdf_pages import bind
from app.evaluations import print_queries, print_services, rulebook_queries, trial_queries
from app.evaluations.models import EvaluationMonth
from app.evaluations.print_rules import PACK_JOB
from app.evaluations.trial_rules import TRIAL, Told
from app.extensions import db
from app.jobs.worker import Task
from app.permissions import Actor, Origin, Permission

AT_ONCE = 20  # papers that are held in memory while they are bound


def try_rulebook(task: Task) -> dict[str, Any]:
    """Try a version of a rulebook on months; the result is kept with the job and nowhere else."""
    actor = _asker(task, Permission.RULEBOOK_TRY)
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


def pack(task: Task) -> None:
    """Number and issue what has no paper yet, then bind everything; what is done is not done again."""
    month_id, base_url = task.args["month_id"], task.settings.base_url
    with unit_of_work(_asker(task), clock.now()) as uow:
        notice = print_services.print_notice(uow, month_id, base_url).id
    papers.issue_papers(task.settings, [notice])
    task.progress(*_progress(month_id))
    while True:
        with unit_of_work(_asker(task), clock.now()) as uow:
            waiting = print_services.number_slice(uow, month_id, base_url)
        if not waiting:
            break
        papers.issue_papers(task.settings, waiting)
        task.progress(*_progress(month_id))
    _bind(task, month_id, notice)


def _asker(task: Task, permission: Permission = Permission.EVALUATION_PACK) -> Actor:
    return accounts.acting(task.claim.asked_by_id, permission, clock.today(), Origin(route=task.claim.kind))


def _progress(month_id: int) -> tuple[int, int]:
    found = print_queries.papers_of(db.session(), month_id)
    end_reading()
    return found.issued, found.scores


def _bind(task: Task, month_id: int, notice: int) -> None:
    """Write the file for the binder, the notice first, and record it with its hash."""
    month = db.session.get_one(EvaluationMonth, month_id)
    ids = [notice, *print_queries.in_binder(db.session(), month_id)]
    path = task.file(f"evaluation-{month.first_on:%Y-%m}.pdf", "application/pdf")
    end_reading()
    with path.open("wb") as file:
        bind(_contents(ids), file)
    with path.open("rb") as bound:
        sha256 = hashlib.file_digest(bound, "sha256").hexdigest()
    with unit_of_work(_asker(task), clock.now()) as uow:
        print_services.record_pack(uow, month_id, len(ids), sha256)
        values = {"month_id": month_id}
        result = {
            "papers": len(ids),
            "sha256": sha256,
            "endpoint": "evaluations.months.show",
            "values": values,
        }
        task.done_with(uow, result)


def _contents(ids: Sequence[int]) -> Iterator[bytes]:
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        contents = documents.contents_of(some)
        end_reading()
        yield from (contents[document_id] for document_id in some)


HANDLERS: dict[str, Any] = {TRIAL: try_rulebook, PACK_JOB: pack}
