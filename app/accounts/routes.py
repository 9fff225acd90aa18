"""Coming in and going out, and accounts to read; one's own and the administration have their own files."""

from __future__ import annotations

from flask import Blueprint, Response, g, request, session, url_for
from flask_login import current_user

from app import clock
from app.accounts import admin_queries, admin_routes, own_routes, services
from app.accounts.admin_rules import AccountState
from app.accounts.forms import SignInForm
from app.core.errors import Invalid
from app.db.uow import unit_of_work
from app.fields import refuse
from app.permissions import GRANTS, Permission, Role
from app.web import session as cookie
from app.web.access import actor, public, requires
from app.web.language import LANGUAGES
from app.web.page import done, render

bp = Blueprint("accounts", __name__)
own_routes.register(bp)
admin_routes.register(bp)


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


@bp.post("/language")
@public
def language() -> Response:
    if request.form.get("language") in LANGUAGES:
        session["language"] = request.form["language"]
    return done(_own_page(request.form.get("next")))


@bp.get("/accounts")
@requires(Permission.ACCOUNT_READ)
def index() -> Response:
    listed = admin_queries.list_users(actor(), request.args, clock.now())
    return render("accounts/list.html", listed=listed, roles=list(Role), states=list(AccountState))


@bp.get("/accounts/<int:user_id>")
@requires(Permission.ACCOUNT_READ)
def show(user_id: int) -> Response:
    return admin_routes.record(admin_queries.get_user(actor(), user_id))


@bp.get("/accounts/roles")
@requires(Permission.ACCOUNT_READ)
def roles() -> Response:
    g.section = "accounts.index"
    return render("accounts/roles.html", roles=list(Role), permissions=list(Permission), grants=GRANTS)


def _own_page(wanted: str | None) -> str:
    """Return the wanted address if it is a page of ours, else the home page."""
    safe = wanted and wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and "\\" not in wanted
    return wanted if wanted and safe and wanted.isprintable() else url_for("reports.home")
