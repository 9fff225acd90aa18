"""Published work calendars as TOML files, one a year: `2026.toml` with notice, source, holidays, makeups."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from app.core.errors import Invalid
from app.core.i18n import N_
from app.core.workdays import WorkCalendar, YearTable

TEXTS = ("notice", "source", "note")
TABLES = ("holidays", "makeups")


def load(folder: Path) -> WorkCalendar:
    """Read every year in a folder; raise Invalid, naming the file, at the first thing that is wrong."""
    tables = [read_year(path) for path in sorted(folder.glob("*.toml"))]
    if not tables:
        raise Invalid(N_("%(folder)s中没有工作日历文件。"), folder=folder)
    return WorkCalendar({table.year: table for table in tables})


def read_year(path: Path) -> YearTable:
    """Read one year's file, whose name is the year."""
    try:
        return _year_table(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    except Invalid as error:
        raise Invalid(N_("%(file)s：%(reason)s"), file=path.name, reason=error) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        # A day written twice in one table ends here too: TOML itself refuses to overwrite a value.
        message = N_("%(file)s：写法有误或同一天写了两次：%(reason)s")
        raise Invalid(message, file=path.name, reason=error) from None


def _year_table(name: str, content: Mapping[str, Any]) -> YearTable:
    if not (name.isascii() and name.isdecimal() and len(name) == 4):
        raise Invalid(N_("文件名应当是四位年份。"))
    if unknown := content.keys() - {*TEXTS, *TABLES}:
        raise Invalid(N_("不认识的项目：%(names)s。"), names="、".join(sorted(unknown)))
    if not (content.get("notice") and content.get("source")):
        raise Invalid(N_("必须写明通知（notice）和来源（source）。"))
    texts = {key: _text(key, content.get(key, "")) for key in TEXTS}
    holidays, makeups = (_days(content.get(key, {})) for key in TABLES)
    return YearTable(int(name), holidays, makeups, **texts)


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise Invalid(N_("%(key)s应当是文字。"), key=key)
    return value


def _days(table: object) -> dict[date, str]:
    if not isinstance(table, dict):
        raise Invalid(N_("holidays 和 makeups 应当是“日期 = 节日”的表。"))
    return {_day(text): _text(text, festival) for text, festival in table.items()}


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # 20260101 and 2026-W01-4 are ISO dates too: one notation only, or a day could be written twice.
    if day is None or day.isoformat() != text:
        raise Invalid(N_("“%(text)s”不是日期，请写成 2026-01-01 的形式。"), text=text)
    return day
