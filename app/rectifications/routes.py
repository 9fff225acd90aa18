from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from app import clock
from app.attachments import queries as attachments
from app.attachments.services import StoredFile
from app.audit import queries as audit
from app.core import machine
from app.core.errors import DomainError, Invalid, NotAllowed, NotFound, Stale
from app.core.i18n import N_
from app.db import drafts
from app.db.scope import row_id
from app.db.uow import UnitOfWork, short_transaction, unit_of_work
from app.extensions import db
from app.fields import Line, OnBehalfFields, Paragraphs, one_time_key, refuse
from app.permissions import Permission
from app.rectifications import queries, rules, services
from app.rectifications.clocks import deadline_of
from app.rectifications.forms import AcceptForm, IssueForm, ReceiveForm, ReturnForm, SubmitForm
from app.rectifications.models import Rectification
from app.rectifications.rules import Deadline, Due, Verb
from app.settings import queries as site_settings
from app.web.access import actor, requires
from app.web.files import ORIGINAL, send_evidence
from app.web.page import done, render
from app.web.settings import settings
from app.web.uploads import receive_files, status_of
from app.worktime.queries import calendar

bp = Blueprint("rectifications", __name__)


@bp.get("/rectifications")
@requires(Permission.RECTIFICATION_READ)
def index() -> Response:
    ledger = queries.ledger(actor(), request.args, clock.now())
    return render("rectifications/list.html", "rectifications/_rows.html", stands=list(Due), **vars(ledger))


@bp.get("/rectifications/<int:rectification_id>")
@requires(Permission.RECTIFICATION_READ)
def show(rectification_id: int) -> Response:
    return _record(queries.get(actor(), rectification_id))


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
    if not again and _valid_issue(form):
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
        owner_id=form.owner.data or None,
        requirement=form.requirement.data,
        rechecker_id=form.rechecker.data,
        deadline=_deadline(form),
        photos=services.printed_photos(settings().attachments, findings),
    )
    with unit_of_work(actor(), clock.now()) as uow:
        row = services.issue(uow, command, settings().base_url)
        rectification_id, number = row.id, row.number
    flash(_("%(number)s 已签发，正在生成通知书。", number=number))
    return done(url_for(".show", rectification_id=rectification_id))


def _valid_issue(form: IssueForm) -> bool:
    valid = form.validate()
    field = form.deadline_workdays if form.kind.data == "workdays" else form.deadline_on
    if field.data is None and not field.errors:
        refuse(form, Invalid(N_("请填写整改期限。"), field=field.name))
        valid = False
    # What the other way of stating the deadline holds does not matter.
    other = form.deadline_on if form.kind.data == "workdays" else form.deadline_workdays
    if other.errors:
        other.errors = []
        valid = not any(form.errors.values())
    return bool(valid)


def _deadline(form: IssueForm) -> Deadline:
    by_days = form.kind.data == "workdays"
    return Deadline(
        issued_on=clock.today(),
        workdays=form.deadline_workdays.data if by_days else None,
        fixed_on=None if by_days else form.deadline_on.data,
        hour=form.deadline_hour.data,
    )


def _issue_form(wanted: list[int]) -> IssueForm:
    """Return the form with the choices that follow from the findings, filled with what usually fits."""
    kept = [n for n in map(row_id, request.form.get("offered", "").split(",")[:50]) if n]
    findings = queries.findings_in_sight(actor(), wanted or kept)
    first = findings[0] if findings else None
    people, chief = queries.owner_choices(first.department_id if first else None, clock.today())
    usual = _usual_deadline(first.centre_id if first else None)
    # What has to be mended within hours is due on the next working day at the latest.
    days = [
        f.item.deadline_workdays or 1 for f in findings if f.item.deadline_workdays or f.item.deadline_hours
    ]
    data = {
        "offered": ",".join(map(str, wanted)),
        "findings": wanted,
        "owner": chief or 0,
        "requirement": "\n".join(
            dict.fromkeys(f"针对“{f.item.wording}”立即整改，并举一反三。" for f in findings)
        ),
        "deadline_workdays": min(days, default=usual["rectification_workdays"]),
        "deadline_hour": usual["rectification_hour"],
        "rechecker": actor().user_id,
    }
    form = IssueForm(request.form or None, data=data, meta={"today": clock.today()})
    form.findings.choices = [(f.id, f.number) for f in findings]
    form.owner.choices = [(0, _("由首席代表指定")), *people]
    form.rechecker.choices = queries.rechecker_choices(first.centre_id) if first else []
    return form


def _usual_deadline(centre_id: int | None) -> dict[str, int]:
    """Return the deadline that the centre gives where the check item names none."""
    return site_settings.values(db.session(), centre_id, ("rectification_workdays", "rectification_hour"))


def _issue_page(form: IssueForm, status: int = 200) -> Response:
    findings = queries.findings_in_sight(actor(), [value for value, _name in form.findings.choices])
    if not findings:
        raise NotFound(N_("请先在问题台账里选择要整改的问题。"))
    return render(
        "rectifications/new.html",
        status=status,
        form=form,
        findings=findings,
        files=attachments.list_for(db.session(), "finding", [f.id for f in findings]),
    )


# --- the steps ------------------------------------------------------------------------------------


@bp.post("/rectifications/<int:rectification_id>/receive")
@requires(Permission.RECTIFICATION_RECEIVE)
def receive(rectification_id: int) -> Response:
    form = ReceiveForm(request.form)
    return _take(
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
    return _take(
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
    return _take(
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
    return _take(
        rectification_id,
        Verb.RETURN,
        form,
        lambda uow, version: services.send_back(uow, rectification_id, version, form.note.data or ""),
        N_("已退回，责任单位须重新整改。"),
    )


@bp.get("/rectifications/<int:rectification_id>/drafts/<sha256>")
@requires(Permission.RECTIFICATION_SUBMIT)
def draft_file(rectification_id: int, sha256: str) -> Response:
    uploads = _kept_answer(queries.get(actor(), rectification_id)).get("uploads", {})
    if sha256 not in uploads:
        raise NotFound(attachments.MISSING)
    kept = StoredFile.from_dict(uploads[sha256])
    variant = "small" if kept.is_photo else ORIGINAL
    return send_evidence(settings().attachments, sha256, kept.media_type, variant)


Form = IssueForm | ReceiveForm | SubmitForm | AcceptForm | ReturnForm


def _take(
    rectification_id: int,
    verb: Verb,
    form: ReceiveForm | SubmitForm | AcceptForm | ReturnForm,
    change: Callable[[UnitOfWork, int], object],
    said: str,
    faults: list[Invalid] | None = None,
) -> Response:
    """Take one step: check the form, change the row, or show the record again with all that was typed."""
    row = queries.get(actor(), rectification_id)
    status = status_of(faults or [])
    if form.validate() and not faults:
        try:
            with unit_of_work(actor(), clock.now()) as uow:
                change(uow, row_id(form.version.data) or 0)
        except (Invalid, NotAllowed, Stale) as error:
            if isinstance(form, SubmitForm) and queries.submitted_already(form.form_key.data):
                return done(url_for(".show", rectification_id=rectification_id))  # a second tap
            refuse(form, error)
            status = 422 if isinstance(error, Invalid) else 409
        else:
            flash(_(said))
            return done(url_for(".show", rectification_id=rectification_id))
        row = queries.get(actor(), rectification_id)
    return _record(row, verb, form, status, faults)


def _record(
    row: Rectification,
    verb: Verb | None = None,
    form: ReceiveForm | SubmitForm | AcceptForm | ReturnForm | None = None,
    status: int = 200,
    faults: list[Invalid] | None = None,
) -> Response:
    """Show a rectification; `form` is the one that was refused, to be filled in again."""
    rounds = queries.rounds_of(row.id)
    submitter_id = rounds[-1].submission.submitted_by_id if rounds else None
    facts = services.facts_for(db.session(), actor(), row, submitter_id)
    findings = queries.findings_of(row.id)
    granted = actor().permissions
    verbs = machine.allowed(rules.TRANSITIONS, row.status, granted, facts)
    if form and verb not in verbs:
        _say_what_was_typed(form)
    return render(
        "rectifications/show.html",
        status=status,
        row=row,
        clock=queries.clock_of(row, clock.now()),
        days=rules.clock_state(deadline_of(row), calendar(), clock.today()).days,
        findings=findings,
        evidence=attachments.list_for(db.session(), "finding", [f.id for f in findings]),
        rounds=rounds,
        verbs=verbs,
        refused=machine.explain(rules.TRANSITIONS, row.status, granted, facts),
        refused_verb=verb,
        forms=_forms(row, facts.stands_in, verb, form),
        stands_in=facts.stands_in,
        faults=faults or [],
        uploads=[StoredFile.from_dict(kept) for kept in _kept_answer(row).get("uploads", {}).values()],
        space=attachments.space(db.session(), row.centre_id),
        history=audit.history_of("rectification", row.id),
    )


def _say_what_was_typed(form: Form) -> None:
    """Give back the words of a form that is no longer offered, because somebody else was quicker."""
    for field in form:
        if isinstance(field, Line | Paragraphs) and field.data:
            said = N_("您填写的“%(label)s”没有保存：%(text)s")
            form.form_errors.append(NotAllowed(said, label=_(field.label.text), text=field.data))


def _forms(row: Rectification, stands_in: bool, verb: Verb | None, refused: Form | None) -> dict[Verb, Form]:
    """Return a form for each verb, with the refused one as it was typed but for the version it needs now."""
    forms: dict[Verb, Form] = {
        Verb.RECEIVE: ReceiveForm(),
        Verb.SUBMIT: SubmitForm(data=_kept_data(row)),
        Verb.ACCEPT: AcceptForm(),
        Verb.RETURN: ReturnForm(),
    }
    if verb and refused:
        forms[verb] = refused
    for each, form in forms.items():
        form.version.data = str(row.version)
        if isinstance(form, OnBehalfFields) and not stands_in:
            form.leave_out_person()
        for field in form:  # two forms of one page ask for a note
            field.id = field.label.field_id = f"{each.value}-{field.name}"
    return forms


def _submit_form(row: Rectification) -> SubmitForm:
    form = SubmitForm(request.form or None, data=_kept_data(row), meta={"today": clock.today()})
    form.photo.data = form.photo.data or []
    return form


def _kept_data(row: Rectification) -> dict[str, Any]:
    """Return what the form of an answer begins with: what is kept of it, and today."""
    kept = _kept_answer(row)
    data = {"done_on": clock.today(), **kept.get("typed", {})}
    return {**data, "photo": list(kept.get("uploads", {}))}


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


def _kept_answer(row: Rectification) -> dict[str, Any]:
    draft = drafts.find(db.session(), actor().user_id, services.DRAFT, row.id)
    return draft.content if draft else {}


def _keep_answer(row: Rectification, stored: list[StoredFile]) -> dict[str, Any]:
    """Keep what was typed and the files that came, before anything is judged."""
    uploads = {**_kept_answer(row).get("uploads", {}), **{file.sha256: file.to_dict() for file in stored}}
    kept = ("measures", "no_photo_reason", "on_behalf_name", "on_behalf_capacity")
    typed = {name: request.form.get(name, "")[: 5 * rules.TEXT_MAX] for name in kept}
    content = {"typed": typed, "uploads": uploads}
    with short_transaction() as session:
        services.keep_answer(session, actor(), row, content, clock.now())
    return uploads
