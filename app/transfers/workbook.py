"""Workbooks that Excel opens as people expect: real dates and numbers, and no formula out of data.

Written row by row in constant memory. They are Chinese, as printed documents are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO

from app import clock
from app.core.i18n import N_
from app.transfers.rules import CHOICES, NO, NOTES, YES, column_letters

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TEXT_MAX = 32_767  # characters that a cell can hold
SHEET_ROWS = 1_000_000
FILLED_MAX = 2000  # rows of a template that have drop-downs
_NOTHING: Mapping[int, Sequence[str]] = MappingProxyType({})
_CUT = N_("…（过长，已截断）")
_DIGITS_MAX = 15  # Excel keeps no more of a number
_FIRST_YEAR = 1900
# What makes a spreadsheet take text for a formula, in full width and after spaces as well.
_STARTERS = frozenset("=+-@\t\r\n＝＋－＠﹦﹢﹣﹫−")


@dataclass(frozen=True)
class Column:
    """A column of a list: its head, what it shows of a row, and its width in characters."""

    label: str
    value: Callable[[Any], Any]
    width: int = 14


@dataclass(frozen=True)
class Formula:
    """A formula of ours, never made of data, with what it comes to; `{row}` stands for its own row."""

    text: str
    value: Decimal


Words = Mapping[type, Mapping[Any, str]]  # enumeration → member → word


def dangerous(text: str) -> bool:
    """Return whether a spreadsheet might take a text for a formula, as it stands or saved as CSV."""
    return bool(_STARTERS & set(text[:1] + text.lstrip()[:1]))


class Sheets:
    """A workbook being written: sheets of rows, then what it says of itself."""

    def __init__(self, target: Path | BinaryIO, words: Words) -> None:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        from xlsxwriter import Workbook

        self.book = Workbook(str(target) if isinstance(target, Path) else target, options)
        self.words = words
        self.formats: dict[str, Format] = {
            "head": self.book.add_format({"bold": True, "bottom": 1, "bg_color": "#EDF1F0", "valign": "top"}),
            "text": self.book.add_format({"num_format": "@", "valign": "top"}),
            "inert": self.book.add_format({"num_format": "@", "valign": "top", "quote_prefix": True}),
            "number": self.book.add_format({"valign": "top"}),
            "date": self.book.add_format({"num_format": "yyyy-mm-dd", "align": "left", "valign": "top"}),
            "minute": self.book.add_format(
                {"num_format": "yyyy-mm-dd hh:mm", "align": "left", "valign": "top"}
            ),
            "time": self.book.add_format({"num_format": "hh:mm", "align": "left", "valign": "top"}),
        }

    def add(
        self,
        name: str,
        columns: Sequence[Column],
        rows: Iterable[Any],
        choices: Mapping[int, Sequence[str]] = _NOTHING,
    ) -> int:
        """Write rows under a frozen head with filters, on more sheets if need be, and return how many.

        `choices` become drop-downs of their columns.
        """
        total, sheet, line = 0, self._open(name, columns), 0
        for row in rows:
            if line == SHEET_ROWS:
                self._close(sheet, columns, line)
                sheet, line = self._open(f"{name} {total // SHEET_ROWS + 1}", columns), 0
            line, total = line + 1, total + 1
            for place, column in enumerate(columns):
                self._put(sheet, line, place, column.value(row))
        self._close(sheet, columns, line)
        if choices:
            self._offer(sheet, choices)
        return total

    def note(self, lines: Sequence[tuple[str, Any]]) -> None:
        """Write a last sheet of facts, each with its name."""
        sheet = self.book.add_worksheet(NOTES)
        sheet.set_column(0, 0, 14)
        sheet.set_column(1, 1, 60)
        for line, (name, value) in enumerate(lines):
            self._put(sheet, line, 0, name)
            self._put(sheet, line, 1, value)

    def _offer(self, sheet: Worksheet, choices: Mapping[int, Sequence[str]]) -> None:
        """Let the cells of a column be chosen from words, which stand on a sheet of their own."""
        listed = self.book.add_worksheet(CHOICES)
        for at, (place, words) in enumerate(choices.items()):
            letters = column_letters(at)
            source = f"={CHOICES}!${letters}$1:${letters}${len(words)}"
            sheet.data_validation(
                1, place, FILLED_MAX, place, {"validate": "list", "source": source, "error_type": "warning"}
            )
        for line, row in enumerate(zip_longest(*choices.values(), fillvalue="")):
            for at, word in enumerate(row):
                self._put(listed, line, at, word)

    def close(self) -> None:
        """Put the file together; what a failure has left half written goes the same way, with its pieces."""
        self.book.close()

    def _open(self, name: str, columns: Sequence[Column]) -> Worksheet:
        sheet = self.book.add_worksheet(name[:31])
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(0, place, column.label, self.formats["head"])
        return sheet

    def _close(self, sheet: Worksheet, columns: Sequence[Column], lines: int) -> None:
        sheet.autofilter(0, 0, max(lines, 1), len(columns) - 1)

    def _put(self, sheet: Worksheet, line: int, place: int, value: Any) -> None:
        """Write one value as what it is. Nothing is left to guessing."""
        if isinstance(value, Enum):
            value = self.words[type(value)][value]
        if value is None or value == "":
            return
        if isinstance(value, Formula):
            text = value.text.format(row=line + 1)
            sheet.write_formula(line, place, text, self.formats["number"], float(value.value))
        elif isinstance(value, bool):
            sheet.write_string(line, place, YES if value else NO, self.formats["text"])
        elif isinstance(value, int | float | Decimal) and len(str(value).strip("-")) <= _DIGITS_MAX:
            sheet.write_number(line, place, float(value) if isinstance(value, Decimal) else value)
        elif isinstance(value, datetime):
            moment = clock.local(value).replace(tzinfo=None, second=0, microsecond=0)
            sheet.write_datetime(line, place, moment, self.formats["minute"])
        elif isinstance(value, date) and value.year >= _FIRST_YEAR:
            sheet.write_datetime(line, place, value, self.formats["date"])
        elif isinstance(value, time):
            sheet.write_datetime(line, place, value, self.formats["time"])
        else:
            text = _fitting(str(value))
            sheet.write_string(line, place, text, self.formats["inert" if dangerous(text) else "text"])


def _fitting(text: str) -> str:
    """Return a text that a cell can hold: halves of characters marked, what is too long cut with a word."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - len(_CUT)] + _CUT
