"""Points: exact while they are added up, decimal where they are kept, rounded once where they are printed.

Nothing here is ever a float. A mean of three months has no exact decimal, so sums, means and weights are
taken on fractions; `rounded` gives the published figure, `settled` the decimals of the lines it is made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

PLACES = 2  # of a published figure
LINE_PLACES = 10  # of a line that has no exact decimal
NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?")
_UNIT = 10**LINE_PLACES


def read_number(text: str) -> Decimal | None:
    """Read a number as people write points; None for anything else (exponents, spaces, other digits)."""
    return Decimal(text) if NUMBER.fullmatch(text) else None


def rounded(value: Fraction | Decimal, places: int = PLACES) -> Decimal:
    """Round half up (四舍五入), away from zero, from the exact value."""
    return _decimal(_half_up(Fraction(value), 10**places), places)


def total(parts: Iterable[Fraction]) -> Fraction:
    """Add up exactly, over one denominator at a time: a month has a hundred thousand of them."""
    numerators: dict[int, int] = {}
    for part in parts:
        numerators[part.denominator] = numerators.get(part.denominator, 0) + part.numerator
    return sum((Fraction(number, unit) for unit, number in numerators.items()), Fraction())


def capped(value: Fraction, low: Fraction | Decimal | None, high: Fraction | Decimal | None) -> Fraction:
    """Keep a value between two limits, each of which may be absent."""
    if low is not None:
        value = max(value, Fraction(low))
    return value if high is None else min(value, Fraction(high))


def settled(parts: Sequence[Fraction]) -> list[Decimal]:
    """Return the parts as decimals whose sum is that of the exact total, to the last place printed.

    What is lost by cutting off thirds is added to the last part that has no exact decimal.
    """
    units = [_units(part) for part in parts]
    inexact = [index for index, part in enumerate(parts) if _UNIT % part.denominator]
    if inexact:
        units[inexact[-1]] += _half_up(total(parts), _UNIT) - sum(units)
    return [_decimal(unit, LINE_PLACES) for unit in units]


def _units(part: Fraction) -> int:
    """Return a part in the last place of a line."""
    times, rest = divmod(_UNIT, part.denominator)
    return _half_up(part, _UNIT) if rest else part.numerator * times


def exact(value: Fraction) -> Decimal:
    """Return a number that is kept as it is written; most are whole."""
    return Decimal(value.numerator) if value.denominator == 1 else Decimal(plain(value))


@lru_cache(maxsize=4096)
def plain(value: Fraction | Decimal) -> str:
    """Write a number without needless zeros or exponents."""
    exact = Fraction(value)
    if exact.denominator == 1:
        return str(exact.numerator)
    return f"{_decimal(_half_up(exact, _UNIT), LINE_PLACES):f}".rstrip("0").rstrip(".")


def _half_up(value: Fraction, units: int) -> int:
    """Return how many of so many units the value is, the half away from zero."""
    whole = (abs(value.numerator) * units * 2 + value.denominator) // (value.denominator * 2)
    return whole if value >= 0 else -whole


def _decimal(units: int, places: int) -> Decimal:
    return Decimal(units).scaleb(-places)
