"""Long work that someone has asked for and can watch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app import clock
from app.db.uow import short_transaction, unit_of_work
from app.jobs import claims, results, services
from app.jobs.models import Job
from app.jobs.rules import JobState
from tests.cast import NOW, actor
from tests.factories.base import Example, Ids, Ledger, Visit

KIND, FILE = "documents.render", "result.txt"


def make_jobs(site: Any, n: int) -> None:
    with unit_of_work(actor("wang"), NOW) as uow:
        for i in range(n):
            job = services.ask(uow, KIND, {"n": i}, site.cast.centre, title="问题")
            job.asked_at = NOW - timedelta(minutes=i)


def waiting_job(site: Any, username: str = "wang") -> Ids:
    with unit_of_work(actor(username), NOW) as uow:
        job = services.ask(uow, KIND, {}, site.cast.centre, title="问题")
        uow.session.flush()
    return {"job_id": job.id}


def failed_job(site: Any) -> Ids:
    ids = waiting_job(site)
    with short_transaction() as session:
        job = session.get_one(Job, ids["job_id"])
        job.state, job.attempts, job.message, job.finished_at = JobState.FAILED, 5, "照片缺失", NOW
    return ids


def finished_job(site: Any) -> Ids:
    """A job that is done and has left a file; born in our hands, for a site may have a worker of its own."""
    now = clock.now()
    with unit_of_work(actor("wang"), now) as uow:
        job = services.ask(uow, KIND, {}, site.cast.centre, title="问题")
        job.state, job.attempts, job.heartbeat_at = JobState.RUNNING, 1, now
        uow.session.flush()
        claim = claims.Claim(job.id, job.kind, job.args, job.attempts, job.asked_by_id)
    path = results.make(site.settings, claim.id, claim.attempt, FILE)
    path.write_text("结果")
    kept = {"name": FILE, "media_type": "text/plain", "size": path.stat().st_size}
    claims.finish(claim, now, {"rows": 1, "endpoint": "reports.home", "values": {}}, [kept])
    return {"job_id": claim.id, "name": FILE}


EXAMPLES = [
    Example("jobs.cancel", "wang", waiting_job, page="jobs.show"),
    Example("jobs.retry", "wang", failed_job, page="jobs.show"),
]
VISITS = [
    Visit(
        "jobs.show", "wang", finished_job, hidden_from=("outsider", "zhao", "auditor", "head"), recorded=False
    ),
    Visit(
        "jobs.file",
        "wang",
        finished_job,
        hidden_from=("outsider", "zhao", "auditor", "head"),
        content_type="text/plain",
        recorded=False,
    ),
]
LEDGERS = [Ledger("jobs.index", "wang", make_jobs)]
