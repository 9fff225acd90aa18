"""How the figures of a month are cut up and compared. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

MOST_BINS = 12
MOVERS = 8  # shown in each direction
WIDTHS = tuple(Decimal(width) for width in ("0.5", "1", "2", "5", "10", "20", "50", "100", "1000"))


@dataclass(frozen=True)
class Bin:
    """How many scores lie between two figures: the lower belongs to it, the upper to the next."""

    low: Decimal
    high: Decimal
    count: int


def bins(values: Sequence[Decimal]) -> list[Bin]:
    """Return the distribution in at most a dozen equal steps, from the lowest score to the highest."""
    if not values:
        return []
    lowest, highest = min(values), max(values)
    width = next((each for each in WIDTHS if (highest - lowest) / each < MOST_BINS - 1), WIDTHS[-1])
    first = (lowest / width).to_integral_value(rounding="ROUND_FLOOR") * width
    steps = int((highest - first) // width) + 1
    counts = [0] * steps
    for value in values:
        counts[int((value - first) // width)] += 1
    return [Bin(first + width * step, first + width * (step + 1), count) for step, count in enumerate(counts)]


@dataclass(frozen=True)
class Move:
    """Somebody's score of two months, or by two rulebooks."""

    id: int  # of the later score
    name: str
    before: Decimal
    now: Decimal

    @property
    def by(self) -> Decimal:
        return self.now - self.before


def movers(moves: Sequence[Move], most: int = MOVERS) -> tuple[list[Move], list[Move]]:
    """Return those who lost most and those who gained most, by how much."""
    ordered = sorted(moves, key=lambda each: (each.by, each.name, each.id))
    falling = [each for each in ordered if each.by < 0][:most]
    rising = [each for each in reversed(ordered) if each.by > 0][:most]
    return falling, rising


@dataclass(frozen=True)
class Tally:
    """The lines about one thing, this month and the month before."""

    key: str
    name: str
    lines: int = 0
    points: Decimal = Decimal()
    lines_before: int = 0
    points_before: Decimal = Decimal()

    @property
    def weight(self) -> Decimal:
        return max(abs(self.points), abs(self.points_before))
