from __future__ import annotations

from flask import Blueprint, Response, flash, g, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app import clock
from app.accounts import queries, services
from app.accounts.forms import PasswordForm, SignInForm
from app.core.errors import Invalid
from app.core.i18n import N_
from app.db.uow import unit_of_work
from app.fields import refuse
from app.permissions import GRANTS, Permission, Role
from app.web import session as cookie
from app.web.access import actor, public, requires
from app.web.language import LANGUAGES
from app.web.page import done, render

bp = Blueprint("accounts", __name__)


@bp.get("/sign-in")
@public
def sign_in() -> Response:
    if current_user.is_authenticated:
        return done(url_for("reports.home"))
    return render("accounts/sign_in.html", form=SignInForm(next=request.args.get("next", "")))


@bp.post("/sign-in")
@public
def sign_in_now() -> Response:
    form = SignInForm(request.form)
    if form.validate():
        try:
            agent = request.headers.get("User-Agent", "")
            token = services.sign_in(form.username.data, form.password.data, g.origin, agent, clock.now())
        except Invalid as error:
            refuse(form, error)
        else:
            cookie.begin(token)
            return done(_own_page(form.next.data))
    return render("accounts/sign_in.html", form=form, status=422)


@bp.post("/sign-out")
@requires(Permission.ACCOUNT_OWN)
def sign_out() -> Response:
    with unit_of_work(actor(), clock.now()) as uow:
        services.sign_out(uow)
    cookie.end()
    return done(url_for(".sign_in"))


@bp.get("/account/password")
@requires(Permission.ACCOUNT_OWN)
def password() -> Response:
    return render("accounts/password.html", form=PasswordForm())


@bp.post("/account/password")
@requires(Permission.ACCOUNT_OWN)
def change_password() -> Response:
    form = PasswordForm(request.form)
    if form.validate():
        try:
            if form.new.data != form.again.data:
                raise Invalid(N_("两次输入的新密码不一样。"), field="again")
            user_id = actor().user_id or 0
            hashed = services.check_new_password(queries.get_own(user_id), form.old.data, form.new.data)
            with unit_of_work(actor(), clock.now()) as uow:
                services.change_password(uow, user_id, hashed)
        except Invalid as error:
            refuse(form, error)
        else:
            flash(_("密码已修改，其他设备上的登录已全部退出。"))
            return done(url_for("reports.home"))
    return render("accounts/password.html", form=form, status=422)


@bp.post("/language")
@public
def language() -> Response:
    if request.form.get("language") in LANGUAGES:
        session["language"] = request.form["language"]
    return done(_own_page(request.form.get("next")))


@bp.get("/accounts")
@requires(Permission.ACCOUNT_READ)
def index() -> Response:
    page, total = queries.list_users(actor(), request.args)
    return render("accounts/list.html", page=page, total=total)


@bp.get("/accounts/roles")
@requires(Permission.ACCOUNT_READ)
def roles() -> Response:
    return render("accounts/roles.html", roles=list(Role), permissions=list(Permission), grants=GRANTS)


def _own_page(wanted: str | None) -> str:
    """Return the wanted address if it is a page of ours, else the home page."""
    safe = wanted and wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and "\\" not in wanted
    return wanted if wanted and safe and wanted.isprintable() else url_for("reports.home")
