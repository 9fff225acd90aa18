from __future__ import annotations

from flask import Blueprint, Response

from app import clock
from app.permissions import Permission
from app.reports import queries
from app.web.access import actor, requires
from app.web.page import render

bp = Blueprint("reports", __name__)


@bp.get("/")
@requires(Permission.HOME_READ)
def home() -> Response:
    return render("reports/home.html", home=queries.home(actor(), clock.now()))
