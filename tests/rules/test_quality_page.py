import pytest

from bench import quality
from bench.rows import ROWS

FACTS = {"when": "2026-11-18 09:00", "machine": "2 cores", "python": "3", "sqlite": "3", "postgresql": "18"}


def _figure(row, held, what="list | page", value=1.8):
    return {
        "row": row,
        "what": what,
        "value": value,
        "bar": "≤ 2",
        "held": held,
        "command": "./duban bench list",
    }


def test_every_promise_has_a_row_and_every_gap_its_reason():
    page = quality.page([_figure("P1", True), _figure("P2", False, value=3.25)], FACTS)
    for row in ROWS:
        assert page.count(f"\n| {row.name} |") == 1
    assert "| list \\| page: 1.8 (≤ 2) | yes | `./duban bench list` |" in page
    assert "- **P2** misses its bar, list \\| page: 3.25 (≤ 2)" in page
    assert "- **R2** was not measured" in page
    assert f"1 of {len(ROWS)} rows hold, 1 miss a bar, {len(ROWS) - 2} were not measured" in page.replace(
        "\n", " "
    )


def test_a_figure_of_no_known_row_is_refused():
    with pytest.raises(AssertionError, match="P99"):
        quality.page([_figure("P99", True)], FACTS)


def test_every_named_bench_exists():
    from bench.__main__ import NAMES

    assert {name for row in ROWS for name in row.benches} <= set(NAMES)
