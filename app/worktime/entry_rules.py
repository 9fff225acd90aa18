"""Days off and make-up days as people type them: a festival a line, `国庆节 1001-1008`. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from app.core.errors import Invalid
from app.core.i18n import N_
from app.core.workdays import DAY, DayKind, YearTable, weekend_rule

HOLIDAYS, MAKEUPS = "holidays", "makeups"  # the fields that faults belong to
NAME_MAX = 40
YEARS = range(1949, 2200)

_MARK = r"[-~‐-―〜至到]"
_ITEM = r"\d{4}-\d{1,2}-\d{1,2}|\d{8}|\d{4}|(?:\d{4}年)?\d{1,2}月\d{1,2}日?"
_RANGE = re.compile(rf"({_ITEM})(?:{_MARK}({_ITEM}|\d{{1,2}}日))?")
_LINE = re.compile(r"(?P<name>\D.*?)[\s,，、:：;；]+(?P<days>\d.*)|(?P<close>\D+?)(?P<rest>\d.*)")
_ASIDE = re.compile(r"\([^)]*\)")  # 10月1日（周四）至7日（周三）


@dataclass(frozen=True)
class Entry:
    """One day of a table, and the line it was written on."""

    line: int
    day: date
    name: str


@dataclass(frozen=True)
class Span:
    """Days of one festival that follow each other."""

    name: str
    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def spans(days: Mapping[date, str]) -> list[Span]:
    """Return a table as spans, in order."""
    found: list[Span] = []
    for day, name in sorted(days.items()):
        if found and found[-1].name == name and found[-1].last + DAY == day:
            found[-1] = Span(name, found[-1].first, day)
        else:
            found.append(Span(name, day, day))
    return found


def write_days(days: Mapping[date, str]) -> str:
    """Return a table as it would be typed: a line for each festival that follows another."""
    lines: list[str] = []
    last = None
    for span in spans(days):
        text = f"{span.first:%m%d}" + (f"-{span.last:%m%d}" if span.days > 1 else "")
        if lines and span.name == last:
            lines[-1] += f" {text}"
        else:
            lines.append(f"{span.name} {text}")
        last = span.name
    return "\n".join(lines)


def read_days(text: str, year: int, field: str) -> tuple[list[Entry], list[Invalid]]:
    """Return the days that were typed for a year, and what is wrong with which line."""
    entries: list[Entry] = []
    faults: list[Invalid] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            entries += _read_line(number, _ASIDE.sub("", unicodedata.normalize("NFKC", line)).strip(), year)
        except Invalid as error:
            error.field = field
            faults.append(error)
    return entries, faults


def _read_line(number: int, line: str, year: int) -> Iterator[Entry]:
    if not line:
        return
    parts = _LINE.fullmatch(line)
    if parts is None:
        if line[0].isdecimal():
            raise Invalid(N_("第 %(line)d 行没有写节日名称，请写成“国庆节 1001-1008”。"), line=number)
        raise Invalid(N_("第 %(line)d 行没有写日期，请写成“国庆节 1001-1008”。"), line=number)
    name, days = parts["name"] or parts["close"], parts["days"] or parts["rest"]
    joined = re.sub(rf"(?<=[\d日])\s*({_MARK})\s*(?=\d)", r"\1", days)
    for item in re.split(r"[\s,，、:：;；]+", joined.strip("。. ")):
        first, last = _read_range(number, item, year)
        for n in range((last - first).days + 1):
            yield Entry(number, first + timedelta(days=n), name.strip())


def _read_range(number: int, item: str, year: int) -> tuple[date, date]:
    parts = _RANGE.fullmatch(item)
    if parts is None:
        raise Invalid(N_("第 %(line)d 行：看不懂“%(text)s”。"), line=number, text=item)
    first = _read_day(number, parts[1], year, None)
    last = _read_day(number, parts[2], year, first.month) if parts[2] else first
    if last < first:
        raise Invalid(N_("第 %(line)d 行：“%(text)s”的末日早于首日。"), line=number, text=item)
    if (last - first).days > 60:
        raise Invalid(N_("第 %(line)d 行：“%(text)s”超过 60 天，请核对。"), line=number, text=item)
    return first, last


def _read_day(number: int, text: str, year: int, month: int | None) -> date:
    """Read one day; a bare `8日` is of the month of the day before it."""
    digits = re.findall(r"\d+", text)
    if len(digits) == 1 and len(digits[0]) in (4, 8):
        digits = [digits[0][:-4], digits[0][-4:-2], digits[0][-2:]]
    elif len(digits) < 3:
        digits = ["", *([str(month)] if len(digits) == 1 else []), *digits]
    try:
        return date(int(digits[0] or year), int(digits[1]), int(digits[2]))
    except ValueError:
        raise Invalid(N_("第 %(line)d 行：没有“%(text)s”这一天。"), line=number, text=text) from None


def check_entries(year: int, holidays: Iterable[Entry], makeups: Iterable[Entry]) -> list[Invalid]:
    """Return what no notice could order: each fault with the line and the field it stands in."""
    faults: list[Invalid] = []
    seen: dict[date, tuple[str, int]] = {}
    for field, entries in ((HOLIDAYS, holidays), (MAKEUPS, makeups)):
        for entry in entries:
            found = _fault(year, field, entry, seen.get(entry.day))
            if found:
                found.field = field
                faults.append(found)
            seen.setdefault(entry.day, (field, entry.line))
    return faults


def _fault(year: int, field: str, entry: Entry, before: tuple[str, int] | None) -> Invalid | None:
    told: dict[str, Any] = {"line": entry.line, "day": entry.day.isoformat()}
    if entry.day.year != year:
        return Invalid(N_("第 %(line)d 行：%(day)s 不在 %(year)d 年内。"), year=year, **told)
    if before and before[0] == field:
        if before[1] == entry.line:
            return Invalid(N_("第 %(line)d 行：%(day)s 写了两次。"), **told)
        return Invalid(N_("第 %(line)d 行：%(day)s 已在第 %(other)d 行写过。"), other=before[1], **told)
    if before:
        return Invalid(N_("第 %(line)d 行：%(day)s 既列为放假又列为调休上班。"), **told)
    if field == MAKEUPS and weekend_rule(entry.day) is not DayKind.WEEKEND:
        return Invalid(N_("第 %(line)d 行：%(day)s 不是周末，不能列为调休上班。"), **told)
    if not _good_name(entry.name):
        return Invalid(
            N_("第 %(line)d 行：节日名称应当是 1 到 %(most)d 个字，不以数字开头。"),
            line=entry.line,
            most=NAME_MAX,
        )
    return None


def _good_name(name: str) -> bool:
    """Return whether a name can be typed before its days and read back."""
    return bool(name) and len(name) <= NAME_MAX and name.isprintable() and not name[0].isdecimal()


def table_of(
    year: int, holidays: Iterable[Entry], makeups: Iterable[Entry], *, notice: str, source: str, note: str
) -> YearTable:
    """Return the table that faultless entries make."""
    return YearTable(
        year,
        {entry.day: entry.name for entry in holidays},
        {entry.day: entry.name for entry in makeups},
        notice,
        source,
        note,
    )
