"""What a ledger offers to be scored. Evaluations pull these; nobody pushes points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

FactValue = Decimal | str
Source = tuple[str, int]  # a ledger and the id of its row


@dataclass(slots=True)  # not frozen: a month makes tens of thousands, and freezing doubles their cost
class ScoreEvent:
    """One fact of a ledger row, at its place and time; what it costs is the rulebook's business."""

    source: str  # the ledger: finding, complaint, …
    source_id: int
    occurred_at: datetime
    link: str  # what the rulebook's items are linked to: a check item's code, a kind of entry
    quantity: Decimal = Decimal(1)
    staff_id: int | None = None
    patrol_point_id: int | None = None
    department_id: int | None = None
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    same_as: Source | None = None  # another ledger's row about the same event, which is charged
