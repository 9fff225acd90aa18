"""One form for each group of settings, made of their declarations. An empty field decides nothing."""

from __future__ import annotations

from functools import cache
from typing import Any

from wtforms import Field, Form, HiddenField, TextAreaField
from wtforms.validators import ValidationError

from app.core.errors import Invalid
from app.core.i18n import N_
from app.fields import Choice, Line, Whole
from app.settings.labels import LABELS
from app.settings.rules import Group, Number, OneOf, Rounds, Setting, rounds_of, settings_of

FOLLOW = N_("（沿用）")
LINES_MAX = 2000


class Lines(TextAreaField):
    """Patrol rounds, a line each; `data` is the list of them as they are kept."""

    data: Any

    def process_formdata(self, values: list[str]) -> None:
        if values:
            self.data = [line.strip() for line in values[0][:LINES_MAX].splitlines() if line.strip()]

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else "\n".join(self.data or [])

    def pre_validate(self, _form: Form) -> None:
        try:
            self.data = [one.line for one in rounds_of(self.data or [])]
        except Invalid as error:
            refusal = ValidationError()
            refusal.args = (error,)
            raise refusal from None


@cache
def group_form(group: Group) -> type[Form]:
    """Return the form of a group: a field for each setting, and the version of the page."""
    fields = {setting.key: _field(setting) for setting in settings_of(group)}
    return type("GroupForm", (Form,), {"version": HiddenField(), **fields})


def _field(setting: Setting) -> Field:
    kind = setting.kind
    if isinstance(kind, Number):
        return Whole(setting.label, least=kind.least, most=kind.most)
    if isinstance(kind, OneOf):
        options = [(member.value, LABELS[kind.options][member]) for member in kind.options]  # type: ignore[index]
        return Choice(setting.label, choices=[("", FOLLOW), *options])
    if isinstance(kind, Rounds):
        return Lines(setting.label)
    return Line(setting.label, most=kind.most)


def decisions(form: Form, group: Group) -> dict[str, Any | None]:
    """Return what a valid form decides: None where a field was left empty."""
    found = {setting.key: form[setting.key].data for setting in settings_of(group)}
    return {key: None if value in ("", None, []) else value for key, value in found.items()}
