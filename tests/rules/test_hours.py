"""Opening hours as people write them."""

from __future__ import annotations

from contextlib import suppress
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.organisation.hours_rules import Hours, Words, read, write

CHINESE = Words(("周一", "周二", "周三", "周四", "周五", "周六", "周日"), "至", "延时")
ENGLISH = Words(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "-", "extended")
WEEK = "周一至周五 09:00-17:00"


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        (WEEK, WEEK),
        ("周一至周五 9:00-12:00 13:30-17:00", "周一至周五 09:00-12:00 13:30-17:00"),
        ("工作日 0900-1700；周末 9：00～12：00（延时）", f"{WEEK}\n周六至周日 09:00-12:00 延时"),
        ("星期一、三、五：9-17", "周一 09:00-17:00\n周三 09:00-17:00\n周五 09:00-17:00"),
        ("每天 8:30—12:00、14:00—17:30", "周一至周日 08:30-12:00 14:00-17:30"),
        ("Mon-Fri 9:00-17:00, 17:00-19:00 extended", "周一至周五 09:00-17:00 17:00-19:00 延时"),
        ("weekdays 9 to 17\n\nSaturday 9-12 (extended)", f"{WEEK}\n周六 09:00-12:00 延时"),
        ("周六日 9-12", "周六至周日 09:00-12:00"),
        ("周五至周一 9-12", "周一 09:00-12:00\n周五至周日 09:00-12:00"),
        ("礼拜天9:00-12:00", "周日 09:00-12:00"),
        ("", ""),
    ],
)
def test_hours_are_read_as_they_are_written_on_a_door(typed: str, written: str) -> None:
    assert write(read(typed), CHINESE) == written


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("周一至周五", "第 1 行“周一至周五”读不懂"),
        (f"{WEEK}\n有时候 9-12", "第 2 行“有时候 9-12”读不懂"),
        ("9:00-17:00", "第 1 行"),
        ("周一 9:00-25:00", "读不懂"),
        ("周一 9:00", "读不懂"),
        ("周一 17:00-9:00", "17:00-09:00 结束不晚于开始"),
        ("周一 9-9", "结束不晚于开始"),
        ("周一 9-12 11-13", "11:00-13:00 与同一天的另一时段重叠"),
        (f"{WEEK}\n周三 16-18 延时", "第 2 行的 16:00-18:00 与同一天"),
        ("\n".join(["周一 9-10"] * 60), "重叠"),
        ("周周周", "读不懂"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(typed: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(typed)
    assert said in str(refused.value)


slots = st.tuples(st.integers(0, 6), st.integers(0, 22), st.integers(0, 59), st.booleans())


@given(st.lists(slots, max_size=12), st.sampled_from([CHINESE, ENGLISH]))
def test_what_is_written_is_read_back(found: list[tuple[int, int, int, bool]], words: Words) -> None:
    hours: dict[tuple[int, int], Hours] = {}
    for weekday, hour, minute, extended in found:
        hours[weekday, hour] = Hours(weekday, time(hour, minute), time(hour, 59, 0), extended)
    kept = sorted(slot for slot in hours.values() if slot.opens_at < slot.closes_at)
    assert read(write(kept, words)) == kept


@given(st.text(max_size=60))
def test_nothing_that_is_typed_breaks_it(typed: str) -> None:
    with suppress(Invalid):
        assert all(slot.opens_at < slot.closes_at and 0 <= slot.weekday < 7 for slot in read(typed))
