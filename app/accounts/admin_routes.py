"""The security administrator's verbs on accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for
from flask_babel import gettext as _

from app import clock
from app.accounts import admin_queries, admin_rules, admin_services, queries, services
from app.accounts.admin_rules import AccountVerb
from app.accounts.admin_services import Person
from app.accounts.forms import AccountForm, NewAccountForm, ReasonForm, RolesForm, VersionForm
from app.accounts.models import User
from app.audit import queries as audit
from app.core.errors import DomainError, Invalid
from app.core.i18n import N_
from app.db.scope import row_id
from app.db.uow import UnitOfWork, unit_of_work
from app.extensions import db
from app.fields import REQUIRED, refuse
from app.permissions import Permission, Role
from app.web.access import actor, requires
from app.web.changes import attempt, stamp
from app.web.page import done, render

admin = Blueprint("admin", __name__)
Steps = dict[AccountVerb, RolesForm | ReasonForm | VersionForm]


def register(bp: Blueprint) -> None:
    """Serve these under the accounts' own blueprint."""
    bp.register_blueprint(admin)


# --- adding and correcting --------------------------------------------------------------------------


@admin.get("/accounts/new")
@requires(Permission.ACCOUNT_MANAGE)
def new() -> Response:
    return _form_page(_form(NewAccountForm))


@admin.post("/accounts")
@requires(Permission.ACCOUNT_MANAGE)
def add() -> Response:
    form = _form(NewAccountForm)
    person = _person(form) if form.validate() else None
    if person:
        profile = queries.password_profile(db.session(), person.centre_id)
        password = admin_services.temporary_password(form.username.data, profile)
        hashed, roles = services.hash_password(password), frozenset(map(Role, form.roles.data))
        try:
            with unit_of_work(actor(), clock.now()) as uow:
                user_id = admin_services.add_account(uow, form.username.data, person, roles, hashed).id
        except DomainError as error:
            refuse(form, error)
        else:
            return _once(user_id, person.name, form.username.data, password)
    return _form_page(form, status=422)


@admin.get("/accounts/<int:user_id>/edit")
@requires(Permission.ACCOUNT_MANAGE)
def edit(user_id: int) -> Response:
    user = admin_queries.get_user(actor(), user_id)
    return _form_page(_form(AccountForm, user), user)


@admin.post("/accounts/<int:user_id>")
@requires(Permission.ACCOUNT_MANAGE)
def change(user_id: int) -> Response:
    user = admin_queries.get_user(actor(), user_id)
    form = _form(AccountForm, user)
    version = row_id(form.version.data) or 0
    person = _person(form) if form.validate() else None
    if person is None:
        return _form_page(form, user, 422)
    status = attempt(form, lambda uow: admin_services.change_account(uow, user_id, version, person))
    if status:
        return _form_page(form, admin_queries.get_user(actor(), user_id), status)
    return done(url_for("accounts.show", user_id=user_id))


def _form(kind: type[AccountForm], user: User | None = None) -> Any:
    """Return an entry form with the places in sight to choose from."""
    data: dict[str, Any] = {"centre": actor().centre_id}
    if user:
        member = user.staff_member
        data = {"name": user.name, "centre": user.centre_id, "section": user.section_id}
        data["staff"] = member.staff_number if member else ""
    form = kind(request.form if request.method == "POST" else None, data=data)
    form.centre.choices = _with_own(admin_queries.centre_choices(actor()), user and user.centre)
    sections = _with_own(admin_queries.section_choices(actor()), user and user.section)
    form.section.choices = [(0, N_("（无）")), *sections]
    return form


def _with_own(choices: list[tuple[int, str]], own: Any) -> list[tuple[int, str]]:
    """Keep what an account has now on offer, even if it has been closed since."""
    return choices if own is None or own.id in dict(choices) else [*choices, (own.id, own.name)]


def _person(form: AccountForm) -> Person | None:
    """Return whom a valid form means; None, with the reason beside the field, if that is not clear."""
    member = _staff(form)
    if form.staff.errors or form.staff_member.errors:
        return None
    name = form.name.data or (member[1] if member else "")
    if not name:
        form.name.errors = [REQUIRED]
        return None
    return Person(name, form.centre.data, form.section.data, member[0] if member else None)


def _staff(form: AccountForm) -> tuple[int, str] | None:
    """Return id and name of the staff member a form names; offer the candidates if there are several."""
    if not form.staff.data:
        return None
    found = admin_queries.find_staff(actor(), form.staff.data)
    chosen = [row for row in found if row.id == form.staff_member.data] or found
    if len(chosen) == 1:
        return chosen[0].id, chosen[0].name
    if not found:
        error = Invalid(N_("没有找到这名人员；可以输入姓名、拼音首字母或工号。"), field="staff")
    else:
        form.staff_member.choices = [(row.id, _about(row)) for row in found]
        error = Invalid(N_("找到不止一人，请选择。"), field="staff_member")
    refuse(form, error)
    return None


def _about(row: Any) -> str:
    parts = (row.name, row.department.short_name if row.department else "", row.staff_number)
    return " · ".join(part for part in parts if part)


def _form_page(form: AccountForm, user: User | None = None, status: int = 200) -> Response:
    g.section = "accounts.index"
    if user and status == 409:
        _tell_differences(form, user)
    if user and status != 422:
        form.version.data = str(user.version)
    return render("accounts/form.html", status=status, form=form, user=user)


def _tell_differences(form: AccountForm, user: User) -> None:
    """Say beside each field what somebody else has put there meanwhile."""
    member = user.staff_member
    now = {
        "name": (user.name, user.name),
        "centre": (user.centre_id, user.centre.name if user.centre else ""),
        "section": (user.section_id, user.section.name if user.section else ""),
        "staff": (member.staff_number if member else "", member.name if member else ""),
    }
    for field, (value, said) in now.items():
        if (form[field].data or None) != (value or None):
            refuse(form, Invalid(N_("现在是“%(now)s”。"), field=field, now=said))


# --- verbs on a record ------------------------------------------------------------------------------


@admin.post("/accounts/<int:user_id>/roles")
@requires(Permission.ACCOUNT_MANAGE)
def set_roles(user_id: int) -> Response:
    form = RolesForm(request.form)

    def change(uow: UnitOfWork, version: int) -> None:
        roles = frozenset(map(Role, form.roles.data))
        admin_services.set_roles(uow, user_id, version, roles, form.reason.data)

    return _take(user_id, AccountVerb.SET_ROLES, form, change, N_("角色已变更，这个账号的登录已全部结束。"))


@admin.post("/accounts/<int:user_id>/disable")
@requires(Permission.ACCOUNT_MANAGE)
def disable(user_id: int) -> Response:
    form = ReasonForm(request.form)
    return _take(
        user_id,
        AccountVerb.DISABLE,
        form,
        lambda uow, version: admin_services.disable(uow, user_id, version, form.reason.data),
        N_("账号已停用，登录已全部结束。"),
    )


@admin.post("/accounts/<int:user_id>/enable")
@requires(Permission.ACCOUNT_MANAGE)
def enable(user_id: int) -> Response:
    return _take(
        user_id,
        AccountVerb.ENABLE,
        VersionForm(request.form),
        lambda uow, version: admin_services.enable(uow, user_id, version),
        N_("账号已启用。"),
    )


@admin.post("/accounts/<int:user_id>/unlock")
@requires(Permission.ACCOUNT_MANAGE)
def unlock(user_id: int) -> Response:
    return _take(
        user_id,
        AccountVerb.UNLOCK,
        VersionForm(request.form),
        lambda uow, version: admin_services.unlock(uow, user_id, version),
        N_("已解除暂停，可以登录。"),
    )


@admin.post("/accounts/<int:user_id>/sessions/end")
@requires(Permission.ACCOUNT_MANAGE)
def end_sessions(user_id: int) -> Response:
    return _take(
        user_id,
        AccountVerb.END_SESSIONS,
        VersionForm(request.form),
        lambda uow, version: admin_services.end_all_sessions(uow, user_id, version),
        N_("登录已全部结束。"),
    )


@admin.post("/accounts/<int:user_id>/temporary-password")
@requires(Permission.ACCOUNT_MANAGE)
def reset_password(user_id: int) -> Response:
    user = admin_queries.get_user(actor(), user_id)
    name, username = user.name, user.username
    profile = queries.password_profile(db.session(), user.centre_id)
    password = admin_services.temporary_password(username, profile)
    hashed = services.hash_password(password)
    return _take(
        user_id,
        AccountVerb.RESET,
        VersionForm(request.form),
        lambda uow, version: admin_services.reset_password(uow, user_id, version, hashed),
        answer=lambda: _once(user_id, name, username, password),
    )


def _take(
    user_id: int,
    verb: AccountVerb,
    form: RolesForm | ReasonForm | VersionForm,
    change: Callable[[UnitOfWork, int], object],
    said: str = "",
    answer: Callable[[], Response] | None = None,
) -> Response:
    """Take one verb: check the form, change the account, or show its record again with what was typed."""
    admin_queries.get_user(actor(), user_id)
    status = attempt(form, lambda uow: change(uow, row_id(form.version.data) or 0))
    if status:
        return record(admin_queries.get_user(actor(), user_id), verb, form, status)
    flash(_(said)) if said else None
    return answer() if answer else done(url_for("accounts.show", user_id=user_id))


def record(
    user: User,
    verb: AccountVerb | None = None,
    form: RolesForm | ReasonForm | VersionForm | None = None,
    status: int = 200,
) -> Response:
    """Show an account; `form` is the one that was refused, to be filled in again."""
    g.section = "accounts.index"
    now, session = clock.now(), db.session()
    facts = admin_queries.facts_about(session, actor(), user, now)
    forms: Steps = {
        AccountVerb.SET_ROLES: RolesForm(data={"roles": [role.value for role in user.held]}),
        AccountVerb.DISABLE: ReasonForm(),
        **({verb: form} if verb and form else {}),
    }
    stamp(forms, user.version)
    return render(
        "accounts/show.html",
        status=status,
        user=user,
        state=facts.state,
        refused={each: why for each in AccountVerb if (why := admin_rules.refusal(each, facts))},
        refused_verb=verb,
        forms=forms,
        sessions=queries.open_sessions(session, user.id, now),
        history=audit.history_of("user", user.id),
    )


def _once(user_id: int, name: str, username: str, password: str) -> Response:
    """Show a temporary password in the answer itself: it stands in no address, no cookie and no log.

    The account has been changed: nothing more is read that could fail before its new password is seen.
    """
    g.section = "accounts.index"
    return render("accounts/temporary.html", user_id=user_id, name=name, username=username, password=password)
