"""Editions of checklists: read, drafted anew, published from a day."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from app import clock
from app.audit import queries as audit
from app.core.errors import DomainError
from app.db.drafts import Draft
from app.db.uow import short_transaction, unit_of_work
from app.extensions import db
from app.fields import refuse
from app.inspections import checklist_queries, checklist_rules, checklist_services, queries
from app.inspections.forms import EditionForm, ItemForm, PublishForm
from app.inspections.models import Checklist
from app.inspections.rules import Severity
from app.organisation.rules import PointKind
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.page import done, label, render

checklists = Blueprint("checklists", __name__)


@checklists.get("/checklists")
@requires(Permission.PATROL_READ)
def index() -> Response:
    page, total = checklist_queries.list_checklists(actor(), request.args)
    drafts = checklist_queries.own_drafts(actor())
    return render("inspections/checklists.html", page=page, total=total, drafts=drafts)


@checklists.get("/checklists/<int:checklist_id>")
@requires(Permission.PATROL_READ)
def show(checklist_id: int) -> Response:
    row = checklist_queries.get_checklist(actor(), checklist_id)
    return render(
        "inspections/checklist.html",
        checklist=row,
        groups=_grouped(row),
        point_kind=PointKind,
        editions=checklist_queries.editions_of(row),
        history=audit.history_of("checklist", row.id),
    )


def _grouped(row: Checklist) -> list[tuple[str, list[Any]]]:
    groups: dict[str, list[Any]] = {}
    for item in queries.items_of(row.id):
        groups.setdefault(item.group_name, []).append(item)
    return list(groups.items())


@checklists.post("/checklists/<int:checklist_id>/drafts")
@requires(Permission.CHECKLIST_MANAGE)
def begin(checklist_id: int) -> Response:
    row = checklist_queries.get_checklist(actor(), checklist_id)
    newest = checklist_queries.editions_of(row)[0]
    with short_transaction() as session:
        base = session.get_one(Checklist, newest.id)
        draft_id = checklist_services.begin_draft(session, actor(), base, clock.now()).id
    return done(url_for(".draft", draft_id=draft_id))


@checklists.get("/checklists/drafts/<int:draft_id>")
@requires(Permission.CHECKLIST_MANAGE)
def draft(draft_id: int) -> Response:
    return _draft_page(checklist_queries.get_draft(actor(), draft_id))


@checklists.post("/checklists/drafts/<int:draft_id>")
@requires(Permission.CHECKLIST_MANAGE)
def rename(draft_id: int) -> Response:
    kept, form = checklist_queries.get_draft(actor(), draft_id), EditionForm(request.form)
    if not form.validate():
        return _draft_page(kept, edition=form, status=422)
    named = {"name": form.name.data, "source": form.source.data}
    return _change(draft_id, lambda content: {**content, **named})


@checklists.get("/checklists/drafts/<int:draft_id>/items/new")
@requires(Permission.CHECKLIST_MANAGE)
def new_item(draft_id: int) -> Response:
    return _item_page(checklist_queries.get_draft(actor(), draft_id), None, _item_form({}))


@checklists.post("/checklists/drafts/<int:draft_id>/items")
@requires(Permission.CHECKLIST_MANAGE)
def add_item(draft_id: int) -> Response:
    return _save_item(checklist_queries.get_draft(actor(), draft_id), None)


@checklists.get("/checklists/drafts/<int:draft_id>/items/<code>")
@requires(Permission.CHECKLIST_MANAGE)
def item(draft_id: int, code: str) -> Response:
    kept = checklist_queries.get_draft(actor(), draft_id)
    return _item_page(kept, code, _item_form(checklist_rules.find(kept.content, code)))


@checklists.post("/checklists/drafts/<int:draft_id>/items/<code>")
@requires(Permission.CHECKLIST_MANAGE)
def change_item(draft_id: int, code: str) -> Response:
    return _save_item(checklist_queries.get_draft(actor(), draft_id), code)


@checklists.post("/checklists/drafts/<int:draft_id>/items/<code>/move")
@requires(Permission.CHECKLIST_MANAGE)
def move_item(draft_id: int, code: str) -> Response:
    step = -1 if request.form.get("step") == "up" else 1
    return _change(draft_id, lambda content: checklist_rules.moved(content, code, step), code)


@checklists.post("/checklists/drafts/<int:draft_id>/items/<code>/retire")
@requires(Permission.CHECKLIST_MANAGE)
def retire_item(draft_id: int, code: str) -> Response:
    return _change(draft_id, lambda content: checklist_rules.without_item(content, code))


@checklists.post("/checklists/drafts/<int:draft_id>/publish")
@requires(Permission.CHECKLIST_MANAGE)
def publish(draft_id: int) -> Response:
    kept, form = checklist_queries.get_draft(actor(), draft_id), _publish_form(request.form)
    if form.validate():
        try:
            with unit_of_work(actor(), clock.now()) as uow:
                row = checklist_services.publish_draft(uow, draft_id, form.effective_on.data)
                checklist_id, edition = row.id, row.edition
        except DomainError as error:
            refuse(form, error)
        else:
            flash(_("第 %(edition)s 版已发布。", edition=edition))
            return done(url_for(".show", checklist_id=checklist_id))
    return _draft_page(kept, publishing=form, status=422)


@checklists.post("/checklists/drafts/<int:draft_id>/discard")
@requires(Permission.CHECKLIST_MANAGE)
def discard(draft_id: int) -> Response:
    with short_transaction() as session:
        checklist_services.discard_draft(session, actor(), draft_id)
    flash(_("草稿已放弃，现行清单没有变动。"))
    return done(url_for(".index"))


# --- what the pages show --------------------------------------------------------------------------


def _change(draft_id: int, change: Callable[[Any], dict[str, Any]], code: str | None = None) -> Response:
    with short_transaction() as session:
        checklist_services.change_draft(session, actor(), draft_id, change, clock.now())
    return done(url_for(".draft", draft_id=draft_id, _anchor=f"item-{code}" if code else None))


def _publish_form(sent: Any = None) -> PublishForm:
    return PublishForm(sent, data={"effective_on": clock.today()}, meta={"today": clock.today()})


def _draft_page(
    kept: Draft,
    edition: EditionForm | None = None,
    publishing: PublishForm | None = None,
    status: int = 200,
) -> Response:
    return render(
        "inspections/checklist_draft.html",
        status=status,
        draft=kept,
        base=db.session.get_one(Checklist, kept.subject_id),
        groups=checklist_rules.grouped(kept.content["items"]),
        severity=Severity,
        edition=edition or EditionForm(data=kept.content),
        publishing=publishing or _publish_form(),
    )


def _item_form(data: dict[str, Any]) -> ItemForm:
    form = ItemForm(request.form if request.method == "POST" else None, data=data)
    form.applies_to.choices = [(kind.value, label(kind)) for kind in PointKind]
    lines = [(n, _("第 %(n)s 条红线", n=n)) for n in range(1, 6)]
    form.red_line.choices = [*form.red_line.choices, *lines]
    return form


def _item_page(kept: Draft, code: str | None, form: ItemForm, status: int = 200) -> Response:
    groups = [name for name, _items in checklist_rules.grouped(kept.content["items"])]
    return render(
        "inspections/checklist_item.html", status=status, draft=kept, code=code, form=form, groups=groups
    )


def _save_item(kept: Draft, code: str | None) -> Response:
    form, draft_id = _item_form({}), kept.id
    if form.validate():
        try:
            item = checklist_rules.item_of(form.data)
            with short_transaction() as session:
                checklist_services.change_draft(
                    session,
                    actor(),
                    draft_id,
                    lambda content: checklist_rules.with_item(content, code, item),
                    clock.now(),
                )
        except DomainError as error:
            refuse(form, error)
        else:
            return done(url_for(".draft", draft_id=draft_id, _anchor=f"item-{item['code']}"))
    return _item_page(kept, code, form, 422)
