from __future__ import annotations

from typing import Any

from wtforms import Form, ValidationError

from app.core.errors import Invalid
from app.core.i18n import N_
from app.fields import Choice, Day, Line

BACKWARDS = N_("结束日期早于起始日期。")


class Typed(dict[str, str]):
    """Plain values as a form takes what was typed."""

    def getlist(self, name: str) -> list[str]:
        return [self[name]] if name in self else []


class _Days(Form):
    since = Day(N_("起始日期"))
    until = Day(N_("结束日期"))

    def validate_until(self, field: Day) -> None:
        if field.data and self.since.data and field.data < self.since.data:
            error = ValidationError()
            error.args = (Invalid(BACKWARDS),)
            raise error


class FilterForm(_Days):
    """The typed filters of the ledger of entries."""

    person = Line(N_("操作人"), most=60)
    name = Line(N_("编号或名称"), most=80)

    def read(self) -> dict[str, Any]:
        """Return what was typed well, by name."""
        self.validate()
        return {name: field.data for name, field in self._fields.items() if not field.errors}


class ExportForm(_Days):
    """Which days of which centre go into a file; nothing chosen is all in sight."""

    centre = Choice(N_("中心"))
