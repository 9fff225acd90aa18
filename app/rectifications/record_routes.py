"""The page of one rectification, and what its steps share: checked, taken, or shown again as typed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, timedelta
from typing import Any

from flask import Response, flash, url_for
from flask_babel import gettext as _
from wtforms import Form

from app import clock
from app.attachments import queries as attachments
from app.attachments.services import StoredFile
from app.audit import queries as audit
from app.core import machine
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.core.workdays import UnknownYear
from app.db import drafts
from app.db.scope import row_id
from app.db.uow import UnitOfWork
from app.extensions import db
from app.fields import Line, OnBehalfFields, Paragraphs
from app.rectifications import forms, ladder_queries, ladder_services, queries, rules, services
from app.rectifications.clocks import deadline_of
from app.rectifications.models import Extension, Rectification
from app.rectifications.rules import Facts, Verb
from app.web.access import actor
from app.web.changes import attempt, stamp
from app.web.page import done, render
from app.worktime.queries import calendar

FORMS: dict[Verb, type[Form]] = {
    Verb.RECEIVE: forms.ReceiveForm,
    Verb.SUBMIT: forms.SubmitForm,
    Verb.ASK_EXTENSION: forms.AskForm,
    Verb.GRANT_EXTENSION: forms.GrantForm,
    Verb.REFUSE_EXTENSION: forms.RefuseForm,
    Verb.ACCEPT: forms.AcceptForm,
    Verb.RETURN: forms.ReturnForm,
    Verb.URGE: forms.UrgeForm,
    Verb.PROPOSE_CHANGE: forms.ProposeForm,
    Verb.TALK: forms.TalkForm,
    Verb.REPORT: forms.ReportForm,
    Verb.PARK: forms.ParkForm,
    Verb.RESUME: forms.ResumeForm,
    Verb.CANCEL: forms.CancelForm,
}
ANSWER_WITHIN = 2  # working days that a paper of the ladder gives, unless somebody says otherwise


def take(
    rectification_id: int,
    verb: Verb,
    form: Form,
    change: Callable[[UnitOfWork, int], object],
    said: str,
    faults: list[Invalid] | None = None,
) -> Response:
    """Take one step: check the form, change the row, or show the record again with all that was typed."""
    queries.get(actor(), rectification_id)
    status = attempt(form, lambda uow: change(uow, row_id(form.version.data) or 0), faults or ())
    if not status:
        flash(_(said))
    elif not (isinstance(form, forms.SubmitForm) and queries.submitted_already(form.form_key.data)):
        return show_record(queries.get(actor(), rectification_id), verb, form, status, faults)
    return done(url_for("rectifications.show", rectification_id=rectification_id))


def show_record(
    row: Rectification,
    verb: Verb | None = None,
    form: Form | None = None,
    status: int = 200,
    faults: list[Invalid] | None = None,
) -> Response:
    """Show a rectification; `form` is the one that was refused, to be filled in again."""
    session = db.session()
    findings = queries.findings_of(row.id)
    facts = ladder_queries.facts_for(session, actor(), row, clock.now())
    extensions = ladder_queries.extensions_of(session, row.id)
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
        evidence=attachments.list_for(session, "finding", [f.id for f in findings]),
        rounds=queries.rounds_of(row.id),
        extensions=extensions,
        orders=ladder_queries.orders_of(session, row.id),
        verbs=verbs,
        refused=_refused(row, granted, facts, bool(verbs)),
        refused_verb=verb,
        forms=_forms(row, facts.stands_in, extensions, verb, form),
        stands_in=facts.stands_in,
        talk_form=_talk_form(row, form),
        faults=faults or [],
        uploads=[StoredFile.from_dict(kept) for kept in kept_answer(row).get("uploads", {}).values()],
        space=attachments.space(session, row.centre_id),
        history=audit.history_of("rectification", row.id),
    )


def _refused(
    row: Rectification, granted: Collection[str], facts: Facts, busy: bool
) -> list[tuple[Verb, str]]:
    """Return the steps that cannot be taken now and why; to one who has a step of his own, not others'."""
    refused = machine.explain(rules.TRANSITIONS, row.status, granted, facts)
    return [(verb, why) for verb, why in refused if not busy or why != machine.NO_PERMISSION]


def _say_what_was_typed(form: Form) -> None:
    """Give back the words of a form that is no longer offered, because somebody else was quicker."""
    for field in form:
        if isinstance(field, Line | Paragraphs) and field.data:
            said = N_("您填写的“%(label)s”没有保存：%(text)s")
            form.form_errors.append(NotAllowed(said, label=_(field.label.text), text=field.data))


def _forms(
    row: Rectification,
    stands_in: bool,
    extensions: Sequence[Extension],
    verb: Verb | None,
    refused: Form | None,
) -> dict[Verb, Form]:
    """Return a form for each verb, with the refused one as it was typed but for the version it needs now."""
    defaults = _defaults(row, next((each for each in extensions if each.granted is None), None))
    found = {each: form(data=defaults.get(each)) for each, form in FORMS.items()}
    if verb and refused and isinstance(refused, FORMS[verb]):
        found[verb] = refused
    for form in found.values():
        if isinstance(form, OnBehalfFields) and not stands_in:
            form.leave_out_person()
    stamp(found, row.version)
    return found


def _talk_form(row: Rectification, refused: Form | None) -> Form:
    """Return the form of a talk's record, as it was typed if it was refused."""
    form = refused if isinstance(refused, forms.TalkRecordForm) else forms.TalkRecordForm()
    form.version.data = str(row.version)
    return form


def _defaults(row: Rectification, asked: Extension | None) -> dict[Verb, dict[str, Any]]:
    """Return what usually fits, for each form that begins with something."""
    soon = _workdays_ahead(ANSWER_WITHIN)
    ladder = {
        verb: {"text": ladder_services.USUAL_TEXTS[rung], "limit_on": soon}
        for verb, (rung, _action) in rules.LADDER.items()
    }
    until_on = asked.until_on if asked else None
    return {Verb.SUBMIT: kept_data(row), Verb.GRANT_EXTENSION: {"until_on": until_on}, **ladder}


def _workdays_ahead(count: int) -> date:
    today = clock.today()
    try:
        return calendar().add_workdays(today, count)
    except UnknownYear:
        return today + timedelta(days=count + 2)


def kept_answer(row: Rectification) -> dict[str, Any]:
    """Return what the reader has typed and uploaded of an answer so far."""
    draft = drafts.find(db.session(), actor().user_id, services.DRAFT, row.id)
    return draft.content if draft else {}


def kept_data(row: Rectification) -> dict[str, Any]:
    """Return what the form of an answer begins with: what is kept of it, and today."""
    kept = kept_answer(row)
    data = {"done_on": clock.today(), **kept.get("typed", {})}
    return {**data, "photo": list(kept.get("uploads", {}))}
