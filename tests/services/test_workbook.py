"""Workbooks: real dates and numbers, nothing that a spreadsheet would run, every character as it was."""

from __future__ import annotations

import io
from contextlib import closing
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from app.inspections.labels import LABELS
from app.inspections.rules import FindingStatus
from app.transfers import workbook
from app.transfers.workbook import Column, Sheets, dangerous

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠a",
    "  =1",
    "　=1",
]


def written(*values: Any, label: str = "值") -> io.BytesIO:
    """Return a workbook with one column of these values."""
    file = io.BytesIO()
    with closing(Sheets(file, LABELS)) as sheets:
        sheets.add("表", [Column(label, lambda value: value)], values)
    file.seek(0)
    return file


def cells(*values: Any) -> list[Any]:
    sheet = load_workbook(written(*values))["表"]
    return [row[0] for row in sheet.iter_rows(min_row=2)]


def read(file: io.BytesIO) -> list[Any]:
    """Return the column as our own reader takes it in."""
    sheet = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0)
    return [row[0] for row in sheet.to_python(skip_empty_area=False)[1:]]


def test_values_are_what_they_are():
    instant = datetime(2026, 11, 18, 2, 0, 59, tzinfo=UTC)
    found = cells(
        date(2026, 11, 22), instant, 12, Decimal("1.5"), time(9, 5), True, FindingStatus.OPEN, "007"
    )
    assert [cell.value for cell in found] == [
        datetime(2026, 11, 22),
        datetime(2026, 11, 18, 10, 0),
        12,
        1.5,
        time(9, 5),
        "是",
        "待处理",
        "007",
    ]
    assert [cell.number_format for cell in found[:2]] == ["yyyy-mm-dd", "yyyy-mm-dd hh:mm"]
    assert found[7].number_format == "@", "it stays text when someone edits it"


@pytest.mark.parametrize("text", FORMULAS)
def test_no_text_becomes_a_formula(text):
    (cell,) = cells(text)
    assert cell.data_type == "s"
    assert read(written(text)) == [text]
    assert cell.quotePrefix, "nor when the sheet is edited or saved as CSV"
    assert dangerous(text)
    with ZipFile(written(text)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


def test_every_dangerous_beginning_is_tried(figure):
    """Each sign, in full width too, and after spaces of every width."""
    signs = sorted(workbook._STARTERS)
    tried = [f"{sign}1" for sign in signs]
    tried += [f"{space}{sign}1" for space in (" ", "\u3000", "\xa0") for sign in signs if sign.strip()]
    inert = [cell for cell in cells(*tried) if cell.data_type == "s" and cell.quotePrefix]
    figure("S11", "cells beginning as a formula that stay text", len(inert), bar=f"{len(tried)}", held=True)
    assert set("=+-@\t\r\n＝＋－＠") <= set(signs)
    assert len(inert) == len(tried)
    assert read(written(*tried)) == tried


def test_harmless_text_is_not_marked():
    assert not any(dangerous(text) for text in ("", "王巡", "A-01", "1+1", "3 - 4"))


def test_rare_and_invisible_characters_come_back():
    texts = [
        "𠮷㛃伟",
        "一行\n两行",
        "a\x01b",
        "_x0041_",
        "e\u0301",
        " 前后 ",
        "x" * 300,
        "\u202e反",
        "👩‍👩‍👧",
    ]
    assert read(written(*texts)) == texts
    assert cells("a\ud800b")[0].value == "a?b", "half a character cannot be written"


def test_what_is_too_long_for_a_cell_is_cut_and_says_so():
    (cell,) = cells("长" * 40_000)
    assert len(cell.value) == workbook.TEXT_MAX
    assert cell.value.endswith("已截断）")
    assert cells(10**17)[0].value == "1" + "0" * 17, "Excel would lose its last digits"
    assert cells(date(1850, 1, 1))[0].value == "1850-01-01"


def test_the_head_is_frozen_with_a_filter_over_all_rows():
    sheet = load_workbook(written("a", "b"))["表"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:A3")
    assert sheet.cell(1, 1).font.bold


def test_more_rows_than_a_sheet_holds_go_on_another_one(monkeypatch):
    monkeypatch.setattr(workbook, "SHEET_ROWS", 2)
    book = load_workbook(written(*range(5)))
    assert book.sheetnames == ["表", "表 2", "表 3"]
    assert [sheet.max_row for sheet in book] == [3, 3, 2]
