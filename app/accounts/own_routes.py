"""One's own account: the password, and where one is signed in."""

from __future__ import annotations

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from app import clock
from app.accounts import queries, services
from app.accounts.forms import PasswordForm
from app.core.errors import Invalid
from app.core.i18n import N_
from app.db.uow import unit_of_work
from app.extensions import db
from app.fields import refuse
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.page import done, render

own = Blueprint("own", __name__)


def register(bp: Blueprint) -> None:
    """Serve one's own account under the accounts' blueprint."""
    bp.register_blueprint(own)


@own.get("/account")
@requires(Permission.ACCOUNT_OWN)
def show() -> Response:
    user = queries.get_own(actor().user_id or 0)
    return render(
        "accounts/own.html",
        user=user,
        profile=queries.password_profile(db.session(), user.centre_id),
        sessions=queries.open_sessions(db.session(), user.id, clock.now()),
    )


@own.post("/account/sessions/<int:session_id>/end")
@requires(Permission.ACCOUNT_OWN)
def end_session(session_id: int) -> Response:
    with unit_of_work(actor(), clock.now()) as uow:
        services.end_own_session(uow, session_id)
    flash(_("这次登录已结束。"))
    return done(url_for(".show"))


@own.post("/account/sessions/end-others")
@requires(Permission.ACCOUNT_OWN)
def end_others() -> Response:
    with unit_of_work(actor(), clock.now()) as uow:
        count = services.end_other_sessions(uow)
    said = ngettext("已结束其他 %(num)d 处登录。", "已结束其他 %(num)d 处登录。", count)
    flash(said if count else _("没有其他登录。"))
    return done(url_for(".show"))


@own.get("/account/password")
@requires(Permission.ACCOUNT_OWN)
def password() -> Response:
    return _password_page(PasswordForm())


@own.post("/account/password")
@requires(Permission.ACCOUNT_OWN)
def change_password() -> Response:
    form = PasswordForm(request.form)
    if form.validate():
        try:
            _change(form)
        except Invalid as error:
            refuse(form, error)
        else:
            flash(_("密码已修改，其他设备上的登录已全部退出。"))
            return done(url_for("reports.home"))
    return _password_page(form, 422)


def _change(form: PasswordForm) -> None:
    if form.new.data != form.again.data:
        raise Invalid(N_("两次输入的新密码不一样。"), field="again")
    user = queries.get_own(actor().user_id or 0)
    user_id, version = user.id, user.version
    hashed = services.check_new_password(user, form.old.data, form.new.data)
    with unit_of_work(actor(), clock.now()) as uow:
        services.change_password(uow, user_id, version, hashed)


def _password_page(form: PasswordForm, status: int = 200) -> Response:
    return render(
        "accounts/password.html",
        status=status,
        form=form,
        must_change=current_user.must_change_password,
        profile=queries.password_profile(db.session(), actor().centre_id),
    )
