"""The ledgers of patrols and findings; the round itself is in `walk_routes.py`."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.attachments import queries as attachments
from app.audit import queries as audit
from app.core.errors import NotFound
from app.core.i18n import N_
from app.extensions import db
from app.inspections import queries, walk_routes
from app.inspections.rules import FindingStatus, PatrolMode
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.files import send_photo
from app.web.page import render
from app.web.settings import settings

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
    row = queries.get_finding(actor(), finding_id)
    return render(
        "inspections/finding.html",
        finding=row,
        photos=attachments.list_for(db.session(), "finding", [row.id])[row.id],
        rectification=queries.rectification_of(actor(), row.id),
        history=audit.history_of("finding", row.id),
    )


@bp.get("/findings/<int:finding_id>/photos/<int:photo_id>/<variant>")
@requires(Permission.FINDING_READ)
def finding_photo(finding_id: int, photo_id: int, variant: str) -> Response:
    row = queries.get_finding(actor(), finding_id)
    photos = attachments.list_for(db.session(), "finding", [row.id])[row.id]
    photo = next((photo for photo in photos if photo.id == photo_id), None)
    if photo is None:
        raise NotFound(N_("照片不存在。"))
    return send_photo(settings().attachments, photo.sha256, photo.media_type, variant)
