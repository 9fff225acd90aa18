"""Tables as people hand them in, good and bad."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from openpyxl import Workbook

POINT_HEAD = ("编号", "名称", "区域", "类别", "进驻部门", "启用日期")
STAFF_HEAD = ("工号", "姓名", "类别", "进驻部门", "职务", "到岗日期", "窗口")
XLSX = "表.xlsx"


def workbook(rows: Iterable[Sequence[Any]], change: Callable[[Workbook], object] | None = None) -> bytes:
    """Return a workbook with these rows, after whatever else is to be done to it."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def points(*rows: Sequence[Any], change: Callable[[Workbook], object] | None = None) -> bytes:
    return workbook([POINT_HEAD, *rows], change)


def staff(*rows: Sequence[Any], change: Callable[[Workbook], object] | None = None) -> bytes:
    return workbook([STAFF_HEAD, *rows], change)


def point(number: Any = "C01", name: Any = "社保", **other: Any) -> tuple[Any, ...]:
    row = {
        "区域": "一楼大厅",
        "类别": "窗口",
        "进驻部门": "市场监管局",
        "启用日期": date(2026, 1, 4),
        **other,
    }
    return (number, name, *row.values())


def person(number: Any = "3001", name: Any = "钱多", **other: Any) -> tuple[Any, ...]:
    row = {
        "类别": "窗口工作人员",
        "进驻部门": "市场监管局",
        "职务": "科员",
        "到岗日期": datetime(2026, 1, 4),
        "窗口": "",
        **other,
    }
    return (number, name, *row.values())


def csv(rows: Iterable[Sequence[str]], encoding: str = "utf-8-sig") -> bytes:
    return "\r\n".join(",".join(row) for row in rows).encode(encoding)


def rezipped(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """Return a workbook with some of its parts changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return file.getvalue()


def with_sheet(xml: bytes) -> bytes:
    """Return a small workbook whose one sheet is this."""
    whole = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</worksheet>' % xml
    )
    return rezipped(points(), lambda name, old: whole if name.endswith("sheet1.xml") else old)


def far_out() -> bytes:
    """Return 1 kB that makes a reader ask for half a terabyte: two cells, the first and the last."""
    return with_sheet(
        b'<sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    )


def bomb() -> bytes:
    """Return a small file that unfolds to more than any table."""
    return with_sheet(b"<sheetData>" + b" " * (60 * 1024 * 1024) + b"</sheetData>")
