"""When a place is open and whom it serves, from a day on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, request, url_for
from flask_babel import gettext as _
from wtforms import Form

from app import clock
from app.core.errors import Stale
from app.db.uow import UnitOfWork
from app.extensions import db
from app.organisation import find_queries, hours_rules, hours_services, queries, rules
from app.organisation.entry_routes import NOW, answer, entry, words_of_hours
from app.organisation.forms import HoursForm, ServedForm
from app.organisation.models import Department, PatrolPoint
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.page import word

timetable = Blueprint("timetable", __name__)


def register(bp: Blueprint) -> None:
    """Serve these pages under the organisation's own blueprint."""
    bp.register_blueprint(timetable)


@timetable.get("/patrol-points/<int:point_id>/hours")
@requires(Permission.ORGANISATION_MANAGE)
def hours(point_id: int) -> Response:
    row = queries.get_point(actor(), point_id)
    data = {"hours": _written(row), "from_on": clock.today(), "basis": _basis_of_hours(row)}
    return _hours_page(row, HoursForm(data=data))


@timetable.post("/patrol-points/<int:point_id>/hours")
@requires(Permission.ORGANISATION_MANAGE)
def change_hours(point_id: int) -> Response:
    row = queries.get_point(actor(), point_id)
    form = HoursForm(request.form, meta={"today": clock.today()})

    def save(uow: UnitOfWork) -> tuple[str, str]:
        hours_services.change_hours(uow, point_id, form.basis.data or "", form.from_on.data, form.hours.slots)
        return _("开放时间已调整，自 %(day)s 起执行。", day=form.from_on.data), _url(point_id)

    return answer(form, save, lambda status: _hours_page(row, form, status))


def _written(row: PatrolPoint) -> str:
    """Return the hours of today as they are written."""
    slots = queries.hours_of_point(db.session(), row.id, clock.today())
    return hours_rules.write(map(hours_services.slot_of, slots), words_of_hours())


def _basis_of_hours(row: PatrolPoint) -> str:
    return hours_services.basis_of(queries.all_hours(db.session(), row.id))


def _hours_page(row: PatrolPoint, form: HoursForm, status: int = 200) -> Response:
    if status == 409:  # both are shown, and what is sent again is judged against what stands now
        form.basis.data = _basis_of_hours(row)
        form.hours.errors = [*form.hours.errors, Stale(NOW, now=_written(row))]
    save = url_for(".change_hours", point_id=row.id)
    return _page(row, form, word(rules.PATROL_POINT_HOURS_CHANGED.name), save, status)


@timetable.get("/patrol-points/<int:point_id>/served")
@requires(Permission.ORGANISATION_MANAGE)
def served(point_id: int) -> Response:
    row = queries.get_point(actor(), point_id)
    chosen = [department.id for department in _served(row)]
    data = {"served": chosen, "from_on": clock.today(), "basis": _basis_of_served(row)}
    return _served_page(row, _served_form(row, None, data))


@timetable.post("/patrol-points/<int:point_id>/served")
@requires(Permission.ORGANISATION_MANAGE)
def change_served(point_id: int) -> Response:
    row = queries.get_point(actor(), point_id)
    form = _served_form(row, request.form, {})

    def save(uow: UnitOfWork) -> tuple[str, str]:
        chosen = form.served.data or ()
        hours_services.change_served(uow, point_id, form.basis.data or "", form.from_on.data, chosen)
        return _("受理部门已调整，自 %(day)s 起执行。", day=form.from_on.data), _url(point_id)

    return answer(form, save, lambda status: _served_page(row, form, status))


def _served(row: PatrolPoint) -> list[Department]:
    found = queries.departments_of_point(db.session(), row, clock.today())
    return found if row.comprehensive else []


def _basis_of_served(row: PatrolPoint) -> str:
    return hours_services.basis_of(queries.served_by(db.session(), row.id))


def _served_form(row: PatrolPoint, typed: Any, data: dict[str, Any]) -> ServedForm:
    form = ServedForm(typed, data=data, meta={"today": clock.today()})
    form.served.choices = find_queries.departments_offered(row.centre_id)
    return form


def _served_page(row: PatrolPoint, form: ServedForm, status: int = 200) -> Response:
    if status == 409:
        form.basis.data = _basis_of_served(row)
        names = "、".join(department.short_name for department in _served(row))
        form.served.errors = [*form.served.errors, Stale(NOW, now=names)]
    save = url_for(".change_served", point_id=row.id)
    return _page(row, form, word(rules.PATROL_POINT_SERVED_CHANGED.name), save, status)


def _page(row: PatrolPoint, form: Form, title: str, save: str, status: int) -> Response:
    g.section = "organisation.points"
    back = (_url(row.id), row.audit_name)
    heading = f"{title} · {row.number}"
    return entry(form, status=status, title=heading, save=save, back=back, sentence="from_a_day")


def _url(point_id: int) -> str:
    return url_for("organisation.point", point_id=point_id)
