"""The frame of a page: rail, tab bar, keys. Rendered once for all requests that see the same of it."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

from flask import Flask, current_app, g, request, url_for
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from app.permissions import Actor
from app.registry import FEATURES, NAVIGATION, Nav
from app.web.assets import static_url
from app.web.language import current

_MOST = 500  # frames kept; a few hundred people with a dozen pages each come and go
# What differs from request to request stands in a kept frame as words that nobody can guess.
_TOKEN, _NEXT = (f"{name}-{secrets.token_hex(16)}" for name in ("token", "next"))


class Frame(NamedTuple):
    """The parts of a frame as a page prints them."""

    rail: Markup
    tabs: Markup
    keys: Markup


class _Key(NamedTuple):
    """All that a frame shows and depends on: nothing else of a reader or his request may go into it."""

    root: str
    locale: str
    sprite: str
    who: Actor | None
    active: str


def frame() -> Frame:
    """Return the frame of the page that is being rendered."""
    who: Actor | None = current_user.actor if current_user.is_authenticated else None
    shown = who and Actor(None, who.name, roles=who.roles, centre_name=who.centre_name)
    key = _Key(request.root_path, current(), static_url("icons.svg"), shown, _active())
    kept: dict[_Key, tuple[str, ...]] = current_app.extensions["duban_frames"]
    parts = kept.get(key)
    if parts is None:
        if len(kept) >= _MOST:
            kept.clear()
        parts = kept[key] = _render(key)
    token, following = generate_csrf(), request.full_path if request.method == "GET" else ""
    rail, tabs, keys = (
        Markup(part.replace(_TOKEN, token).replace(_NEXT, escape(following)))  # noqa: S704  (our own markup)
        for part in parts
    )
    return Frame(rail, tabs, keys)


def _active() -> str:
    """Return the entry of the navigation that the page belongs to: itself, or the one that its view names."""
    endpoint, section = request.endpoint or "", str(g.get("section", ""))
    return section if section.split(".")[0] == endpoint.split(".")[0] else endpoint


def _render(key: _Key) -> tuple[str, ...]:
    by_name = {feature.name: feature for feature in FEATURES}
    entries: list[Nav] = [nav for name in NAVIGATION for nav in by_name[name].nav]
    shown: dict[str, Any] = {
        "who": key.who,
        "nav": [
            {"nav": nav, "url": url_for(nav.endpoint), "active": nav.endpoint == key.active}
            for nav in entries
            if key.who and key.who.can(nav.permission)
        ],
        "sprite": key.sprite,
        "token": _TOKEN,
        "next": _NEXT,
    }
    template = current_app.jinja_env.get_template("components/frame.html").make_module()
    return tuple(str(getattr(template, name)(shown)) for name in ("rail", "tabs", "keys_dialog"))


def init_app(app: Flask) -> None:
    app.extensions["duban_frames"] = {}
    app.jinja_env.globals["frame"] = frame
