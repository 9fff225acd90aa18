"""Where a deadline leads, counted out before the notice is issued."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app import clock
from app.core.errors import Invalid
from app.fields import refuse
from app.permissions import Permission
from app.rectifications import choice_queries, deadline_services
from app.rectifications.deadline_services import Foreseen
from app.rectifications.forms import DeadlineForm
from app.web.access import actor, requires
from app.web.page import render

deadlines = Blueprint("deadlines", __name__)


def register(bp: Blueprint) -> None:
    """Serve the page under the rectifications' own blueprint."""
    bp.register_blueprint(deadlines)


@deadlines.get("/rectifications/deadline")
@requires(Permission.RECTIFICATION_ISSUE)
def show() -> Response:
    usual = choice_queries.usual_deadline(actor().centre_id)
    data = {
        "deadline_workdays": usual["rectification_workdays"],
        "deadline_hour": usual["rectification_hour"],
    }
    form = DeadlineForm(request.args or None, data=data, meta={"today": clock.today()})
    if request.args:
        form.validate()
    page, part = "rectifications/deadline.html", "rectifications/_deadline.html"
    return render(page, part, form=form, foreseen=foresee(form))


def foresee(form: DeadlineForm) -> Foreseen | None:
    """Return where the stated deadline leads; what cannot stand is said in the form."""
    if not form.stated:
        return None
    try:
        return deadline_services.foresee(form.deadline(clock.today()), clock.now())
    except Invalid as error:
        refuse(form, error)
        return None
