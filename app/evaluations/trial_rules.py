"""What a rulebook on trial changes: who moves, by how much, because of which lines. Pure, and plain enough to
be kept as the result of a job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.core.points import plain, rounded

TRIAL = "evaluations.what_if"
DIRECT = 5000  # events that a page tries by itself; more are a job
MONTHS = 12  # at most, in one trial
SHOWN = 100  # of those who move in a month
LINES = 20  # of one who moves, gone and new

Told = dict[str, Any]


def changed_lines(before: Iterable[str], now: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the lines that are gone and those that are new."""
    old, new = list(before), list(now)
    return [line for line in old if line not in new], [line for line in new if line not in old]


def summary(before: Mapping[Any, Decimal], now: Mapping[Any, Decimal]) -> Told:
    """Return how many are scored, the means, and how many move, of one kind of subject."""
    moved = sum(1 for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    return {"scored": len(now), "before": _mean(before), "now": _mean(now), "moved": moved}


def _mean(values: Mapping[Any, Decimal]) -> str:
    return plain(rounded(sum(values.values(), Decimal()) / len(values))) if values else ""


def dearest(shifts: Sequence[Told]) -> list[Told]:
    """Return those who move most, first those whose score appears or disappears."""

    def weight(shift: Told) -> tuple[bool, Decimal, str]:
        return bool(shift["by"]), -abs(Decimal(shift["by"] or 0)), shift["name"]

    return sorted(shifts, key=weight)[:SHOWN]
