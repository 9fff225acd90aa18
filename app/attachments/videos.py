"""Whether a file is a whole video with a picture, and how long it lasts: structure only, nothing is decoded.

MP4 and MOV are boxes of boxes (ISO 14496-12), WebM is elements of elements (RFC 8794). Pure, for the child.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from app.attachments.child import Refused
from app.attachments.rules import MOV_BRAND, FileFacts, MediaType

_MAX_PARTS = 20_000
_EBML, _SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_DOC_TYPE, _SCALE, _DURATION, _TRACK, _TRACK_TYPE = 0x4282, 0x2AD7B1, 0x4489, 0xAE, 0x83

Part = tuple[int, int, int]  # what it is, where its content begins, where it ends


def examine(file: BinaryIO, size: int) -> FileFacts:
    """Return format and duration of a video. Raise Refused: damaged, silent film wanted, other container."""
    head = file.read(12)
    if head[4:8] == b"ftyp":
        return FileFacts(
            MediaType.MOV if head[8:12] == MOV_BRAND else MediaType.MP4, seconds=_mp4(file, size)
        )
    return FileFacts(MediaType.WEBM, seconds=_webm(file, size))


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    content = file.read(length)
    if len(content) < length:
        raise Refused("damaged")
    return content


# --- MP4 and MOV ----------------------------------------------------------------------------------


def _boxes(file: BinaryIO, at: int, end: int) -> Iterator[Part]:
    for _ in range(_MAX_PARTS):
        if at >= end:
            return
        size, kind = struct.unpack(">I4s", _read(file, at, 8))
        begin = at + 8
        if size == 1:
            size, begin = int.from_bytes(_read(file, begin, 8), "big"), begin + 8
        elif size == 0:  # the last one: up to the end
            size = end - at
        if size < begin - at or at + size > end:
            raise Refused("damaged")
        yield int.from_bytes(kind, "big"), begin, at + size
        at += size
    raise Refused("damaged")


def _box(name: bytes) -> int:
    return int.from_bytes(name, "big")


def _mp4(file: BinaryIO, size: int) -> int | None:
    top = list(_boxes(file, 0, size))
    movie = next((part for part in top if part[0] == _box(b"moov")), None)
    # A recording that was cut off has its pictures but not the index at its end.
    if movie is None or not {kind for kind, *_ in top} & {_box(b"mdat"), _box(b"moof")}:
        raise Refused("damaged")
    seconds, pictures = None, False
    for kind, begin, end in _boxes(file, *movie[1:]):
        if kind == _box(b"mvhd"):
            seconds = _movie_seconds(_read(file, begin, min(32, end - begin)))
        elif kind == _box(b"trak"):
            pictures = pictures or _has_pictures(file, begin, end)
    if not pictures:
        raise Refused("no_picture")
    return seconds


def _movie_seconds(header: bytes) -> int | None:
    long = header[:1] == b"\1"
    try:
        scale, duration = struct.unpack_from(">IQ" if long else ">II", header, 20 if long else 12)
    except struct.error:
        raise Refused("damaged") from None
    # All bits set: not known.
    return _whole(duration / scale) if scale and duration < (2**64 - 1 if long else 2**32 - 1) else None


def _has_pictures(file: BinaryIO, begin: int, end: int) -> bool:
    for kind, inner, inner_end in _boxes(file, begin, end):
        if kind == _box(b"mdia"):
            for part, at, _ in _boxes(file, inner, inner_end):
                if part == _box(b"hdlr") and _read(file, at + 8, 4) == b"vide":
                    return True
    return False


# --- WebM -----------------------------------------------------------------------------------------


def _number(file: BinaryIO, at: int, *, marked: bool) -> tuple[int, int]:
    """Return a number of 1 to 8 bytes and where it ends; an id keeps its length mark, a size loses it."""
    first = _read(file, at, 1)[0]
    length = 9 - first.bit_length()
    if length > (4 if marked else 8):
        raise Refused("damaged")
    value = int.from_bytes(_read(file, at, length), "big")
    if not marked:
        value &= (1 << 7 * length) - 1
        if value == (1 << 7 * length) - 1:
            value = -1  # a live recording did not know how long it would get
    return value, at + length


def _elements(file: BinaryIO, at: int, end: int) -> Iterator[Part]:
    for _ in range(_MAX_PARTS):
        if at >= end:
            return
        kind, at = _number(file, at, marked=True)
        size, at = _number(file, at, marked=False)
        stop = end if size < 0 else at + size
        if stop > end:
            raise Refused("damaged")
        yield kind, at, stop
        at = stop
    raise Refused("damaged")


def _webm(file: BinaryIO, size: int) -> int | None:
    top = list(_elements(file, 0, size))
    if top[0][0] != _EBML or _value(file, top[0], _DOC_TYPE).rstrip(b"\0") != b"webm":
        raise Refused("container")
    segment = next((part for part in top if part[0] == _SEGMENT), None)
    if segment is None:
        raise Refused("damaged")
    seconds, pictures = None, False
    for part in _elements(file, *segment[1:]):
        if part[0] == _INFO:
            seconds = _segment_seconds(file, part)
        elif part[0] == _TRACKS:
            tracks = [each for each in _elements(file, *part[1:]) if each[0] == _TRACK]
            pictures = any(_value(file, track, _TRACK_TYPE) == b"\1" for track in tracks)
        elif part[0] == _CLUSTER:
            if pictures:
                return seconds
            raise Refused("no_picture")
    raise Refused("damaged")


def _value(file: BinaryIO, parent: Part, wanted: int) -> bytes:
    for kind, begin, end in _elements(file, *parent[1:]):
        if kind == wanted:
            return _read(file, begin, min(end - begin, 32))
    return b""


def _segment_seconds(file: BinaryIO, info: Part) -> int | None:
    scale = int.from_bytes(_value(file, info, _SCALE) or (1_000_000).to_bytes(3, "big"), "big")
    written = _value(file, info, _DURATION)
    form = {4: ">f", 8: ">d"}.get(len(written))
    return _whole(struct.unpack(form, written)[0] * scale / 1e9) if form else None


def _whole(seconds: float) -> int | None:
    return round(seconds) if 0 <= seconds < 7 * 24 * 3600 else None  # NaN is refused too
