"""Read a table in a child process with limits: a 1 kB workbook can otherwise take the process down.

The parent never loads the reader. The child (`python -m app.transfers.reading SOURCE ROWS`) gets two paths
and no settings, writes every filled row to ROWS as a line of JSON, [number, cells], and prints the facts.
Text stays text (007), numbers stay numbers, dates become 2026-11-22.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile

from app.core.errors import Invalid
from app.core.i18n import N_
from app.transfers.rules import (
    CHOICES,
    COLUMNS_MAX,
    FILE_MAX,
    HEAD_LINES,
    MEGABYTE,
    NO,
    NOTES,
    ROWS_MAX,
    YES,
    column_letters,
)

WALL_SECONDS = 60
CPU_SECONDS = 50
MEMORY_BYTES = 1024 * MEGABYTE
OUTPUT_BYTES = 256 * MEGABYTE
UNPACKED_MAX = 200 * MEGABYTE
RATIO_MAX, RATIO_FROM = 150, 8 * MEGABYTE  # how far a part may unfold, and from which size that matters
_PROJECT = Path(__file__).resolve().parents[2]
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")  # the container of .xls, and of what a password protects
_NAMED = 5  # how many places a refusal names

FAILED = N_("文件读取失败或超时。请另存为 .xlsx 后重试；仍不行请把数据复制到模板里。")
REFUSALS = {
    "large": N_("文件超过 %(most)s MB，请分成几个文件导入。"),
    "empty": N_("文件是空的，没有可以导入的内容。"),
    "legacy": N_("这是旧版 .xls 文件，请在 Excel 中另存为 .xlsx 后上传。"),
    "password": N_("文件有密码保护，请取消密码后上传。"),
    "not_table": N_("这不是 Excel 工作簿（.xlsx）或 CSV 文件。"),
    "damaged": N_("文件不完整或已损坏，请重新保存后上传。"),
    "unfolds": N_("文件解压后异常庞大，已拒绝读取。"),
    "range": N_("表格范围异常：%(place)s 有内容，最多 %(rows)s 行、%(columns)s 列。请删除多余的行列。"),
    "sheets": N_("有内容的工作表不止一个：%(places)s。请只保留要导入的一个。"),
    "merged": N_("有合并单元格：%(places)s。请取消合并、逐行填写后上传。"),
    "encoding": N_("CSV 文件的编码无法识别，请另存为 UTF-8 或 GBK。"),
}

log = logging.getLogger(__name__)


def read(source: Path, rows: Path) -> dict[str, Any]:
    """Read a table into a file of rows and return what else was seen in it. Raise Invalid."""
    try:
        child = subprocess.run(  # noqa: S603  two paths of our own making, no shell
            [sys.executable, "-s", "-E", "-m", __name__, source.absolute(), rows.absolute()],
            cwd=_PROJECT,
            # No secrets: whatever a hostile table makes of the reader finds an empty room.
            env={key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH") if key in os.environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=WALL_SECONDS,
            check=True,
        )
        answer: dict[str, Any] = json.loads(child.stdout)
    except subprocess.SubprocessError as failure:
        stderr = getattr(failure, "stderr", None) or b""
        log.warning("table not read: %s %s", failure, stderr[-500:].decode(errors="replace"))
        raise Invalid(FAILED, field="file") from None
    if "refused" in answer:
        raise Invalid(REFUSALS[answer["refused"]], field="file", **answer["params"])
    return answer


def receive(stream: BinaryIO, target: Path) -> int:
    """Keep an upload and return its size. Raise Invalid if it is too large or empty."""
    size = 0
    with target.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        while chunk := stream.read(256 * 1024):
            size += len(chunk)
            if size > FILE_MAX:
                raise Invalid(REFUSALS["large"], field="file", most=FILE_MAX // MEGABYTE)
            file.write(chunk)
    if not size:
        raise Invalid(REFUSALS["empty"], field="file")
    return size


# --- the child ------------------------------------------------------------------------------------


class Refused(Exception):
    """The table is not taken, and why."""

    def __init__(self, reason: str, **params: Any) -> None:
        super().__init__(reason)
        self.answer = {"refused": reason, "params": params}


def _main(source: Path, rows: Path) -> None:
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    try:
        with source.open("rb") as file:
            head = file.read(8)
        facts, found = _csv(source) if not head.startswith((b"PK", _OLE)) else _xlsx(source, head)
        facts["rows"] = _write(rows, found)
    except Refused as refused:
        facts = refused.answer
    sys.stdout.write(json.dumps(facts))


def _write(target: Path, rows: Iterable[list[Any]]) -> int:
    count = 0
    with target.open("w", encoding="utf-8") as file:
        for number, cells in enumerate(rows, 1):
            plain = [_plain(cell) for cell in cells]
            while plain and plain[-1] == "":
                plain.pop()
            if plain and any(cell != "" for cell in plain):
                count += 1
                if count > ROWS_MAX + HEAD_LINES:
                    raise Refused("range", place=str(number), rows=ROWS_MAX, columns=COLUMNS_MAX)
                if len(plain) > COLUMNS_MAX:
                    place = f"{column_letters(len(plain) - 1)}{number}"
                    raise Refused("range", place=place, rows=ROWS_MAX, columns=COLUMNS_MAX)
                file.write(json.dumps([number, plain], ensure_ascii=False) + "\n")
    if not count:
        raise Refused("empty")
    return count


def _plain(cell: Any) -> str | float | int:
    """Return a cell as text or number."""
    if isinstance(cell, str):
        return cell.strip().encode("utf-8", "replace").decode("utf-8")
    if isinstance(cell, bool):
        return YES if cell else NO
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 1e15 else cell
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "minutes")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.isoformat("minutes")
    if isinstance(cell, timedelta):
        minutes = int(cell.total_seconds()) // 60
        return f"{minutes // 60:02}:{minutes % 60:02}"
    return cell if isinstance(cell, int) else ""


def _csv(source: Path) -> tuple[dict[str, Any], Iterator[list[Any]]]:
    content = source.read_bytes()
    if b"\0" in content:
        raise Refused("not_table")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Refused("encoding")
    # Text that is not a table (a programme, a picture's beginning) has characters that no table has.
    if re.search(r"[\x01-\x08\x0b\x0c\x0e-\x1f]", text[:4096]):
        raise Refused("not_table")
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    return {"sheet": "", "csv": True}, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _xlsx(source: Path, head: bytes) -> tuple[dict[str, Any], Iterator[list[Any]]]:
    if head.startswith(_OLE):
        locked = "EncryptedPackage".encode("utf-16-le") in source.read_bytes()
        raise Refused("password" if locked else "legacy")
    try:
        with ZipFile(source) as archive:
            _check_directory(archive)
            parts = _sheets_of(archive)
            seen = {name: _scan(archive, part) for name, part in parts.items()}
        from python_calamine import CalamineWorkbook

        book = CalamineWorkbook.from_path(str(source))
        sheets = {name: book.get_sheet_by_name(name) for name in parts if name not in (NOTES, CHOICES)}
    except (BadZipFile, KeyError, OSError, ValueError, EOFError):
        raise Refused("damaged") from None
    filled = [name for name, sheet in sheets.items() if sheet.height]
    if not filled:
        raise Refused("empty")
    if len(filled) > 1:
        raise Refused("sheets", places=N_("、").join(filled[:_NAMED]))
    name = filled[0]
    return {"sheet": name, **seen[name]}, _rows(sheets[name])


def _rows(sheet: Any) -> Iterator[list[Any]]:
    """Yield the rows of a sheet from its first line and column on."""
    lines, columns = sheet.start
    yield from ([] for _ in range(lines))
    for row in sheet.to_python(skip_empty_area=True):
        yield [*[""] * columns, *row]


# --- what the file itself says, before anything unfolds it -------------------------------------------

_PLACE = re.compile(rb"r=[\"']([A-Z]{3}\d+|[C-Z][A-Z]\d+|[A-Z]{1,3}\d{6,})[\"']")
_FORMULA = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br=[\"']([A-Z]+\d+)[\"'][^>]*>\s*<(?:\w+:)?f[\s>/]")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?\bref=[\"']([A-Z0-9:]+)[\"']")
_HIDDEN = rb"\bhidden=[\"'](?:1|true)[\"']"
_HIDDEN_COLUMN = re.compile(rb"<(?:\w+:)?col\s(?=[^>]*" + _HIDDEN + rb")[^>]*?\bmin=[\"'](\d+)[\"']")
_HIDDEN_ROW = re.compile(rb"<(?:\w+:)?row\s[^>]*" + _HIDDEN)
_NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def _check_directory(archive: ZipFile) -> None:
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= names:
        raise Refused("not_table")
    unfolds = any(
        entry.file_size > RATIO_FROM and entry.file_size > RATIO_MAX * entry.compress_size
        for entry in entries
    )
    if unfolds or sum(entry.file_size for entry in entries) > UNPACKED_MAX or len(names) != len(entries):
        raise Refused("unfolds")


def _sheets_of(archive: ZipFile) -> dict[str, str]:
    """Return the part of each visible sheet by its name, in order."""
    from xml.etree.ElementTree import ParseError, fromstring

    try:
        # Small, and without entities of its own.
        book = fromstring(_part(archive, "xl/workbook.xml"))  # noqa: S314
        links = fromstring(_part(archive, "xl/_rels/workbook.xml.rels"))  # noqa: S314
    except ParseError:
        raise Refused("damaged") from None
    targets = {link.get("Id"): (link.get("Target") or "").lstrip("/").removeprefix("xl/") for link in links}
    return {
        sheet.get("name") or "": f"xl/{targets[sheet.get(_LINK)]}"
        for sheet in book.iter(f"{_NAMESPACE}sheet")
        if sheet.get("state", "visible") == "visible"
        and targets.get(sheet.get(_LINK), "").startswith("worksheets/")
    }


def _part(archive: ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > MEGABYTE:
        raise Refused("unfolds")
    content = archive.read(name)
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Refused("damaged")
    return content


def _scan(archive: ZipFile, part: str) -> dict[str, Any]:
    """Look through a sheet without building it. Raise Refused where its cells lie too far out."""
    formulas: list[str] = []
    merged: list[str] = []
    hidden: list[int] = []
    hidden_rows = 0
    for piece in _pieces(archive, part):
        for place in _PLACE.findall(piece):
            _check_place(place.decode())
        # A plain look first: most pieces have none of these, and the patterns take their time.
        if b"<f" in piece or b":f" in piece:
            formulas += [place.decode() for place in _FORMULA.findall(piece)]
        if b"mergeCell" in piece:
            merged += [place.decode() for place in _MERGED.findall(piece)]
        if b"hidden=" in piece:
            hidden += [int(number) for number in _HIDDEN_COLUMN.findall(piece)]
            hidden_rows += len(_HIDDEN_ROW.findall(piece))
    return {
        "formulas": len(formulas),
        "formula": formulas[0] if formulas else "",
        "merged": merged[:50],
        "hidden": [column_letters(number - 1) for number in hidden],
        "hidden_rows": hidden_rows,
    }


def _pieces(archive: ZipFile, part: str) -> Iterator[bytes]:
    """Yield a part in pieces that break before a row, a cell or at least a tag."""
    kept = b""
    with archive.open(part) as file:
        while chunk := file.read(MEGABYTE):
            kept += chunk
            cut = max(kept.rfind(b"<row"), kept.rfind(b"<c "), 0) or kept.rfind(b"<")
            if cut > 0:
                yield kept[:cut]
                kept = kept[cut:]
    yield kept


def _check_place(place: str) -> None:
    letters = place.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    if column > COLUMNS_MAX or int(place[len(letters) :]) > ROWS_MAX + HEAD_LINES:
        raise Refused("range", place=place, rows=ROWS_MAX, columns=COLUMNS_MAX)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
