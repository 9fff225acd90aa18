"""Awards: the list, one with its candidates, the figures entered by hand, the decision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from flask import Blueprint, Response, flash, g, request, url_for
from flask_babel import gettext as _

from app import clock
from app.audit import queries as audit
from app.core.errors import Invalid, NotAllowed, NotFound, Stale
from app.core.i18n import N_
from app.core.points import plain, read_number
from app.db.scope import row_id
from app.db.uow import UnitOfWork, unit_of_work
from app.evaluations import award_queries, award_services
from app.evaluations.award_forms import (
    AwardDecisionForm,
    AwardObjectionForm,
    AwardStepForm,
    ProposeForm,
    WithdrawForm,
)
from app.evaluations.award_rules import AwardState, AwardVerb, Choice, days_of, period_words
from app.evaluations.models import AwardCandidate, AwardRun
from app.evaluations.month_rules import Scored
from app.evaluations.rulebook_rules import Input
from app.evaluations.rules import Span
from app.extensions import db
from app.fields import refuse
from app.permissions import Permission
from app.web.access import actor, can, requires
from app.web.changes import attempt
from app.web.page import done, message, render
from app.web.settings import settings

awards = Blueprint("awards", __name__)
OFFERED = {Span.QUARTER: 4, Span.MONTH: 4, Span.HALF_YEAR: 2, Span.YEAR: 2}  # periods back from today


@awards.get("/awards")
@requires(Permission.EVALUATION_READ)
def index() -> Response:
    return _index_page(ProposeForm(data={"period": f"{Span.QUARTER}:{_last_quarter()}"}))


@awards.post("/awards")
@requires(Permission.EVALUATION_COMPUTE)
def propose() -> Response:
    form = ProposeForm(request.form)
    form.period.choices = _periods()
    if form.validate():
        try:
            return _propose(form)
        except Invalid as error:
            refuse(form, error)
    return _index_page(form, 422)


@awards.get("/awards/<int:award_id>")
@requires(Permission.EVALUATION_READ)
def show(award_id: int) -> Response:
    return _record_page(award_queries.get_award(actor(), award_id))


@awards.post("/awards/<int:award_id>/publish")
@requires(Permission.EVALUATION_COMPUTE)
def publish(award_id: int) -> Response:
    award_queries.get_award(actor(), award_id)
    with unit_of_work(actor(), clock.now()) as uow:
        award_services.publish(uow, award_id, _version())
    flash(_("已开始公示。"))
    return done(url_for(".show", award_id=award_id))


@awards.post("/awards/<int:award_id>/objections")
@requires(Permission.EVALUATION_COMPUTE)
def note_objection(award_id: int) -> Response:
    award_queries.get_award(actor(), award_id)
    form = AwardObjectionForm(request.form)
    status = attempt(form, lambda uow: _note(uow, award_id, form))
    if status:
        return _record_page(award_queries.get_award(actor(), award_id), status, noting=form)
    flash(_("异议已登记。"))
    return done(url_for(".show", award_id=award_id))


@awards.post("/awards/<int:award_id>/withdraw")
@requires(Permission.EVALUATION_LOCK)
def withdraw(award_id: int) -> Response:
    award, form = award_queries.get_award(actor(), award_id), WithdrawForm(request.form)
    if not form.validate():
        return _record_page(award, 422, withdrawing=form)
    with unit_of_work(actor(), clock.now()) as uow:
        award_services.withdraw(uow, award_id, _version(), form.reason.data)
    flash(_("已撤回，文书已作废。"))
    return done(url_for(".show", award_id=award_id))


@awards.get("/awards/<int:award_id>/decision")
@requires(Permission.EVALUATION_LOCK)
def decision(award_id: int) -> Response:
    award = award_queries.get_award(actor(), award_id)
    return _decision_page(award, AwardDecisionForm(data={"version": award.version}))


@awards.post("/awards/<int:award_id>/decision")
@requires(Permission.EVALUATION_LOCK)
def decide(award_id: int) -> Response:
    award, form = award_queries.get_award(actor(), award_id), AwardDecisionForm(request.form)
    errors, status = dict[str, str](), 422
    if form.validate():
        try:
            _decide(award, form)
        except (Invalid, NotAllowed, Stale) as error:
            errors = {error.field or "": message(error)}
            status = 422 if isinstance(error, Invalid) else 409
        else:
            flash(_("已决定，文书正在生成。"))
            return done(url_for(".show", award_id=award_id))
    award = award_queries.get_award(actor(), award_id)
    form.version.data = award.version
    return _decision_page(award, form, errors, status)


@awards.get("/awards/<int:award_id>/inputs/<name>")
@requires(Permission.EVALUATION_COMPUTE)
def inputs(award_id: int, name: str) -> Response:
    award = award_queries.get_award(actor(), award_id)
    return _inputs_page(award, _asked(award, name), {})


@awards.post("/awards/<int:award_id>/inputs/<name>")
@requires(Permission.EVALUATION_COMPUTE)
def enter(award_id: int, name: str) -> Response:
    award = award_queries.get_award(actor(), award_id)
    asked, errors = _asked(award, name), {}
    try:
        values = dict(_typed(award))
        with unit_of_work(actor(), clock.now()) as uow:
            award_services.enter_inputs(uow, award_id, _version(), asked, values)
    except Invalid as error:
        errors = {error.field or "": message(error)}
    else:
        flash(_("已保存，方案已重新拟定。"))
        return done(url_for(".show", award_id=award_id))
    return _inputs_page(award_queries.get_award(actor(), award_id), asked, errors, 422)


# --- what the pages do ----------------------------------------------------------------------------


def _last_quarter() -> date:
    first, _last = days_of(Span.QUARTER, clock.today())
    return days_of(Span.QUARTER, first - timedelta(days=1))[0]


def _periods() -> list[tuple[str, str]]:
    """Return the latest periods of every kind, with their words, the running ones among them."""
    found = []
    for span, count in OFFERED.items():
        first, _last = days_of(span, clock.today())
        for _number in range(count):
            text, values = period_words(span, first)
            found.append((f"{span}:{first}", _(text, **values)))
            first = days_of(span, first - timedelta(days=1))[0]
    return found


def _propose(form: ProposeForm) -> Response:
    span, _sign, first_on = form.period.data.partition(":")
    centre_id = actor().centre_id
    if centre_id is None:
        raise NotFound(N_("您的账号不属于任何中心。"))
    with unit_of_work(actor(), clock.now()) as uow:
        award_id = award_services.propose(
            uow, centre_id, Scored(form.subject.data), Span(span), date.fromisoformat(first_on)
        ).id
    flash(_("已拟定。"))
    return done(url_for(".show", award_id=award_id))


def _version() -> int:
    known = row_id(AwardStepForm(request.form).version.data)
    return -1 if known is None else known


def _note(uow: UnitOfWork, award_id: int, form: AwardObjectionForm) -> None:
    award_services.note_objection(
        uow,
        award_id,
        form.received_on.data,
        form.said_by.data,
        form.text.data,
        form.answer.data,
        form.form_key.data,
    )


def _decide(award: AwardRun, form: AwardDecisionForm) -> None:
    choices = []
    for row in _before_the_meeting(award):
        typed = request.form.get(f"rank_{row.id}", "").strip()
        if typed and not (typed.isascii() and typed.isdigit() and len(typed) < 4):
            raise Invalid(N_("名次应当是 1 以上的整数。"), field=f"rank_{row.id}")
        reason = request.form.get(f"reason_{row.id}", "").strip()[:200]
        choices.append(Choice(row.id, int(typed) if typed else None, reason))
    with unit_of_work(actor(), clock.now()) as uow:
        award_services.decide(uow, award.id, _version(), choices, form.decision.data, settings().base_url)


def _before_the_meeting(award: AwardRun) -> list[AwardCandidate]:
    return award_queries.put_before_the_meeting(award_queries.candidates_of(db.session(), award))


def _asked(award: AwardRun, name: str) -> Input:
    found = next((each for each in award_services.inputs_asked(award) if each.id == name), None)
    if found is None:
        raise NotFound(N_("细则没有要求录入这一项。"))
    return found


def _typed(award: AwardRun) -> Iterator[tuple[int, Decimal]]:
    """Yield the numbers typed for candidates. Raise Invalid, naming the field."""
    for row in award_queries.candidates_of(db.session(), award):
        typed = request.form.get(f"value_{row.holder_id}", "").strip()
        if typed:
            number = read_number(typed)
            if number is None:
                raise Invalid(N_("请填写数字。"), field=f"value_{row.holder_id}")
            yield row.holder_id, number


# --- what the pages show --------------------------------------------------------------------------


def _index_page(form: ProposeForm, status: int = 200) -> Response:
    g.section = "evaluations.index"
    form.period.choices = _periods()
    page, total = award_queries.list_awards(actor(), request.args)
    return render(
        "evaluations/awards.html",
        "evaluations/_awards.html",
        status=status,
        page=page,
        total=total,
        form=form,
        states=list(AwardState),
        words=period_words,
    )


def _record_page(
    award: AwardRun,
    status: int = 200,
    noting: AwardObjectionForm | None = None,
    withdrawing: WithdrawForm | None = None,
) -> Response:
    g.section = "evaluations.index"
    session, wide = db.session(), actor().centre_wide
    page, total = award_queries.list_candidates(actor(), award, request.args)
    return render(
        "evaluations/award.html",
        "evaluations/_candidates.html",
        status=status,
        award=award,
        page=page,
        total=total,
        tally=award_queries.tally(session, award),
        asked=award_services.inputs_asked(award) if can(Permission.EVALUATION_COMPUTE) else [],
        verbs=[verb.value for verb in award_services.verbs_of(session, actor(), award, clock.today())],
        refused=award_services.refused(session, actor(), award, clock.today()),
        objections=award_queries.objections_of(session, award.id) if wide else [],
        papers=award_queries.papers_of(session, award.id) if wide and can(Permission.DOCUMENT_READ) else [],
        stepping=AwardStepForm(data={"version": award.version}),
        withdrawing=withdrawing or WithdrawForm(data={"version": award.version}),
        noting=noting or AwardObjectionForm(),
        words=period_words,
        plain=plain,
        history=audit.history_of("award", award.id) if wide else [],
    )


def _decision_page(
    award: AwardRun, form: AwardDecisionForm, errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    g.section = "evaluations.index"
    rows = _before_the_meeting(award)
    ranks = {row.id: str(row.rank) if row.within else "" for row in rows}
    return render(
        "evaluations/award_decision.html",
        status=status,
        award=award,
        form=form,
        rows=rows,
        errors=errors or {},
        ranks={row.id: request.form.get(f"rank_{row.id}", ranks[row.id]) for row in rows},
        reasons={row.id: request.form.get(f"reason_{row.id}", "") for row in rows},
        decidable=AwardVerb.DECIDE in award_services.verbs_of(db.session(), actor(), award, clock.today()),
        refused=award_services.refused(db.session(), actor(), award, clock.today()),
        objections=award_queries.objections_of(db.session(), award.id),
        words=period_words,
        plain=plain,
    )


def _inputs_page(award: AwardRun, asked: Input, errors: dict[str, str], status: int = 200) -> Response:
    g.section = "evaluations.index"
    rows = award_queries.candidates_of(db.session(), award)
    stored = award.inputs.get(asked.id, {})
    return render(
        "evaluations/award_inputs.html",
        status=status,
        award=award,
        asked=asked,
        rows=rows,
        errors=errors,
        stepping=AwardStepForm(data={"version": award.version}),
        values={
            row.holder_id: request.form.get(f"value_{row.holder_id}", stored.get(str(row.holder_id), ""))
            for row in rows
        },
        words=period_words,
        plain=plain,
    )
