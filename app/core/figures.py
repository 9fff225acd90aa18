"""A number with what it is made of: numerator, denominator, definition, and the way to its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum


class Form(StrEnum):
    """How a figure is printed."""

    COUNT = "count"  # 12
    SHARE = "share"  # 3/4 = 75.0 %
    RATIO = "ratio"  # 54:4 = 13.5


@dataclass(frozen=True)
class Rows:
    """Where the rows of a number stand: a list's endpoint and its filters."""

    endpoint: str
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """A figure as it is printed; without a denominator that counts, it is not a share of nothing."""

    code: str  # R01 … of the list of mechanisms
    name: str
    definition: str
    form: Form
    numerator: int
    rows: Rows
    denominator: int | None = None
    base: Rows | None = None

    @property
    def value(self) -> Decimal | None:
        """Return the figure, rounded once, half up, to one place; None where it would divide by zero."""
        if self.form is Form.COUNT:
            return Decimal(self.numerator)
        if not self.denominator:
            return None
        exact = Decimal(self.numerator) / Decimal(self.denominator)
        exact *= 100 if self.form is Form.SHARE else 1
        return exact.quantize(Decimal("0.1"), ROUND_HALF_UP)

    @property
    def printed(self) -> str:
        """Return the value as it is printed; a figure that cannot be told is a dash, never 0 or 100 %."""
        if self.value is None:
            return "—"
        return f"{self.value}%" if self.form is Form.SHARE else str(self.value)
