"""The ledgers' list, one entry, and the steps of its second person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from wtforms import Form

from app import clock
from app.attachments import queries as attachments
from app.audit import queries as audit
from app.core import machine
from app.core.errors import Invalid, NotAllowed, NotFound, Stale
from app.core.i18n import N_
from app.db.scope import row_id
from app.db.uow import UnitOfWork, unit_of_work
from app.extensions import db
from app.permissions import Permission
from app.registers import entry_queries, entry_routes, figure_queries, queries, rules, services
from app.registers.forms import RefuseForm, StepForm, VoidForm
from app.registers.models import RegisterEntry
from app.registers.rules import EntryStatus, Register, Verb, kinds_of
from app.web.access import actor, requires
from app.web.changes import attempt, stamp, ticked
from app.web.files import send_evidence
from app.web.page import done, message, render
from app.web.settings import settings

bp = Blueprint("registers", __name__)
entry_routes.register(bp)
FORMS: dict[Verb, type[Form]] = {Verb.CONFIRM: StepForm, Verb.REFUSE: RefuseForm, Verb.VOID: VoidForm}


@bp.get("/registers")
@requires(Permission.REGISTER_READ)
def index() -> Response:
    ledger = queries.ledger(actor(), request.args, clock.today())
    wanted = queries.EntryFilter.read(request.args)
    return render(
        "registers/list.html",
        "registers/_rows.html",
        wanted=wanted,
        registers=list(Register),
        kinds=kinds_of(wanted.register) if wanted.register else [],
        statuses=list(EntryStatus),
        rules=rules.KINDS,
        **vars(ledger),
    )


@bp.get("/registers/figures")
@requires(Permission.REGISTER_READ)
def figures() -> Response:
    span = figure_queries.read_span(request.args, clock.today())
    return render(
        "registers/figures.html",
        span=span,
        spans=figure_queries.usual_spans(clock.today()),
        groups=figure_queries.figures(actor(), span),
        centre_name=actor().centre_name,
    )


@bp.get("/registers/<int:entry_id>")
@requires(Permission.REGISTER_READ)
def show(entry_id: int) -> Response:
    return _show(queries.get(actor(), entry_id))


@bp.get("/registers/<int:entry_id>/files/<int:file_id>/<variant>")
@requires(Permission.REGISTER_READ)
def file(entry_id: int, file_id: int, variant: str) -> Response:
    row = queries.get(actor(), entry_id)
    for kept in queries.files_of(db.session(), row.id):
        if kept.id == file_id:
            return send_evidence(settings().attachments, kept.sha256, kept.media_type, variant)
    raise NotFound(attachments.MISSING)


def _show(
    row: RegisterEntry, verb: Verb | None = None, form: Form | None = None, status: int = 200
) -> Response:
    """Show an entry; `form` is the one that was refused, to be filled in again."""
    who, staff_id = actor(), row.staff_member_id
    facts, granted = queries.facts(who, row), who.permissions
    named = who.can(Permission.REGISTER_RECORD) or who.can(Permission.REGISTER_CONFIRM)
    return render(
        "registers/show.html",
        status=status,
        row=row,
        rule=rules.KINDS[row.kind],
        named=named,
        files=queries.files_of(db.session(), row.id),
        shown=entry_queries.findings_shown(who, row.centre_id, rules.split_shown(row.shown)),
        away=entry_queries.away_on(db.session(), staff_id, row.happened_on) if staff_id else [],
        verbs=machine.allowed(rules.TRANSITIONS, row.status, granted, facts),
        refused=[
            (each, why)
            for each, why in machine.explain(rules.TRANSITIONS, row.status, granted, facts)
            if why != machine.NO_PERMISSION
        ],
        forms=_forms(row, verb, form),
        refused_form=form,
        history=audit.history_of(RegisterEntry.__audit_type__, row.id),
    )


def _forms(row: RegisterEntry, verb: Verb | None, refused: Form | None) -> dict[Verb, Form]:
    """Return a form for each verb, the refused one as it was typed but for the version it needs now."""
    found = {each: kind() for each, kind in FORMS.items()}
    if verb and refused:
        found[verb] = refused
    stamp(found, row.version)
    return found


# --- the steps --------------------------------------------------------------------------------------


def _take(
    entry_id: int, verb: Verb, form: Form, change: Callable[[UnitOfWork, int], object], said: str
) -> Response:
    """Take one step, or show the entry again with all that was typed."""
    queries.get(actor(), entry_id)
    status = attempt(form, lambda uow: change(uow, row_id(form["version"].data) or 0))
    if status:
        return _show(queries.get(actor(), entry_id), verb, form, status)
    flash(_(said))
    return done(url_for("registers.show", entry_id=entry_id))


@bp.post("/registers/<int:entry_id>/confirm")
@requires(Permission.REGISTER_CONFIRM)
def confirm(entry_id: int) -> Response:
    return _take(
        entry_id,
        Verb.CONFIRM,
        StepForm(request.form),
        lambda uow, version: services.confirm_entries(uow, [(entry_id, version)]),
        N_("已确认。"),
    )


@bp.post("/registers/<int:entry_id>/refuse")
@requires(Permission.REGISTER_CONFIRM)
def refuse(entry_id: int) -> Response:
    form = RefuseForm(request.form)
    return _take(
        entry_id,
        Verb.REFUSE,
        form,
        lambda uow, version: services.refuse_entry(uow, entry_id, version, form.reason.data),
        N_("未予确认，登记人更正后可以重新提交。"),
    )


@bp.post("/registers/<int:entry_id>/void")
@requires(Permission.REGISTER_VOID)
def void(entry_id: int) -> Response:
    form = VoidForm(request.form)
    return _take(
        entry_id,
        Verb.VOID,
        form,
        lambda uow, version: services.void_entry(uow, entry_id, version, form.reason.data),
        N_("已作废，编号保留。"),
    )


@bp.post("/registers/confirm")
@requires(Permission.REGISTER_CONFIRM)
def confirm_ticked() -> Response:
    wanted = ticked("entry")
    for entry_id, _version in wanted:
        queries.get(actor(), entry_id)
    try:
        with unit_of_work(actor(), clock.now()) as uow:
            services.confirm_entries(uow, wanted)
    except (Invalid, NotAllowed, Stale) as error:
        flash(message(error), "warning")
    else:
        flash(ngettext("已确认 %(num)d 条。", "已确认 %(num)d 条。", len(wanted)))
    filters: dict[str, Any] = request.args.to_dict()
    return done(url_for(".index", **filters))
