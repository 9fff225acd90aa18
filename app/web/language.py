"""Which language the reader wants: Chinese unless asked otherwise."""

from __future__ import annotations

from typing import Any

from flask import g, has_request_context, request, session
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
_known: dict[str, dict[str, tuple[str, Markup]]] = {}


def _find(source: str) -> tuple[str, Markup]:
    """Return a word in the reader's language, plain and for a page; which language, is asked once a request.

    Our own words have no tags: whatever looks like one came out of a row, and is escaped like any other text.
    """
    try:
        words: dict[str, tuple[str, Markup]] = g.words
    except AttributeError:
        words = g.words = _known.setdefault(str(get_locale()), {})
    except RuntimeError:
        return source, escape(source)  # outside of any request: the words as they stand in the code
    found = words.get(source)
    if found is None:
        if len(words) >= _MOST_WORDS:
            words.clear()
        catalogue = get_translations()
        text = str(catalogue.ugettext(source))
        if text == source:  # before Python 3.11.4 a word with a plural is not found by its singular
            text = str(catalogue.ungettext(source, source, 1))
        found = words[source] = text, escape(text)
    return found


def markup(source: str, /, **params: Any) -> Markup:
    """Return a source string in the reader's language, as templates print it."""
    text = _find(source)[1]
    return text % params if params else text.replace("%%", "%")


def gettext(source: str, /, **params: Any) -> str:
    """Return a source string in the reader's language."""
    text = _find(source)[0]
    return text % params if params else text
