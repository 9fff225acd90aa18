"""Who is asking, and whether he may: every endpoint declares one permission or is public."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Flask, Response, abort, current_app, flash, g, redirect, request, url_for
from flask_login import LoginManager, UserMixin, current_user

from app import clock
from app.accounts import services as accounts
from app.accounts.rules import SessionEnd
from app.audit import services as audit
from app.permissions import Actor, Permission
from app.web import session as cookie
from app.web.page import label

View = TypeVar("View", bound=Callable[..., object])
login_manager = LoginManager()
login_manager.session_protection = None  # our own table does it; this sends the cookie anew with every page
PUBLIC_ENDPOINTS = frozenset({"static"})


class SignedIn(UserMixin):
    """Flask-Login's user: an actor and the session he came with."""

    def __init__(self, actor: Actor, must_change_password: bool) -> None:
        self.actor = actor
        self.id = actor.user_id
        self.must_change_password = must_change_password


def requires(permission: Permission) -> Callable[[View], View]:
    """Declare the one permission that an endpoint needs."""

    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Declare that an endpoint is open to anyone."""
    view.permission = None  # type: ignore[attr-defined]
    return view


def actor() -> Actor:
    """Return the signed-in actor, with the role that gave this endpoint's permission."""
    return g.actor


def can(permission: str) -> bool:
    """Return whether the present user holds a permission; for templates."""
    return bool(current_user.is_authenticated and current_user.actor.can(Permission(permission)))


@login_manager.request_loader
def _load(_request: object) -> SignedIn | None:
    token = cookie.read_token()
    found = accounts.resume(token, g.origin, clock.now()) if token else None
    return SignedIn(*found) if found else None


def forget_reader() -> None:
    """Let an error's page be drawn for nobody in particular, unless its reader is known already: whoever
    asks the database again that just failed gets no page at all.
    """
    if "_login_user" not in g:
        g._login_user = login_manager.anonymous_user()


def enforce() -> Response | None:
    """Refuse whatever is not declared, not signed in, or not granted."""
    if request.endpoint is None or request.endpoint in PUBLIC_ENDPOINTS:
        return None
    view = current_app.view_functions[request.endpoint]
    if not hasattr(view, "permission"):
        current_app.logger.error("endpoint %s declares no permission", request.endpoint)
        abort(403)
    permission: Permission | None = view.permission
    if permission is None:
        return None
    if not current_user.is_authenticated:
        return _to_sign_in()
    who: Actor = current_user.actor
    g.actor = who = accounts.with_role(who, permission)
    g.actor_permission = permission.value
    if who.role is None:
        audit.record_refusal(who, clock.now(), permission=permission.value)
        abort(403)
    if current_user.must_change_password and permission is not Permission.ACCOUNT_OWN:
        return redirect(url_for("accounts.own.password"), 303)  # type: ignore[return-value]
    return None


def _to_sign_in() -> Response:
    _say_why()
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    target = url_for("accounts.sign_in", next=wanted if wanted != "/" else None)
    if request.headers.get("HX-Request"):
        return Response("", 204, {"HX-Redirect": target})
    return redirect(target, 303)  # type: ignore[return-value]


def _say_why() -> None:
    """Tell whoever comes with the cookie of a session that is over what ended it, once."""
    token = cookie.read_token()
    why = accounts.how_ended(token, clock.now()) if token else None
    if why is None:
        return
    cookie.end()
    if why is not SessionEnd.SIGNED_OUT:
        flash(label(why), "warning")


def init_app(app: Flask) -> None:
    login_manager.init_app(app)
    app.before_request(enforce)
    app.jinja_env.globals["can"] = can
