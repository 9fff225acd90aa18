"""Photos: read by a child, which never shares a process with the parent's secrets, and previewed.

The parent never loads Pillow. The child (`python -m app.attachments.imaging SOURCE FOLDER`) decodes
SOURCE in full and writes the previews into FOLDER.
"""

from __future__ import annotations

import json
import sys
import warnings
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.attachments import child, rules, store
from app.attachments.rules import FileFacts, MediaType
from app.core.i18n import N_

if TYPE_CHECKING:
    from PIL.Image import Image

JPEG_QUALITY = 82

_FORMATS = {MediaType.JPEG: "JPEG", MediaType.PNG: "PNG", MediaType.WEBP: "WEBP"}
_ORIENTATION, _EXIF_BLOCK, _TIME_TAKEN = 0x0112, 0x8769, 0x9003

REFUSALS = {
    "damaged": N_("“%(name)s”不完整或已损坏，请重新选择原照片上传。"),
    "moving": N_("“%(name)s”是动态图片，请上传静态照片。"),
    "pixels": N_("“%(name)s”像素过高，请在手机相机设置中降低分辨率后重拍。"),
}


def inspect(path: Path, folder: Path, name: str) -> FileFacts:
    """Verify a photo and write its previews `<width>.jpg` into a folder; raise Invalid, with `name`."""
    answer = child.ask(__name__, path.absolute(), folder.absolute(), refusals=REFUSALS, name=name)
    taken_at = answer["taken_at"] and datetime.fromisoformat(answer["taken_at"])
    return FileFacts(MediaType(answer["media_type"]), int(answer["width"]), int(answer["height"]), taken_at)


def ensure_preview(root: Path, sha256: str, width: int) -> Path:
    """Return the preview of a stored photo, made again if missing; FileNotFoundError without original."""
    path = store.preview_path(root, sha256, width)
    if not path.exists():
        original = store.path_of(root, sha256).resolve(strict=True)
        with store.previewing(root, sha256) as folder:
            inspect(original, folder, N_("照片"))
    return path


# --- the child ------------------------------------------------------------------------------------


def _main(source: Path, folder: Path) -> None:
    child.limit()
    sys.stdout.write(json.dumps(_examine(source, folder)))


def _examine(source: Path, folder: Path) -> dict[str, Any]:
    """Return the facts, or {"refused": why}."""
    from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401  registers just these

    Image.MAX_IMAGE_PIXELS = rules.MAX_PIXELS // 2  # Pillow warns from here on and raises at twice as many
    warnings.simplefilter("ignore")
    with source.open("rb") as file:
        media_type = rules.photo_type(file.read(rules.HEAD_BYTES))
    if media_type is None:
        return {"refused": "damaged"}
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
    return {
        "media_type": media_type.value,
        "width": width,
        "height": height,
        "taken_at": taken_at and taken_at.isoformat(),
    }


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
