"""The figures of a month, and one score against that of the month before."""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from app.core.errors import NotFound
from app.core.i18n import N_
from app.core.points import plain, rounded
from app.evaluations import figure_queries, month_queries
from app.evaluations.month_rules import Scored
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.page import render

figures = Blueprint("figures", __name__)


@figures.get("/evaluations/<int:month_id>/figures")
@requires(Permission.EVALUATION_READ)
def show(month_id: int) -> Response:
    month, wanted = month_queries.get_month(actor(), month_id), request.args.get("subject")
    subject = Scored(wanted) if wanted in set(Scored) else Scored.STAFF
    board = figure_queries.board(actor(), month, subject)
    if board is None:
        raise NotFound(N_("这个月还没有计算。"))
    g.section = "evaluations.index"
    return render(
        "evaluations/figures.html",
        month=month,
        board=board,
        subject=subject,
        subjects=list(Scored),
        plain=plain,
        rounded=rounded,
    )


@figures.get("/evaluations/scores/<int:score_id>/against")
@requires(Permission.EVALUATION_READ)
def against(score_id: int) -> Response:
    """Show somebody's lines beside those of the month before."""
    score = month_queries.get_score(actor(), score_id)
    former = figure_queries.former_of(actor(), score)
    g.section = "evaluations.index"
    return render(
        "evaluations/against.html",
        score=score,
        former=former,
        sides=figure_queries.sides(score, former),
        plain=plain,
    )
