"""Which form prints what, and what the log says of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.core.actions import Action
from app.documents.rules import DocumentKind
from app.evaluations.month_rules import Scored
from app.evaluations.rulebook_rules import Rulebook

SHEETS = {
    Scored.STAFF: DocumentKind.STAFF_SHEET,
    Scored.WINDOW: DocumentKind.WINDOW_SHEET,
    Scored.CHIEF_REP: DocumentKind.CHIEF_SHEET,
    Scored.DEPARTMENT: DocumentKind.DEPARTMENT_SHEET,
}
SHEET_TEMPLATE = "evaluations/sheet.html"
NOTICE_TEMPLATE = "evaluations/notice.html"
DECISION_TEMPLATE = "evaluations/decision.html"

PACK_JOB = "evaluations.pack"
SLICE = 100  # sheets that are numbered, printed and issued together
MONTH_PACKED = Action("evaluation_month.packed", frozenset({"papers", "sha256"}))


@dataclass(frozen=True)
class Counted:
    """A line as sums take it."""

    item: str
    worth: Decimal
    has_source: bool


@dataclass(frozen=True)
class Share:
    """What one part of the sheet takes and gives; all parts of a sheet sum to its total."""

    name: str
    taken: Decimal
    given: Decimal

    @property
    def sum(self) -> Decimal:
        return self.taken + self.given


def shares(book: Rulebook, lines: Sequence[Counted], rest: str) -> list[Share]:
    """Return the sums of the categories that have lines, then of all other lines under the name `rest`."""
    owner = {item.id: category.id for category in book.categories for item in category.items}
    owner |= {category.id: category.id for category in book.categories}
    names = {category.id: category.name for category in book.categories}
    found: dict[str, list[Decimal]] = {}
    for line in lines:
        sums = found.setdefault(owner.get(line.item, ""), [Decimal(), Decimal()])
        sums[line.worth > 0] += line.worth
    ordered = [key for key in names if key in found] + ([""] if "" in found else [])
    return [Share(names.get(key, rest), *found[key]) for key in ordered]
