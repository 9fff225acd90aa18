"""Published work calendars as TOML files, one a year: `2026.toml` with notice, source, holidays, makeups."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from app.core.errors import Invalid
from app.core.i18n import N_
from app.core.workdays import WorkCalendar, YearTable
from app.worktime.entry_rules import HOLIDAYS, MAKEUPS, YEARS, Entry, check_entries, table_of

TEXTS = ("notice", "source", "note")
TABLES = (HOLIDAYS, MAKEUPS)


def load(folder: Path) -> WorkCalendar:
    """Read every year in a folder; raise Invalid, naming the file, at the first thing that is wrong."""
    tables = [read_year(path) for path in sorted(folder.glob("*.toml"))]
    if not tables:
        raise Invalid(N_("%(folder)s中没有工作日历文件。"), folder=folder)
    return WorkCalendar({table.year: table for table in tables})


def read_year(path: Path) -> YearTable:
    """Read one year's file, whose name is the year; raise Invalid at the first thing that is wrong."""
    table, faults = parse(path.name, path.read_bytes())
    if table is None:
        raise Invalid(N_("%(file)s：%(reason)s"), file=path.name, reason=faults[0])
    return table


def parse(name: str, content: bytes) -> tuple[YearTable | None, list[Invalid]]:
    """Return the table of a file, whose name is the year, or None and all that is wrong with which line."""
    year = name.removesuffix(".toml")
    if not re.fullmatch(r"[0-9]{4}", year) or int(year) not in YEARS:
        return None, [Invalid(N_("文件名应当是四位年份，如 2026.toml。"))]
    try:
        text = content.decode()
        found = tomllib.loads(text)
    except UnicodeDecodeError:
        return None, [Invalid(N_("文件不是 UTF-8 编码的文本。"))]
    except tomllib.TOMLDecodeError as error:
        return None, [_broken(str(error))]
    except RecursionError:
        return None, [Invalid(N_("文件不是有效的 TOML。"))]
    return _table(int(year), found, _lines(text))


def _broken(reason: str) -> Invalid:
    """Say in our words where the file stops being TOML."""
    place = re.search(r"at line (\d+)", reason)
    if place is None:
        return Invalid(N_("文件不是有效的 TOML。"))
    # A day written twice in one table ends here too: TOML itself refuses to overwrite a value.
    if "overwrite" in reason or "twice" in reason:
        return Invalid(N_("第 %(line)d 行：同一天（或同一项）写了两次。"), line=int(place[1]))
    return Invalid(N_("第 %(line)d 行：写法有误，不是有效的 TOML。"), line=int(place[1]))


def _lines(text: str) -> dict[tuple[str, str], int]:
    """Return the line on which each key of each table stands."""
    found: dict[tuple[str, str], int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[\s*([^\]\s]+)\s*\]", line):
            table = head[1]
        elif key := re.match(r"\s*[\"']?([^\"'=\s]+)[\"']?\s*=", line):
            found.setdefault((table, key[1]), number)
    return found


def _table(
    year: int, content: Mapping[str, Any], lines: Mapping[tuple[str, str], int]
) -> tuple[YearTable | None, list[Invalid]]:
    faults = []
    if unknown := content.keys() - {*TEXTS, *TABLES}:
        faults.append(Invalid(N_("不认识的项目：%(names)s。"), names="、".join(sorted(unknown))))
    if not (content.get("notice") and content.get("source")):
        faults.append(Invalid(N_("必须写明通知（notice）和来源（source）。")))
    texts = {key: content.get(key, "") for key in TEXTS}
    faults += [
        Invalid(N_("%(key)s应当是文字。"), key=key)
        for key, value in texts.items()
        if not isinstance(value, str)
    ]
    days = {}
    for key in TABLES:
        days[key], wrong = _days(content.get(key, {}), key, lines)
        faults += wrong
    faults += check_entries(year, days[HOLIDAYS], days[MAKEUPS])
    return (None, faults) if faults else (table_of(year, days[HOLIDAYS], days[MAKEUPS], **texts), [])


def _days(
    table: object, name: str, lines: Mapping[tuple[str, str], int]
) -> tuple[list[Entry], list[Invalid]]:
    if not isinstance(table, dict):
        return [], [Invalid(N_("holidays 和 makeups 应当是“日期 = 节日”的表。"))]
    entries: list[Entry] = []
    faults: list[Invalid] = []
    for text, festival in table.items():
        line, day = lines.get((name, text), 0), _day(text)
        if day is None:
            message = N_("第 %(line)d 行：“%(text)s”不是日期，请写成 2026-01-01 的形式。")
            faults.append(Invalid(message, line=line, text=text))
        elif not isinstance(festival, str):
            faults.append(Invalid(N_("第 %(line)d 行：%(text)s应当是文字。"), line=line, text=text))
        else:
            entries.append(Entry(line, day, festival))
    return entries, faults


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # 20260101 and 2026-W01-4 are ISO dates too: one notation only, or a day could be written twice.
    return day if day.isoformat() == text else None
