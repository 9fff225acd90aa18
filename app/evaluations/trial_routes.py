"""What-if: a rulebook tried on past months, and adopted as the next version of what is in force."""

from __future__ import annotations

from flask import Blueprint, Response, flash, g, request, url_for
from flask_babel import gettext as _

from app import clock
from app.db.scope import row_id
from app.db.uow import begin_reading, unit_of_work
from app.evaluations import rulebook_queries, rulebook_services, trial_queries, trial_services
from app.evaluations.models import RulebookVersion
from app.evaluations.month_rules import Scored
from app.evaluations.trial_rules import DIRECT, MONTHS, Told
from app.evaluations.version_rules import VersionStatus
from app.jobs import queries as jobs
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.page import done, render

trials = Blueprint("trials", __name__)


@trials.get("/rulebooks/<int:rulebook_id>/what-if")
@requires(Permission.RULEBOOK_TRY)
def show(rulebook_id: int) -> Response:
    """Try a version on the months that were ticked, at once where they are small."""
    row = rulebook_queries.get_version(actor(), rulebook_id)
    trial_queries.check_triable(row)
    wanted = _wanted(request.args.getlist("month"))
    months = trial_queries.chosen(row, wanted)
    large = sum(each.events for each in months) > DIRECT
    tried: list[Told] = []
    if not large:
        month_ids = [each.id for each in months]
        begin_reading()
        row = rulebook_queries.get_version(actor(), rulebook_id)
        tried = [trial_queries.tried(row, month_id) for month_id in month_ids]
    return _page(row, wanted, tried, large=large)


@trials.post("/rulebooks/<int:rulebook_id>/what-if")
@requires(Permission.RULEBOOK_TRY)
def ask(rulebook_id: int) -> Response:
    """Ask for a trial of many events, which goes on without its reader."""
    row = rulebook_queries.get_version(actor(), rulebook_id)
    trial_queries.check_triable(row)
    months = trial_queries.chosen(row, _wanted(request.form.getlist("month")))
    with unit_of_work(actor(), clock.now()) as uow:
        job_id = trial_services.ask_trial(uow, rulebook_id, [each.id for each in months])
    return done(url_for("jobs.show", job_id=job_id))


@trials.get("/rulebooks/what-if/<int:job_id>")
@requires(Permission.RULEBOOK_TRY)
def result(job_id: int) -> Response:
    """Show what a trial in the background has found to whoever asked for it."""
    job = jobs.get(actor(), job_id)
    found = trial_services.result_of(job)
    row = rulebook_queries.get_version(actor(), job.args["rulebook_id"])
    return _page(row, job.args["month_ids"], found)


@trials.post("/rulebooks/<int:rulebook_id>/adopt")
@requires(Permission.RULEBOOK_MANAGE)
def adopt(rulebook_id: int) -> Response:
    """Make a draft the next version of the rulebook in force that it would replace."""
    row = rulebook_queries.get_version(actor(), rulebook_id)
    with unit_of_work(actor(), clock.now()) as uow:
        adopted = rulebook_services.adopt(uow, row.id)
        adopted_id, edition = adopted.id, adopted.edition
    flash(_("已采用为第 %(edition)s 版的草稿，由中心主任施行。", edition=edition))
    return done(url_for("evaluations.rulebooks.show", rulebook_id=adopted_id))


def _wanted(values: list[str]) -> list[int]:
    return [found for value in values[:MONTHS] if (found := row_id(value))]


def _page(row: RulebookVersion, wanted: list[int], tried: list[Told], *, large: bool = False) -> Response:
    g.section = "evaluations.index"
    return render(
        "evaluations/trial.html",
        row=row,
        draft=row.status is VersionStatus.DRAFT,
        offered=trial_queries.months_for(row),
        wanted=wanted,
        tried=tried,
        large=large,
        most=MONTHS,
        words={each.value: each for each in Scored},
    )
