"""Take the papers of a slice out of its one PDF, and bind many PDFs into one."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject

ALIKE_EVERY = 50  # papers; what is alike in them is found so often, that memory stays flat


def part(whole: bytes, papers: Iterable[Sequence[int]]) -> list[bytes]:
    """Return a file for each paper, which is some pages of one PDF with what these refer to."""
    reader, found = PdfReader(io.BytesIO(whole)), []
    for places in papers:
        writer, file = _writer(), io.BytesIO()
        for place in places:
            writer.add_page(reader.pages[place])
        writer.write(file)
        found.append(file.getvalue())
    return found


def bind(papers: Iterable[bytes], target: BinaryIO) -> None:
    """Write papers into one file, one after the other; what is alike in them (fonts) stands in it once."""
    writer = _writer()
    for number, content in enumerate(papers, 1):
        for page in PdfReader(io.BytesIO(content)).pages:
            writer.add_page(page)
        if number % ALIKE_EVERY == 0:
            writer.compress_identical_objects()
    writer.compress_identical_objects()
    writer.write(target)


def _writer() -> PdfWriter:
    """Return an empty file that says its language and nothing of when or by what it was made."""
    writer = PdfWriter()
    writer.metadata = None
    writer.root_object[NameObject("/Lang")] = TextStringObject("zh-Hans")
    return writer
