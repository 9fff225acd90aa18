"""Which language the reader wants: Chinese unless asked otherwise."""

from __future__ import annotations

from typing import Any

from flask import g, has_request_context, request, session
from flask_babel import get_locale, get_translations
from markupsafe import Markup

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
_known: dict[str, dict[str, Markup]] = {}


def _find(source: str) -> Markup:
    """Return a word in the reader's language; which language that is, is asked once a request."""
    try:
        words: dict[str, Markup] = g.words
    except AttributeError:
        words = g.words = _known.setdefault(str(get_locale()), {})
    except RuntimeError:
        return Markup(source)  # noqa: S704  (outside of any request: the words as they stand in the code)
    text = words.get(source)
    if text is None:
        if len(words) >= _MOST_WORDS:
            words.clear()
        catalogue = get_translations()
        found = catalogue.ugettext(source)
        if found == source:  # before Python 3.11.4 a word with a plural is not found by its singular
            found = catalogue.ungettext(source, source, 1)
        text = words[source] = Markup(found)  # noqa: S704  (our own words)
    return text


def markup(source: str, /, **params: Any) -> Markup:
    """Return a source string in the reader's language, as templates print it."""
    text = _find(source)
    return text % params if params or "%" in source else text


def gettext(source: str, /, **params: Any) -> str:
    """Return a source string in the reader's language."""
    text = str(_find(source))
    return text % params if params else text
