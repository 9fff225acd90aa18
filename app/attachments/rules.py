"""What counts as a photo, and how many, how large and under what name one is kept."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from enum import StrEnum

from app.core.errors import Invalid
from app.core.i18n import N_

MEGABYTE = 1024 * 1024
MAX_PHOTO_BYTES = 20 * MEGABYTE
MAX_PIXELS = 80_000_000
MAX_PHOTOS = 9  # of one kind on one row
LARGE, SMALL = 1600, 320  # pixels of a preview's longer side: on a screen, in a list
PREVIEW_WIDTHS = (LARGE, SMALL)
HEAD_BYTES = 32
MAX_NAME = 120
_MAX_SUFFIX = 10
_FIRST_YEAR = 2000  # cameras that lost their clock say 1970, 1980 or 0000


class AttachmentKind(StrEnum):
    FINDING_PHOTO = "finding_photo"
    MEASURE_PHOTO = "measure_photo"
    RECHECK_PHOTO = "recheck_photo"


class MediaType(StrEnum):
    """The formats that are taken in; joined by commas, the `accept` of a file field."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"


SUFFIXES = {MediaType.JPEG: ".jpg", MediaType.PNG: ".png", MediaType.WEBP: ".webp"}

_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)

EMPTY = N_("“%(name)s”是空文件，请重新选择照片。")
TOO_LARGE = N_("“%(name)s”超过 %(limit)d MB，请在手机上降低照片分辨率后再上传。")
HEIC = N_(
    "“%(name)s”是 HEIC 格式，暂不支持。"
    "请在手机上选择“最兼容”格式（iPhone：设置－相机－格式－兼容性最佳）后再上传。"
)
NOT_A_PHOTO = N_("“%(name)s”不是可用的照片，请上传 JPEG、PNG 或 WebP 格式的照片。")
TOO_MANY = N_("照片最多 %(limit)d 张，请减少后再提交。")


def media_type_of(head: bytes, name: str) -> MediaType:
    """Judge a file by its first HEAD_BYTES bytes, never by its name; raise Invalid if it is no photo."""
    if not head:
        raise Invalid(EMPTY, field="photos", name=name)
    if head.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return MediaType.WEBP
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        raise Invalid(HEIC, field="photos", name=name)
    raise Invalid(NOT_A_PHOTO, field="photos", name=name)


def check_size(size: int, name: str) -> None:
    """Raise Invalid if a file is larger than MAX_PHOTO_BYTES."""
    if size > MAX_PHOTO_BYTES:
        raise Invalid(TOO_LARGE, field="photos", name=name, limit=MAX_PHOTO_BYTES // MEGABYTE)


def check_count(count: int) -> None:
    """Raise Invalid if a row would hold more than MAX_PHOTOS photos of one kind."""
    if count > MAX_PHOTOS:
        raise Invalid(TOO_MANY, field="photos", limit=MAX_PHOTOS)


def safe_filename(name: str | None) -> str:
    """Return a name fit for display: no folder, no control or direction characters, ≤ MAX_NAME characters.

    Rare characters stay as they are: they are not normalised, private ones included.
    """
    base = (name or "").replace("\\", "/").rpartition("/")[2]
    # Cc, Cf, Cs, Zl, Zp: NUL breaks PostgreSQL, U+202E shows “gpj.exe” as “exe.jpg”, lone halves break UTF-8.
    kept = "".join(c for c in base if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    kept = kept.strip(" .\u3000")
    if not kept:
        return N_("照片")
    stem, dot, suffix = kept.rpartition(".")
    if not dot or len(suffix) >= _MAX_SUFFIX:
        return kept[:MAX_NAME]
    return f"{stem[: MAX_NAME - len(suffix) - 1]}.{suffix}"


def exif_time(text: str) -> datetime | None:
    """Read an EXIF time, `2026:11:20 09:31:00` on the camera's own clock; None if it cannot be meant."""
    try:
        taken = datetime.strptime(text.strip(" \0"), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007  cameras know no zone
    except ValueError:
        return None
    return taken if taken.year >= _FIRST_YEAR else None
