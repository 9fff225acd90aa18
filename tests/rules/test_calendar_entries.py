"""Days off and make-up days as they are typed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.core.workdays import DayKind, weekend_rule
from app.worktime.calendar_files import load, parse
from app.worktime.cli import CALENDARS
from app.worktime.entry_rules import (
    HOLIDAYS,
    MAKEUPS,
    check_entries,
    read_days,
    spans,
    table_of,
    write_days,
)

GOLDEN = [date(2026, 10, day) for day in range(1, 8)]


def days(text: str, year: int = 2026) -> dict[date, str]:
    entries, faults = read_days(text, year, HOLIDAYS)
    assert not faults, faults[0]
    return {entry.day: entry.name for entry in entries}


def faults_of(holidays: str, makeups: str = "", year: int = 2026) -> list[Invalid]:
    off, first = read_days(holidays, year, HOLIDAYS)
    made_up, second = read_days(makeups, year, MAKEUPS)
    return [*first, *second, *check_entries(year, off, made_up)]


@pytest.mark.parametrize(
    "line",
    [
        "国庆节 1001-1007",
        "国庆节1001-1007",
        "国庆节：1001～1007",
        "国庆节 1001 - 1007",
        "国庆节 20261001-20261007",
        "国庆节 2026-10-01至2026-10-07",
        "国庆节 10月1日—10月7日",
        "国庆节：10月1日（周四）至7日（周三）。",
        "国庆节　１００１－１００７",
        "国庆节 1001 1002、1003，1004 1005-1007",
        "\n  国庆节\t1001-1003 1004-1007  \n\n",
    ],
)
def test_days_are_read_however_they_are_typed(line: str) -> None:
    assert days(line) == dict.fromkeys(GOLDEN, "国庆节")


@pytest.mark.parametrize("name", ["冬至", "抗战胜利70周年纪念日", "中秋节、国庆节", "Spring Festival"])
def test_a_name_may_hold_what_also_separates(name: str) -> None:
    assert days(f"{name} 1001-1007") == dict.fromkeys(GOLDEN, name)


@pytest.mark.parametrize(
    ("holidays", "makeups", "said"),
    [
        ("国庆节 1001-1003\n国庆节 1003", "", (2, "已在第 1 行写过")),
        ("国庆节 1001 1001", "", (1, "写了两次")),
        ("国庆节 1003", "国庆节 1003", (1, "既列为放假又列为调休上班")),
        ("元旦 0101", "元旦 0105", (1, "不是周末")),
        ("元旦 2025-12-31", "", (1, "不在 2026 年内")),
        ("元旦 0101\n乱写一气", "", (2, "没有写日期")),
        ("0101", "", (1, "没有写节日")),
        ("元旦 101-103", "", (1, "看不懂“101-103”")),
        ("元旦 0101+", "", (1, "看不懂")),
        ("春节 0230", "", (1, "没有“0230”这一天")),
        ("春节 1301", "", (1, "没有“1301”这一天")),
        ("国庆节 1007-1001", "", (1, "末日早于首日")),
        ("国庆节 0101-1001", "", (1, "超过 60 天")),
        ("长" * 41 + " 1001", "", (1, "节日名称")),
        ("国\0庆 1001", "", (1, "节日名称")),
    ],
)
def test_what_no_notice_could_order_is_named_with_its_line(
    holidays: str, makeups: str, said: tuple[int, str]
) -> None:
    (fault,) = faults_of(holidays, makeups)
    assert fault.params["line"] == said[0]
    assert said[1] in str(fault)
    assert fault.field == (MAKEUPS if makeups else HOLIDAYS)


def test_every_fault_is_told_at_once() -> None:
    assert len(faults_of("元旦 0101 0101\n0102\n春节 0230", "元旦 0105\n元旦 0101")) == 5


def test_every_published_year_reads_as_it_is_written() -> None:
    for year, table in load(CALENDARS).years.items():
        assert days(write_days(table.holidays), year) == table.holidays
        assert days(write_days(table.makeups), year) == table.makeups
        assert not faults_of(write_days(table.holidays), write_days(table.makeups), year)


names = st.sampled_from(["元旦", "春节", "国庆节、中秋节", "抗战胜利70周年纪念日", "冬至", "New Year"])
in_2028 = st.integers(0, 365).map(lambda n: date(2028, 1, 1) + timedelta(days=n))


@given(st.dictionaries(in_2028, names, max_size=60))
def test_a_table_reads_as_it_was_written(table: dict[date, str]) -> None:
    assert days(write_days(table), 2028) == table
    assert sum(span.days for span in spans(table)) == len(table)


@given(st.text(max_size=200), st.text(max_size=80))
def test_whatever_is_typed_is_a_table_or_named_by_its_line(holidays: str, makeups: str) -> None:
    faults = faults_of(holidays, makeups)
    lines = len(holidays.splitlines()) + len(makeups.splitlines())
    assert all(1 <= fault.params["line"] <= lines and fault.field for fault in faults)
    if not faults:
        off, made_up = (read_days(text, 2026, HOLIDAYS)[0] for text in (holidays, makeups))
        table = table_of(2026, off, made_up, notice="通知", source="来源", note="")
        assert all(table.kind(entry.day) is DayKind.HOLIDAY for entry in off)
        assert all(weekend_rule(entry.day) is DayKind.WEEKEND for entry in made_up)


@given(st.binary(max_size=200))
def test_whatever_a_file_holds_is_a_table_or_named(content: bytes) -> None:
    table, faults = parse("2026.toml", content)
    assert (table is None) == bool(faults)
