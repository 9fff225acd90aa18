"""Centres, sections, departments, zones, points and people: entered, corrected, closed, reopened.

The six have one life, so they share their addresses; `KINDS` says what is particular to each.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _

from app import clock
from app.core.actions import Action
from app.core.errors import NotFound
from app.db.scope import MISSING, row_id
from app.db.uow import UnitOfWork
from app.organisation import find_queries
from app.organisation.entry_routes import answer, entry, show_both
from app.organisation.forms import RecordForm, ReopenForm
from app.organisation.kind_routes import KINDS, Kind
from app.organisation.models import Centre
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.page import many, word

structure = Blueprint("structure", __name__)


def register(bp: Blueprint) -> None:
    """Serve these pages under the organisation's own blueprint."""
    bp.register_blueprint(structure)


# --- addresses ------------------------------------------------------------------------------------


@structure.get("/organisation/<kind>/new")
@requires(Permission.ORGANISATION_MANAGE)
def new(kind: str) -> Response:
    which, centre = _kind(kind), find_queries.centre_for(actor(), request.args.get("centre"))
    return _new_page(kind, which, centre, _form(which, centre))


@structure.post("/organisation/<kind>")
@requires(Permission.ORGANISATION_MANAGE)
def add(kind: str) -> Response:
    which, centre = _kind(kind), find_queries.centre_for(actor(), request.form.get("centre"))
    form = _form(which, centre)

    def change(uow: UnitOfWork) -> tuple[str, str]:
        row = which.add(uow, centre, form)
        further = url_for(".new", kind=kind, centre=centre.id, zone=getattr(row, "zone_id", None))
        return _("已登记：%(name)s", name=row.audit_name), (
            further if "again" in request.form else which.url(row)
        )

    return answer(form, change, lambda status: _new_page(kind, which, centre, form, status))


@structure.get("/organisation/<kind>/<int:row_id>/edit")
@requires(Permission.ORGANISATION_MANAGE)
def edit(kind: str, row_id: int) -> Response:
    which = _kind(kind)
    row = which.get(actor(), row_id)
    return _edit_page(kind, which, row, _form(which, _centre_of(row), row))


@structure.post("/organisation/<kind>/<int:row_id>/edit")
@requires(Permission.ORGANISATION_MANAGE)
def change(kind: str, row_id: int) -> Response:
    which = _kind(kind)
    row = which.get(actor(), row_id)
    form = _form(which, _centre_of(row), row)

    def save(uow: UnitOfWork) -> tuple[str, str]:
        kept = which.change(uow, row_id, _version(form), form.columns())
        return _("已保存：%(name)s", name=kept.audit_name), which.url(kept)

    return answer(
        form, save, lambda status: _edit_page(kind, which, which.get(actor(), row_id), form, status)
    )


@structure.get("/organisation/<kind>/<int:row_id>/close")
@requires(Permission.ORGANISATION_MANAGE)
def closing(kind: str, row_id: int) -> Response:
    which = _kind(kind)
    row = which.get(actor(), row_id)
    return _close_page(kind, which, row, which.closing(data={"on": clock.today()}))


@structure.post("/organisation/<kind>/<int:row_id>/close")
@requires(Permission.ORGANISATION_MANAGE)
def close(kind: str, row_id: int) -> Response:
    which = _kind(kind)
    which.get(actor(), row_id)
    form = which.closing(request.form, meta={"today": clock.today()})

    def save(uow: UnitOfWork) -> tuple[str, str]:
        ends = {"end_terms": form.end_terms.data} if "end_terms" in form else {}
        row = which.close(uow, row_id, _version(form), form.on.data, **ends)
        return _("%(name)s 自 %(day)s 起停用。", name=row.audit_name, day=form.on.data), which.url(row)

    return answer(
        form, save, lambda status: _close_page(kind, which, which.get(actor(), row_id), form, status)
    )


@structure.get("/organisation/<kind>/<int:row_id>/reopen")
@requires(Permission.ORGANISATION_MANAGE)
def reopening(kind: str, row_id: int) -> Response:
    which = _kind(kind)
    return _reopen_page(kind, which, which.get(actor(), row_id), ReopenForm())


@structure.post("/organisation/<kind>/<int:row_id>/reopen")
@requires(Permission.ORGANISATION_MANAGE)
def reopen(kind: str, row_id: int) -> Response:
    which = _kind(kind)
    which.get(actor(), row_id)
    form = ReopenForm(request.form)

    def save(uow: UnitOfWork) -> tuple[str, str]:
        row = which.reopen(uow, row_id, _version(form))
        return _("已恢复：%(name)s", name=row.audit_name), which.url(row)

    return answer(
        form, save, lambda status: _reopen_page(kind, which, which.get(actor(), row_id), form, status)
    )


# --- pages ----------------------------------------------------------------------------------------


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise NotFound(MISSING)
    g.section = KINDS[name].section
    return KINDS[name]


def _centre_of(row: Any) -> Centre:
    return row if isinstance(row, Centre) else row.centre


def _version(form: Any) -> int:
    return row_id(str(form.version.data or "")) or 0


def _form(which: Kind, centre: Centre, row: Any = None) -> RecordForm:
    """Return the form of a new row, or of one that is to be corrected, with what it offers to choose from."""
    form = which.form(
        request.form or None,
        obj=row,
        data=None if row or request.form else which.begin(centre),
        meta={"today": clock.today()},
    )
    which.offer(form, centre, row)
    return form


def _new_page(kind: str, which: Kind, centre: Centre, form: Any, status: int = 200) -> Response:
    return entry(
        form,
        status=status,
        title=word(which.opened.name),
        save=url_for(".add", kind=kind),
        back=(url_for(f"organisation.{which.list}"), many(which.noun)),
        here=url_for(".new", kind=kind),
        centre=centre,
        centres=[] if kind == "centres" else find_queries.centres_offered(actor()),
        needs_zone="zone_id" in form and not form.zone_id.choices,
        again=kind != "centres",
    )


def _edit_page(kind: str, which: Kind, row: Any, form: RecordForm, status: int = 200) -> Response:
    if status == 409:
        show_both(form, row)
    form.version.data = str(row.version)
    return _page_of(which, row, form, which.changed, url_for(".change", kind=kind, row_id=row.id), status)


def _close_page(kind: str, which: Kind, row: Any, form: Any, status: int = 200) -> Response:
    form.version.data = str(row.version)
    save = url_for(".close", kind=kind, row_id=row.id)
    return _page_of(
        which, row, form, which.closed, save, status, sentence="leave" if kind == "staff" else "close"
    )


def _reopen_page(kind: str, which: Kind, row: Any, form: ReopenForm, status: int = 200) -> Response:
    form.version.data = str(row.version)
    save = url_for(".reopen", kind=kind, row_id=row.id)
    return _page_of(which, row, form, which.reopened, save, status, sentence="reopen")


def _page_of(
    which: Kind, row: Any, form: Any, action: Action, save: str, status: int, **context: Any
) -> Response:
    title = f"{word(action.name)} · {row.audit_name}"
    back = (which.url(row), row.audit_name)
    return entry(form, status=status, title=title, save=save, back=back, **context)
