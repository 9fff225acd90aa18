"""The plan and what came of it: the board of rounds, duty rosters, figures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from app import clock
from app.core import periods
from app.core.errors import NotAllowed
from app.db.scope import row_id
from app.db.uow import unit_of_work
from app.inspections import figure_queries, plan_queries, plan_rules, plan_services
from app.inspections.models import DutyRoster
from app.inspections.plan_rules import Period, RoundState
from app.inspections.rules import FindingSource, PatrolMode
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.page import done, label, render

plan = Blueprint("plan", __name__)
MOST_DAYS = 400


@plan.get("/patrols/board")
@requires(Permission.PATROL_READ)
def board() -> Response:
    centre_id, period = _centre_id(), plan_queries.read_period(request.args.get("period"))
    on = _day("on") or clock.today()
    first, last = plan_rules.span(period, on)
    return render(
        "inspections/board.html",
        board=plan_queries.board(centre_id, first, last, clock.now()),
        period=period,
        periods=list(Period),
        on=on,
        before=first - timedelta(days=1),
        after=last + timedelta(days=1),
        states=RoundState,
        **_centres(centre_id),
    )


@plan.get("/patrols/figures")
@requires(Permission.PATROL_READ)
def figures() -> Response:
    centre_id, first, last = _centre_id(), _day("from"), _day("to")
    if first is None or last is None or not 0 <= (last - first).days <= MOST_DAYS:
        first, last = plan_rules.span(Period.MONTH, clock.today())
    span = figure_queries.Span(centre_id, first, last)
    return render(
        "inspections/figures.html",
        figures=figure_queries.figures(actor(), span, clock.now()),
        modes=lambda value: label(PatrolMode(value)),
        sources=lambda value: label(FindingSource(value)),
        lines=lambda value: _("第 %(n)s 条红线", n=value),
        spans=_spans(clock.today()),
        **_centres(centre_id),
    )


@plan.get("/patrols/roster")
@requires(Permission.PATROL_READ)
def roster() -> Response:
    centre_id, week_on = _centre_id(), plan_rules.monday(_day("week") or clock.today())
    return _roster_page(centre_id, week_on)


@plan.post("/patrols/roster")
@requires(Permission.PATROL_PLAN)
def save_roster() -> Response:
    centre_id, week_on = _centre_id(), plan_rules.monday(_day("week") or clock.today())
    version = row_id(request.form.get("version")) or 0
    try:
        with unit_of_work(actor(), clock.now()) as uow:
            if request.form.get("copy"):
                plan_services.copy_last_week(uow, centre_id, week_on, version)
            else:
                plan_services.save_roster(uow, centre_id, week_on, version, _cells(centre_id, week_on))
    except NotAllowed as error:
        return _roster_page(centre_id, week_on, error)
    flash(_("值班表已保存。"))
    return done(url_for(".roster", week=week_on.isoformat(), centre=centre_id))


# --- reading --------------------------------------------------------------------------------------


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(request.values.get(name, ""))
    except ValueError:
        return None
    return day if 2000 <= day.year < 2100 else None


def _centre_id() -> int:
    """Return the centre whose plan is asked for: the actor's own, or one below it."""
    wanted = row_id(request.values.get("centre")) or actor().centre_id or 0
    return plan_queries.get_centre(actor(), wanted).id


def _centres(centre_id: int) -> dict[str, Any]:
    centres = plan_queries.centres_for(actor())
    return {"centre": plan_queries.get_centre(actor(), centre_id), "centres": centres}


def _spans(today: date) -> list[tuple[str, date, date]]:
    """Return the spans that are asked for most."""
    return [
        (_("本周"), *periods.span(periods.Period.WEEK, today)),
        (_("本月"), *periods.span(periods.Period.MONTH, today)),
        (_("上月"), *periods.span_before(periods.Period.MONTH, today)),
        (_("本季"), *periods.span(periods.Period.QUARTER, today)),
        (_("本半年"), *periods.span(periods.Period.HALF_YEAR, today)),
        (_("本年"), *periods.span(periods.Period.YEAR, today)),
    ]


def _cells(centre_id: int, week_on: date) -> plan_services.Cells:
    rounds = plan_queries.rounds_of(centre_id)
    return {
        (day, one.name): row_id(request.form.get(f"duty-{day.isoformat()}-{place}"))
        for day in plan_rules.days_between(week_on, week_on + timedelta(days=6))
        for place, one in enumerate(rounds)
    }


def _roster_page(centre_id: int, week_on: date, error: NotAllowed | None = None) -> Response:
    kept: DutyRoster | None = plan_queries.find_roster(centre_id, week_on)
    days = plan_rules.days_between(week_on, week_on + timedelta(days=6))
    return render(
        "inspections/roster.html",
        status=409 if error else 200,
        roster=kept,
        duties=plan_queries.duties_of(kept.id) if kept else {},
        rounds=plan_queries.rounds_of(centre_id),
        people=plan_queries.inspectors_of(centre_id),
        days=[(day, plan_queries.works(day)) for day in days],
        week_on=week_on,
        before=week_on - plan_rules.WEEK,
        after=week_on + plan_rules.WEEK,
        error=error,
        **_centres(centre_id),
    )
