"""Postings, chief representatives, leave and errands: the daily changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for
from flask_babel import gettext as _
from wtforms import Form

from app import clock
from app.core.actions import Action
from app.core.errors import NotFound
from app.db.scope import MISSING, row_id
from app.db.uow import UnitOfWork
from app.organisation import (
    find_queries,
    queries,
    rules,
    term_services,
)
from app.organisation.entry_routes import answer, entry
from app.organisation.find_queries import find_person, find_point
from app.organisation.forms import (
    AbsenceForm,
    ChiefForm,
    EndForm,
    MoveForm,
    PostingForm,
    ReturnForm,
    WithdrawForm,
)
from app.organisation.models import Absence, ChiefRepresentative, PatrolPoint, Posting, StaffMember
from app.permissions import Actor, Permission
from app.web.access import actor, requires
from app.web.page import word

terms = Blueprint("terms", __name__)
Text = tuple[str, str]


def register(bp: Blueprint) -> None:
    """Serve these pages under the organisation's own blueprint."""
    bp.register_blueprint(terms)


# --- postings -------------------------------------------------------------------------------------


@terms.get("/postings/new")
@requires(Permission.POSTING_MANAGE)
def new_posting() -> Response:
    data = {
        "person": _named(queries.get_staff_member, "staff", find_queries.written),
        "point": _named(queries.get_point, "point", lambda row: row.audit_name),
        "from_on": clock.today(),
    }
    return _posting_page(PostingForm(data=data))


@terms.post("/postings")
@requires(Permission.POSTING_MANAGE)
def post() -> Response:
    form = PostingForm(request.form, meta={"today": clock.today()})
    return answer(form, lambda uow: _post(uow, form), lambda status: _posting_page(form, status))


def _post(uow: UnitOfWork, form: PostingForm) -> Text:
    member = find_person(actor(), form.person.data, clock.today())
    point = find_point(actor(), form.point.data or "", clock.today(), member.centre_id)
    posting = Posting(
        staff_member_id=member.id,
        patrol_point_id=point.id if point else None,
        post=form.post.data or "",
        role=form.role.data,
        from_on=form.from_on.data,
        to_on=form.to_on.data,
    )
    term_services.post_staff(uow, posting, end_former=form.end_former.data)
    return _("%(name)s 已安排。", name=member.name), _where_from(member, point)


def _where_from(member: StaffMember, point: PatrolPoint | None) -> str:
    """Return to the place whose page the form was opened from, else to the person."""
    return _point_url(point.id) if point and request.form.get("point_id") else _staff_url(member.id)


def _posting_page(form: PostingForm, status: int = 200) -> Response:
    opened_from = row_id(request.values.get("point_id") or request.args.get("point"))
    return _entry(
        form,
        status,
        word(rules.STAFF_POSTED.name),
        url_for(".post"),
        (_point_url(opened_from), _("巡查点")) if opened_from else _staff_list(),
        hidden={"point_id": opened_from} if opened_from else {},
    )


@terms.get("/postings/<int:posting_id>/move")
@requires(Permission.POSTING_MANAGE)
def moving(posting_id: int) -> Response:
    return _move_page(
        find_queries.get_posting(actor(), posting_id), MoveForm(data={"from_on": clock.today()})
    )


@terms.post("/postings/<int:posting_id>/move")
@requires(Permission.POSTING_MANAGE)
def move(posting_id: int) -> Response:
    row = find_queries.get_posting(actor(), posting_id)
    form = MoveForm(request.form, meta={"today": clock.today()})
    change = partial(_move, form=form, posting_id=posting_id, staff_member_id=row.staff_member_id)
    return answer(form, change, lambda status: _move_page(row, form, status))


def _move(uow: UnitOfWork, form: MoveForm, posting_id: int, staff_member_id: int) -> Text:
    member = uow.get(StaffMember, staff_member_id)
    point = find_point(actor(), form.point.data or "", clock.today(), member.centre_id)
    term_services.move_posting(
        uow,
        posting_id,
        _version(form),
        point_id=point.id if point else None,
        post=form.post.data or "",
        from_on=form.from_on.data,
    )
    return _("%(name)s 已换岗。", name=member.name), _staff_url(member.id)


def _move_page(row: Posting, form: MoveForm, status: int = 200) -> Response:
    g.section = "organisation.staff"
    form.version.data = str(row.version)
    member = row.staff_member
    title = f"{word(rules.STAFF_MOVED.name)} · {member.name}"
    save = url_for(".move", posting_id=row.id)
    return _entry(form, status, title, save, (_staff_url(member.id), member.name), sentence="move")


# --- chief representatives ------------------------------------------------------------------------


@terms.get("/chief-representatives/new")
@requires(Permission.POSTING_MANAGE)
def new_chief() -> Response:
    wanted = row_id(request.args.get("department"))
    department = queries.get_department(actor(), wanted) if wanted else None
    data = {"department_id": department.id if department else None, "from_on": clock.today()}
    return _chief_page(_chief_form(None, data))


@terms.post("/chief-representatives")
@requires(Permission.POSTING_MANAGE)
def name_chief() -> Response:
    form = _chief_form(request.form, {})

    def save(uow: UnitOfWork) -> Text:
        member = find_person(actor(), form.person.data, clock.today())
        chief = ChiefRepresentative(
            department_id=form.department_id.data,
            staff_member_id=member.id,
            from_on=form.from_on.data,
            to_on=form.to_on.data,
        )
        term_services.name_chief(uow, chief)
        department_url = url_for("organisation.department", department_id=form.department_id.data)
        return _("%(name)s 已确定为首席代表。", name=member.name), department_url

    return answer(form, save, lambda status: _chief_page(form, status))


def _chief_form(typed: Any, data: dict[str, Any]) -> ChiefForm:
    form = ChiefForm(typed, data=data, meta={"today": clock.today()})
    form.department_id.choices = find_queries.departments_in_sight(actor())
    return form


def _chief_page(form: ChiefForm, status: int = 200) -> Response:
    g.section = "organisation.departments"
    back = (url_for("organisation.chiefs"), _("首席代表"))
    return _entry(form, status, word(rules.CHIEF_NAMED.name), url_for(".name_chief"), back, sentence="chief")


# --- leave and errands ----------------------------------------------------------------------------


@terms.get("/absences/new")
@requires(Permission.POSTING_MANAGE)
def new_absence() -> Response:
    person = _named(queries.get_staff_member, "staff", find_queries.written)
    return _absence_page(AbsenceForm(data={"person": person}))


@terms.post("/absences")
@requires(Permission.POSTING_MANAGE)
def grant() -> Response:
    form = AbsenceForm(request.form)

    def save(uow: UnitOfWork) -> Text:
        absence = _absence(form)
        term_services.grant_absence(uow, absence)
        covered = find_queries.covers_for(absence)
        if covered:
            flash(_("这段时间原定替 %(names)s 顶岗，请另行安排。", names="、".join(covered)), "warning")
        return _("已登记：%(name)s", name=absence.staff_member.name), _staff_url(absence.staff_member_id)

    return answer(form, save, lambda status: _absence_page(form, status))


def _absence(form: AbsenceForm) -> Absence:
    today = clock.today()
    stand_in = find_person(actor(), form.stand_in.data, today, "stand_in") if form.stand_in.data else None
    return Absence(
        staff_member_id=find_person(actor(), form.person.data, today).id,
        kind=form.kind.data,
        begins_at=clock.at_office(form.begins_at.data),
        ends_at=clock.at_office(form.ends_at.data),
        stand_in_id=stand_in.id if stand_in else None,
        note=form.note.data or "",
    )


def _absence_page(form: AbsenceForm, status: int = 200) -> Response:
    back = (url_for("organisation.absences"), _("请假公出"))
    return _entry(form, status, word(rules.ABSENCE_GRANTED.name), url_for(".grant"), back)


# --- the end of a term ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Term:
    """What is particular to one kind of term."""

    get: Callable[[Actor, int], Any]
    form: type[Form]
    end: Callable[[UnitOfWork, int, int, Any], Any]
    ended: Action
    withdraw: Callable[[UnitOfWork, int, int, str], Any]
    withdrawn: Action


TERMS = {
    "postings": Term(
        find_queries.get_posting,
        EndForm,
        lambda uow, term_id, version, form: term_services.end_posting(uow, term_id, version, form.to_on.data),
        rules.POSTING_ENDED,
        term_services.withdraw_posting,
        rules.POSTING_WITHDRAWN,
    ),
    "chief-representatives": Term(
        find_queries.get_chief,
        EndForm,
        lambda uow, term_id, version, form: term_services.end_chief(uow, term_id, version, form.to_on.data),
        rules.CHIEF_ENDED,
        term_services.withdraw_chief,
        rules.CHIEF_WITHDRAWN,
    ),
    "absences": Term(
        find_queries.get_absence,
        ReturnForm,
        lambda uow, term_id, version, form: term_services.end_absence(
            uow, term_id, version, clock.at_office(form.ends_at.data)
        ),
        rules.ABSENCE_ENDED,
        term_services.withdraw_absence,
        rules.ABSENCE_WITHDRAWN,
    ),
}


def _term(kind: str) -> Term:
    if kind not in TERMS:
        raise NotFound(MISSING)
    return TERMS[kind]


@terms.get("/terms/<kind>/<int:term_id>/end")
@requires(Permission.POSTING_MANAGE)
def ending(kind: str, term_id: int) -> Response:
    which = _term(kind)
    data = {"to_on": clock.today(), "ends_at": clock.local(clock.now()).replace(tzinfo=None)}
    return _end_page(kind, which, which.get(actor(), term_id), which.form(data=data))


@terms.post("/terms/<kind>/<int:term_id>/end")
@requires(Permission.POSTING_MANAGE)
def end(kind: str, term_id: int) -> Response:
    which = _term(kind)
    row = which.get(actor(), term_id)
    form = which.form(request.form, meta={"today": clock.today()})

    def save(uow: UnitOfWork) -> Text:
        kept = which.end(uow, term_id, _version(form), form)
        return _("已登记：%(name)s", name=word(which.ended.name)), _subject(kept)[1]

    return answer(form, save, lambda status: _end_page(kind, which, row, form, status))


@terms.get("/terms/<kind>/<int:term_id>/withdraw")
@requires(Permission.POSTING_MANAGE)
def withdrawing(kind: str, term_id: int) -> Response:
    which = _term(kind)
    return _withdraw_page(kind, which, which.get(actor(), term_id), WithdrawForm())


@terms.post("/terms/<kind>/<int:term_id>/withdraw")
@requires(Permission.POSTING_MANAGE)
def withdraw(kind: str, term_id: int) -> Response:
    which = _term(kind)
    row = which.get(actor(), term_id)
    form = WithdrawForm(request.form)

    def save(uow: UnitOfWork) -> Text:
        kept = which.withdraw(uow, term_id, _version(form), form.reason.data)
        return _("已登记：%(name)s", name=word(which.withdrawn.name)), _subject(kept)[1]

    return answer(form, save, lambda status: _withdraw_page(kind, which, row, form, status))


def _end_page(kind: str, which: Term, row: Any, form: Any, status: int = 200) -> Response:
    return _term_page(row, form, status, which.ended, url_for(".end", kind=kind, term_id=row.id))


def _withdraw_page(kind: str, which: Term, row: Any, form: WithdrawForm, status: int = 200) -> Response:
    save = url_for(".withdraw", kind=kind, term_id=row.id)
    return _term_page(row, form, status, which.withdrawn, save, sentence="withdraw")


def _term_page(row: Any, form: Any, status: int, action: Action, save: str, **context: Any) -> Response:
    name, url = _subject(row)
    form.version.data = str(row.version)
    return _entry(form, status, f"{word(action.name)} · {name}", save, (url, name), term=row, **context)


def _subject(row: Any) -> Text:
    """Return the name and the address of the record that a term belongs to."""
    if isinstance(row, ChiefRepresentative):
        g.section = "organisation.departments"
        return row.department.name, url_for("organisation.department", department_id=row.department_id)
    g.section = "organisation.staff"
    return row.staff_member.name, _staff_url(row.staff_member_id)


# --- small things ---------------------------------------------------------------------------------


def _entry(form: Any, status: int, title: str, save: str, back: Text, **context: Any) -> Response:
    g.section = getattr(g, "section", "organisation.staff")
    typed = any(getattr(field, "render_kw", None) for field in form)
    suggested = find_queries.suggestions(actor(), clock.today()) if typed else None
    return entry(form, status=status, title=title, save=save, back=back, suggested=suggested, **context)


def _named(get: Callable[[Actor, int], Any], name: str, write: Callable[[Any], str]) -> str:
    """Return the row that the address names as a form writes it."""
    wanted = row_id(request.args.get(name))
    return write(get(actor(), wanted)) if wanted else ""


def _version(form: Any) -> int:
    return row_id(str(form.version.data or "")) or 0


def _staff_url(staff_member_id: int) -> str:
    return url_for("organisation.staff_member", staff_member_id=staff_member_id)


def _point_url(point_id: int) -> str:
    return url_for("organisation.point", point_id=point_id)


def _staff_list() -> Text:
    return url_for("organisation.staff"), _("人员")
