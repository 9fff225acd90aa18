"""Work calendars: years, one year, and a new edition in two steps, preview and apply."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for
from flask_babel import gettext as _

from app import clock
from app.audit import queries as audit
from app.core.clock import ClockEvent, ClockRule, ClockState, EventKind, replay
from app.core.errors import DomainError, Invalid, NotFound
from app.core.i18n import N_
from app.core.workdays import YearTable
from app.db.scope import MISSING, row_id
from app.db.uow import short_transaction, unit_of_work
from app.extensions import db
from app.fields import refuse
from app.permissions import Permission
from app.web.access import actor, can, requires
from app.web.page import done, message, render
from app.worktime import calendar_files, effects, queries, rules, services
from app.worktime.entry_rules import HOLIDAYS, MAKEUPS, check_entries, read_days, spans, table_of, write_days
from app.worktime.forms import DueForm, YearForm
from app.worktime.models import CalendarYear

bp = Blueprint("worktime", __name__)
MOVED_SHOWN = 200


@bp.get("/calendars")
@requires(Permission.CALENDAR_READ)
def index() -> Response:
    asked = "workdays" in request.args
    form = DueForm(request.args if asked else None, meta={"today": clock.today()})
    state = _due(form) if asked and form.validate() else None
    return _index_page(form, state, 422 if asked and state is None else 200)


@bp.get("/calendars/<int:year>")
@requires(Permission.CALENDAR_READ)
def show(year: int) -> Response:
    editions = queries.editions(year)
    wanted = row_id(request.args.get("edition"))
    return _year_page(year, editions, next((row for row in editions if wanted in (None, row.edition)), None))


@bp.get("/calendars/edit")
@requires(Permission.CALENDAR_MANAGE)
def edit() -> Response:
    services.require_top(actor())
    year = row_id(request.args.get("year")) or clock.today().year + 1
    draft = queries.draft_of(db.session(), actor(), year) if "draft" in request.args else None
    table = queries.from_content(draft.content) if draft else queries.calendar().years.get(year)
    return _edit_page(YearForm(data=_typed(table) if table else {"year": year}))


@bp.post("/calendars/edit")
@requires(Permission.CALENDAR_MANAGE)
def take_typed() -> Response:
    services.require_top(actor())
    form = YearForm(request.form)
    table = _read_typed(form)
    return _keep(table) if table else _edit_page(form, 422)


@bp.post("/calendars/import")
@requires(Permission.CALENDAR_MANAGE)
def take_file() -> Response:
    services.require_top(actor())
    file = request.files.get("file")
    content = file.stream.read(rules.FILE_MAX + 1) if file and file.filename else b""
    if len(content) > rules.FILE_MAX:
        return _edit_page(YearForm(data={}), 413, [Invalid(N_("文件超过 64 KB，不是一年的工作日历。"))])
    if not content:
        return _edit_page(YearForm(data={}), 422, [Invalid(N_("请选择一个工作日历文件。"))])
    table, faults = calendar_files.parse(file.filename.rsplit("/")[-1], content)  # type: ignore[union-attr]
    return _keep(table) if table else _edit_page(YearForm(data={}), 422, faults)


@bp.get("/calendars/<int:year>/preview")
@requires(Permission.CALENDAR_MANAGE)
def preview(year: int) -> Response:
    services.require_top(actor())
    return _preview_page(year)


@bp.post("/calendars/<int:year>/preview")
@requires(Permission.CALENDAR_MANAGE)
def apply(year: int) -> Response:
    if queries.draft_of(db.session(), actor(), year) is None:
        raise NotFound(MISSING)
    try:
        with unit_of_work(actor(), clock.now()) as uow:
            services.apply_year(uow, year, request.form.get("seen", ""))
    except DomainError as error:
        return _preview_page(year, error)
    flash(_("%(year)s 年的工作日历已应用。", year=year))
    return done(url_for(".show", year=year))


def _manageable() -> bool:
    return can(Permission.CALENDAR_MANAGE) and queries.manages(actor())


def _index_page(form: DueForm, state: ClockState | None, status: int) -> Response:
    """Show the years, those of today and tomorrow among them, and what was asked of a due date."""
    published, this_year = queries.calendar().years, clock.today().year
    years = sorted({*published, this_year, this_year + 1}, reverse=True)
    return render(
        "worktime/list.html",
        status=status,
        years=[(year, published.get(year), rules.counts(published.get(year), year)) for year in years],
        form=form,
        state=state,
        names={day: name for table in published.values() for day, name in rules.names(table).items()},
        manageable=_manageable(),
    )


def _year_page(year: int, editions: list[CalendarYear], row: CalendarYear | None) -> Response:
    """Show a year by one of its editions; without any, by its weekends."""
    g.section = "worktime.index"
    table = queries.table_of(row) if row else None
    return render(
        "worktime/show.html",
        year=year,
        row=row,
        editions=editions,
        months=rules.months(year, table),
        counts=rules.counts(table, year),
        spans={HOLIDAYS: spans(table.holidays), MAKEUPS: spans(table.makeups)} if table else {},
        manageable=_manageable(),
        history=audit.history_of("calendar_year", [each.id for each in editions]),
    )


def _due(form: DueForm) -> ClockState:
    start, rule = form.start.data, ClockRule(form.workdays.data)
    return replay([ClockEvent(EventKind.START, start)], rule, queries.calendar(), today=start)


def _typed(table: YearTable) -> dict[str, Any]:
    """Return a table as the form shows it."""
    days = {HOLIDAYS: write_days(table.holidays), MAKEUPS: write_days(table.makeups)}
    return {"year": table.year, "notice": table.notice, "source": table.source, "note": table.note, **days}


def _read_typed(form: YearForm) -> YearTable | None:
    """Return the table that a form holds, or None with every fault beside its field."""
    valid, year = form.validate(), form.year.data
    if year is None:
        return None
    read = {name: read_days(form[name].data or "", year, name) for name in (HOLIDAYS, MAKEUPS)}
    faults = [fault for _days, found in read.values() for fault in found]
    faults += check_entries(year, read[HOLIDAYS][0], read[MAKEUPS][0])
    for fault in faults:
        refuse(form, fault)
    if faults or not valid:
        return None
    texts = {name: form[name].data or "" for name in ("notice", "source", "note")}
    return table_of(year, read[HOLIDAYS][0], read[MAKEUPS][0], **texts)


def _keep(table: YearTable) -> Response:
    with short_transaction() as session:
        services.keep_draft(session, actor(), table, clock.now())
    return done(url_for(".preview", year=table.year))


def _edit_page(form: YearForm, status: int = 200, faults: list[Invalid] | None = None) -> Response:
    g.section = "worktime.index"
    said = [message(fault) for fault in faults or []]
    return render("worktime/edit.html", status=status, form=form, faults=said)


def _preview_page(year: int, error: DomainError | None = None) -> Response:
    """Show what the prepared edition would change; `error` is why it was not applied."""
    g.section = "worktime.index"
    draft = queries.draft_of(db.session(), actor(), year)
    if draft is None:
        raise NotFound(MISSING)
    effect = effects.effect_of(db.session(), queries.from_content(draft.content))
    return render(
        "worktime/preview.html",
        status=(422 if isinstance(error, Invalid) else 409) if error else 200,
        error=message(error) if error else "",
        effect=effect,
        year=year,
        texts=_texts(effect),
        moved=effect.moved[:MOVED_SHOWN],
    )


def _texts(effect: effects.Effect) -> list[tuple[str, str | None, str]]:
    """Return what an edition says about itself that the present one says otherwise."""
    found = []
    for name in ("notice", "source", "note"):
        before, after = getattr(effect.present, name, None), getattr(effect.table, name)
        if before != after:
            found.append((name, before, after))
    return found
