"""Small files of every kind that counts as evidence, built by hand, and bad ones that resemble them."""

from __future__ import annotations

import io
import struct
import zipfile

OFFICE = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}
TYPES = "[Content_Types].xml"


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def mp4(brand: bytes = b"isom", seconds: int = 42, handler: bytes = b"vide", *, index: bool = True) -> bytes:
    """Return a film without pictures in it, as far as its structure goes whole."""
    header = box(b"mvhd", bytes(12), struct.pack(">II", 1000, seconds * 1000), bytes(80))
    track = box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(13))))
    parts = [box(b"ftyp", brand, bytes(4), brand), box(b"mdat", b"\x5a" * 4000)]
    return b"".join([*parts, box(b"moov", header, track)] if index else parts)


def element(kind: str, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return bytes.fromhex(kind) + struct.pack(">Q", len(content) | 1 << 56) + content


def webm(doc_type: bytes = b"webm", seconds: float = 42.0, track: int = 1) -> bytes:
    info = element("1549A966", element("4489", struct.pack(">d", seconds * 1000)))
    tracks = element("1654AE6B", element("AE", element("83", bytes([track]))))
    segment = element("18538067", info, tracks, element("1F43B675", b"\x5a" * 500))
    return element("1A45DFA3", element("4282", doc_type)) + segment


def pdf(trailer: bytes = b"", tail: bytes = b"%%EOF\n") -> bytes:
    body = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n"
    return body + b"trailer\n<</Root 1 0 R" + trailer + b">>\nstartxref\n9\n" + tail


def package(parts: dict[str, bytes], *, squeeze: bool = True) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if squeeze else zipfile.ZIP_STORED) as folder:
        for name, content in parts.items():
            folder.writestr(name, content)
    return file.getvalue()


def office(kind: str = "docx", **more: bytes) -> bytes:
    return package({TYPES: b"<Types/>", OFFICE[kind]: b"<doc/>" * 50, **more})


def bomb() -> bytes:
    """Return a docx of 250 kB that unfolds to 256 MB."""
    return package({TYPES: b"<Types/>", OFFICE["docx"]: bytes(256 * 1024 * 1024)})


def encrypted_package() -> bytes:
    """Return a docx whose parts say that they need a password."""
    content = bytearray(office())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(mark, at + 4)
    return bytes(content)
