"""Which language the reader wants: Chinese unless asked otherwise."""

from __future__ import annotations

from flask import has_request_context, request, session

LANGUAGES = {"zh_Hans": "中文", "en": "English"}


def choose() -> str:
    """Return the reader's language: what he chose, else what the browser prefers, else Chinese."""
    if not has_request_context():
        return "zh_Hans"
    chosen = session.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    return "en" if request.accept_languages.best_match(["zh", "en"], "zh") == "en" else "zh_Hans"
