"""Objections: filed against a line of a published month, decided by another."""

from __future__ import annotations

from flask import Blueprint, Response, flash, g, request, url_for
from flask_babel import gettext as _

from app import clock
from app.audit import queries as audit
from app.core.errors import Invalid, NotAllowed, Stale
from app.core.points import plain
from app.db.scope import row_id
from app.db.uow import UnitOfWork, begin_reading, unit_of_work
from app.evaluations import month_queries, objection_services
from app.evaluations.forms import DecisionForm, ObjectionForm
from app.evaluations.models import Objection, ScoreLine
from app.evaluations.month_rules import ObjectionStatus
from app.fields import refuse
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.changes import attempt
from app.web.page import done, message, render

objections = Blueprint("objections", __name__)


@objections.get("/objections")
@requires(Permission.EVALUATION_READ)
def index() -> Response:
    page, total = month_queries.list_objections(actor(), request.args)
    g.section = "evaluations.index"
    return render(
        "evaluations/objections.html",
        "evaluations/_objections.html",
        page=page,
        total=total,
        statuses=list(ObjectionStatus),
        plain=plain,
    )


@objections.get("/evaluations/lines/<int:line_id>/objection")
@requires(Permission.OBJECTION_FILE)
def new(line_id: int) -> Response:
    return _new_page(month_queries.get_line(actor(), line_id), ObjectionForm())


@objections.post("/evaluations/lines/<int:line_id>/objection")
@requires(Permission.OBJECTION_FILE)
def file(line_id: int) -> Response:
    month_queries.get_line(actor(), line_id)
    form, filed = ObjectionForm(request.form), []

    def change(uow: UnitOfWork) -> None:
        filed.append(objection_services.file_objection(uow, line_id, form.reason.data).id)

    status = attempt(form, change)
    if status:
        return _new_page(month_queries.get_line(actor(), line_id), form, status)
    flash(_("申诉已提交。"))
    return done(url_for(".show", objection_id=filed[0]))


@objections.get("/objections/<int:objection_id>")
@requires(Permission.EVALUATION_READ)
def show(objection_id: int) -> Response:
    return _record_page(month_queries.get_objection(actor(), objection_id))


@objections.post("/objections/<int:objection_id>/decide")
@requires(Permission.OBJECTION_DECIDE)
def decide(objection_id: int) -> Response:
    row, form = month_queries.get_objection(actor(), objection_id), DecisionForm(request.form)
    status = 422
    if form.validate():
        try:
            _decide(row, form)
        except (Invalid, NotAllowed, Stale) as error:
            refuse(form, error)
            status = 422 if isinstance(error, Invalid) else 409
        else:
            flash(_("已决定，考核结果已随之更新。"))
            return done(url_for(".show", objection_id=objection_id))
    row = month_queries.get_objection(actor(), objection_id)
    form.version.data = row.version
    return _record_page(row, form, status)


def _decide(row: Objection, form: DecisionForm) -> None:
    known, status = row_id(form.version.data), ObjectionStatus(form.status.data)
    objection_id, version, count = row.id, -1 if known is None else known, form.count.data
    begin_reading()
    draft = None if status is ObjectionStatus.UPHELD else objection_services.drafted(row, status, count)
    with unit_of_work(actor(), clock.now()) as uow:
        objection_services.decide(uow, objection_id, status, form.decision.data, count, version, draft)


def _new_page(line: ScoreLine, form: ObjectionForm, status: int = 200) -> Response:
    g.section = "evaluations.index"
    return render(
        "evaluations/objection_new.html",
        status=status,
        line=line,
        month=line.score.run.month,
        form=form,
        plain=plain,
    )


def _record_page(row: Objection, form: DecisionForm | None = None, status: int = 200) -> Response:
    g.section = "evaluations.index"
    refused = objection_services.refusal(actor(), row)
    return render(
        "evaluations/objection.html",
        status=status,
        row=row,
        form=form or DecisionForm(data={"version": row.version}),
        decidable=row.status is ObjectionStatus.PENDING and refused is None,
        refused=message(refused) if refused else "",
        plain=plain,
        history=audit.history_of("objection", row.id),
    )
