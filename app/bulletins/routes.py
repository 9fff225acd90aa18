"""Weekly bulletins: the list with the weeks that want one, a bulletin, its steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _
from wtforms import Form

from app import clock
from app.audit import queries as audit
from app.bulletins import figure_queries, queries, rules, services
from app.bulletins.forms import CorrectForm, DraftForm, ReturnForm, StepForm, TextForm
from app.bulletins.models import Bulletin
from app.bulletins.rules import TRANSITIONS, BulletinStatus, BulletinVerb, Content, change_words, week_words
from app.core.errors import NotFound
from app.core.i18n import N_
from app.core.machine import NO_PERMISSION, allowed, explain
from app.db.scope import row_id
from app.db.uow import UnitOfWork, begin_reading
from app.extensions import db
from app.inspections.plan_rules import monday
from app.permissions import Permission
from app.web.access import actor, can, requires
from app.web.changes import attempt, stamp
from app.web.page import done, render
from app.web.settings import settings

bp = Blueprint("bulletins", __name__)
OFFERED = 12  # weeks without a bulletin, the latest first
FORMS: dict[BulletinVerb, type[Form]] = {
    BulletinVerb.CHANGE: TextForm,
    BulletinVerb.REVIEW: StepForm,
    BulletinVerb.RETURN: ReturnForm,
    BulletinVerb.ISSUE: StepForm,
    BulletinVerb.CORRECT: CorrectForm,
}


@bp.get("/bulletins")
@requires(Permission.BULLETIN_READ)
def index() -> Response:
    return _index_page(DraftForm())


@bp.post("/bulletins")
@requires(Permission.BULLETIN_DRAFT)
def draft() -> Response:
    form, begun = DraftForm(request.form), list[int]()
    form.week.choices = _weeks(_cadence())
    status = attempt(form, lambda uow: begun.append(_draft(uow, form)))
    if status:
        return _index_page(form, status)
    flash(_("已起草。写好做法和要求，一周结束后交审核。"))
    return done(url_for(".show", bulletin_id=begun[0]))


@bp.get("/bulletins/<int:bulletin_id>")
@requires(Permission.BULLETIN_READ)
def show(bulletin_id: int) -> Response:
    return _page(queries.get_bulletin(actor(), bulletin_id))


@bp.post("/bulletins/<int:bulletin_id>/edit")
@requires(Permission.BULLETIN_DRAFT)
def change(bulletin_id: int) -> Response:
    def write(uow: UnitOfWork, form: Form) -> None:
        services.change(
            uow, bulletin_id, _version(form), form["good_practice"].data, form["requirements"].data
        )

    return _step(bulletin_id, BulletinVerb.CHANGE, write, _("已保存。"))


@bp.post("/bulletins/<int:bulletin_id>/review")
@requires(Permission.BULLETIN_REVIEW)
def review(bulletin_id: int) -> Response:
    begin_reading()  # one moment for all figures, counted before the change begins: nobody waits for it
    row = queries.get_bulletin(actor(), bulletin_id)
    content = figure_queries.content(actor(), row.centre_id, row.week_on, clock.now())

    def write(uow: UnitOfWork, form: Form) -> None:
        services.review(uow, bulletin_id, _version(form), content)

    return _step(bulletin_id, BulletinVerb.REVIEW, write, _("已审核，等待签发。"))


@bp.post("/bulletins/<int:bulletin_id>/return")
@requires(Permission.BULLETIN_REVIEW)
def send_back(bulletin_id: int) -> Response:
    def write(uow: UnitOfWork, form: Form) -> None:
        services.send_back(uow, bulletin_id, _version(form), form["reason"].data)

    return _step(bulletin_id, BulletinVerb.RETURN, write, _("已退回起草人。"))


@bp.post("/bulletins/<int:bulletin_id>/issue")
@requires(Permission.BULLETIN_ISSUE)
def issue(bulletin_id: int) -> Response:
    def write(uow: UnitOfWork, form: Form) -> None:
        services.issue(uow, bulletin_id, _version(form), settings().base_url)

    return _step(bulletin_id, BulletinVerb.ISSUE, write, _("已签发，文书正在生成。"))


@bp.post("/bulletins/<int:bulletin_id>/correct")
@requires(Permission.BULLETIN_DRAFT)
def correct(bulletin_id: int) -> Response:
    begun = list[int]()

    def write(uow: UnitOfWork, form: Form) -> None:
        begun.append(services.correct(uow, bulletin_id, _version(form), form["reason"].data).id)

    answer = _step(bulletin_id, BulletinVerb.CORRECT, write, _("更正已起草，签发后替代原通报。"))
    return done(url_for(".show", bulletin_id=begun[0])) if begun else answer


# --- what the pages do ----------------------------------------------------------------------------


def _step(
    bulletin_id: int, verb: BulletinVerb, write: Callable[[UnitOfWork, Form], None], said: str
) -> Response:
    """Take one step of a bulletin; what was typed comes back if it is refused."""
    queries.get_bulletin(actor(), bulletin_id)
    form = FORMS[verb](request.form)
    status = attempt(form, lambda uow: write(uow, form))
    if status:
        return _page(queries.get_bulletin(actor(), bulletin_id), status, {verb: form})
    flash(said)
    return done(url_for(".show", bulletin_id=bulletin_id))


def _version(form: Form) -> int:
    known = row_id(form["version"].data)
    return -1 if known is None else known


def _draft(uow: UnitOfWork, form: DraftForm) -> int:
    centre_id = actor().centre_id
    if centre_id is None:
        raise NotFound(N_("您的账号不属于任何中心。"))
    return services.draft(uow, centre_id, date.fromisoformat(form.week.data)).id


def _year() -> int:
    year = row_id(request.args.get("year"))
    return year if year is not None and 2000 <= year < 2100 else rules.year_of(clock.today())


def _cadence() -> queries.Cadence | None:
    """Return how the weeks of the year were told, to who sees more of a centre than what is issued."""
    who = actor()
    if who.centre_id is None or not who.centre_wide:
        return None
    return queries.cadence(who.centre_id, _year(), clock.today())


def _weeks(cadence: queries.Cadence | None) -> list[tuple[str, str]]:
    """Return the weeks that may be drafted, the latest first, the running one last."""
    found = []
    for week_on in [*(cadence.missing[:OFFERED] if cadence else ()), monday(clock.today())]:
        text, values = week_words(week_on)
        found.append(
            (week_on.isoformat(), _(text, **values) + f"（{week_on:%m-%d} — {week_on + rules.SIX:%m-%d}）")
        )
    return found


# --- what the pages show --------------------------------------------------------------------------


def _index_page(form: DraftForm, status: int = 200) -> Response:
    cadence = _cadence()
    form.week.choices = _weeks(cadence)
    page, total = queries.list_bulletins(actor(), request.args)
    return render(
        "bulletins/list.html",
        "bulletins/_rows.html",
        status=status,
        page=page,
        total=total,
        form=form,
        cadence=cadence,
        year=_year(),
        this_year=rules.year_of(clock.today()),
        statuses=list(BulletinStatus) if actor().centre_wide else list(rules.PUBLIC),
        words=week_words,
    )


def _page(row: Bulletin, status: int = 200, typed: dict[BulletinVerb, Form] | None = None) -> Response:
    facts, granted = queries.facts_of(actor(), row, clock.today()), actor().permissions
    verbs = allowed(TRANSITIONS, row.status, granted, facts)
    refused = explain(TRANSITIONS, row.status, granted, facts)
    texts = {"good_practice": row.good_practice, "requirements": row.requirements}
    forms = {verb: FORMS[verb](data=texts) for verb in verbs} | (typed or {})
    stamp(forms, row.version)
    wide = actor().centre_wide
    return render(
        "bulletins/show.html",
        status=status,
        row=row,
        content=_content(row),
        cutoff=row.reviewed_at or clock.now(),
        verbs=[verb.value for verb in verbs],
        refused=[reason for _verb, reason in refused if reason != NO_PERMISSION],
        forms={verb.value: form for verb, form in forms.items()},
        paper=queries.paper_of(db.session(), row.id) if can(Permission.DOCUMENT_READ) else None,
        words=week_words,
        changed=change_words,
        history=audit.history_of("bulletin", row.id) if wide else [],
    )


def _content(row: Bulletin) -> Content:
    """Return the figures as they were reviewed; of a draft, as they are now."""
    if row.figures is not None:
        return Content.read(row.figures)
    return figure_queries.content(actor(), row.centre_id, row.week_on, clock.now())
