from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, current_app, flash, request, url_for
from flask_babel import gettext as _

from app import clock
from app.audit import anchors, queries, reports, verification
from app.extensions import db
from app.permissions import Permission
from app.registry import FEATURES, find_room
from app.web.access import actor, requires
from app.web.page import done, render

bp = Blueprint("audit", __name__)


@bp.get("/audit")
@requires(Permission.AUDIT_READ)
def index() -> Response:
    wanted = queries.Filter.read(request.args)
    entries, total = queries.list_entries(actor(), wanted, request.args.get("cursor"))
    return render(
        "audit/list.html",
        wanted=wanted,
        entries=entries,
        total=total,
        actions=_known("ACTIONS"),
        subjects=_known("SUBJECTS"),
    )


@bp.get("/audit/<int:centre_id>/<int:seq>")
@requires(Permission.AUDIT_READ)
def show(centre_id: int, seq: int) -> Response:
    return render("audit/show.html", line=queries.get_entry(actor(), centre_id, seq))


@bp.get("/audit/state")
@requires(Permission.AUDIT_READ)
def state() -> Response:
    settings = current_app.config["DUBAN"]
    chains = queries.chain_states(actor())
    return render(
        "audit/state.html",
        chains=chains,
        names=queries.centre_names({chain.centre_id for chain in chains}),
        anchored=anchors.outside(settings),
        results=reports.last_results(settings.instance),
        instant=datetime.fromisoformat,
    )


@bp.post("/audit/verifications")
@requires(Permission.AUDIT_READ)
def verify() -> Response:
    """Check what followed the last checkpoints. It reads the log and writes none of it, so an auditor may."""
    settings = current_app.config["DUBAN"]
    if verification.count_new(db.session.connection()) > verification.MOST_AT_ONCE:
        flash(_("新记录超过 5 万条，请等候夜间的全量核对，或运行 audit verify。"), "warning")
    else:
        report = verification.verify(db.engine, settings, full=False)
        reports.keep(settings.instance, reports.as_json(report, clock.now()))
        flash(
            *(_("核对完毕，没有发现问题。"), "success") if report.ok else (_("核对发现问题，见下。"), "error")
        )
    return done(url_for(".state"))


def _known(kind: str) -> list[str]:
    """Return the names of all features' actions or subjects."""
    rooms = [find_room(feature.name, "labels") for feature in FEATURES]
    return sorted({name for room in rooms for name in getattr(room, kind, {})})
