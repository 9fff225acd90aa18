from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from app import clock
from app.attachments import queries as attachments
from app.attachments.services import StoredFile
from app.core import periods
from app.core.errors import DomainError, Invalid, NotFound
from app.core.i18n import N_
from app.core.periods import Period
from app.db.scope import row_id
from app.db.uow import short_transaction, unit_of_work
from app.extensions import db
from app.fields import one_time_key, refuse
from app.inspections import plan_queries
from app.inspections import queries as inspections
from app.permissions import Permission
from app.rectifications import (
    board_queries,
    choice_queries,
    deadline_routes,
    figure_queries,
    instruction_routes,
    ladder_routes,
    queries,
    rules,
    services,
)
from app.rectifications.forms import AcceptForm, IssueForm, ReceiveForm, ReturnForm, SubmitForm
from app.rectifications.models import Rectification
from app.rectifications.record_routes import kept_answer, kept_data, show_record, take
from app.rectifications.rules import Addressee, Due, InstructionKind, Verb
from app.web.access import actor, requires
from app.web.files import ORIGINAL, send_evidence
from app.web.page import done, label, render
from app.web.settings import settings
from app.web.uploads import receive_files

bp = Blueprint("rectifications", __name__)
deadline_routes.register(bp)
ladder_routes.register(bp)
instruction_routes.register(bp)


@bp.get("/rectifications")
@requires(Permission.RECTIFICATION_READ)
def index() -> Response:
    ledger = queries.ledger(actor(), request.args, clock.now())
    return render("rectifications/list.html", "rectifications/_rows.html", stands=list(Due), **vars(ledger))


@bp.get("/rectifications/board")
@requires(Permission.RECTIFICATION_READ)
def board() -> Response:
    now = clock.now()
    lines = board_queries.hall_board(actor(), now)
    return render(
        "rectifications/board.html", lines=lines, clocks=queries.clocks_of([line.row for line in lines], now)
    )


@bp.get("/rectifications/figures")
@requires(Permission.RECTIFICATION_READ)
def figures() -> Response:
    centre = plan_queries.get_centre(actor(), row_id(request.args.get("centre")) or actor().centre_id or 0)
    period, on = _period()
    span, earlier = periods.span(period, on), periods.span_before(period, on)
    return render(
        "rectifications/figures.html",
        figures=figure_queries.of_span(actor(), centre.id, *span, clock.now()),
        before=figure_queries.of_span(actor(), centre.id, *earlier, clock.now()),
        in_hand=figure_queries.in_hand(actor(), centre.id, clock.now()),
        periods=list(Period),
        kinds=lambda value: label(InstructionKind(value)),
        shown={"period": period, "first": span[0], "last": span[1], "earlier": earlier[0]},
        centre=centre,
        centres=plan_queries.centres_for(actor()),
    )


def _period() -> tuple[Period, date]:
    """Return the period that the address names, this month if it names none, and a day of it."""
    name = request.args.get("period")
    on = inspections.read_day(request.args.get("on")) or clock.today()
    return Period(name) if name in set(Period) else Period.MONTH, on


@bp.get("/rectifications/<int:rectification_id>")
@requires(Permission.RECTIFICATION_READ)
def show(rectification_id: int) -> Response:
    return show_record(queries.get(actor(), rectification_id))


@bp.get("/rectifications/<int:rectification_id>/files/<int:file_id>/<variant>")
@requires(Permission.RECTIFICATION_READ)
def file(rectification_id: int, file_id: int, variant: str) -> Response:
    row = queries.get(actor(), rectification_id)
    for answer in queries.rounds_of(row.id):
        for kept in answer.files:
            if kept.id == file_id:
                return send_evidence(settings().attachments, kept.sha256, kept.media_type, variant)
    raise NotFound(attachments.MISSING)


# --- issuing --------------------------------------------------------------------------------------


@bp.get("/rectifications/new")
@requires(Permission.RECTIFICATION_ISSUE)
def new() -> Response:
    wanted = [n for n in map(row_id, request.args.getlist("finding")[:50]) if n]
    return _issue_page(_issue_form(wanted))


@bp.post("/rectifications")
@requires(Permission.RECTIFICATION_ISSUE)
def issue() -> Response:
    wanted = [n for n in map(row_id, request.form.getlist("findings")[:50]) if n]
    form = _issue_form(wanted)
    status = 422
    again = _issued_before(form)
    if not again and form.validate():
        try:
            return _issue(form)
        except DomainError as error:
            refuse(form, error)
            status = 422 if isinstance(error, Invalid) else 409
            again = _issued_before(form)  # while this tap waited for its turn
    return again or _issue_page(form, status)


def _issued_before(form: IssueForm) -> Response | None:
    """Answer a second tap with what the first one issued."""
    issued = queries.issued_already(form.form_key.data)
    return done(url_for(".show", rectification_id=issued)) if issued else None


def _issue(form: IssueForm) -> Response:
    findings = queries.findings_for_notice(db.session(), form.findings.data)
    command = services.Issue(
        form_key=form.form_key.data,
        finding_ids=tuple(form.findings.data),
        **form.owner_ids(),
        requirement=form.requirement.data,
        rechecker_id=form.rechecker.data,
        deadline=form.deadline(clock.today()),
        photos=services.printed_photos(settings().attachments, findings),
    )
    with unit_of_work(actor(), clock.now()) as uow:
        row = services.issue(uow, command, settings().base_url)
        rectification_id, number = row.id, row.number
    flash(_("%(number)s 已签发，正在生成通知书。", number=number))
    return done(url_for(".show", rectification_id=rectification_id))


def _issue_form(wanted: list[int]) -> IssueForm:
    """Return the form with the choices that follow from the findings, filled with what usually fits."""
    kept = [n for n in map(row_id, request.form.get("offered", "").split(",")[:50]) if n]
    findings = queries.findings_in_sight(actor(), wanted or kept)
    first = findings[0] if findings else None
    addressee = Addressee(first.department_id, first.section_id) if first else Addressee()
    people, owner = choice_queries.owner_choices(addressee, clock.today())
    usual = choice_queries.usual_deadline(first.centre_id if first else None)
    # What has to be mended within hours is due on the next working day at the latest.
    days = [
        f.item.deadline_workdays or 1 for f in findings if f.item.deadline_workdays or f.item.deadline_hours
    ]
    data = {
        "offered": ",".join(map(str, wanted)),
        "findings": wanted,
        "owner": owner,
        "requirement": "\n".join(
            dict.fromkeys(f"针对“{f.item.wording}”立即整改，并举一反三。" for f in findings)
        ),
        "deadline_workdays": min(days, default=usual["rectification_workdays"]),
        "deadline_hour": usual["rectification_hour"],
        "rechecker": actor().user_id,
    }
    form = IssueForm(request.form or None, data=data, meta={"today": clock.today()})
    form.findings.choices = [(f.id, f.number) for f in findings]
    form.owner.choices = [("", _("由责任单位指定")), *people]
    form.rechecker.choices = choice_queries.rechecker_choices(first.centre_id) if first else []
    return form


def _issue_page(form: IssueForm, status: int = 200) -> Response:
    findings = queries.findings_in_sight(actor(), [value for value, _name in form.findings.choices])
    if not findings:
        raise NotFound(N_("请先在问题台账里选择要整改的问题。"))
    return render(
        "rectifications/new.html",
        status=status,
        form=form,
        foreseen=deadline_routes.foresee(form),
        findings=findings,
        files=attachments.list_for(db.session(), "finding", [f.id for f in findings]),
    )


# --- the steps ------------------------------------------------------------------------------------


@bp.post("/rectifications/<int:rectification_id>/receive")
@requires(Permission.RECTIFICATION_RECEIVE)
def receive(rectification_id: int) -> Response:
    form = ReceiveForm(request.form)
    return take(
        rectification_id,
        Verb.RECEIVE,
        form,
        lambda uow, version: services.receive(
            uow, rectification_id, version, form.statement.data or "", form.represented
        ),
        N_("已签收。请在期限内提交整改情况。"),
    )


@bp.post("/rectifications/<int:rectification_id>/submit")
@requires(Permission.RECTIFICATION_SUBMIT)
def submit(rectification_id: int) -> Response:
    row = queries.get(actor(), rectification_id)
    if queries.submitted_already(one_time_key(request.form.get("form_key", ""))):
        return done(url_for(".show", rectification_id=row.id))
    form, files, faults = _read_answer(row)
    return take(
        row.id,
        Verb.SUBMIT,
        form,
        lambda uow, version: services.submit(uow, row.id, version, _answer(form, files)),
        N_("整改情况已提交，等待复查。"),
        faults,
    )


@bp.post("/rectifications/<int:rectification_id>/accept")
@requires(Permission.RECTIFICATION_RECHECK)
def accept(rectification_id: int) -> Response:
    form = AcceptForm(request.form)
    return take(
        rectification_id,
        Verb.ACCEPT,
        form,
        lambda uow, version: services.accept(uow, rectification_id, version, form.note.data or ""),
        N_("复查合格，已销号。"),
    )


@bp.post("/rectifications/<int:rectification_id>/return")
@requires(Permission.RECTIFICATION_RECHECK)
def send_back(rectification_id: int) -> Response:
    form = ReturnForm(request.form)
    return take(
        rectification_id,
        Verb.RETURN,
        form,
        lambda uow, version: services.send_back(uow, rectification_id, version, form.note.data or ""),
        N_("已退回，责任单位须重新整改。"),
    )


@bp.get("/rectifications/<int:rectification_id>/drafts/<sha256>")
@requires(Permission.RECTIFICATION_SUBMIT)
def draft_file(rectification_id: int, sha256: str) -> Response:
    uploads = kept_answer(queries.get(actor(), rectification_id)).get("uploads", {})
    if sha256 not in uploads:
        raise NotFound(attachments.MISSING)
    kept = StoredFile.from_dict(uploads[sha256])
    variant = "small" if kept.is_photo else ORIGINAL
    return send_evidence(settings().attachments, sha256, kept.media_type, variant)


def _submit_form(row: Rectification) -> SubmitForm:
    form = SubmitForm(request.form or None, data=kept_data(row), meta={"today": clock.today()})
    form.photo.data = form.photo.data or []
    return form


def _read_answer(row: Rectification) -> tuple[SubmitForm, tuple[StoredFile, ...], list[Invalid]]:
    """Return the form that was sent, its files with those kept before, and what was wrong with others."""
    stored, faults = receive_files(row.centre_id)
    uploads = _keep_answer(row, stored)
    form = _submit_form(row)
    chosen = dict.fromkeys([*form.photo.data, *(file.sha256 for file in stored)])
    form.photo.data = form.photo.raw_data = [sha for sha in chosen if sha in uploads]
    return form, tuple(StoredFile.from_dict(uploads[sha]) for sha in form.photo.data), faults


def _answer(form: SubmitForm, files: tuple[StoredFile, ...]) -> services.Answer:
    return services.Answer(
        form_key=form.form_key.data,
        measures=form.measures.data,
        done_on=form.done_on.data,
        no_photo_reason=form.no_photo_reason.data or "",
        files=files,
        represented=form.represented,
    )


def _keep_answer(row: Rectification, stored: list[StoredFile]) -> dict[str, Any]:
    """Keep what was typed and the files that came, before anything is judged."""
    uploads = {**kept_answer(row).get("uploads", {}), **{file.sha256: file.to_dict() for file in stored}}
    kept = ("measures", "no_photo_reason", "on_behalf_name", "on_behalf_capacity")
    typed = {name: request.form.get(name, "")[: 5 * rules.TEXT_MAX] for name in kept}
    content = {"typed": typed, "uploads": uploads}
    with short_transaction() as session:
        services.keep_answer(session, actor(), row, content, clock.now())
    return uploads
