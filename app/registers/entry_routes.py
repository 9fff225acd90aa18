"""Entering something in a ledger, and correcting it while nobody has confirmed it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from app import clock
from app.attachments import queries as attachments
from app.attachments.services import StoredFile
from app.core import machine
from app.core.errors import DomainError, Invalid, NotFound
from app.core.i18n import N_
from app.core.on_behalf import Represented
from app.db.uow import short_transaction, unit_of_work
from app.extensions import db
from app.fields import refuse
from app.organisation import find_queries
from app.permissions import Permission
from app.registers import draft_queries, draft_services, entry_queries, queries, rules, services
from app.registers.forms import EntryForm
from app.registers.models import RegisterEntry
from app.registers.rules import Content, Kind, Level, Register, Verb, kinds_of
from app.web.access import actor, requires
from app.web.files import ORIGINAL, send_evidence
from app.web.page import done, render
from app.web.settings import settings
from app.web.uploads import receive_files, status_of

entry = Blueprint("entry", __name__)
NEW = 0  # the draft of an entry that is not in the ledger yet
# What the next entry takes over from the one before.
CARRIED = ("happened_on", "ended_on", "awarded_by", "honour_level", "on_behalf_name", "on_behalf_capacity")


def register(bp: Blueprint) -> None:
    """Serve the forms under the ledgers' own blueprint."""
    bp.register_blueprint(entry)


@entry.get("/registers/new")
@requires(Permission.REGISTER_RECORD)
def new() -> Response:
    kind = _kind(request.args.get("kind"))
    if kind is None:
        return render("registers/kinds.html", groups=[(each, kinds_of(each)) for each in Register])
    after = queries.recorded_already(request.args.get("after", ""))
    carried = {name: getattr(after, name) for name in CARRIED} if after else {}
    return _page(kind, _form(kind, _centre_id(), {"happened_on": clock.today(), **carried}))


@entry.post("/registers")
@requires(Permission.REGISTER_RECORD)
def record() -> Response:
    kind, centre_id = _kind(request.form.get("kind")), _centre_id()
    if kind is None:
        return done(url_for(".new"))
    form, files, faults = _with_files(_form(kind, centre_id, {}), centre_id, NEW)
    if queries.recorded_already(form.form_key.data):
        return _again(kind, form)
    status = status_of(faults)
    if form.validate() and not faults:
        try:
            return _record(kind, centre_id, form, files)
        except DomainError as error:
            refuse(form, error)
            status = 422 if isinstance(error, Invalid) else 409
    return _page(kind, form, status, faults, files)


@entry.get("/registers/<int:entry_id>/edit")
@requires(Permission.REGISTER_RECORD)
def edit(entry_id: int) -> Response:
    who, row = actor(), queries.get(actor(), entry_id)
    verbs = machine.allowed(rules.TRANSITIONS, row.status, who.permissions, queries.facts(who, row))
    if Verb.CORRECT not in verbs:
        return done(url_for("registers.show", entry_id=row.id))
    return _page(row.kind, _form(row.kind, row.centre_id, _written(row)), row=row)


@entry.post("/registers/<int:entry_id>/correct")
@requires(Permission.REGISTER_RECORD)
def correct(entry_id: int) -> Response:
    row = queries.get(actor(), entry_id)
    form, files, faults = _with_files(_form(row.kind, row.centre_id, {}), row.centre_id, row.id)
    status = status_of(faults)
    if form.validate() and not faults:
        try:
            return _correct(row, form, files)
        except DomainError as error:
            refuse(form, error)
            status = 422 if isinstance(error, Invalid) else 409
        row = queries.get(actor(), entry_id)
    return _page(row.kind, form, status, faults, files, row)


@entry.get("/registers/drafts/<int:subject_id>/<sha256>")
@requires(Permission.REGISTER_RECORD)
def file(subject_id: int, sha256: str) -> Response:
    uploads = _uploads(subject_id)
    if sha256 not in uploads:
        raise NotFound(attachments.MISSING)
    kept = uploads[sha256]
    variant = "small" if kept.is_photo else ORIGINAL
    return send_evidence(settings().attachments, sha256, kept.media_type, variant)


# --- reading ----------------------------------------------------------------------------------------


def _kind(value: str | None) -> Kind | None:
    return Kind(value) if value in set(Kind) else None


def _centre_id() -> int:
    """Return the centre that an entry is for: the actor's own, or one below it."""
    return find_queries.centre_for(actor(), request.values.get("centre")).id


def _form(kind: Kind, centre_id: int, data: Mapping[str, Any]) -> EntryForm:
    sent = request.form if request.method == "POST" else None
    form = EntryForm(sent, data=data, meta={"today": clock.today()})
    kept = data.get("department")
    form.department.choices = [
        (0, N_("按人员或窗口确定")),
        *find_queries.departments_offered(centre_id, kept),
    ]
    form.ask(kind)
    return form


def _written(row: RegisterEntry) -> dict[str, Any]:
    """Return an entry as its form writes it."""
    found = {name: getattr(row, name) for name in queries.CONTENT}
    return {
        **found,
        "staff": find_queries.written(row.staff_member) if row.staff_member else "",
        "point": row.patrol_point.audit_name if row.patrol_point else "",
        "department": row.department_id or 0,
        "honour_level": row.honour_level.value if row.honour_level else "",
        "on_behalf_name": row.on_behalf_name,
        "on_behalf_capacity": row.on_behalf_capacity,
    }


def _uploads(subject_id: int) -> dict[str, StoredFile]:
    kept = draft_queries.uploads(actor(), subject_id)
    return {sha256: StoredFile.from_dict(file) for sha256, file in kept.items()}


def _with_files(
    form: EntryForm, centre_id: int, subject_id: int
) -> tuple[EntryForm, list[StoredFile], list[Invalid]]:
    """Keep the files that came with a form: good ones in its draft, bad ones as faults."""
    stored, faults = receive_files(centre_id)
    if stored:
        with short_transaction() as session:
            draft_services.keep_files(session, actor(), subject_id, stored, clock.now())
    uploads = _uploads(subject_id)
    chosen = dict.fromkeys([*(form.photo.data or []), *(file.sha256 for file in stored)])
    form.photo.data = [sha for sha in chosen if sha in uploads]
    return form, [uploads[sha] for sha in form.photo.data], faults


def _content(kind: Kind, centre_id: int, form: EntryForm) -> Content:
    """Return what was typed, once every word of it is understood. Raise Invalid."""
    typed = {field.name: field.data for field in form}
    about = entry_queries.about(
        actor(),
        centre_id,
        typed["happened_on"],
        staff=typed.get("staff") or "",
        point=typed.get("point") or "",
        department_id=typed.get("department") or None,
    )
    return Content(
        kind=kind,
        happened_on=typed["happened_on"],
        ended_on=typed.get("ended_on"),
        **vars(about),
        giver=typed.get("giver") or "",
        matter=typed.get("matter") or "",
        awarded_by=typed.get("awarded_by") or "",
        honour_level=Level(typed["honour_level"]) if typed.get("honour_level") else None,
        quantity=typed.get("quantity") or 1,
        minutes=typed.get("minutes"),
        clause=typed.get("clause") or "",
        shown=entry_queries.shown(actor(), centre_id, typed["happened_on"], typed.get("shown") or ""),
        text=typed["text"] or "",
        represented=Represented(typed["on_behalf_name"] or "", typed["on_behalf_capacity"] or ""),
    )


# --- writing ----------------------------------------------------------------------------------------


def _record(kind: Kind, centre_id: int, form: EntryForm, files: list[StoredFile]) -> Response:
    content = _content(kind, centre_id, form)
    with unit_of_work(actor(), clock.now()) as uow:
        row = services.record_entry(uow, centre_id, form.form_key.data, content, files)
        draft_services.end(uow, NEW)
        entry_id, number = row.id, row.number
    url = url_for("registers.show", entry_id=entry_id)
    flash({"text": _("%(number)s 已登记，等待另一人确认。", number=number), "url": url}, "success")  # type: ignore[arg-type]
    return _again(kind, form)


def _again(kind: Kind, form: EntryForm) -> Response:
    """Go on to the next entry of the same kind."""
    centre = request.form.get("centre") or None
    return done(url_for(".new", kind=kind.value, after=form.form_key.data, centre=centre))


def _correct(row: RegisterEntry, form: EntryForm, files: list[StoredFile]) -> Response:
    entry_id, version = row.id, int(request.form.get("version", type=int) or 0)
    content = _content(row.kind, row.centre_id, form)
    with unit_of_work(actor(), clock.now()) as uow:
        services.correct_entry(uow, entry_id, version, content, files)
        draft_services.end(uow, entry_id)
    flash(_("已更正，等待另一人确认。"))
    return done(url_for("registers.show", entry_id=entry_id))


def _page(
    kind: Kind,
    form: EntryForm,
    status: int = 200,
    faults: list[Invalid] | None = None,
    files: list[StoredFile] | None = None,
    row: RegisterEntry | None = None,
) -> Response:
    centre_id = row.centre_id if row else _centre_id()
    return render(
        "registers/edit.html" if row else "registers/new.html",
        status=status,
        kind=kind,
        rule=rules.KINDS[kind],
        row=row,
        form=form,
        faults=faults or [],
        centre_id=centre_id,
        offer=find_queries.suggestions(actor(), form.happened_on.data or clock.today()),
        uploads=files if files is not None else list(_uploads(row.id if row else NEW).values()),
        held=queries.files_of(db.session(), row.id) if row else [],
        space=attachments.space(db.session(), centre_id),
        recent=[] if row else entry_queries.recent(actor(), clock.now()),
    )
