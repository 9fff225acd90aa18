"""What is scored: the entries of one person or window in one period, and the figures handed in with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from app.core.events import FactValue, Source

# What an event may carry for the count bases shortfall, excess and percentage point.
ACTUAL, TARGET, THRESHOLD = "actual", "target", "threshold"


@dataclass(slots=True)  # not frozen: a month makes tens of thousands, and freezing doubles their cost
class Entry:
    """One event under one item of the rulebook."""

    item: str
    count: Decimal = Decimal(1)
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    person: str = ""
    on: date | None = None
    points: Decimal | None = None  # given by whoever recorded it: a range, or a score from elsewhere
    reason: str = ""
    earlier: bool = False  # of an earlier period: counts for repeats, costs nothing again
    same_as: str = ""  # another entry about the same event, which is charged
    source: Source | None = None  # the ledger row


@dataclass(frozen=True)
class Given:
    """An input as one number, with how it came about."""

    value: Fraction
    why: str


@dataclass(frozen=True)
class Sheet:
    """Everything one evaluation is made from."""

    entries: tuple[Entry, ...] = ()
    people: tuple[str, ...] = ()  # those whose scores enter, with or without entries
    inputs: Mapping[str, Given] = field(default_factory=dict)
    vetoes: frozenset[str] = frozenset()  # raised by name
    traits: frozenset[str] = frozenset()  # such as comprehensive_window
