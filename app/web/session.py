"""The cookie's side of a session: a random token in Flask's signed cookie; the rest is in the table."""

from __future__ import annotations

from flask import session


def read_token() -> str | None:
    token = session.get("token")
    return token if isinstance(token, str) else None


def begin(token: str) -> None:
    """Start anew: a session's cookie, CSRF secret included, never outlives a sign-in."""
    language = session.get("language")
    session.clear()
    session["token"] = token
    if language:
        session["language"] = language


def end() -> None:
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
