"""Take papers out of a PDF of many, and bind many PDFs into one: on the plain PDFs that `pdf` makes. Pure.

Plain means a classic table of references and no object streams. A page takes along what it refers to and
nothing else; what several pages of a file share (fonts) stands in it once.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable
from typing import BinaryIO

_REFERENCE = re.compile(rb"\b(\d+) 0 R\b")
_PARENT = re.compile(rb"/Parent \d+ 0 R")
_LENGTH = re.compile(rb"/Length \d+")
_HEADER = b"%PDF-1.7\n%\xf0\x9f\x96\xa4\n"
_PACKED = b"/Filter /FlateDecode"
_TREE = 1  # the number of the object that lists the pages


class Pdf:
    """The objects of a plain PDF by number, and its pages in order. Raise ValueError for another one."""

    def __init__(self, content: bytes) -> None:
        start = int(content[content.rindex(b"startxref") :].split()[1])
        table, _, trailer = content[start:].partition(b"trailer")
        if not table.startswith(b"xref"):
            raise ValueError("not a plain PDF")
        offsets = sorted(int(line[:10]) for line in table.splitlines()[2:] if line.rstrip().endswith(b"n"))
        self.objects: dict[int, bytes] = {}
        for offset, end in zip(offsets, [*offsets[1:], start], strict=True):
            number, _, body = content[offset:end].partition(b" 0 obj\n")
            self.objects[int(number)] = body[: body.rindex(b"\nendobj")]
        catalog = self.objects[_number(rb"/Root (\d+) 0 R", trailer)]
        tree = self.objects[_number(rb"/Pages (\d+) 0 R", catalog)]
        kids = tree.partition(b"/Kids [")[2].partition(b"]")[0]
        self.pages = [int(number) for number in _REFERENCE.findall(kids)]

    def parts(self, number: int) -> tuple[bytes, bytes | None]:
        """Return what an object says, and its stream if it has one."""
        body = self.objects[number]
        head, found, rest = body.partition(b">>\nstream\n")
        return (head + b">>", rest[: rest.rindex(b"\nendstream")]) if found else (body, None)


def _number(pattern: bytes, text: bytes) -> int:
    found = re.search(pattern, text)
    if found is None:
        raise ValueError("not a plain PDF")
    return int(found[1])


class Binder:
    """A PDF being written page by page, in the memory that one of its papers takes."""

    def __init__(self, target: BinaryIO) -> None:
        self.target = target
        self.position = 0
        self.offsets: dict[int, int] = {_TREE: 0}
        self.written: dict[bytes, int] = {}  # hash of an object: its number
        self.kids: list[int] = []
        self._put(_HEADER)

    def add(self, pdf: Pdf, places: Iterable[int] | None = None) -> None:
        """Write the pages at some places of a PDF, all of them if none are named."""
        copied: dict[int, int] = {}
        for place in range(len(pdf.pages)) if places is None else places:
            body = _PARENT.sub(b"", pdf.objects[pdf.pages[place]])
            page = self._renumbered(pdf, body, copied).removesuffix(b">>")
            self.kids.append(self._write(page + b"/Parent %d 0 R>>" % _TREE))

    def close(self) -> None:
        """Write what holds the pages together."""
        kids = b" ".join(b"%d 0 R" % number for number in self.kids)
        self._write(b"<</Type /Pages/Kids [%s]/Count %d>>" % (kids, len(self.kids)), _TREE)
        root = self._write(b"<</Type /Catalog/Pages %d 0 R/Lang (zh-Hans)>>" % _TREE)
        start, size = self.position, len(self.offsets) + 1
        self._put(b"xref\n0 %d\n0000000000 65535 f \n" % size)
        self._put(b"".join(b"%010d 00000 n \n" % self.offsets[number] for number in range(1, size)))
        self._put(b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, root, start))

    def _copied(self, pdf: Pdf, number: int, copied: dict[int, int]) -> int:
        """Return the number of an object in this file; write it first, unless its like stands there."""
        if number in copied:
            return copied[number]
        head, stream = pdf.parts(number)
        head = self._renumbered(pdf, head, copied)
        if stream is not None:
            head = _LENGTH.sub(b"", head).removesuffix(b">>")
            if _PACKED not in head:
                head, stream = head + _PACKED, zlib.compress(stream)
            head += b"/Length %d>>\nstream\n%s\nendstream" % (len(stream), stream)
        key = hashlib.sha256(head).digest()
        if key not in self.written:
            self.written[key] = self._write(head)
        copied[number] = self.written[key]
        return copied[number]

    def _renumbered(self, pdf: Pdf, text: bytes, copied: dict[int, int]) -> bytes:
        return _REFERENCE.sub(lambda found: b"%d 0 R" % self._copied(pdf, int(found[1]), copied), text)

    def _write(self, body: bytes, number: int | None = None) -> int:
        number = number or len(self.offsets) + 1
        self.offsets[number] = self.position
        self._put(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        return number

    def _put(self, content: bytes) -> None:
        self.target.write(content)
        self.position += len(content)
