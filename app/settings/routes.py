from __future__ import annotations

from flask import Blueprint, Response, flash, g, request, url_for
from flask_babel import gettext as _
from wtforms import Form

from app import clock
from app.audit import queries as audit
from app.core.errors import Invalid, NotFound
from app.core.i18n import N_
from app.db.scope import MISSING, row_id
from app.db.uow import UnitOfWork
from app.documents.rules import check_mark, check_pattern, document_number
from app.extensions import db
from app.permissions import Permission
from app.settings import forms, queries, rules, services
from app.settings.rules import Group
from app.web.access import actor, can, requires
from app.web.changes import attempt
from app.web.page import done, message, render

bp = Blueprint("settings", __name__)


@bp.get("/settings")
@requires(Permission.SETTING_READ)
def index() -> Response:
    """Lead to a group of settings of the centre that was chosen, or of one's own."""
    wanted = request.args.get("group")
    group = Group(wanted) if wanted in set(Group) else Group.DEADLINES
    centre_id = row_id(request.args.get("centre")) or actor().centre_id
    if centre_id is None:
        raise NotFound(N_("您的账号不属于任何中心，没有可以查看的设置。"))
    return done(url_for(".show", centre_id=centre_id, group=group.value))


@bp.get("/settings/<int:centre_id>/<group>")
@requires(Permission.SETTING_READ)
def show(centre_id: int, group: str) -> Response:
    return _page(centre_id, _group(group))


@bp.get("/settings/<int:centre_id>/numbers/<kind>")
@requires(Permission.SETTING_READ)
def example(centre_id: int, kind: str) -> Response:
    """Show how a number reads in the pattern that is being typed."""
    centre = queries.get_centre(actor(), centre_id)
    found = next((each for each in rules.NUMBERED if each.value == kind), None)
    if found is None:
        raise NotFound(MISSING)
    keys = (rules.pattern_key(found), rules.mark_key(found))
    held = queries.values(db.session(), centre.id, keys)
    typed = {key: request.args.get(key, "").strip() or held[key] for key in keys}
    shown = _example(centre.number_prefix, *typed.values())
    return render("settings/_example.html", kind=found.value, number=shown["number"], fault=shown["fault"])


@bp.post("/settings/<int:centre_id>/<group>")
@requires(Permission.SETTING_MANAGE)
def change(centre_id: int, group: str) -> Response:
    found = _group(group)
    if found.permission is not Permission.SETTING_MANAGE:
        raise NotFound(MISSING)
    return _change(centre_id, found)


@bp.post("/settings/<int:centre_id>/security")
@requires(Permission.ACCOUNT_MANAGE)
def change_security(centre_id: int) -> Response:
    return _change(centre_id, Group.SECURITY)


def _group(name: str) -> Group:
    if name not in set(Group):
        raise NotFound(MISSING)
    return Group(name)


def _change(centre_id: int, group: Group) -> Response:
    """Check the form of a group and decide what it says, or show it again with all that was typed."""
    queries.get_centre(actor(), centre_id)
    form, changed = forms.group_form(group)(request.form), []

    def change(uow: UnitOfWork) -> None:
        version = row_id(form["version"].data)
        decided = forms.decisions(form, group)
        known = -1 if version is None else version
        changed.extend(services.change_settings(uow, centre_id, group, decided, known))

    status = attempt(form, change)
    if status:
        return _page(centre_id, group, form, status)
    flash(_("已保存。") if changed else _("没有改动。"))
    return done(url_for(".show", centre_id=centre_id, group=group.value))


def _page(centre_id: int, group: Group, form: Form | None = None, status: int = 200) -> Response:
    """Show a group of settings; `form` is the one that was refused, to be filled in again."""
    g.section = "settings.index"
    centre = queries.get_centre(actor(), centre_id)
    page = queries.group_page(db.session(), centre.id, group)
    if form is None:
        form = forms.group_form(group)(data={held.setting.key: held.own for held in page.held})
    form["version"].data = str(page.version)
    values = {held.setting.key: held.value for held in page.held}
    return render(
        "settings/show.html",
        status=status,
        centre=centre,
        centres=queries.centre_choices(actor()),
        group=group,
        groups=list(Group),
        page=page,
        form=form,
        manageable=can(group.permission),
        examples=_examples(centre.number_prefix, values) if group is Group.NUMBERING else {},
        history=audit.history_of("centre_setting", page.row_ids),
    )


def _examples(prefix: str, values: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return an example for each kind of document, under the key of its pattern."""
    return {
        rules.pattern_key(kind): {
            "kind": kind.value,
            "mark_key": rules.mark_key(kind),
            **_example(prefix, values[rules.pattern_key(kind)], values[rules.mark_key(kind)]),
        }
        for kind in rules.NUMBERED
    }


def _example(prefix: str, pattern: str, mark: str) -> dict[str, str]:
    try:
        check_pattern(pattern)
        check_mark(mark)
    except Invalid as error:
        return {"number": "", "fault": message(error)}
    return {
        "number": document_number(pattern, prefix, mark, clock.today().year, 12),
        "fault": "",
    }
