"""Which language the reader wants: Chinese unless asked otherwise."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from flask import Flask, has_app_context, has_request_context, request, session
from flask_babel import get_locale, get_translations
from markupsafe import Markup, escape

LANGUAGES = {"zh_Hans": "中文", "en": "English"}


def choose() -> str:
    """Return the reader's language: what he chose, else what the browser prefers, else Chinese."""
    if not has_request_context():
        return "zh_Hans"
    chosen = session.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    return "en" if request.accept_languages.best_match(["zh", "en"], "zh") == "en" else "zh_Hans"


# A page asks for some three hundred words; flask_babel finds the reader's catalogue anew for each.
_MOST_WORDS = 5000
_Words = dict[str, tuple[str, Markup]]
_known: dict[str, _Words] = {}
# Of the request at hand:
_language: ContextVar[str] = ContextVar("language", default="")
_reader: ContextVar[_Words | None] = ContextVar("reader", default=None)


def current() -> str:
    """Return the code of the reader's language, `zh_Hans` or `en`; which, is asked once a request."""
    code = _language.get()
    if not code:
        code = str(get_locale())
        if has_request_context():
            _language.set(code)
    return code


def found(source: str) -> tuple[str, Markup]:
    """Return a word in the reader's language, plain and for a page.

    Our own words have no tags: whatever looks like one came out of a row, and is escaped like any other text.
    """
    words = _reader.get()
    if words is None:
        if not has_app_context():
            return source, escape(source)  # the words as they stand in the code
        words = _known.setdefault(current(), {})
        if has_request_context():
            _reader.set(words)
    word = words.get(source)
    if word is None:
        if len(words) >= _MOST_WORDS:
            words.clear()
        catalogue = get_translations()
        text = str(catalogue.ugettext(source))
        if text == source:  # before Python 3.11.4 a word with a plural is not found by its singular
            text = str(catalogue.ungettext(source, source, 1))
        word = words[source] = text, escape(text)
    return word


def markup(source: str, /, **params: Any) -> Markup:
    """Return a source string in the reader's language, as templates print it."""
    text = found(source)[1]
    return text % params if params else text.replace("%%", "%")


def gettext(source: str, /, **params: Any) -> str:
    """Return a source string in the reader's language."""
    text = found(source)[0]
    return text % params if params else text


def init_app(app: Flask) -> None:
    """Ask for the language anew with each request, and with none at hand."""
    app.before_request(_forget)
    app.teardown_request(_forget)


def _forget(_error: BaseException | None = None) -> None:
    _language.set("")
    _reader.set(None)
