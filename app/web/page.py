"""What every page is made of: full page or partial, the reader's words, times and navigation."""

from __future__ import annotations

import json
from contextvars import ContextVar
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, g, redirect, render_template, request, url_for
from flask_babel import ngettext
from flask_login import current_user
from wtforms import Form

from app import clock
from app.core.errors import DomainError
from app.core.i18n import N_
from app.permissions import Actor
from app.registry import FEATURES, find_room
from app.web.language import LANGUAGES, current, found, gettext, markup

_WEEKDAYS = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))
_LABELS: dict[type, dict[Any, str]] = {}  # by enumeration, then by its members' values
_WORDS: dict[str, dict[str, str]] = {"ACTIONS": {}, "SUBJECTS": {}, "FIELDS": {}, "JOBS": {}}


def render(template: str, partial: str | None = None, /, status: int = 200, **context: Any) -> Response:
    """Answer with the page, or with its partial if htmx asked for a part; the server chooses which."""
    htmx = request.htmx  # type: ignore[attr-defined]
    for value in [*context.values(), *context.get("forms", {}).values()]:
        if isinstance(value, Form):
            _localise(value)
    part = htmx and not htmx.boosted and not htmx.history_restore_request
    response = Response(render_template(partial if partial and part else template, **context), status)
    response.headers["Vary"] = "HX-Request"
    return response


def _localise(form: Form) -> None:
    """Put a form's labels, choices and errors into the reader's language."""
    for field in form:
        field.label.text = _text(field.label.text)
        field.description = _text(field.description)
        field.errors = [message(error) for error in field.errors]
        if getattr(field, "choices", None):
            field.choices = [(value, _text(name)) for value, name in field.choices]
    form.form_errors = [message(error) for error in form.form_errors]


def _text(source: str) -> str:
    return gettext(source) if source else ""  # the empty message is the catalogue's own header


def done(url: str) -> Response:
    """Send the reader on after a change, by whichever way he came."""
    if request.htmx and not request.htmx.boosted:  # type: ignore[attr-defined]
        return Response("", 204, {"HX-Redirect": quote(url, safe="/?&=#%:+,;@()!*'$-._~")})
    return redirect(url, 303)  # type: ignore[return-value]


def message(error: DomainError | str) -> str:
    """Return a refusal in the reader's language."""
    return gettext(error.message, **error.params) if isinstance(error, DomainError) else gettext(str(error))


def label(value: object) -> str:
    """Return the word for an enumeration's member in the reader's language."""
    if value is None:
        return ""
    return found(_LABELS[type(value)][value._value_])[0]  # type: ignore[attr-defined]


def word(value: str, kind: str = "ACTIONS") -> str:
    """Return the word for an action, subject or field of the audit log, or a kind of job; else the name."""
    found = _WORDS[kind].get(value)
    return gettext(found) if found else value


def many(noun: str) -> str:
    """Return a noun for several of its kind: 问题 is Findings, where gettext says Finding."""
    return ngettext(noun, noun, 2)


def day(value: date | datetime | None, weekday: bool = True) -> str:
    """Write a date as 2026-11-22 周日."""
    if value is None:
        return ""
    on = clock.local(value).date() if isinstance(value, datetime) else value
    return f"{on.isoformat()} {gettext(_WEEKDAYS[on.weekday()])}" if weekday else on.isoformat()


def minute(value: datetime | None) -> str:
    """Write an instant in office time, to the minute."""
    return str(clock.local(value))[:16] if value else ""


def second(value: datetime | None) -> str:
    """Write an instant in office time, to the second; for the audit log."""
    return str(clock.local(value))[:19] if value else ""


def days_left(days: int | None) -> str:
    """Say a number of working days in words: 还有 3 个工作日, 今天到期, 已逾期 2 个工作日."""
    if days is None:
        return gettext("暂定")
    if days < 0:
        return ngettext("已逾期 %(num)d 个工作日", "已逾期 %(num)d 个工作日", -days)
    if days == 0:
        return gettext("今天到期")
    return ngettext("还有 %(num)d 个工作日", "还有 %(num)d 个工作日", days)


_root = ContextVar("root", default="")  # what the addresses of the request at hand begin with


@lru_cache(maxsize=8192)
def _address(_root: str, endpoint: str, values: tuple[tuple[str, Any], ...]) -> str:
    return url_for(endpoint, **dict(values))


def address(endpoint: str, **values: Any) -> str:
    """Return an address as url_for does; a list names one of every row, and they are the same next time."""
    if endpoint.startswith("."):  # of the blueprint at hand, which is another one on another page
        endpoint = f"{request.blueprint}{endpoint}"
    try:
        return _address(_root.get(), endpoint, tuple(values.items()))
    except TypeError:  # a list among the values
        return url_for(endpoint, **values)


def modify_query(**changes: Any) -> str:
    """Return this page's address with some of its query changed; None drops a key."""
    query = {key: value for key, value in request.args.items() if key not in changes}
    query.update({key: value for key, value in changes.items() if value not in (None, "")})
    here = quote(request.root_path + request.path)  # for each chip of a list: url_for would build it anew
    return f"{here}?{urlencode(query)}" if query else here


def _context() -> dict[str, Any]:
    return {
        "lang": "en" if current().startswith("en") else "zh-Hans",
        "me": current_user.actor if current_user.is_authenticated else None,
        "request_id": g.origin.request_id if "origin" in g else "",
        "today": clock.today(),
        "now": clock.now(),
    }


def roles_text(who: Actor) -> str:
    """Name a reader's roles."""
    return gettext("、").join(label(role) for role in sorted(who.roles))


def _other_languages() -> list[tuple[str, str]]:
    """Return the languages that the page is not in, each by its own name."""
    return [(code, name) for code, name in LANGUAGES.items() if code != current()]


def init_app(app: Flask) -> None:
    app.before_request(lambda: _root.set(request.root_path) and None)
    for feature in FEATURES:
        room = find_room(feature.name, "labels")
        if room is None:
            continue
        for kind, words in getattr(room, "LABELS", {}).items():
            _LABELS[kind] = {member.value: word for member, word in words.items()}
        for kind, words in _WORDS.items():
            words.update(getattr(room, kind, {}))
    app.context_processor(_context)
    app.jinja_env.filters.update(
        label=label,
        word=word,
        day=day,
        minute=minute,
        second=second,
        days_left=days_left,
        message=message,
        tojson_text=lambda value: json.dumps(value, ensure_ascii=False, indent=1),
    )
    app.jinja_env.globals.update(
        other_languages=_other_languages,
        roles_text=roles_text,
        many=many,
        modify_query=modify_query,
        is_enum=lambda value: isinstance(value, StrEnum),
    )
    app.jinja_env.globals.update(_=markup, gettext=markup, url_for=address)
    app.jinja_env.globals["demo"] = app.config["DUBAN"].env == "demo"
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
