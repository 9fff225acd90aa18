"""Lists out, tables in."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from app import clock
from app.db.uow import unit_of_work
from app.transfers import exporting, import_routes, services
from app.transfers.exporting import Export, Written
from app.web.access import actor, requires
from app.web.files import send_workbook
from app.web.page import done

bp = Blueprint("transfers", __name__)
import_routes.register(bp)


def _exports(export: Export) -> Callable[[], Response]:
    """Return the view that hands a list over, or asks the worker for a long one."""

    @requires(export.permission)
    def view() -> Response:
        filters, now = export.chosen(request.form), clock.now()
        if exporting.too_many(export, actor(), filters, now):
            return _ask(export, filters)
        file = io.BytesIO()
        rows = exporting.write(file, export, actor(), filters, now)
        written = Written(rows, exporting.sha256_of(file.getvalue()))
        with unit_of_work(actor(), now) as uow:
            services.record_export(uow, export, filters, written)
        return send_workbook(file, exporting.file_name(export, now))

    return view


for _each in exporting.every().values():
    bp.add_url_rule(f"/exports/{_each.name}", _each.name, _exports(_each), methods=["POST"])


def _ask(export: Export, filters: dict[str, Any]) -> Response:
    with unit_of_work(actor(), clock.now()) as uow:
        job_id = services.ask_export(uow, export, filters)
    link = {"url": url_for("jobs.show", job_id=job_id), "label": _("查看进度")}
    flash({"text": _("行数较多，正在后台导出。"), **link}, "success")  # type: ignore[arg-type]
    return done(url_for(export.page, **filters))
