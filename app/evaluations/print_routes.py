"""Printing: one sheet, the notice, a decision, and the pack of a whole month."""

from __future__ import annotations

from flask import Blueprint, Response, flash, url_for
from flask_babel import gettext as _

from app import clock
from app.db.uow import unit_of_work
from app.evaluations import month_queries, print_services
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.page import done
from app.web.settings import settings

printing = Blueprint("printing", __name__)


@printing.post("/evaluations/scores/<int:score_id>/print")
@requires(Permission.EVALUATION_PRINT)
def sheet(score_id: int) -> Response:
    score = month_queries.get_score(actor(), score_id)
    with unit_of_work(actor(), clock.now()) as uow:
        document_id = print_services.print_sheet(uow, score.id, settings().base_url).id
    return done(url_for("documents.show", document_id=document_id))


@printing.post("/evaluations/<int:month_id>/notice")
@requires(Permission.EVALUATION_PACK)
def notice(month_id: int) -> Response:
    month = month_queries.get_month(actor(), month_id)
    with unit_of_work(actor(), clock.now()) as uow:
        document_id = print_services.print_notice(uow, month.id, settings().base_url).id
    return done(url_for("documents.show", document_id=document_id))


@printing.post("/objections/<int:objection_id>/print")
@requires(Permission.EVALUATION_PRINT)
def decision(objection_id: int) -> Response:
    objection = month_queries.get_objection(actor(), objection_id)
    with unit_of_work(actor(), clock.now()) as uow:
        document_id = print_services.print_decision(uow, objection.id, settings().base_url).id
    return done(url_for("documents.show", document_id=document_id))


@printing.post("/evaluations/<int:month_id>/pack")
@requires(Permission.EVALUATION_PACK)
def pack(month_id: int) -> Response:
    month = month_queries.get_month(actor(), month_id)
    with unit_of_work(actor(), clock.now()) as uow:
        job_id = print_services.ask_pack(uow, month.id)
    flash(_("正在后台打印全月考核表，可以离开这个页面。"))
    return done(url_for("jobs.show", job_id=job_id))
