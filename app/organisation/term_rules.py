"""Terms from a day to a day: whether they meet, and how a new arrangement follows an old one. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Generic, TypeVar

Row = TypeVar("Row")
Slot = TypeVar("Slot", bound=Hashable)
Value = TypeVar("Value")

DAY = timedelta(days=1)


def meet(a_from: date, a_to: date | None, b_from: date, b_to: date | None) -> bool:
    """Return whether two terms share a day; both ends count, None is open, a withdrawn term shares none."""
    begins = max(a_from, b_from)
    ends = [day for day in (a_to, b_to) if day is not None]
    return not withdrawn(a_from, a_to) and not withdrawn(b_from, b_to) and all(begins <= day for day in ends)


def withdrawn(from_on: date, to_on: date | None) -> bool:
    """Return whether a term never was: it ends before it begins."""
    return to_on is not None and to_on < from_on


def never(from_on: date) -> date:
    """Return the last day that makes a term of this beginning one that never was."""
    return from_on - DAY


def last_before(from_on: date, on: date) -> date:
    """Return the last day of a term cut short before a day; one that would begin later never was."""
    return max(on - DAY, never(from_on))


@dataclass(frozen=True)
class Standing(Generic[Row, Slot, Value]):
    """A stored row of an arrangement: `slot` is what it says something about, `value` what it says."""

    row: Row
    slot: Slot
    value: Value
    from_on: date
    to_on: date | None


@dataclass
class Plan(Generic[Row, Slot, Value]):
    """What to write so that an arrangement holds from a day on: (row, value, last day), and slots to add."""

    changes: list[tuple[Row, Value, date | None]] = field(default_factory=list)
    additions: dict[Slot, Value] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.changes or self.additions)


def follow(
    standing: Iterable[Standing[Row, Slot, Value]], wanted: Mapping[Slot, Value], on: date
) -> Plan[Row, Slot, Value]:
    """Return what to write so that exactly `wanted` holds from a day on, and before it what held before.

    What goes on unchanged stays one row; what began that very day is corrected in place; what was
    planned for later is superseded. No row is taken away: one that never held ends before it begins.
    """
    plan: Plan[Row, Slot, Value] = Plan()
    missing = dict(wanted)
    for item in sorted(standing, key=lambda item: item.from_on):
        going_on = item.to_on is None or item.to_on >= on
        value = item.value
        if item.from_on < on:
            if not going_on:
                continue
            last = None if missing.get(item.slot) == value and item.slot in missing else on - DAY
        elif item.from_on == on and item.slot in missing:
            value, last = missing[item.slot], None
        elif not withdrawn(item.from_on, item.to_on):
            last = never(item.from_on)
        else:
            continue
        if last is None:
            del missing[item.slot]
        if (value, last) != (item.value, item.to_on):
            plan.changes.append((item.row, value, last))
    plan.additions = missing
    return plan
