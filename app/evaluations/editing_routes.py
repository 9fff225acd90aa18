"""A draft of a rulebook on screen: items, categories, limits, and a running example beside the item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, flash, g, request, url_for
from flask_babel import gettext as _
from wtforms import Form

from app import clock
from app.core.errors import DomainError, Invalid, NotAllowed
from app.core.points import plain
from app.db.scope import row_id
from app.db.uow import unit_of_work
from app.evaluations import editing_rules, example_rules, rulebook_queries, rulebook_services
from app.evaluations.forms import ITEM_FIELDS, CategoryForm, HeadForm, ItemForm, ScoreForm, item_values
from app.evaluations.models import RulebookVersion
from app.evaluations.rulebook_routes import link_words, record_page
from app.evaluations.rulebook_rules import Category, Rulebook
from app.evaluations.version_rules import VersionStatus
from app.fields import refuse
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.page import done, message, render

editing = Blueprint("editing", __name__)
LIMITS = ("base", "floor", "ceiling", "bonus_cap")
OWN_NAMES = {name: name for name in ("id", "name", "score", "max", "stop_at_zero", *LIMITS)}


@editing.get("/rulebooks/<int:rulebook_id>/items/new")
@requires(Permission.RULEBOOK_MANAGE)
def new_item(rulebook_id: int) -> Response:
    row = _draft(rulebook_id)
    category = request.args.get("category", "")
    return _item_page(row, None, _item_form(row, {"category": category, "version": row.version}))


@editing.post("/rulebooks/<int:rulebook_id>/items")
@requires(Permission.RULEBOOK_MANAGE)
def add_item(rulebook_id: int) -> Response:
    return _save_item(_draft(rulebook_id), None)


@editing.get("/rulebooks/<int:rulebook_id>/items/<item_id>")
@requires(Permission.RULEBOOK_MANAGE)
def item(rulebook_id: int, item_id: str) -> Response:
    row = _draft(rulebook_id)
    category, found = editing_rules.find_item(rulebook_queries.book_of(row), item_id)
    values = item_values(category, found) | {"version": row.version}
    return _item_page(row, item_id, _item_form(row, values))


@editing.post("/rulebooks/<int:rulebook_id>/items/<item_id>")
@requires(Permission.RULEBOOK_MANAGE)
def change_item(rulebook_id: int, item_id: str) -> Response:
    return _save_item(_draft(rulebook_id), item_id)


@editing.post("/rulebooks/<int:rulebook_id>/items/<item_id>/remove")
@requires(Permission.RULEBOOK_MANAGE)
def remove_item(rulebook_id: int, item_id: str) -> Response:
    row = _draft(rulebook_id)
    try:
        _edit(
            row, lambda book: editing_rules.without_item(book, item_id), (), {}, request.form.get("version")
        )
    except Invalid as error:
        return record_page(_draft(rulebook_id), fault=error, status=422)
    flash(_("条目已删去；施行过的各版不变。"))
    return _to_record(rulebook_id)


@editing.get("/rulebooks/<int:rulebook_id>/example")
@requires(Permission.RULEBOOK_MANAGE)
def example(rulebook_id: int) -> Response:
    """Show what the item that is being typed would cost."""
    row, former = _draft(rulebook_id), request.args.get("former") or None
    form = _item_form(row, {}, request.args)
    book = rulebook_queries.book_of(row)
    if form.validate():
        book = editing_rules.with_item(book, former, form.category.data, form.item(_always(book, former)))
        former = form.id.data
    return render("evaluations/_example.html", **_example(book, former))


@editing.get("/rulebooks/<int:rulebook_id>/categories/new")
@requires(Permission.RULEBOOK_MANAGE)
def new_category(rulebook_id: int) -> Response:
    row = _draft(rulebook_id)
    return _category_page(row, None, _category_form(row, {"version": row.version}))


@editing.post("/rulebooks/<int:rulebook_id>/categories")
@requires(Permission.RULEBOOK_MANAGE)
def add_category(rulebook_id: int) -> Response:
    return _save_category(_draft(rulebook_id), None)


@editing.get("/rulebooks/<int:rulebook_id>/categories/<category_id>")
@requires(Permission.RULEBOOK_MANAGE)
def category(rulebook_id: int, category_id: str) -> Response:
    row = _draft(rulebook_id)
    found = editing_rules.find_category(rulebook_queries.book_of(row), category_id)
    values = {name: getattr(found, name) for name in CategoryForm()._fields if name != "version"}
    return _category_page(row, category_id, _category_form(row, values | {"version": row.version}))


@editing.post("/rulebooks/<int:rulebook_id>/categories/<category_id>")
@requires(Permission.RULEBOOK_MANAGE)
def change_category(rulebook_id: int, category_id: str) -> Response:
    return _save_category(_draft(rulebook_id), category_id)


@editing.get("/rulebooks/<int:rulebook_id>/scores/<score_id>")
@requires(Permission.RULEBOOK_MANAGE)
def score(rulebook_id: int, score_id: str) -> Response:
    row = _draft(rulebook_id)
    found = editing_rules.find_score(rulebook_queries.book_of(row), score_id)
    form = ScoreForm(data={name: getattr(found, name) for name in LIMITS} | {"version": row.version})
    return _form_page(row, found.name, form, url_for(".change_score", rulebook_id=row.id, score_id=score_id))


@editing.post("/rulebooks/<int:rulebook_id>/scores/<score_id>")
@requires(Permission.RULEBOOK_MANAGE)
def change_score(rulebook_id: int, score_id: str) -> Response:
    row, form = _draft(rulebook_id), ScoreForm(request.form)
    found = editing_rules.find_score(rulebook_queries.book_of(row), score_id)

    def change(book: Rulebook) -> Rulebook:
        return editing_rules.with_score(book, score_id, {name: form[name].data for name in LIMITS})

    return _keep(row, form, change, ("scores", score_id), OWN_NAMES) or _form_page(
        row, found.name, form, request.path, 422
    )


@editing.get("/rulebooks/<int:rulebook_id>/head")
@requires(Permission.RULEBOOK_MANAGE)
def head(rulebook_id: int) -> Response:
    row = _draft(rulebook_id)
    book = rulebook_queries.book_of(row)
    texts = {"readings": "\n".join(book.readings), "notes": "\n".join(book.notes)}
    form = HeadForm(data={"title": book.title, "source": book.source, "version": row.version, **texts})
    return _form_page(row, _("名称和说明"), form, url_for(".change_head", rulebook_id=row.id))


@editing.post("/rulebooks/<int:rulebook_id>/head")
@requires(Permission.RULEBOOK_MANAGE)
def change_head(rulebook_id: int) -> Response:
    row, form = _draft(rulebook_id), HeadForm(request.form)

    def change(book: Rulebook) -> Rulebook:
        readings, notes = _lines(form.readings.data), _lines(form.notes.data)
        return replace(book, title=form.title.data, source=form.source.data, readings=readings, notes=notes)

    return _keep(row, form, change) or _form_page(row, _("名称和说明"), form, request.path, 422)


# --- keeping what was typed -----------------------------------------------------------------------


def _draft(rulebook_id: int) -> RulebookVersion:
    """Return a draft in sight. Raise NotAllowed if the version is none any more."""
    g.section = "evaluations.index"
    row = rulebook_queries.get_version(actor(), rulebook_id)
    if row.status is not VersionStatus.DRAFT:
        raise NotAllowed(rulebook_services.NOT_A_DRAFT)
    return row


def _edit(
    row: RulebookVersion,
    change: Callable[[Rulebook], Rulebook],
    asked: tuple[str, ...],
    names: dict[str, str],
    version: str | None,
) -> None:
    rulebook_id = row.id
    with unit_of_work(actor(), clock.now()) as uow:
        known = row_id(version)
        rulebook_services.edit_draft(uow, rulebook_id, -1 if known is None else known, change, asked, names)


def _keep(
    row: RulebookVersion,
    form: Form,
    change: Callable[[Rulebook], Rulebook],
    asked: tuple[str, ...] = (),
    names: dict[str, str] | None = None,
) -> Response | None:
    """Keep what a form says and lead back to the record; None if it was refused."""
    rulebook_id = row.id
    if not form.validate():
        return None
    try:
        _edit(row, change, asked, names or {}, form["version"].data)
    except Invalid as error:
        refuse(form, error)
        return None
    flash(_("已保存到草稿。"))
    return _to_record(rulebook_id, asked)


def _to_record(rulebook_id: int, asked: tuple[str, ...] = ()) -> Response:
    anchor = "-".join(asked) or None
    return done(url_for("evaluations.rulebooks.show", rulebook_id=rulebook_id, _anchor=anchor))


def _lines(text: str | None) -> tuple[str, ...]:
    return tuple(line.strip() for line in (text or "").splitlines() if line.strip())


def _always(book: Rulebook, item_id: str | None) -> bool:
    return item_id is not None and editing_rules.find_item(book, item_id)[1].always


def _save_item(row: RulebookVersion, former: str | None) -> Response:
    form = _item_form(row, {}, request.form)

    def change(book: Rulebook) -> Rulebook:
        return editing_rules.with_item(book, former, form.category.data, form.item(_always(book, former)))

    asked = ("items", form.id.data or "")
    kept = _keep(row, form, change, asked, ITEM_FIELDS)
    return kept or _item_page(_draft(row.id), former, form, 422)


def _save_category(row: RulebookVersion, former: str | None) -> Response:
    form = _category_form(row, {}, request.form)

    def change(book: Rulebook) -> Rulebook:
        values = {name: field.data for name, field in form._fields.items() if name != "version"}
        items = editing_rules.find_category(book, former).items if former else ()
        return editing_rules.with_category(book, former, Category(**values, items=items))

    kept = _keep(row, form, change, ("categories", form.id.data or ""), OWN_NAMES)
    return kept or _category_page(_draft(row.id), former, form, 422)


# --- what the pages show --------------------------------------------------------------------------


def _item_form(row: RulebookVersion, data: dict[str, Any], sent: Any = None) -> ItemForm:
    form = ItemForm(sent, data=data)
    book = rulebook_queries.book_of(row)
    form.category.choices = [(each.id, each.name) for each in book.categories]
    form.links.choices = list(link_words(row.centre_id).items())
    return form


def _item_page(row: RulebookVersion, item_id: str | None, form: ItemForm, status: int = 200) -> Response:
    book = rulebook_queries.book_of(row)
    taken = {link: each.name for _c, each in book.items() for link in each.links if each.id != item_id}
    return render(
        "evaluations/rule_item.html",
        status=status,
        row=row,
        item_id=item_id,
        form=form,
        taken=taken,
        **_example(book, item_id),
    )


def _example(book: Rulebook, item_id: str | None) -> dict[str, Any]:
    """Return what the running example shows: the score of somebody to whom only this happened."""
    times = min(row_id(request.args.get("times")) or 3, example_rules.MOST)
    said = {
        "plain": plain,
        "times": times,
        "facts": request.args.get("facts", ""),
        "scored": None,
        "refused": "",
    }
    if item_id is None:
        return said
    try:
        _c, found = editing_rules.find_item(book, item_id)
        said["facts"] = said["facts"] or example_rules.write_facts(found)
        facts = example_rules.read_facts(str(said["facts"]))
        said["scored"] = example_rules.run(book, item_id, times, facts)
    except DomainError as error:
        said["refused"] = message(error)
    return said


def _category_form(row: RulebookVersion, data: dict[str, Any], sent: Any = None) -> CategoryForm:
    form = CategoryForm(sent, data=data)
    book = rulebook_queries.book_of(row)
    form.score.choices = [(each.id, each.name) for each in book.scores]
    return form


def _category_page(
    row: RulebookVersion, category_id: str | None, form: CategoryForm, status: int = 200
) -> Response:
    title = _("修改类别") if category_id else _("添加类别")
    endpoint = ".change_category" if category_id else ".add_category"
    url = url_for(endpoint, rulebook_id=row.id, category_id=category_id)
    return _form_page(row, title, form, url, status)


def _form_page(row: RulebookVersion, title: str, form: Form, url: str, status: int = 200) -> Response:
    return render("evaluations/rule_form.html", status=status, row=row, heading=title, form=form, url=url)
