"""Whether a PDF or an office file is whole, open and without programs. Pure, for the child."""

from __future__ import annotations

import mmap
import re
import zipfile
import zlib
from pathlib import Path

from app.attachments.child import Refused
from app.attachments.rules import MEGABYTE, FileFacts, MediaType

_ENCRYPTED = re.compile(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)")
_TAIL = 2048
MAX_PARTS = 5000
MAX_UNPACKED = 200 * MEGABYTE
_MAIN_PARTS = {
    "word/document.xml": MediaType.DOCX,
    "xl/workbook.xml": MediaType.XLSX,
    "ppt/presentation.xml": MediaType.PPTX,
}
_TYPES = "[Content_Types].xml"


def examine_pdf(path: Path) -> FileFacts:
    """Return the facts of a PDF. Raise Refused: it is cut off, or nobody can read it without a password."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        tail = content[-_TAIL:]
        if b"%%EOF" not in tail or content.rfind(b"startxref") < 0:
            raise Refused("damaged")
        if _ENCRYPTED.search(content):
            raise Refused("encrypted")
    return FileFacts(MediaType.PDF)


def examine_office(path: Path) -> FileFacts:
    """Return the facts of a docx, xlsx or pptx, told by its directory and read through once."""
    try:
        with zipfile.ZipFile(path) as package:
            return FileFacts(_office_type(package))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError):
        raise Refused("damaged") from None


def _office_type(package: zipfile.ZipFile) -> MediaType:
    parts = package.infolist()
    names = {part.filename for part in parts}
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise Refused("bomb")
    if any(part.flag_bits & 1 for part in parts):
        raise Refused("encrypted")
    found = [media_type for name, media_type in _MAIN_PARTS.items() if name in names]
    if _TYPES not in names or len(found) != 1:
        raise Refused(_other(package, names))
    if len(names) < len(parts) or any(".." in name.split("/") or name[:1] == "/" for name in names):
        raise Refused("damaged")
    types = package.read(_TYPES)
    if b"macroEnabled" in types or any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Refused("macros")
    if package.testzip() is not None:  # no more is unpacked than the directory claims
        raise Refused("damaged")
    return found[0]


def _other(package: zipfile.ZipFile, names: set[str]) -> str:
    if "xl/workbook.bin" in names:
        return "binary_workbook"
    if "OFD.xml" in names:
        return "ofd"
    if "mimetype" in names and package.read("mimetype").startswith(b"application/vnd.oasis.opendocument"):
        return "open_document"
    return "archive"
