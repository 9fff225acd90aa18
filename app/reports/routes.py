from __future__ import annotations

from flask import Blueprint, Response, request

from app import clock
from app.permissions import Permission
from app.reports import queries, week_queries
from app.web.access import actor, requires
from app.web.page import render

bp = Blueprint("reports", __name__)


@bp.get("/")
@requires(Permission.HOME_READ)
def home() -> Response:
    week_on = week_queries.read_week(request.args.get("week"), clock.today())
    return render("reports/home.html", home=queries.home(actor(), clock.now(), week_on))
