"""A form that changes something: its change is made, or it comes back with all that was typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wtforms import Form

from app import clock
from app.core.errors import Invalid, NotAllowed, Stale
from app.db.uow import UnitOfWork, unit_of_work
from app.fields import refuse
from app.web.access import actor
from app.web.uploads import status_of


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
