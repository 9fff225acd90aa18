"""A form that changes something: its change is made, or it comes back with all that was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from flask import request
from wtforms import Form

from app import clock
from app.core.errors import Invalid, NotAllowed, Stale
from app.db.scope import row_id
from app.db.uow import UnitOfWork, unit_of_work
from app.fields import refuse
from app.web.access import actor
from app.web.uploads import status_of

Step = TypeVar("Step", bound=StrEnum)
MOST_TICKED = 50  # rows of a list that are changed together: those of one page


def attempt(form: Form, change: Callable[[UnitOfWork], object], faults: Sequence[Invalid] = ()) -> int | None:
    """Check a form and make its change; `faults` are those of the files that came with it.

    Return None once the change is made, else the status with which the form is shown again: 422 for
    what was typed, 413 for a file too large, 409 where the step is not, or no longer, possible.
    """
    if not form.validate() or faults:
        return status_of(faults)
    try:
        with unit_of_work(actor(), clock.now()) as uow:
            change(uow)
    except (Invalid, NotAllowed, Stale) as error:
        refuse(form, error)
        return 422 if isinstance(error, Invalid) else 409
    return None


def stamp(forms: Mapping[Step, Form], version: int) -> None:
    """Give the forms of one page, by their steps, the version they need now and ids that differ."""
    for step, form in forms.items():
        form["version"].data = str(version)
        for field in form:
            field.id = field.label.field_id = f"{step.value}-{field.name}"


def ticked(name: str) -> list[tuple[int, int]]:
    """Return the rows of a list that were ticked, each with the version that was looked at: `12:3`."""
    pairs = (value.partition(":") for value in request.form.getlist(name)[:MOST_TICKED])
    found = {row_id(row): row_id(version) for row, _colon, version in pairs}
    return [(row, version) for row, version in found.items() if row and version]
