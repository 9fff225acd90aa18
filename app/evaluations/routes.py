"""Evaluations: the months; objections and rulebooks have routes of their own."""

from __future__ import annotations

from flask import Blueprint, Response

from app.evaluations import (
    award_routes,
    editing_routes,
    figure_routes,
    input_routes,
    month_routes,
    objection_routes,
    print_routes,
    rulebook_routes,
    trial_routes,
)
from app.permissions import Permission
from app.web.access import requires

bp = Blueprint("evaluations", __name__)
for part in (
    rulebook_routes.rulebooks,
    editing_routes.editing,
    month_routes.months,
    figure_routes.figures,
    input_routes.inputs,
    trial_routes.trials,
    objection_routes.objections,
    print_routes.printing,
    award_routes.awards,
):
    bp.register_blueprint(part)


@bp.get("/evaluations")
@requires(Permission.EVALUATION_READ)
def index() -> Response:
    return month_routes.index_page()
