"""One's own long work: how far it is, what came of it, and how to stop it."""

from __future__ import annotations

from flask import Blueprint, Response, flash, request, send_file, url_for
from flask_babel import gettext as _

from app import clock
from app.core.errors import NotFound
from app.core.i18n import N_
from app.db.uow import unit_of_work
from app.jobs import queries, results, services
from app.jobs.rules import OPEN, RESULTS_KEPT
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.page import done, render
from app.web.settings import settings

bp = Blueprint("jobs", __name__)


@bp.get("/jobs")
@requires(Permission.JOB_READ)
def index() -> Response:
    page, total = queries.list_jobs(actor(), request.args)
    return render("jobs/list.html", "jobs/_list.html", page=page, total=total, open=OPEN)


@bp.get("/jobs/<int:job_id>")
@requires(Permission.JOB_READ)
def show(job_id: int) -> Response:
    job = queries.get(actor(), job_id)
    kept_until = job.finished_at and job.finished_at + RESULTS_KEPT
    return render("jobs/show.html", "jobs/_job.html", job=job, open=OPEN, kept_until=kept_until)


@bp.get("/jobs/<int:job_id>/files/<name>")
@requires(Permission.JOB_READ)
def file(job_id: int, name: str) -> Response:
    job = queries.get(actor(), job_id)
    kept = next((each for each in job.files if each["name"] == name), None)
    path = results.path_of(settings(), job.id, job.attempts, name) if kept else None
    if kept is None or path is None or not path.exists():
        raise NotFound(N_("文件不存在，或者已过保留期限。"))
    response = send_file(path, mimetype=kept["media_type"], as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/jobs/<int:job_id>/cancel")
@requires(Permission.JOB_READ)
def cancel(job_id: int) -> Response:
    job = queries.get(actor(), job_id)
    with unit_of_work(actor(), clock.now()) as uow:
        services.cancel(uow, job.id)
    return done(url_for(".show", job_id=job_id))


@bp.post("/jobs/<int:job_id>/retry")
@requires(Permission.JOB_READ)
def retry(job_id: int) -> Response:
    job = queries.get(actor(), job_id)
    with unit_of_work(actor(), clock.now()) as uow:
        services.retry(uow, job.id)
    flash(_("已重新提交，稍后自动执行。"))
    return done(url_for(".show", job_id=job_id))
