"""Working days: against an independent library, against dates worked out by hand, and by property."""

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.core.workdays import DAY, DayKind, UnknownYear, WorkCalendar, YearTable
from app.worktime.calendar_files import load

ROOT = Path(__file__).resolve().parents[2]
CALENDAR = load(ROOT / "seeds" / "calendars")
FIRST, LAST = date(2019, 1, 1), date(2026, 12, 31)
days = st.dates(FIRST, date(2026, 6, 30))
counts = st.integers(1, 100)


def on(text: str) -> date:
    return date.fromisoformat(text)


def test_every_day_of_the_shipped_years_agrees_with_chinesecalendar():
    every_day = [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1)]
    assert len(every_day) == 2922
    wrong = [day for day in every_day if CALENDAR.is_workday(day) != chinese_calendar.is_workday(day)]
    assert wrong == []


@pytest.mark.parametrize(
    ("year", "working", "makeups"),
    [
        (2019, 250, 6),
        (2020, 249, 6),
        (2021, 250, 7),
        (2022, 249, 7),
        (2023, 249, 7),
        (2024, 251, 8),
        (2025, 248, 5),
        (2026, 248, 6),
    ],
)
def test_each_year_has_its_number_of_working_days(year, working, makeups):
    assert CALENDAR.count_workdays(date(year - 1, 12, 31), date(year, 12, 31)) == working
    assert len(CALENDAR.years[year].working_days()) == working
    assert len(CALENDAR.years[year].makeups) == makeups


def span(first: str, last: str) -> set[date]:
    length = (on(last) - on(first)).days + 1
    return {on(first) + timedelta(n) for n in range(length)}


def test_2025_is_as_its_notice_says():
    table = CALENDAR.years[2025]
    assert set(table.holidays) == (
        span("2025-01-01", "2025-01-01")
        | span("2025-01-28", "2025-02-04")
        | span("2025-04-04", "2025-04-06")
        | span("2025-05-01", "2025-05-05")
        | span("2025-05-31", "2025-06-02")
        | span("2025-10-01", "2025-10-08")
    )
    worked = ["2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"]
    assert sorted(table.makeups) == [on(day) for day in worked]


def test_2026_is_as_its_notice_says():
    table = CALENDAR.years[2026]
    assert set(table.holidays) == (
        span("2026-01-01", "2026-01-03")
        | span("2026-02-15", "2026-02-23")
        | span("2026-04-04", "2026-04-06")
        | span("2026-05-01", "2026-05-05")
        | span("2026-06-19", "2026-06-21")
        | span("2026-09-25", "2026-09-27")
        | span("2026-10-01", "2026-10-07")
    )
    worked = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
    assert sorted(table.makeups) == [on(day) for day in worked]


def test_amended_notices_count_as_amended():
    # 2019: Labour Day grew to four days. 2020: the Spring Festival was prolonged to 2 February.
    assert CALENDAR.kind(on("2019-05-03")) is DayKind.HOLIDAY
    assert CALENDAR.kind(on("2019-05-05")) is DayKind.MAKEUP
    assert [CALENDAR.kind(on(day)) for day in ("2020-01-31", "2020-02-01", "2020-02-02")] == [
        DayKind.HOLIDAY
    ] * 3
    assert CALENDAR.kind(on("2020-02-03")) is DayKind.WORKING
    assert all("通知》" in CALENDAR.years[year].note for year in (2019, 2020))


@pytest.mark.parametrize(
    ("day", "kind", "why"),
    [
        ("2026-02-17", DayKind.HOLIDAY, "春节放假"),
        ("2026-02-28", DayKind.MAKEUP, "春节调休上班"),
        ("2026-03-01", DayKind.WEEKEND, "周末"),
        ("2026-03-02", DayKind.WORKING, "工作日"),
        ("2025-10-06", DayKind.HOLIDAY, "国庆节、中秋节放假"),
    ],
)
def test_a_day_says_what_it_is_and_why(day, kind, why):
    assert (CALENDAR.kind(on(day)), CALENDAR.why(on(day))) == (kind, why)


@pytest.mark.parametrize(
    ("start", "n", "due"),
    [
        # 02-11 1, 12 2, 13 3, Saturday 14 worked 4, 15–23 Spring Festival, 24 5 … 27 8, Saturday 28 worked 9,
        # 03-02 10 … 06 14, 09 15 … 13 19, Monday 16 20.
        ("2026-02-10", 20, "2026-03-16"),
        # Received on a rest Saturday; Sunday 20 is worked and is day 1; 25–27 and 10-01–07 off, 10-10 worked.
        ("2026-09-19", 20, "2026-10-22"),
        ("2026-09-18", 20, "2026-10-22"),
        # The last day is a worked Saturday.
        ("2026-05-06", 3, "2026-05-09"),
        # Leap day counts like any other: 03-01 1, 04–08 6, 11–15 11, 18–22 16, 25–28 20.
        ("2024-02-28", 1, "2024-02-29"),
        ("2024-02-29", 20, "2024-03-28"),
        # Over New Year between two published years: 12-31 1; 2026-01-01–03 off, Sunday 04 worked 2.
        ("2025-12-30", 2, "2026-01-04"),
    ],
)
def test_dates_worked_out_by_hand(start, n, due):
    assert CALENDAR.add_workdays(on(start), n) == on(due)
    assert CALENDAR.count_workdays(on(start), on(due)) == n


@pytest.mark.parametrize(
    ("last_day", "moved_to"),
    [
        ("2025-10-03", "2025-10-09"),
        ("2026-09-19", "2026-09-20"),
        ("2026-05-09", "2026-05-09"),
    ],
)
def test_a_calendar_day_period_ends_on_the_next_working_day(last_day, moved_to):
    assert CALENDAR.next_workday(on(last_day)) == on(moved_to)


@given(days, counts)
def test_exactly_n_working_days_lie_between_start_and_due(start, n):
    due = CALENDAR.add_workdays(start, n)
    assert CALENDAR.is_workday(due)
    passed = [start + timedelta(k) for k in range(1, (due - start).days + 1)]
    assert sum(map(CALENDAR.is_workday, passed)) == n == CALENDAR.count_workdays(start, due)


@given(days, days, counts)
def test_a_later_start_or_a_longer_limit_is_never_due_earlier(one, other, n):
    first, second = sorted((one, other))
    assert CALENDAR.add_workdays(first, n) <= CALENDAR.add_workdays(second, n)
    assert CALENDAR.add_workdays(first, n) < CALENDAR.add_workdays(first, n + 1)


@given(days, days, days)
def test_counting_adds_up_and_has_a_sign(a, b, c):
    count = CALENDAR.count_workdays
    assert count(a, b) + count(b, c) == count(a, c)
    assert count(a, b) == -count(b, a)


@given(days)
def test_the_next_working_day_is_the_nearest(day):
    found = CALENDAR.next_workday(day)
    assert CALENDAR.is_workday(found)
    assert CALENDAR.count_workdays(day - DAY, found) == 1


@pytest.mark.parametrize(
    ("ask", "year"),
    [
        (lambda: CALENDAR.kind(on("2027-01-01")), 2027),
        (lambda: CALENDAR.why(on("2018-12-31")), 2018),
        (lambda: CALENDAR.add_workdays(on("2026-12-08"), 20), 2027),
        (lambda: CALENDAR.add_workdays(on("2026-12-31"), 1), 2027),
        (lambda: CALENDAR.count_workdays(on("2026-12-01"), on("2027-01-04")), 2027),
        (lambda: CALENDAR.next_workday(on("2018-05-01")), 2018),
    ],
)
def test_a_year_without_calendar_raises_and_names_the_year(ask, year):
    with pytest.raises(UnknownYear, match=str(year)) as caught:
        ask()
    assert caught.value.year == year


def test_the_edge_of_the_known_years_is_usable():
    assert CALENDAR.add_workdays(on("2018-12-31"), 1) == on("2019-01-02")
    assert CALENDAR.add_workdays(on("2026-12-30"), 1) == on("2026-12-31")
    assert CALENDAR.count_workdays(on("2018-12-31"), on("2019-01-04")) == 3
    assert CALENDAR.count_workdays(on("2027-05-01"), on("2027-05-01")) == 0


@pytest.mark.parametrize("n", [0, -1])
def test_a_limit_is_at_least_one_day(n):
    with pytest.raises(Invalid):
        CALENDAR.add_workdays(on("2026-03-02"), n)


@pytest.mark.parametrize(
    ("holidays", "makeups", "reason"),
    [
        ({"2027-01-01": "元旦"}, {}, "不在2026年内"),
        ({}, {"2025-01-04": "元旦"}, "不在2026年内"),
        ({"2026-01-04": "元旦"}, {"2026-01-04": "元旦"}, "既列为放假又列为调休上班"),
        ({}, {"2026-01-05": "元旦"}, "不是周末"),
    ],
)
def test_a_table_no_notice_could_order_is_refused(holidays, makeups, reason):
    def dated(table):
        return {on(day): name for day, name in table.items()}

    with pytest.raises(Invalid, match=reason):
        YearTable(2026, dated(holidays), dated(makeups))


def test_a_local_calendar_can_replace_a_year():
    local = YearTable(2026, {**CALENDAR.years[2026].holidays, on("2026-03-20"): "开斋节"}, {}, "自治区通知")
    calendar = WorkCalendar({**CALENDAR.years, 2026: local})
    assert calendar.why(on("2026-03-20")) == "开斋节放假"
    assert CALENDAR.is_workday(on("2026-03-20"))


def test_core_needs_nothing_but_the_standard_library():
    # -S leaves site-packages off the path, so an import from there fails; nothing else of app may come along.
    program = """
import sys, pathlib, importlib
for path in sorted(pathlib.Path("app/core").glob("*.py")):
    importlib.import_module(f"app.core.{path.stem}" if path.stem != "__init__" else "app.core")
strangers = {name for name in sys.modules if name.split(".")[0] not in sys.stdlib_module_names}
strangers -= {name for name in strangers if name in ("app", "__main__") or name.startswith("app.core")}
print(sorted(strangers))
"""
    run = subprocess.run([sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (run.stdout.strip(), run.stderr) == ("[]", "")
