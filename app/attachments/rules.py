"""What counts as evidence, and how many, how large and under what name one file is kept."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.core.errors import Invalid
from app.core.i18n import N_

MEGABYTE = 1024 * 1024
GIGABYTE = 1024 * MEGABYTE
MAX_PIXELS = 80_000_000
MAX_FILES = 9  # of one kind on one row
LARGE, SMALL = 1600, 320  # pixels of a preview's longer side: on a screen, in a list
PREVIEW_WIDTHS = (LARGE, SMALL)
HEAD_BYTES = 32
MAX_NAME = 120
MAX_CAMERA = 80
_MAX_SUFFIX = 10
_FIRST_YEAR = 2000  # cameras that lost their clock say 1970, 1980 or 0000


class AttachmentKind(StrEnum):
    FINDING = "finding"
    MEASURE = "measure"
    RECHECK = "recheck"
    REGISTER = "register"


class FileKind(StrEnum):
    """What sort of evidence a file is: how it is checked, shown and limited."""

    PHOTO = "photo"
    VIDEO = "video"
    PDF = "pdf"
    OFFICE = "office"


class MediaType(StrEnum):
    """The formats that are taken in."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    MP4 = "video/mp4"
    MOV = "video/quicktime"
    WEBM = "video/webm"
    PDF = "application/pdf"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"

    @property
    def kind(self) -> FileKind:
        return _KINDS[self.value.split("/")[0]] if self is not MediaType.PDF else FileKind.PDF

    @property
    def suffix(self) -> str:
        """Return the ending of a file of this format: .jpg, .mov, .docx."""
        return {"JPEG": ".jpg"}.get(self.name, f".{self.name.lower()}")


_KINDS = {"image": FileKind.PHOTO, "video": FileKind.VIDEO, "application": FileKind.OFFICE}
LIMITS = {
    FileKind.PHOTO: 20 * MEGABYTE,
    FileKind.VIDEO: 60 * MEGABYTE,
    FileKind.PDF: 20 * MEGABYTE,
    FileKind.OFFICE: 20 * MEGABYTE,
}


@dataclass(frozen=True)
class FileFacts:
    """What a file says of itself; width and height as it is looked at, `taken_at` on the camera's clock."""

    media_type: MediaType
    width: int | None = None
    height: int | None = None
    taken_at: datetime | None = None  # naive
    seconds: int | None = None  # how long a video lasts


EMPTY = N_("“%(name)s”是空文件，请重新选择。")
TOO_LARGE = {
    FileKind.PHOTO: N_("“%(name)s”超过 %(limit)d MB，请在手机上降低照片分辨率后再上传。"),
    FileKind.VIDEO: N_("“%(name)s”超过 %(limit)d MB，请截取要害片段或降低清晰度后再上传。"),
    FileKind.PDF: N_("“%(name)s”超过 %(limit)d MB，请拆分或压缩后再上传。"),
    FileKind.OFFICE: N_("“%(name)s”超过 %(limit)d MB，请压缩其中的图片或拆分后再上传。"),
}
HEIC = N_(
    "“%(name)s”是 HEIC 格式，暂不支持。"
    "请在手机上选择“最兼容”格式（iPhone：设置－相机－格式－兼容性最佳）后再上传。"
)
OTHER_PICTURE = N_("“%(name)s”的图片格式暂不支持，请另存为 JPEG 或 PNG 后再上传。")
OTHER_VIDEO = N_("“%(name)s”的视频格式暂不支持，请用录像机自带的软件导出为 MP4 后再上传。")
OLD_OFFICE = N_("“%(name)s”是旧版或加密的 Office 文件，请去掉密码，另存为 docx、xlsx 或 pptx 后再上传。")
ARCHIVE = N_("“%(name)s”是压缩包，请解压后逐个上传其中的文件。")
NOT_EVIDENCE = N_(
    "“%(name)s”不能作为证据上传。可上传照片（JPEG、PNG、WebP）、视频（MP4、MOV、WebM）、PDF，"
    "以及 docx、xlsx、pptx 文件。"
)
TOO_MANY = N_("附件最多 %(limit)d 个，请减少后再提交。")
FULL = N_(
    "“%(name)s”没有保存：本中心附件空间共 %(quota)s，已用 %(used)s，放不下这个文件（%(size)s）。"
    "请联系系统管理员增加配额。"
)

_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
MOV_BRAND = b"qt  "
_VIDEO_BRANDS = frozenset(
    {MOV_BRAND, b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV"}
    | {b"3gp4", b"3gp5", b"3gp6", b"mmp4", b"dash", b"f4v "}
)
# What people try and what they should do instead: bytes, where they stand, the refusal.
_REFUSED = (
    *((magic, 0, OTHER_PICTURE) for magic in (b"GIF8", b"BM", b"II*\0", b"MM\0*")),
    *((b"ftyp" + brand, 4, OTHER_PICTURE) for brand in (b"avif", b"avis")),
    # AVI, FLV, MPEG programme streams, WMV, and the private formats of two common recorders
    (b"AVI ", 8, OTHER_VIDEO),
    *((magic, 0, OTHER_VIDEO) for magic in (b"FLV\1", b"\0\0\1\xba", b"\x30\x26\xb2\x75", b"IMKH", b"DHAV")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, OLD_OFFICE),
    *((magic, 0, ARCHIVE) for magic in (b"Rar!\x1a\7", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"PK\5\6")),
)


def photo_type(head: bytes) -> MediaType | None:
    """Return the format of a photo from its first HEAD_BYTES bytes, None if it is none."""
    if head.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return MediaType.WEBP
    return None


def file_kind(head: bytes, name: str) -> FileKind:
    """Judge a file by its first HEAD_BYTES bytes, never by its name. Raise Invalid saying what to do."""
    if not head:
        raise Invalid(EMPTY, field="photos", name=name)
    if photo_type(head):
        return FileKind.PHOTO
    if head.startswith(b"%PDF-"):
        return FileKind.PDF
    if head.startswith(b"PK\3\4"):
        return FileKind.OFFICE
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    if brand in _VIDEO_BRANDS or head.startswith(b"\x1a\x45\xdf\xa3"):
        return FileKind.VIDEO
    if brand in _HEIF_BRANDS:
        raise Invalid(HEIC, field="photos", name=name)
    known = (refusal for magic, at, refusal in _REFUSED if head[at : at + len(magic)] == magic)
    raise Invalid(next(known, NOT_EVIDENCE), field="photos", name=name)


def check_size(size: int, kind: FileKind, name: str) -> None:
    """Raise Invalid if a file is larger than its kind may be."""
    if size > LIMITS[kind]:
        raise Invalid(TOO_LARGE[kind], field="photos", name=name, limit=LIMITS[kind] // MEGABYTE)


def check_count(count: int) -> None:
    """Raise Invalid if a row would hold more than MAX_FILES files of one kind."""
    if count > MAX_FILES:
        raise Invalid(TOO_MANY, field="photos", limit=MAX_FILES)


def size_text(size: int) -> str:
    """Write a number of bytes as people read it: 820 KB, 3.4 MB, 12.5 GB."""
    for unit, name in ((GIGABYTE, "GB"), (MEGABYTE, "MB")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{-(-size // 1024)} KB"


def duration_text(seconds: int) -> str:
    """Write how long a video lasts: 0:42, 12:05, 1:03:20."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def safe_filename(name: str | None) -> str:
    """Return a name fit for display: no folder, no control or direction characters, ≤ MAX_NAME characters.

    Rare characters stay as they are: they are not normalised, private ones included.
    """
    base = (name or "").replace("\\", "/").rpartition("/")[2]
    # Cc, Cf, Cs, Zl, Zp: NUL breaks PostgreSQL, U+202E shows “gpj.exe” as “exe.jpg”, lone halves break UTF-8.
    kept = "".join(c for c in base if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    kept = kept.strip(" .\u3000")
    if not kept:
        return N_("文件")
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
