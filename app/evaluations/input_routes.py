"""Entering what no ledger knows of a month, and confirming it as a second person."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, flash, g, request, url_for
from flask_babel import gettext as _

from app import clock
from app.audit import queries as audit
from app.core import machine
from app.core.errors import DomainError, Invalid, NotAllowed, Stale
from app.core.points import plain
from app.db.scope import row_id
from app.db.uow import UnitOfWork, unit_of_work
from app.evaluations import input_queries, input_services, month_queries
from app.evaluations.forms import InputRowForm, InputStepForm, InputWhyForm
from app.evaluations.input_queries import Ask
from app.evaluations.input_rules import TRANSITIONS, InputVerb
from app.evaluations.input_services import Typed
from app.evaluations.models import EvaluationMonth, MonthInput
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.changes import attempt, stamp, ticked
from app.web.page import done, message, render

inputs = Blueprint("inputs", __name__)
Rows = dict[str, InputRowForm]
FORMS = {InputVerb.CONFIRM: InputStepForm, InputVerb.REFUSE: InputWhyForm, InputVerb.VOID: InputWhyForm}


@inputs.get("/evaluations/<int:month_id>/inputs")
@requires(Permission.INPUT_READ)
def index(month_id: int) -> Response:
    month = month_queries.get_month(actor(), month_id)
    page, total = input_queries.list_inputs(actor(), month, request.args)
    g.section = "evaluations.index"
    return render(
        "evaluations/inputs.html",
        month=month,
        takes=not month_queries.is_settled(month.state),
        asked=input_queries.asked(month),
        page=page,
        total=total,
        plain=plain,
    )


@inputs.get("/evaluations/<int:month_id>/inputs/<subject>/<name>")
@requires(Permission.INPUT_RECORD)
def grid(month_id: int, subject: str, name: str) -> Response:
    month = month_queries.get_month(actor(), month_id)
    ask = input_queries.get_ask(month, subject, name)
    return _grid(month, ask, _forms(ask))


@inputs.post("/evaluations/<int:month_id>/inputs/<subject>/<name>")
@requires(Permission.INPUT_RECORD)
def record(month_id: int, subject: str, name: str) -> Response:
    month = month_queries.get_month(actor(), month_id)
    ask = input_queries.get_ask(month, subject, name)
    forms = _forms(ask, sent=True)
    typed = _typed(ask, forms)
    if typed is None:
        return _grid(month, ask, forms, status=422)
    try:
        return _record(month_id, ask, typed)
    except Invalid as error:
        return _grid(month_queries.get_month(actor(), month_id), ask, forms, error, 422)
    except NotAllowed as error:  # somebody was quicker: what stands there now is shown beside the rest
        month = month_queries.get_month(actor(), month_id)
        ask = input_queries.get_ask(month, subject, name)
        return _grid(month, ask, _forms(ask, sent=True), error, 409)


@inputs.post("/evaluations/<int:month_id>/inputs/confirm")
@requires(Permission.INPUT_CONFIRM)
def confirm_ticked(month_id: int) -> Response:
    month_queries.get_month(actor(), month_id)
    wanted = ticked("input")
    for input_id, _version in wanted:
        input_queries.get_input(actor(), input_id)
    try:
        with unit_of_work(actor(), clock.now()) as uow:
            input_services.confirm_inputs(uow, wanted)
    except (Invalid, NotAllowed, Stale) as error:
        flash(message(error), "warning")
    else:
        flash(_("已确认，重新计算以后计入得分。"))
    return done(url_for(".index", month_id=month_id))


@inputs.get("/evaluations/inputs/<int:input_id>")
@requires(Permission.INPUT_READ)
def show(input_id: int) -> Response:
    return _show(input_queries.get_input(actor(), input_id))


@inputs.post("/evaluations/inputs/<int:input_id>/confirm")
@requires(Permission.INPUT_CONFIRM)
def confirm(input_id: int) -> Response:
    return _take(
        input_id,
        InputVerb.CONFIRM,
        lambda uow, version, _why: input_services.confirm_inputs(uow, [(input_id, version)]),
    )


@inputs.post("/evaluations/inputs/<int:input_id>/refuse")
@requires(Permission.INPUT_CONFIRM)
def refuse(input_id: int) -> Response:
    return _take(
        input_id,
        InputVerb.REFUSE,
        lambda uow, version, why: input_services.refuse_input(uow, input_id, version, why),
    )


@inputs.post("/evaluations/inputs/<int:input_id>/void")
@requires(Permission.INPUT_VOID)
def void(input_id: int) -> Response:
    return _take(
        input_id,
        InputVerb.VOID,
        lambda uow, version, why: input_services.void_input(uow, input_id, version, why),
    )


# --- what the pages show --------------------------------------------------------------------------


def _forms(ask: Ask, *, sent: bool = False) -> Rows:
    """Return a form for each row that nobody has filled in yet."""
    typed = request.form if sent else None
    return {
        row.key: InputRowForm(typed, prefix=f"{row.key}-") for row in ask.rows if row.standing is None or sent
    }


def _typed(ask: Ask, forms: Rows) -> list[Typed] | None:
    """Return the rows that were filled in; None, with the errors in their forms, if one cannot be."""
    found, valid = [], True
    for row in ask.rows:
        form = forms[row.key]
        if form.is_empty:
            continue
        valid = form.judge(ask.about) and valid
        if valid:
            found.append(Typed(row, form.amount.data, form.whole.data, form.reason.data or ""))
    return found if valid else None


def _record(month_id: int, ask: Ask, typed: list[Typed]) -> Response:
    with unit_of_work(actor(), clock.now()) as uow:
        input_services.record_inputs(uow, month_id, ask, typed)
    flash(_("已录入，由另一人确认以后计入。"))
    return done(url_for(".index", month_id=month_id))


def _grid(
    month: EvaluationMonth,
    ask: Ask,
    forms: Rows,
    error: DomainError | None = None,
    status: int = 200,
) -> Response:
    g.section = "evaluations.index"
    return render(
        "evaluations/input_grid.html",
        status=status,
        month=month,
        takes=not month_queries.is_settled(month.state),
        ask=ask,
        forms=forms,
        errors=[(None, message(error))] if error else [],
        plain=plain,
    )


def _take(input_id: int, verb: InputVerb, change: Callable[[UnitOfWork, int, str], None]) -> Response:
    """Take one step, or show the entry again with all that was typed."""
    row, form = input_queries.get_input(actor(), input_id), FORMS[verb](request.form)
    month_id, why = row.month_id, form["reason"].data if "reason" in form else ""
    status = attempt(form, lambda uow: change(uow, row_id(form["version"].data) or 0, why))
    if status:
        return _show(input_queries.get_input(actor(), input_id), verb, form, status)
    flash(_("已办理，重新计算以后计入得分。"))
    return done(url_for(".index", month_id=month_id))


def _show(
    row: MonthInput, verb: InputVerb | None = None, form: InputStepForm | None = None, status: int = 200
) -> Response:
    g.section = "evaluations.index"
    granted, facts = actor().permissions, input_queries.facts(actor(), row, row.month.state)
    forms = {each: kind() for each, kind in FORMS.items()}
    if verb and form:
        forms[verb] = form
    stamp(forms, row.version)
    found = machine.explain(TRANSITIONS, row.status, granted, facts)
    return render(
        "evaluations/input.html",
        status=status,
        row=row,
        month=row.month,
        verbs=[each.value for each in machine.allowed(TRANSITIONS, row.status, granted, facts)],
        refused=[why for _verb, why in found if why != machine.NO_PERMISSION],
        forms=forms,
        refused_form=form,
        plain=plain,
        history=audit.history_of("month_input", row.id),
    )
