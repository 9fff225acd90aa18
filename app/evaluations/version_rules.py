"""The life of a rulebook's version: drafted, put in force from a day, retired from a day. Pure."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from app.core.actions import Action


class VersionStatus(StrEnum):
    DRAFT = "draft"
    IN_FORCE = "in_force"
    RETIRED = "retired"


class Standing(StrEnum):
    """How a version stands on a day; a retired one may still be in force until its last day."""

    DRAFT = "draft"
    COMING = "coming"
    IN_FORCE = "in_force"
    RETIRED = "retired"


RULEBOOK_IMPORTED = Action("rulebook.imported", frozenset({"lines"}))
RULEBOOK_DRAFTED = Action("rulebook.drafted")
RULEBOOK_EDITED = Action("rulebook.edited", frozenset({"lines"}))
RULEBOOK_PUT_IN_FORCE = Action("rulebook.put_in_force")
RULEBOOK_RETIRED = Action("rulebook.retired")
RULEBOOK_EXPORTED = Action("rulebook.exported")

TEXT_MAX = 256 * 1024
TITLE_MAX = 120
NAME_MAX = 60
CLAUSE_MAX = 200
SOURCE_MAX = 500
NOTES_MAX = 4000
REASON_MAX = 500
CODE_MAX = 40


def standing(status: VersionStatus, effective_on: date, retired_on: date | None, today: date) -> Standing:
    """Return how a version stands today."""
    if status is VersionStatus.DRAFT:
        return Standing.DRAFT
    if retired_on is not None and retired_on <= today:
        return Standing.RETIRED
    return Standing.COMING if effective_on > today else Standing.IN_FORCE
