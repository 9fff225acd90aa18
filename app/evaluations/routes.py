"""Evaluations: rulebooks."""

from __future__ import annotations

from flask import Blueprint

from app.evaluations import editing_routes, rulebook_routes

bp = Blueprint("evaluations", __name__)
for part in (rulebook_routes.rulebooks, editing_routes.editing):
    bp.register_blueprint(part)
