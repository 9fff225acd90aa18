"""Months: computed, published, locked, announced; their tables, sheets and the lines behind each number."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, flash, g, request, url_for
from flask_babel import gettext as _

from app import clock
from app.audit import queries as audit
from app.core.errors import DomainError, Invalid, NotFound
from app.core.i18n import N_
from app.core.points import plain, rounded
from app.db.scope import row_id
from app.db.uow import begin_reading, unit_of_work
from app.evaluations import comparison_queries, month_queries, month_services, rulebook_queries
from app.evaluations.forms import CorrectionForm, MonthForm, ReopenForm, StepForm
from app.evaluations.models import EvaluationMonth, Score, ScoreRun
from app.evaluations.month_rules import SETTLED, MonthState, MonthVerb, Scored, check_objection, month_of
from app.evaluations.month_scoring import TIMES
from app.evaluations.objection_services import is_concerned
from app.evaluations.rulebook_routes import link_words
from app.fields import refuse
from app.permissions import Permission
from app.web.access import actor, can, requires
from app.web.changes import attempt
from app.web.page import done, label, render

ONE_DAY = timedelta(days=1)
months = Blueprint("months", __name__)


def index_page(form: MonthForm | None = None, status: int = 200) -> Response:
    page, total = month_queries.list_months(actor(), request.args)
    return render(
        "evaluations/months.html",
        "evaluations/_months.html",
        status=status,
        page=page,
        total=total,
        form=form or MonthForm(data={"month": f"{clock.today().replace(day=1) - ONE_DAY:%Y-%m}"}),
    )


@months.post("/evaluations")
@requires(Permission.EVALUATION_COMPUTE)
def compute() -> Response:
    form = MonthForm(request.form)
    if form.validate():
        try:
            return _compute(form.month.data)
        except Invalid as error:
            refuse(form, error)
    return index_page(form, 422)


def _compute(typed: str) -> Response:
    first_on, centre_id = month_of(typed), actor().centre_id
    if centre_id is None:
        raise NotFound(N_("您的账号不属于任何中心。"))
    month_services.check_begun(first_on, clock.today())
    begin_reading()
    draft = month_services.drafted(centre_id, first_on)
    with unit_of_work(actor(), clock.now()) as uow:
        before = month_queries.month_at(uow.session, centre_id, first_on)
        runs = before.runs if before else 0
        month = month_services.compute_month(uow, centre_id, first_on, draft)
        month_id, changed = month.id, month.runs != runs
    flash(_("已计算。") if changed else _("重新计算的结果与原来相同。"))
    return done(url_for(".show", month_id=month_id))


@months.get("/evaluations/<int:month_id>")
@requires(Permission.EVALUATION_READ)
def show(month_id: int) -> Response:
    return month_page(month_queries.get_month(actor(), month_id))


@months.get("/evaluations/<int:month_id>/lines")
@requires(Permission.EVALUATION_READ)
def lines(month_id: int) -> Response:
    """Show the lines behind one number: of an item, of a window, or all there are."""
    month = month_queries.get_month(actor(), month_id)
    run, subject = month_queries.run_of(month), _subject()
    if run is None:
        raise NotFound(N_("这个月还没有计算。"))
    page, total = month_queries.lines_about(actor(), run, subject, request.args)
    g.section = "evaluations.index"
    return render("evaluations/lines.html", month=month, page=page, total=total, subject=subject, plain=plain)


@months.post("/evaluations/<int:month_id>/publish")
@requires(Permission.EVALUATION_COMPUTE)
def publish(month_id: int) -> Response:
    return _step(month_id, MonthVerb.PUBLISH, _("已公布，当事人和首席代表可以查看和申诉。"))


@months.post("/evaluations/<int:month_id>/lock")
@requires(Permission.EVALUATION_LOCK)
def lock(month_id: int) -> Response:
    return _step(month_id, MonthVerb.LOCK, _("已锁定。"))


@months.post("/evaluations/<int:month_id>/announce")
@requires(Permission.EVALUATION_LOCK)
def announce(month_id: int) -> Response:
    return _step(month_id, MonthVerb.ANNOUNCE, _("已发布。"))


@months.post("/evaluations/<int:month_id>/reopen")
@requires(Permission.EVALUATION_LOCK)
def reopen(month_id: int) -> Response:
    month, form = month_queries.get_month(actor(), month_id), ReopenForm(request.form)
    if not form.validate():
        return month_page(month, form, 422)
    return _step(month_id, MonthVerb.REOPEN, _("已重开；原来的结果保留在历次计算里。"), form.reason.data)


@months.get("/evaluations/<int:month_id>/check")
@requires(Permission.EVALUATION_COMPUTE)
def check(month_id: int) -> Response:
    """Compute again without storing anything, and show what would differ."""
    month = month_queries.get_month(actor(), month_id)
    g.section = "evaluations.index"
    return render(
        "evaluations/check.html", month=month, found=comparison_queries.differences(month), plain=plain
    )


@months.get("/evaluations/scores/<int:score_id>")
@requires(Permission.EVALUATION_READ)
def sheet(score_id: int) -> Response:
    return _sheet_page(month_queries.get_score(actor(), score_id))


@months.post("/evaluations/scores/<int:score_id>/corrections")
@requires(Permission.EVALUATION_CORRECT)
def correct(score_id: int) -> Response:
    month_queries.get_score(actor(), score_id)
    form = CorrectionForm(request.form)
    status = attempt(
        form,
        lambda uow: month_services.enter_correction(
            uow, score_id, form.points.data, form.reason.data, form.form_key.data
        ),
    )
    if status:
        return _sheet_page(month_queries.get_score(actor(), score_id), form, status)
    flash(_("更正已登记，计入下一个没有公布的月份。"))
    return done(url_for(".sheet", score_id=score_id))


# --- what the pages show --------------------------------------------------------------------------


def _subject() -> Scored:
    wanted = request.args.get("subject")
    return Scored(wanted) if wanted in set(Scored) else Scored.STAFF


def _step(month_id: int, verb: MonthVerb, said: str, reason: str = "") -> Response:
    month = month_queries.get_month(actor(), month_id)
    known = row_id(StepForm(request.form).version.data)
    with unit_of_work(actor(), clock.now()) as uow:
        month_services.take_step(uow, month.id, verb, -1 if known is None else known, reason)
    flash(said)
    return done(url_for(".show", month_id=month_id))


def month_page(month: EvaluationMonth, reopening: ReopenForm | None = None, status: int = 200) -> Response:
    """Show a month by its latest run, or for those of the centre by an earlier one."""
    g.section = "evaluations.index"
    wanted = row_id(request.args.get("run")) if actor().centre_wide else None
    run, subject = month_queries.run_of(month, wanted), _subject()
    shown = month_queries.list_scores(actor(), run, subject, request.args) if run else (None, 0)
    return render(
        "evaluations/month.html",
        "evaluations/_scores.html",
        status=status,
        month=month,
        run=run,
        runs=month_queries.runs_of(month) if actor().centre_wide else [],
        page=shown[0],
        total=shown[1],
        subject=subject,
        subjects=list(Scored),
        figures=month_queries.figures(actor(), run, subject) if run else None,
        problems=_problems(run) if run and can(Permission.EVALUATION_COMPUTE) else [],
        items=month_queries.by_item(actor(), run, subject) if run else [],
        verbs=[verb.value for verb in month_services.verbs_of(actor(), month, clock.today())],
        refused=month_services.refused(actor(), month, clock.today()),
        pending=month_queries.pending(month.id),
        reopening=reopening or ReopenForm(data={"version": month.version}),
        stepping=StepForm(data={"version": month.version}),
        plain=plain,
        rounded=rounded,
        history=audit.history_of("evaluation_month", month.id) if actor().centre_wide else [],
    )


def _problems(run: ScoreRun) -> list[tuple[str, str]]:
    """Return what was not scored, each with its words: a check item, a kind of entry, a kind of subject."""
    words = link_words(run.month.centre_id)
    found = []
    for _fault, what, whom in run.problems:
        code, sign, count = whom.partition(TIMES)
        named = label(Scored(code)) if code in set(Scored) else words.get(code, code)
        found.append((named + sign + count, what))
    return found


def _sheet_page(score: Score, correcting: CorrectionForm | None = None, status: int = 200) -> Response:
    """Show a score with its lines, each traced to its source row and clause."""
    g.section = "evaluations.index"
    month = score.run.month
    lines = month_queries.lines_of(score)
    latest = score.run.number == month.runs
    return render(
        "evaluations/sheet.html",
        status=status,
        score=score,
        month=month,
        lines=lines,
        latest=latest,
        book=rulebook_queries.book_of(score.rulebook),
        objections=month_queries.objections_by_source(month.id),
        objectable=latest and can(Permission.OBJECTION_FILE) and _objectable(score, month),
        correctable=can(Permission.EVALUATION_CORRECT)
        and latest
        and month.state in SETTLED
        and score.subject is not Scored.CHIEF_REP,
        correcting=correcting or CorrectionForm(),
        total=sum((line.worth for line in lines), start=score.unrounded * 0),
        plain=plain,
        heading=f"{score.name} · {label(score.subject)}",
    )


def _objectable(score: Score, month: EvaluationMonth) -> bool:
    if month.state is not MonthState.PUBLISHED or not is_concerned(actor(), score):
        return False
    try:
        check_objection(month.state, month.objections_until, clock.today(), True)
    except DomainError:
        return False
    return True
