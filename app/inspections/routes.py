"""The ledgers of patrols and findings; the round itself is in `walk_routes.py`."""

from __future__ import annotations

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from app import clock
from app.attachments import queries as attachments
from app.audit import queries as audit
from app.core.errors import Invalid, NotAllowed
from app.db.uow import unit_of_work
from app.extensions import db
from app.fields import refuse
from app.inspections import evidence_queries as evidence
from app.inspections import queries, services, walk_routes
from app.inspections.forms import EvidenceForm
from app.inspections.models import Finding
from app.inspections.rules import FindingStatus, PatrolMode
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.files import send_evidence
from app.web.page import done, render
from app.web.settings import settings
from app.web.uploads import receive_files, status_of

bp = Blueprint("inspections", __name__)
walk_routes.register(bp)


@bp.get("/patrols")
@requires(Permission.PATROL_READ)
def patrols() -> Response:
    page, total = queries.list_patrols(actor(), request.args)
    return render(
        "inspections/patrols.html",
        "inspections/_patrols.html",
        page=page,
        total=total,
        drafts=queries.own_drafts(actor()),
        modes=list(PatrolMode),
    )


@bp.get("/patrols/<int:patrol_id>")
@requires(Permission.PATROL_READ)
def patrol(patrol_id: int) -> Response:
    row = queries.get_patrol(actor(), patrol_id)
    return render(
        "inspections/patrol.html",
        patrol=row,
        checks=queries.checks_of(row.id),
        findings=queries.findings_of_patrol(row.id),
        history=audit.history_of("patrol", row.id),
    )


@bp.get("/findings")
@requires(Permission.FINDING_READ)
def findings() -> Response:
    page, total = queries.list_findings(actor(), request.args)
    return render(
        "inspections/findings.html",
        "inspections/_findings.html",
        page=page,
        total=total,
        statuses=list(FindingStatus),
    )


@bp.get("/findings/<int:finding_id>")
@requires(Permission.FINDING_READ)
def finding(finding_id: int) -> Response:
    return _record(queries.get_finding(actor(), finding_id), EvidenceForm())


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
    row = queries.get_finding(actor(), finding_id)
    form = EvidenceForm(request.form)
    stored, faults = receive_files(row.centre_id)
    if form.validate() and (stored or not faults):
        try:
            with unit_of_work(actor(), clock.now()) as uow:
                services.add_evidence(uow, finding_id, stored, form.camera.data or "")
        except (Invalid, NotAllowed) as error:
            refuse(form, error)
        else:
            if not faults:
                flash(_("证据已补充。"))
                return done(url_for(".finding", finding_id=finding_id))
    return _record(queries.get_finding(actor(), finding_id), form, status_of(faults), faults)


def _record(
    row: Finding, form: EvidenceForm, status: int = 200, faults: list[Invalid] | None = None
) -> Response:
    return render(
        "inspections/finding.html",
        status=status,
        finding=row,
        files=evidence.files_of(db.session(), row.id),
        recording=evidence.recording_of(row, clock.today()),
        rectification=queries.rectification_of(actor(), row.id),
        form=form,
        faults=faults or [],
        space=attachments.space(db.session(), row.centre_id),
        history=audit.history_of("finding", row.id),
    )
