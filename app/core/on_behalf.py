"""A step that someone with an account enters for a person who has none (代录)."""

from __future__ import annotations

from typing import NamedTuple

from app.core.errors import Invalid
from app.core.i18n import N_

NAME_MAX = CAPACITY_MAX = 60


class Represented(NamedTuple):
    """Who took the step, and in what capacity; both empty where the person who enters it took it himself."""

    name: str = ""
    capacity: str = ""


NOBODY = Represented()


def require_represented(person: Represented) -> None:
    """Raise Invalid unless a person is named with a capacity."""
    if not person.name:
        raise Invalid(N_("代录须写明实际办理人的姓名。"), field="on_behalf_name")
    if not person.capacity:
        raise Invalid(N_("代录须写明实际办理人的身份，如“办公室主任”。"), field="on_behalf_capacity")
