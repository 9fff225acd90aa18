"""The site's settings, for whoever answers a request."""

from __future__ import annotations

from flask import current_app

from app.config import Settings


def settings() -> Settings:
    """Return the settings of the running application."""
    found: Settings = current_app.config["DUBAN"]
    return found
