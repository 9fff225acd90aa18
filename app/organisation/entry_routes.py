"""How an entry page is answered: the form again with what is wrong, or the change and where it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, flash
from flask_babel import gettext as _
from wtforms import BooleanField, Form

from app.core.errors import Stale
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.organisation import hours_rules
from app.organisation.forms import RecordForm
from app.web.changes import attempt
from app.web.page import done, render

NOW = N_("现在登记的是“%(now)s”。")
Change = Callable[[UnitOfWork], tuple[str, str]]  # returns what to say and where to go


def answer(form: Form, change: Change, again: Callable[[int], Response]) -> Response:
    """Change something if the form is in order; else show it again with all that was typed."""
    told: list[tuple[str, str]] = []
    status = attempt(form, lambda uow: told.append(change(uow)))
    if status:
        return again(status)
    said, url = told[0]
    flash(said)
    return done(url)


def entry(
    form: Form, *, status: int, title: str, save: str, back: tuple[str, str], **context: Any
) -> Response:
    """Show an entry page: `save` is where it is sent, `back` the address and name it came from."""
    return render(
        "organisation/entry.html",
        status=status,
        form=form,
        title=title,
        save=save,
        back_url=back[0],
        back_label=back[1],
        **context,
    )


def show_both(form: RecordForm, row: Any) -> None:
    """Say beside each field what somebody else has entered meanwhile."""
    for name, typed in form.columns().items():
        now = getattr(row, name)
        if now != typed:
            form[name].errors = [
                *form[name].errors,
                Stale(NOW, now=_in_words(form[name], now)),
            ]


def _in_words(field: Any, value: Any) -> str:
    if isinstance(field, BooleanField):
        return _("是") if value else _("否")
    if getattr(field, "choices", None):
        return _(dict(field.choices).get(value or 0, str(value)))
    return "" if value is None else str(value)


def words_of_hours() -> hours_rules.Words:
    """Return the words that hours are written with in the reader's language; both are understood."""
    days = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))
    return hours_rules.Words(days, _("至"), _("延时"))
