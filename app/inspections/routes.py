"""The ledgers of patrols and findings; the round itself is in `walk_routes.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from wtforms import Form

from app import clock
from app.attachments import queries as attachments
from app.audit import queries as audit
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.db.scope import row_id
from app.db.uow import UnitOfWork, unit_of_work
from app.extensions import db
from app.fields import refuse
from app.inspections import (
    checklist_routes,
    entry_routes,
    evidence_services,
    finding_services,
    note_routes,
    plan_routes,
    queries,
    services,
    walk_queries,
)
from app.inspections import evidence_queries as evidence
from app.inspections.forms import DisputeForm, EvidenceForm, VoidForm, WitnessForm
from app.inspections.models import Finding, Patrol
from app.inspections.rules import (
    Confirmation,
    Doubt,
    FindingSource,
    FindingStatus,
    Followed,
    PatrolMode,
    refuses_statement,
)
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.changes import attempt
from app.web.files import send_evidence
from app.web.page import done, message, render
from app.web.settings import settings
from app.web.uploads import receive_files, status_of

bp = Blueprint("inspections", __name__)
for part in (note_routes.walk, entry_routes.entry, checklist_routes.checklists, plan_routes.plan):
    bp.register_blueprint(part)


@bp.get("/patrols")
@requires(Permission.PATROL_READ)
def patrols() -> Response:
    page, total = queries.list_patrols(actor(), request.args)
    return render(
        "inspections/patrols.html",
        "inspections/_patrols.html",
        page=page,
        total=total,
        drafts=walk_queries.own_drafts(actor()) if actor().can(Permission.PATROL_CONDUCT) else [],
        modes=list(PatrolMode),
    )


@bp.get("/patrols/<int:patrol_id>")
@requires(Permission.PATROL_READ)
def patrol(patrol_id: int) -> Response:
    return _patrol_page(queries.get_patrol(actor(), patrol_id))


@bp.post("/patrols/<int:patrol_id>/release")
@requires(Permission.PATROL_RELEASE)
def release(patrol_id: int) -> Response:
    queries.get_patrol(actor(), patrol_id)
    with unit_of_work(actor(), clock.now()) as uow:
        services.release(uow, patrol_id, _version())
    flash(message(N_("暗访已公开，责任单位和当事人现在可以看到。")))
    return done(url_for(".patrol", patrol_id=patrol_id))


@bp.post("/patrols/<int:patrol_id>/void")
@requires(Permission.PATROL_VOID)
def void_patrol(patrol_id: int) -> Response:
    row, form = queries.get_patrol(actor(), patrol_id), VoidForm(request.form)
    if not form.validate():
        return _patrol_page(row, form, 422)
    with unit_of_work(actor(), clock.now()) as uow:
        services.void(uow, patrol_id, _version(), form.reason.data)
    flash(message(N_("巡查已作废，其中的问题一并作废。")))
    return done(url_for(".patrol", patrol_id=patrol_id))


def _patrol_page(row: Patrol, form: VoidForm | None = None, status: int = 200) -> Response:
    return render(
        "inspections/patrol.html",
        status=status,
        patrol=row,
        checks=queries.checks_of(row.id),
        findings=queries.findings_of_patrol(row.id),
        history=audit.history_of("patrol", row.id),
        followed_word=Followed,
        void_form=form or VoidForm(),
    )


@bp.get("/findings")
@requires(Permission.FINDING_READ)
def findings() -> Response:
    page, total = queries.list_findings(actor(), request.args.to_dict())
    return render(
        "inspections/findings.html",
        "inspections/_findings.html",
        page=page,
        total=total,
        statuses=list(FindingStatus),
        confirmations=list(Confirmation),
        sources=list(FindingSource),
    )


@bp.get("/findings/<int:finding_id>")
@requires(Permission.FINDING_READ)
def finding(finding_id: int) -> Response:
    return _finding_page(queries.get_finding(actor(), finding_id))


@bp.post("/findings/<int:finding_id>/confirm")
@requires(Permission.FINDING_CONFIRM)
def confirm(finding_id: int) -> Response:
    row, version = queries.get_finding(actor(), finding_id), _version()
    with unit_of_work(actor(), clock.now()) as uow:
        finding_services.say(uow, row.id, version, Confirmation.CONFIRMED)
    flash(message(N_("已确认。")))
    return done(url_for(".finding", finding_id=finding_id))


@bp.post("/findings/<int:finding_id>/dispute")
@requires(Permission.FINDING_CONFIRM)
def dispute(finding_id: int) -> Response:
    form, version = DisputeForm(request.form), _version()
    return _take(
        queries.get_finding(actor(), finding_id),
        form,
        lambda uow, row_id: finding_services.say(uow, row_id, version, Confirmation.DISPUTED, form.text.data),
        N_("异议已记录。"),
    )


@bp.post("/findings/<int:finding_id>/witness")
@requires(Permission.FINDING_RECORD)
def witness(finding_id: int) -> Response:
    form, version = WitnessForm(request.form), _version()
    return _take(
        queries.get_finding(actor(), finding_id),
        form,
        lambda uow, row_id: finding_services.name_witness(uow, row_id, version, form.witness.data),
        N_("见证人已记下。"),
    )


@bp.post("/findings/<int:finding_id>/void")
@requires(Permission.FINDING_VOID)
def void_finding(finding_id: int) -> Response:
    form, version = VoidForm(request.form), _version()
    return _take(
        queries.get_finding(actor(), finding_id),
        form,
        lambda uow, row_id: finding_services.void_finding(uow, row_id, version, form.reason.data),
        N_("问题已作废。"),
    )


def _version() -> int:
    """Return the version that a form was made from; without one it is stale."""
    return row_id(request.form.get("version")) or 0


def _take(row: Finding, form: Form, step: Callable[[UnitOfWork, int], object], said: str) -> Response:
    """Take one step on a finding; a form that will not do comes back with what was typed."""
    finding_id = row.id
    status = attempt(form, lambda uow: step(uow, finding_id))
    if status:
        return _finding_page(queries.get_finding(actor(), finding_id), form, status)
    flash(message(said))
    return done(url_for(".finding", finding_id=finding_id))


def _finding_page(
    row: Finding, form: Form | None = None, status: int = 200, faults: list[Invalid] | None = None
) -> Response:
    kinds = (DisputeForm, WitnessForm, VoidForm, EvidenceForm)
    forms: dict[str, Any] = {kind.__name__: kind() for kind in kinds}
    if form is not None:
        forms[type(form).__name__] = form
    return render(
        "inspections/finding.html",
        status=status,
        finding=row,
        files=evidence.files_of(db.session(), row.id),
        recording=evidence.recording_of(row, clock.today()),
        faults=faults or [],
        space=attachments.space(db.session(), row.centre_id),
        rectification=queries.rectification_of(actor(), row.id),
        statement=queries.statement_of(row.id),
        doubt_word=Doubt,
        may_say=refuses_statement(queries.statement_facts(actor(), row)) is None,
        history=audit.history_of("finding", row.id),
        forms=forms,
    )


@bp.get("/findings/<int:finding_id>/files/<int:file_id>/<variant>")
@requires(Permission.FINDING_READ)
def finding_file(finding_id: int, file_id: int, variant: str) -> Response:
    row = queries.get_finding(actor(), finding_id)
    file = attachments.get_for(db.session(), "finding", row.id, file_id)
    return send_evidence(settings().attachments, file.sha256, file.media_type, variant)


@bp.post("/findings/<int:finding_id>/files")
@requires(Permission.PATROL_CONDUCT)
def add_evidence(finding_id: int) -> Response:
    """Keep what is fit even if another file is not: whoever sends again sends the rest."""
    row, form = queries.get_finding(actor(), finding_id), EvidenceForm(request.form)
    stored, faults = receive_files(row.centre_id)
    if form.validate() and (stored or not faults):
        try:
            with unit_of_work(actor(), clock.now()) as uow:
                evidence_services.add_evidence(uow, finding_id, stored, form.camera.data or "")
        except (Invalid, NotAllowed) as error:
            refuse(form, error)
        else:
            if not faults:
                flash(message(N_("证据已补充。")))
                return done(url_for(".finding", finding_id=finding_id))
    return _finding_page(queries.get_finding(actor(), finding_id), form, status_of(faults), faults)
