"""A table comes in: upload, columns, check, apply. Every step can be left and taken up again."""

from __future__ import annotations

import io
from typing import Any, cast

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from app import clock
from app.audit import queries as audit
from app.core.errors import DomainError, Invalid
from app.core.i18n import N_
from app.db.drafts import Draft
from app.db.scope import row_id
from app.db.uow import unit_of_work
from app.permissions import Permission
from app.transfers import import_queries, importing, intake, services, sheets
from app.transfers.importing import Import
from app.transfers.rules import APPLY_JOB, CHECK_AT_ONCE, CHECK_JOB, FILE_MAX, MEGABYTE, ROWS_MAX
from app.web.access import actor, requires
from app.web.files import send_workbook
from app.web.page import done, render
from app.web.settings import settings

imports = Blueprint("imports", __name__)


def register(bp: Blueprint) -> None:
    bp.register_blueprint(imports)


@imports.get("/imports/<name>")
@requires(Permission.IMPORT_RUN)
def start(name: str) -> Response:
    return _start_page(intake.kind_of(actor(), name))


def _start_page(kind: Import, *errors: DomainError) -> Response:
    return render(
        "transfers/start.html",
        status=422 if errors else 200,
        kind=kind,
        errors=errors,
        draft=intake.find(actor(), kind),
        recent=import_queries.recent(actor(), kind.name),
        most_rows=ROWS_MAX,
        most_bytes=FILE_MAX // MEGABYTE,
    )


@imports.get("/imports/<name>/template")
@requires(Permission.IMPORT_RUN)
def template(name: str) -> Response:
    kind, file = intake.kind_of(actor(), name), io.BytesIO()
    sheets.write_template(file, kind, kind.check(actor().centre_id or 0, clock.today()))
    return send_workbook(file, f"{_('导入模板')}-{_(kind.title)}.xlsx")


@imports.post("/imports/<name>")
@requires(Permission.IMPORT_RUN)
def upload(name: str) -> Response:
    kind, file = intake.kind_of(actor(), name), request.files.get("file")
    try:
        if file is None or not file.filename:
            raise Invalid(N_("请选择文件。"), field="file")
        stream = cast("io.BufferedReader", file.stream)
        intake.begin(settings(), actor(), kind, stream, file.filename, clock.now())
    except Invalid as error:
        return _start_page(kind, error)
    return done(url_for(".columns", name=name))


@imports.get("/imports/<name>/columns")
@requires(Permission.IMPORT_RUN)
def columns(name: str) -> Response:
    kind = intake.kind_of(actor(), name)
    return _columns_page(kind, intake.get(actor(), kind))


def _columns_page(kind: Import, draft: Draft, *errors: DomainError) -> Response:
    content = draft.content
    return render(
        "transfers/columns.html",
        status=422 if errors else 200,
        kind=kind,
        draft=draft,
        content=content,
        errors=errors,
        earlier=import_queries.same_file(actor(), kind.name, content["sha256"]),
    )


@imports.post("/imports/<name>/columns")
@requires(Permission.IMPORT_RUN)
def choose_columns(name: str) -> Response:
    kind = intake.kind_of(actor(), name)
    draft = intake.get(actor(), kind)
    given = {each.name: row_id(request.form.get(each.name)) for each in kind.fields}
    width = len(draft.content["heads"])
    mapping = {key: place - 1 for key, place in given.items() if place and place <= width}
    intake.save(draft.id, clock.now(), mapping=mapping, check=None, job=None)
    try:
        importing.check_mapping(kind, mapping)
    except Invalid as error:
        return _columns_page(kind, intake.get(actor(), kind), error)
    return _check(kind)


def _check(kind: Import) -> Response:
    """Check a short table at once, let the worker check a long one."""
    draft, here = intake.get(actor(), kind), url_for(".checked", name=kind.name)
    draft_id = draft.id
    if draft.content["rows"] > CHECK_AT_ONCE:
        return _ask(CHECK_JOB, kind, draft_id)
    report = intake.check(settings(), kind, draft)
    intake.save(draft_id, clock.now(), check=report.as_json(clock.now()))
    return done(here)


def _ask(job_kind: str, kind: Import, draft_id: int, *, skip_bad: bool = False) -> Response:
    with unit_of_work(actor(), clock.now()) as uow:
        job_id = services.ask_import(uow, job_kind, kind, draft_id, skip_bad=skip_bad)
    flash(_("行数较多，正在后台处理；可以离开，完成后在“我的任务”里查看。"), "success")
    return done(url_for("jobs.show", job_id=job_id))


@imports.get("/imports/<name>/check")
@requires(Permission.IMPORT_RUN)
def checked(name: str) -> Response:
    kind = intake.kind_of(actor(), name)
    draft = intake.get(actor(), kind)
    if draft.content["check"] is None:
        return done(url_for(".columns", name=name))
    start = row_id(request.args.get("from")) or 0
    return render(
        "transfers/check.html",
        kind=kind,
        content=draft.content,
        counts=draft.content["check"]["counts"],
        faults=list(intake.page_of_faults(settings(), kind, draft, start)),
        start=start,
        size=intake.PAGE,
        earlier=import_queries.same_file(actor(), kind.name, draft.content["sha256"]),
    )


@imports.get("/imports/<name>/problems")
@requires(Permission.IMPORT_RUN)
def problems(name: str) -> Response:
    kind, file = intake.kind_of(actor(), name), io.BytesIO()
    draft = intake.get(actor(), kind)
    sheets.write_problems(file, kind, draft.content["heads"], intake.bad_rows(settings(), kind, draft))
    return send_workbook(file, f"{_('有问题的行')}-{_(kind.title)}.xlsx")


@imports.post("/imports/<name>/apply")
@requires(Permission.IMPORT_RUN)
def apply(name: str) -> Response:
    kind, skip = intake.kind_of(actor(), name), request.form.get("skip_bad") == "1"
    draft = intake.get(actor(), kind)
    draft_id, shown = draft.id, draft.content["check"]
    if shown is None or (shown["counts"]["bad"] and not skip):
        return done(url_for(".checked", name=name))
    if draft.content["rows"] > CHECK_AT_ONCE:
        return _ask(APPLY_JOB, kind, draft_id, skip_bad=skip)
    report = intake.check(settings(), kind, draft)
    if report.counts != shown["counts"]:
        return _changed_since(kind, draft_id, report)
    kind.prepare(report.judged)
    with unit_of_work(actor(), clock.now()) as uow:
        batch_id = services.apply_table(uow, kind, draft_id, report, skip_bad=skip).id
    return done(url_for(".batch", batch_id=batch_id))


def _changed_since(kind: Import, draft_id: int, report: intake.Report) -> Response:
    intake.save(draft_id, clock.now(), check=report.as_json(clock.now()))
    flash(_("检查以后数据有变化，没有导入任何内容。下面是新的检查结果，请再核对一遍。"), "warning")
    return done(url_for(".checked", name=kind.name))


@imports.post("/imports/<name>/discard")
@requires(Permission.IMPORT_RUN)
def discard(name: str) -> Response:
    kind = intake.kind_of(actor(), name)
    intake.give_up(settings(), intake.get(actor(), kind).id)
    return done(url_for(".start", name=name))


@imports.get("/imports/batches/<int:batch_id>")
@requires(Permission.IMPORT_RUN)
def batch(batch_id: int) -> Response:
    made = import_queries.get(actor(), batch_id)
    facts: dict[str, Any] = {"history": audit.history_of("import_batch", made.id)}
    return render("transfers/batch.html", batch=made, kind=intake.kind_of(actor(), made.kind), **facts)
