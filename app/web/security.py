"""Headers of every answer, the origin of every request, and where a change may come from."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from flask_wtf.csrf import CSRFError

from app import clock
from app.audit import services as audit
from app.permissions import Origin, system_actor

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), payment=()",
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def note_origin() -> None:
    """Keep where the request came from, as the audit log will say it."""
    g.origin = Origin(
        address=request.remote_addr or "",
        route=f"{request.method} {request.url_rule.rule if request.url_rule else request.path[:200]}",
        request_id=secrets.token_hex(8),
    )


def refuse_foreign_changes() -> None:
    """Refuse a change that a browser says was started by another site."""
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    own = {request.host, urlsplit(current_app.config["DUBAN"].base_url).netloc}
    if site in ("cross-site", "same-site") or (origin and urlsplit(origin).netloc not in own):
        raise CSRFError("the request came from another site")


def _refuse_csrf(error: CSRFError) -> tuple[str, int]:
    from flask_login import current_user

    from app.web.errors import error_page

    who = current_user.actor if current_user.is_authenticated else system_actor("anonymous", g.origin)
    audit.record_refusal(who, clock.now(), permission="csrf")
    return error_page(400, "csrf")


def _finish(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    response.headers["X-Request-Id"] = g.origin.request_id if "origin" in g else ""
    return response


def init_app(app: Flask) -> None:
    # The origin comes first: whoever refuses later says where the request came from.
    app.before_request_funcs.setdefault(None, []).insert(0, note_origin)
    app.before_request_funcs[None].insert(1, refuse_foreign_changes)
    app.register_error_handler(CSRFError, _refuse_csrf)
    app.after_request(_finish)
