"""One change to measure: a finding recorded in a unit of work, on its own or behind a form."""

from __future__ import annotations

import os
import secrets
from typing import Any

from flask import Flask, request
from itsdangerous import URLSafeTimedSerializer

URL = "/bench/findings"
_template: dict[str, Any] = {}


def template(app: Flask) -> dict[str, Any]:
    """Return the values that every recorded finding shares."""
    from sqlalchemy import select

    from app.accounts.models import User
    from app.extensions import db
    from app.inspections import rules
    from app.inspections.models import ChecklistItem
    from app.organisation.models import PatrolPoint
    from bench.sites import INSPECTOR

    with app.app_context():
        point = db.session.scalars(select(PatrolPoint).where(PatrolPoint.department_id.is_not(None))).first()
        assert point is not None
        found = {
            "centre_id": point.centre_id,
            "patrol_point_id": point.id,
            "department_id": point.department_id,
            "item_id": db.session.scalar(select(ChecklistItem.id).limit(1)),
            "recorded_by_id": db.session.scalar(select(User.id).where(User.username == INSPECTOR)),
            "finder": rules.Finder.INTERNAL,
            "source": rules.FindingSource.PATROL,
            "status": rules.FindingStatus.OPEN,
            "note": "巡查时不在岗，未见离岗公示牌。",
            "search_words": f"{point.number} {point.name}",
        }
        db.session.remove()
        db.engine.dispose()
    return found


def record(actor: Any, values: dict[str, Any], number: str = "") -> None:
    """Record one finding, as a service would: the row, its search text, its audit entry, one commit."""
    from app import clock
    from app.db.uow import unit_of_work
    from app.inspections.models import Finding
    from app.inspections.rules import FINDING_RECORDED

    now = clock.now()
    with unit_of_work(actor, now) as uow:
        row = Finding(number=number or secrets.token_hex(10), occurred_at=now, recorded_at=now, **values)
        uow.session.add(row)
        uow.session.flush()
        uow.record(FINDING_RECORDED, row)


def csrf_token(app: Flask) -> str:
    """Return the token that fits the sessions of `Site.cookie`."""
    return str(URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps("bench"))


def open_with_form(environ: dict[str, str], cookie: str = "", audited: bool = True) -> tuple[Flask, str]:
    """Build a site's application with a form that records; `audited=False` takes its log away.

    The product has no such switch: the function is replaced here, in the bench's own process.
    """
    from app.db import uow
    from app.permissions import Permission
    from app.web.access import actor, requires
    from bench.sites import open_site

    app = open_site(environ)
    values = template(app)

    @requires(Permission.PATROL_CONDUCT)
    def add() -> str:
        record(actor(), values, request.form.get("number", ""))
        return "ok"

    app.add_url_rule(URL, "bench.add", add, methods=["POST"])
    if not audited:
        uow.audit.append = lambda _session, _drafts: None  # type: ignore[attr-defined]
    return app, cookie


def create_app() -> Flask:
    """Build the application that gunicorn serves for `bench kill`."""
    return open_with_form(dict(os.environ))[0]
