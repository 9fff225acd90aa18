from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from app import clock
from app.audit import anchors, entry_queries, keys, queries, reports, services, verification
from app.audit.export import Wanted
from app.audit.forms import ExportForm, FilterForm
from app.core.i18n import N_
from app.db.uow import unit_of_work
from app.extensions import db
from app.permissions import Permission
from app.registry import FEATURES, find_room
from app.web.access import actor, requires
from app.web.page import done, render
from app.web.settings import settings

bp = Blueprint("audit", __name__)
WORDS = ("ACTIONS", "SUBJECTS")
ALL = N_("全部可见的中心")


@bp.get("/audit")
@requires(Permission.AUDIT_READ)
def index() -> Response:
    form = FilterForm(request.args, meta={"today": clock.today()})
    meant = entry_queries.make_out(actor(), entry_queries.Filter.read(request.args, form.read()))
    entries, total = entry_queries.list_entries(meant, request.args.get("cursor"))
    return render(
        "audit/list.html",
        form=form,
        meant=meant,
        entries=entries,
        total=total,
        known={k: _known(k) for k in WORDS},
    )


@bp.get("/audit/<int:centre_id>/<int:seq>")
@requires(Permission.AUDIT_READ)
def show(centre_id: int, seq: int) -> Response:
    return render("audit/show.html", line=entry_queries.get_entry(actor(), centre_id, seq))


@bp.get("/audit/state")
@requires(Permission.AUDIT_READ)
def state() -> Response:
    chains = queries.chain_states(actor())
    return render(
        "audit/state.html",
        chains=chains,
        names=queries.centre_names({chain.centre_id for chain in chains}),
        anchored=anchors.outside(settings()),
        copy=anchors.copy_status(settings().instance) if settings().anchor_copy else None,
        fingerprint=keys.grouped(keys.key_name(keys.public_key(settings()))),
        results=reports.last_results(settings().instance),
        instant=datetime.fromisoformat,
    )


@bp.post("/audit/verifications")
@requires(Permission.AUDIT_READ)
def verify() -> Response:
    """Check what followed the last checkpoints. It reads the log and writes none of it, so an auditor may."""
    if verification.count_new(db.session.connection()) > verification.MOST_AT_ONCE:
        flash(_("新记录超过 5 万条，请改用“全部核对”，在后台进行。"), "warning")
    else:
        report = verification.verify(db.engine, settings(), full=False)
        reports.keep(settings().instance, reports.as_json(report, clock.now(), actor().name))
        flash(
            *(_("核对完毕，没有发现问题。"), "success") if report.ok else (_("核对发现问题，见下。"), "error")
        )
    return done(url_for(".state"))


@bp.post("/audit/verifications/full")
@requires(Permission.AUDIT_READ)
def verify_all() -> Response:
    with unit_of_work(actor(), clock.now()) as uow:
        job_id = services.ask_for_verification(uow)
    return done(url_for("jobs.show", job_id=job_id))


@bp.get("/audit/export")
@requires(Permission.AUDIT_READ)
def export() -> Response:
    return render("audit/export.html", form=_export_form(data=request.args))


@bp.post("/audit/exports")
@requires(Permission.AUDIT_READ)
def ask_for_export() -> Response:
    form = _export_form(request.form)
    if not form.validate():
        return render("audit/export.html", status=422, form=form)
    only = frozenset({int(form.centre.data)}) if form.centre.data else queries.chains_of(actor())
    with unit_of_work(actor(), clock.now()) as uow:
        job_id = services.ask_for_export(uow, Wanted(form.since.data, form.until.data, only))
    return done(url_for("jobs.show", job_id=job_id))


def _export_form(*typed: object, **options: object) -> ExportForm:
    form = ExportForm(*typed, meta={"today": clock.today()}, **options)
    names = queries.centre_names(set(actor().centre_ids))
    form.centre.choices = [("", ALL), *((str(centre_id), name) for centre_id, name in names.items())]
    return form


def _known(kind: str) -> list[str]:
    """Return the names of all features' actions or subjects."""
    rooms = [find_room(feature.name, "labels") for feature in FEATURES]
    return sorted({name for room in rooms for name in getattr(room, kind, {})})
