"""Look into a photo in a child process with limits: a 10 kB file can otherwise take a worker down.

The parent never loads Pillow. The child (`python -m app.attachments.imaging SOURCE FOLDER`) gets two
paths and no settings, decodes SOURCE in full, writes the previews into FOLDER and prints JSON.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import subprocess
import sys
import warnings
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.attachments import rules, store
from app.attachments.rules import MediaType
from app.core.errors import Invalid
from app.core.i18n import N_

if TYPE_CHECKING:
    from PIL.Image import Image

WALL_SECONDS = 10
CPU_SECONDS = 8
MEMORY_BYTES = 1024 * rules.MEGABYTE
PREVIEW_BYTES = 16 * rules.MEGABYTE
JPEG_QUALITY = 82

_PROJECT = Path(__file__).resolve().parents[2]
_FORMATS = {MediaType.JPEG: "JPEG", MediaType.PNG: "PNG", MediaType.WEBP: "WEBP"}
_ORIENTATION, _EXIF_BLOCK, _TIME_TAKEN = 0x0112, 0x8769, 0x9003

FAILED = N_("“%(name)s”处理失败或超时，请稍后重试，或换一张照片。")
REFUSALS = {
    "damaged": N_("“%(name)s”不完整或已损坏，请重新选择原照片上传。"),
    "moving": N_("“%(name)s”是动态图片，请上传静态照片。"),
    "pixels": N_("“%(name)s”像素过高，请在手机相机设置中降低分辨率后重拍。"),
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PhotoFacts:
    """What a photo says of itself; width and height as it is looked at, `taken_at` on the camera's clock."""

    media_type: MediaType
    width: int
    height: int
    taken_at: datetime | None  # naive


def inspect(path: Path, folder: Path, name: str) -> PhotoFacts:
    """Verify a photo and write its previews `<width>.jpg` into a folder; raise Invalid, with `name`."""
    with path.open("rb") as file:
        media_type = rules.media_type_of(file.read(rules.HEAD_BYTES), name)
    try:
        child = subprocess.run(  # noqa: S603  two paths of our own making, no shell
            [sys.executable, "-s", "-E", "-m", __name__, path.absolute(), folder.absolute()],
            cwd=_PROJECT,
            # No secrets: whatever a hostile photo makes of the decoder finds an empty room.
            env={key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH") if key in os.environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=WALL_SECONDS,
            check=True,
        )
        answer = json.loads(child.stdout)
        if "refused" in answer:
            raise Invalid(REFUSALS[answer["refused"]], field="photos", name=name)
        taken_at = answer["taken_at"] and datetime.fromisoformat(answer["taken_at"])
        return PhotoFacts(media_type, int(answer["width"]), int(answer["height"]), taken_at)
    except subprocess.SubprocessError as failure:
        stderr = getattr(failure, "stderr", None) or b""
        log.warning("photo not processed: %s %s", failure, stderr[-1000:].decode(errors="replace"))
        raise Invalid(FAILED, field="photos", name=name) from None


def ensure_preview(root: Path, sha256: str, width: int) -> Path:
    """Return the preview of a stored photo, made again if missing; FileNotFoundError without original."""
    path = store.preview_path(root, sha256, width)
    if not path.exists():
        with store.previewing(root, sha256) as folder:
            inspect(store.path_of(root, sha256), folder, N_("照片"))
    return path


# --- the child ------------------------------------------------------------------------------------


def _main(source: Path, folder: Path) -> None:
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, PREVIEW_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    sys.stdout.write(json.dumps(_examine(source, folder)))


def _examine(source: Path, folder: Path) -> dict[str, Any]:
    """Return the facts, or {"refused": why}."""
    from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401  registers just these

    Image.MAX_IMAGE_PIXELS = rules.MAX_PIXELS // 2  # Pillow warns from here on and raises at twice as many
    warnings.simplefilter("ignore")
    with source.open("rb") as file:
        media_type = rules.media_type_of(file.read(rules.HEAD_BYTES), "")
    try:
        with Image.open(source, formats=[_FORMATS[media_type]]) as image:
            # A phone's JPEG may hold a second picture (depth, gain map); that is not motion.
            if media_type is not MediaType.JPEG and getattr(image, "n_frames", 1) > 1:
                return {"refused": "moving"}
            width, height = image.size
            orientation, taken = _exif(image)
            preview = _oriented(_shrunk(image), orientation)
    except (Image.DecompressionBombError, MemoryError):
        return {"refused": "pixels"}
    except Exception:  # the decoders raise a dozen kinds for damaged files
        return {"refused": "damaged"}
    for side in rules.PREVIEW_WIDTHS:
        preview.thumbnail((side, side))
        preview.save(folder / f"{side}.jpg", "JPEG", quality=JPEG_QUALITY)
    if 5 <= orientation <= 8:  # it lay on its side
        width, height = height, width
    taken_at = rules.exif_time(taken)
    return {"width": width, "height": height, "taken_at": taken_at and taken_at.isoformat()}


def _exif(image: Image) -> tuple[int, str]:
    """Return orientation and time taken; a photo with damaged EXIF is still a photo."""
    try:
        exif = image.getexif()
        orientation = int(exif.get(_ORIENTATION, 1))
        return orientation, str(exif.get_ifd(_EXIF_BLOCK).get(_TIME_TAKEN, ""))
    except Exception:
        return 1, ""


def _shrunk(image: Image) -> Image:
    """Decode in full; return at preview size, as RGB on white, without any metadata."""
    from PIL import Image

    scale = rules.LARGE / max(image.size)
    # libjpeg reads the whole file but unfolds only 1/2, 1/4 or 1/8 of it: less memory, less time.
    image.draft(None, (max(1, int(image.width * scale)), max(1, int(image.height * scale))))
    image.load()
    picture: Image.Image = image
    if image.mode.startswith("I"):  # 16 bits of grey; convert() alone would cut at 255
        picture = image.point(lambda value: value / 256).convert("L")
    elif image.has_transparency_data and image.mode != "RGBA":  # a conversion is also a copy
        picture = image.convert("RGBA")
    elif image.mode in ("1", "P"):
        picture = image.convert("RGB")
    picture.thumbnail((rules.LARGE, rules.LARGE))
    page = Image.new("RGB", picture.size, "white")
    page.paste(picture.convert("RGB"), mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    return page


def _oriented(image: Image, orientation: int) -> Image:
    """Turn as the camera was held. ImageOps.exif_transpose would also rewrite, and choke on, damaged EXIF."""
    from PIL.Image import Transpose

    turn = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(orientation)
    return image if turn is None else image.transpose(turn)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
