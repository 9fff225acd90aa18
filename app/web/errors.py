"""Errors as pages: what is wrong, and what to do; nothing about the machine room."""

from __future__ import annotations

from flask import Flask, Response, current_app, g, render_template, request
from flask_login import current_user
from jinja2 import TemplateNotFound
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from app import clock
from app.audit import services as audit
from app.core.errors import DomainError, Invalid, NotAllowed, NotFound, Stale
from app.db.scope import OutOfScope
from app.db.sqlite import WriterBusy
from app.web.page import message

_STATUS = {NotFound: 404, NotAllowed: 409, Stale: 409, Invalid: 422}
_BUSY = ("database is locked", "lock timeout", "could not obtain lock")


def error_page(status: int, template: str | None = None, detail: str = "") -> tuple[str, int]:
    """Return the page for an error status."""
    for name in (template or str(status), str(status), "base"):
        try:
            return render_template(f"errors/{name}.html", status=status, detail=detail), status
        except TemplateNotFound:
            continue
    raise TemplateNotFound("errors/base.html")


def _http(error: HTTPException) -> Response | tuple[str, int]:
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    return error_page(error.code or 500)


def _domain(error: DomainError) -> tuple[str, int]:
    if isinstance(error, OutOfScope) and current_user.is_authenticated:
        audit.record_refusal(g.actor, clock.now(), permission=g.actor_permission, subject=error.subject())
    return error_page(
        _STATUS.get(type(error), 404 if isinstance(error, NotFound) else 409), detail=message(error)
    )


def _stale(_error: StaleDataError) -> tuple[str, int]:
    return error_page(409)


def _busy(error: Exception) -> Response | tuple[str, int]:
    if isinstance(error, OperationalError) and not any(text in str(error.orig) for text in _BUSY):
        return _unexpected(error)
    body, status = error_page(503)
    return Response(body, status, {"Retry-After": "5"})


def _unexpected(error: Exception) -> tuple[str, int]:
    # The path only: a query or a form may hold protected words.
    current_app.logger.exception("request %s %s %s failed", g.origin.request_id, request.method, request.path)
    return error_page(500)


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DomainError, _domain)
    app.register_error_handler(StaleDataError, _stale)
    app.register_error_handler(WriterBusy, _busy)
    app.register_error_handler(OperationalError, _busy)
    if not app.testing:
        app.register_error_handler(Exception, _unexpected)
