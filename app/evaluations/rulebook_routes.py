"""Versions of rulebooks: read, brought in and out as YAML, drafted anew, put in force, retired."""

from __future__ import annotations

from flask import Blueprint, Response, flash, g, request, url_for
from flask_babel import gettext as _
from wtforms import Form

from app import clock
from app.audit import queries as audit
from app.core.errors import DomainError, Invalid, NotFound
from app.core.i18n import N_
from app.core.points import plain
from app.db.scope import row_id
from app.db.uow import unit_of_work
from app.evaluations import rulebook_queries, rulebook_services
from app.evaluations.forms import ImportForm, InForceForm, RetireForm
from app.evaluations.models import RulebookVersion
from app.evaluations.reading import BrokenRulebook
from app.evaluations.rules import Subject
from app.evaluations.tier_rules import REST, write_tiers
from app.evaluations.version_rules import TEXT_MAX, VersionStatus, standing
from app.extensions import db
from app.fields import refuse
from app.permissions import Permission
from app.registers.rules import Kind
from app.web.access import actor, requires
from app.web.changes import attempt
from app.web.page import done, label, message, render

rulebooks = Blueprint("rulebooks", __name__)


@rulebooks.get("/rulebooks")
@requires(Permission.RULEBOOK_READ)
def index() -> Response:
    page, total = rulebook_queries.list_versions(actor(), request.args)
    return render(
        "evaluations/rulebooks.html",
        "evaluations/_rulebooks.html",
        page=page,
        total=total,
        subjects=list(Subject),
        statuses=list(VersionStatus),
        standing_of=_standing,
    )


@rulebooks.get("/rulebooks/<int:rulebook_id>")
@requires(Permission.RULEBOOK_READ)
def show(rulebook_id: int) -> Response:
    return record_page(rulebook_queries.get_version(actor(), rulebook_id))


@rulebooks.get("/rulebooks/import")
@requires(Permission.RULEBOOK_MANAGE)
def import_form() -> Response:
    return render("evaluations/rulebook_import.html", form=ImportForm(), faults=[])


@rulebooks.post("/rulebooks/import")
@requires(Permission.RULEBOOK_MANAGE)
def import_yaml() -> Response:
    form, faults = ImportForm(request.form), []
    valid = form.validate()
    try:
        text = _uploaded() or form.text.data or ""
        if valid and not text:
            raise Invalid(N_("请选择文件，或者粘贴 YAML 文本。"))
        if valid:
            return _import(text)
    except BrokenRulebook as broken:
        faults = [_("第 %(line)d 行：%(reason)s", line=line, reason=why) for line, why in broken.faults]
    except DomainError as error:
        refuse(form, error)
    return render("evaluations/rulebook_import.html", status=422, form=form, faults=faults)


def _import(text: str) -> Response:
    centre_id = actor().centre_id
    if centre_id is None:
        raise NotFound(N_("您的账号不属于任何中心。"))
    with unit_of_work(actor(), clock.now()) as uow:
        row = rulebook_services.import_rulebook(uow, centre_id, text)
        rulebook_id, edition = row.id, row.edition
    flash(_("已导入为第 %(edition)s 版。", edition=edition))
    return done(url_for(".show", rulebook_id=rulebook_id))


def _uploaded() -> str:
    file = request.files.get("file")
    content = file.stream.read(TEXT_MAX + 1) if file and file.filename else b""
    if len(content) > TEXT_MAX:
        raise Invalid(N_("文件超过 %(size)d KB，不是一部考核细则。"), size=TEXT_MAX // 1024)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(N_("文件不是 UTF-8 编码的文本。")) from None


@rulebooks.post("/rulebooks/<int:rulebook_id>/export")
@requires(Permission.RULEBOOK_READ)
def export(rulebook_id: int) -> Response:
    row = rulebook_queries.get_version(actor(), rulebook_id)
    with unit_of_work(actor(), clock.now()) as uow:
        name, text = rulebook_services.export(uow, row.id)
    response = Response(text, 200, content_type="application/yaml; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@rulebooks.post("/rulebooks/<int:rulebook_id>/versions")
@requires(Permission.RULEBOOK_MANAGE)
def begin(rulebook_id: int) -> Response:
    row = rulebook_queries.get_version(actor(), rulebook_id)
    with unit_of_work(actor(), clock.now()) as uow:
        draft_id = rulebook_services.begin_version(uow, row.id).id
    return done(url_for(".show", rulebook_id=draft_id))


@rulebooks.post("/rulebooks/<int:rulebook_id>/put-in-force")
@requires(Permission.RULEBOOK_DECIDE)
def put_in_force(rulebook_id: int) -> Response:
    rulebook_queries.get_version(actor(), rulebook_id)
    form = in_force_form(request.form)
    status = attempt(
        form,
        lambda uow: rulebook_services.put_in_force(uow, rulebook_id, form.effective_on.data, _known(form)),
    )
    if status:
        return record_page(rulebook_queries.get_version(actor(), rulebook_id), in_force=form, status=status)
    flash(_("已定于 %(day)s 施行。", day=form.effective_on.data))
    return done(url_for(".show", rulebook_id=rulebook_id))


@rulebooks.post("/rulebooks/<int:rulebook_id>/retire")
@requires(Permission.RULEBOOK_DECIDE)
def retire(rulebook_id: int) -> Response:
    rulebook_queries.get_version(actor(), rulebook_id)
    form = retire_form(request.form)
    status = attempt(
        form,
        lambda uow: rulebook_services.retire(
            uow, rulebook_id, form.retired_on.data, form.reason.data, _known(form)
        ),
    )
    if status:
        return record_page(rulebook_queries.get_version(actor(), rulebook_id), retiring=form, status=status)
    flash(_("已定于 %(day)s 停用。", day=form.retired_on.data))
    return done(url_for(".show", rulebook_id=rulebook_id))


# --- what the pages show --------------------------------------------------------------------------


def _standing(row: RulebookVersion) -> object:
    return standing(row.status, row.effective_on, row.retired_on, clock.today())


def link_words(centre_id: int) -> dict[str, str]:
    """Return what items can be linked to at a centre, as people call it: F07 消防通道被占用, 帮办代办."""
    found = rulebook_queries.links_of(db.session(), centre_id)
    return {code: f"{code} {wording}" if wording else label(Kind(code)) for code, wording in found.items()}


def _known(form: Form) -> int:
    """Return the version that a form was made from; one that no row has where it says none."""
    version = row_id(form["version"].data)
    return -1 if version is None else version


def in_force_form(sent: object = None, **data: object) -> InForceForm:
    return InForceForm(sent, data=data, meta={"today": clock.today()})


def retire_form(sent: object = None, **data: object) -> RetireForm:
    return RetireForm(sent, data=data, meta={"today": clock.today()})


def record_page(
    row: RulebookVersion,
    in_force: Form | None = None,
    retiring: Form | None = None,
    status: int = 200,
    fault: DomainError | None = None,
) -> Response:
    """Show a version; the forms are those that were refused, `fault` why an item could not be removed."""
    g.section = "evaluations.index"
    versions = rulebook_queries.versions_of(actor(), row)
    return render(
        "evaluations/rulebook.html",
        status=status,
        row=row,
        book=rulebook_queries.book_of(row),
        versions=versions,
        newest=versions[0].id == row.id,
        standing_of=_standing,
        links=link_words(row.centre_id),
        tiers=lambda choices: write_tiers(choices, _(REST)).splitlines(),
        plain=plain,
        fault=message(fault) if fault else "",
        in_force=in_force or in_force_form(version=row.version, effective_on=row.effective_on),
        retiring=retiring or retire_form(version=row.version, retired_on=clock.today()),
        history=audit.history_of("rulebook", row.id),
    )
