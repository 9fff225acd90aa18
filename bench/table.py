"""How a bench prints what it found, and when it has failed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One figure, a ratio or a count; `most` says that its bar is the most it may be, else the least."""

    name: str
    value: float
    bar: float | None = None
    most: bool = True
    unit: str = "x"
    note: str = ""

    @property
    def good(self) -> bool:
        return self.bar is None or (self.value <= self.bar if self.most else self.value >= self.bar)


def show(title: str, lines: Sequence[Line]) -> bool:
    """Print a table and return whether every line keeps its bar."""
    print(f"\n{title}")
    for line in lines:
        bar = "" if line.bar is None else f"{'<=' if line.most else '>='} {line.bar:g}"
        mark = "    " if line.bar is None else " ok " if line.good else "FAIL"
        print(f"  {mark}  {line.name:<44}{line.value:>10.2f} {line.unit:<6}{bar:<10}{line.note}")
    return all(line.good for line in lines)


def paired(floor: Callable[[], float], ours: Callable[[], float], rounds: int) -> tuple[float, float, float]:
    """Measure two things in turn; return the median ratio ours ÷ floor and both medians.

    Neighbours on the machine disturb both halves of a pair alike; the order alternates.
    """
    ratios, floors, all_ours = [], [], []
    for number in range(rounds):
        if number % 2:
            second, first = ours(), floor()
        else:
            first, second = floor(), ours()
        ratios.append(second / first)
        floors.append(first)
        all_ours.append(second)
    return statistics.median(ratios), statistics.median(floors), statistics.median(all_ours)
