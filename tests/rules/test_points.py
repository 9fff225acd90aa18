"""Points: exact, then decimal, rounded once."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.points import capped, plain, read_number, rounded, settled

fractions = st.fractions(-1000, 1000, max_denominator=400)


@pytest.mark.parametrize(
    ("exact", "printed"),
    [
        (Decimal("89.365"), "89.37"),
        (Decimal("89.3649999"), "89.36"),
        (Decimal("-2.005"), "-2.01"),
        (Fraction(25045, 1000), "25.05"),  # 250.45 / 3 × 0.3: a decimal quotient would end in 4999
        (Fraction(28, 300), "0.09"),
        (Decimal(5), "5.00"),
        (Decimal(0), "0.00"),
    ],
)
def test_rounding_is_half_up_from_the_exact_value(exact, printed):
    assert str(rounded(exact)) == printed


@given(st.lists(fractions, max_size=12))
def test_settled_parts_sum_to_the_exact_total(parts):
    decimals = settled(parts)
    assert abs(Fraction(sum(decimals, Decimal())) - sum(parts)) <= Fraction(1, 2 * 10**10)
    for part, decimal in zip(parts, decimals, strict=True):
        assert abs(Fraction(decimal) - part) < Fraction(len(parts) + 1, 10**10)


@given(fractions, fractions, fractions)
def test_capped_stays_between_its_limits(value, one, other):
    low, high = sorted((one, other))
    assert low <= capped(value, low, high) <= high
    assert capped(value, None, None) == value


@pytest.mark.parametrize(
    ("value", "text"), [("10", "10"), ("1.50", "1.5"), ("-0.10", "-0.1"), ("100", "100")]
)
def test_plain_has_no_needless_zeros(value, text):
    assert plain(Decimal(value)) == text


@pytest.mark.parametrize("text", ["", "1e5", "1,000", " 1", "１", "NaN", "0x1", "1.", ".5", "9" * 10, "--1"])
def test_only_plain_numbers_are_read(text):
    assert read_number(text) is None
