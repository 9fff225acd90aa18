"""Errors as pages: what is wrong, and what to do; nothing about the machine room."""

from __future__ import annotations

from flask import Flask, Response, current_app, g, render_template, request
from flask_login import current_user
from jinja2 import TemplateNotFound
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError
from werkzeug.exceptions import HTTPException

from app import clock
from app.audit import services as audit
from app.core.errors import DomainError, Invalid, NotAllowed, NotFound, Stale
from app.db.scope import OutOfScope
from app.db.sqlite import WriterBusy
from app.db.trouble import Trouble, trouble
from app.web import access
from app.web.page import message

_STATUS = {NotFound: 404, NotAllowed: 409, Stale: 409, Invalid: 422}
# The page of each kind of trouble, and after how many seconds to try again.
_TROUBLE = {
    Trouble.BUSY: (503, "503", 5),
    Trouble.AWAY: (503, "away", 10),
    Trouble.FULL: (507, "507", 60),
    Trouble.TAKEN: (409, "taken", 0),
}


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


def _stale(_error: StaleDataError | ObjectDeletedError) -> tuple[str, int]:
    return error_page(409)


def _troubled(error: Exception) -> Response | tuple[str, int]:
    """Say what the database or the disk cannot do now, whether anything was kept, when to come back."""
    kind = trouble(error)
    if kind is None:
        return _unexpected(error)
    current_app.logger.error("request %s: %s, %s", g.origin.request_id, kind.name, type(error).__name__)
    status, template, seconds = _TROUBLE[kind]
    access.forget_reader()
    body, _ = error_page(status, template)
    return Response(body, status, {"Retry-After": str(seconds)} if seconds else None)


def _unexpected(error: Exception) -> tuple[str, int]:
    # The path only: a query or a form may hold protected words.
    current_app.logger.exception("request %s %s %s failed", g.origin.request_id, request.method, request.path)
    access.forget_reader()
    return error_page(500)


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DomainError, _domain)
    app.register_error_handler(StaleDataError, _stale)
    app.register_error_handler(ObjectDeletedError, _stale)  # a draft that another click has submitted
    for kind in (WriterBusy, PoolTimeout, DBAPIError, OSError):
        app.register_error_handler(kind, _troubled)
    if not app.testing:
        app.register_error_handler(Exception, _unexpected)
