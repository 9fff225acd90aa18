"""Opening hours as people write them on a door: 周一至周五 09:00-12:00 13:30-17:00. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import time
from typing import NamedTuple

from app.core.errors import Invalid
from app.core.i18n import N_

UNREADABLE = N_(
    "第 %(line)d 行“%(text)s”读不懂，请写成“周一至周五 09:00-12:00 13:30-17:00”，延时的时段后面加“延时”。"
)
BACKWARDS = N_("第 %(line)d 行的 %(slot)s 结束不晚于开始。")
OVERLAP = N_("第 %(line)d 行的 %(slot)s 与同一天的另一时段重叠。")
LINES_MAX = 40


class Hours(NamedTuple):
    """When a place is open on one weekday; 0 is Monday."""

    weekday: int
    opens_at: time
    closes_at: time
    extended: bool = False


class Words(NamedTuple):
    """The words that hours are written with: seven days, what stands between two of them, the mark."""

    days: Sequence[str]
    to: str
    extended: str


_DAYS = {day: number for number, day in enumerate("一二三四五六日")} | {"天": 6}
_ENGLISH = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPANS = (
    (r"工作日|weekdays?", "0-4"),
    (r"周末|双休日|weekends?", "5-6"),
    (r"每[天日]|daily|every ?day", "0-6"),
    *((rf"{name}[a-z]*\.?", str(number)) for number, name in enumerate(_ENGLISH)),
    (r"周|星期|礼拜", ""),
)
_RANGE = re.compile(
    r"(\d{1,2})(?::?(\d\d))?\s*(?:[-–—~至到]|to)\s*(\d{1,2})(?::?(\d\d))?"
    r"\s*\(?\s*(延时服务|延时|extended)?\s*\)?[\s,、]*",
    re.IGNORECASE,
)
_LINE = re.compile(r"(?P<days>\D+?)[\s:]*(?P<times>\d.*)")


def read(text: str) -> list[Hours]:
    """Return the opening hours that a text says, Monday first. Raise Invalid, naming the line."""
    found: list[Hours] = []
    lines = re.split(r"[\n;]", unicodedata.normalize("NFKC", text))
    for number, line in enumerate(lines, 1):
        written = line.strip(" \t。")
        if not written:
            continue
        parts = _LINE.fullmatch(written)
        days = _weekdays(parts["days"]) if parts else []
        if parts is None or not days or number > LINES_MAX:
            raise Invalid(UNREADABLE, line=number, text=written[:40])
        for opens_at, closes_at, extended in _ranges(parts["times"], number, written):
            for weekday in days:
                slot = Hours(weekday, opens_at, closes_at, extended)
                if any(_overlap(slot, other) for other in found):
                    raise Invalid(OVERLAP, line=number, slot=_range(slot))
                found.append(slot)
    return sorted(found)


def _overlap(a: Hours, b: Hours) -> bool:
    return a.weekday == b.weekday and a.opens_at < b.closes_at and b.opens_at < a.closes_at


def _weekdays(text: str) -> list[int]:
    """Return the days a text names, in its order; none if it is no list of days."""
    plain = text.lower()
    for pattern, meaning in _SPANS:
        plain = re.sub(pattern, meaning, plain)
    plain = "".join(str(_DAYS.get(char, char)) for char in re.sub(r"\s+", "", plain))
    if not re.fullmatch(r"[0-6](?:[-–—~至到,、和及]?[0-6])*", plain):
        return []
    days: list[int] = []
    for first, last in re.findall(r"([0-6])(?:[-–—~至到]([0-6]))?", plain):
        length = (int(last or first) - int(first)) % 7
        days += [(int(first) + step) % 7 for step in range(length + 1)]
    return list(dict.fromkeys(days))


def _ranges(text: str, line: int, written: str) -> list[tuple[time, time, bool]]:
    found, place = [], 0
    while place < len(text):
        parts = _RANGE.match(text, place)
        if parts is None:
            raise Invalid(UNREADABLE, line=line, text=written[:40])
        place = parts.end()
        try:
            opens_at, closes_at = (
                time(int(hour), int(minute or 0)) for hour, minute in (parts.group(1, 2), parts.group(3, 4))
            )
        except ValueError:
            raise Invalid(UNREADABLE, line=line, text=written[:40]) from None
        if opens_at >= closes_at:
            raise Invalid(BACKWARDS, line=line, slot=f"{opens_at:%H:%M}-{closes_at:%H:%M}")
        found.append((opens_at, closes_at, bool(parts[5])))
    return found


def _range(slot: Hours) -> str:
    return f"{slot.opens_at:%H:%M}-{slot.closes_at:%H:%M}"


def write(slots: Iterable[Hours], words: Words) -> str:
    """Return hours as `read` understands them, one line for days that follow each other and agree."""
    by_day: dict[int, list[str]] = {}
    for slot in sorted(slots):
        mark = f" {words.extended}" if slot.extended else ""
        by_day.setdefault(slot.weekday, []).append(_range(slot) + mark)
    lines: list[tuple[int, int, str]] = []
    for weekday, ranges in sorted(by_day.items()):
        said = " ".join(ranges)
        if lines and lines[-1][1:] == (weekday - 1, said):
            lines[-1] = (lines[-1][0], weekday, said)
        else:
            lines.append((weekday, weekday, said))
    return "\n".join(
        f"{words.days[first]}{words.to + words.days[last] if last > first else ''} {said}"
        for first, last, said in lines
    )


OFFICE = tuple(Hours(weekday, time(9), time(17)) for weekday in range(5))  # until a centre says otherwise
