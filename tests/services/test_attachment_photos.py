from __future__ import annotations

import hashlib
import io
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageDraw

from app import clock
from app.attachments import child, imaging, rules, services, store
from app.attachments.rules import MediaType
from app.attachments.services import StoredFile
from app.core.errors import Invalid, NotFound
from app.web.files import send_evidence
from tests.factories.inspections import room_enough

ROOT = Path(__file__).resolve().parents[2]


def picture(mode: str = "RGB", size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Draw a picture whose upper left corner is red and whose lower right corner is blue."""
    width, height = size
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 4, height // 4), fill=(220, 0, 0))
    draw.rectangle((3 * width // 4, 3 * height // 4, width, height), fill=(0, 0, 220))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def flat_png(width: int, height: int, *, depth: int, colour_type: int) -> bytes:
    """Return a PNG of nothing but zeros: small to send, large to unfold."""
    channels = {0: 1, 2: 3, 6: 4}[colour_type]
    row = bytes(1 + (width * channels * depth + 7) // 8)
    squeeze = zlib.compressobj(1)
    data = b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )


def exif(orientation: int = 1, taken: str = "2026:03:02 09:31:07") -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010E] = "SECRET-PLACE"
    tags.get_ifd(0x8769)[0x9003] = taken
    gps = tags.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (41.0, 48.0, 20.0), "E", (123.0, 25.0, 45.0)
    return tags.tobytes()


def receive(root: Path, content: bytes, name: str | None = "现场.jpg") -> StoredFile:
    return services.receive(root, io.BytesIO(content), name, room_enough)


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def colour(path: Path, corner: str) -> str:
    with Image.open(path) as image:
        place = (5, 5) if corner == "upper left" else (image.width - 6, image.height - 6)
        red, green, blue = image.convert("RGB").getpixel(place)  # type: ignore[misc]
    if min(red, green, blue) > 200:
        return "white"
    if max(red, green, blue) < 80:
        return "black"
    return "red" if red > blue else "blue"


# --- looking into photos --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (lambda: encoded(picture()), MediaType.JPEG),
        (lambda: encoded(picture(), progressive=True), MediaType.JPEG),
        (lambda: encoded(picture("CMYK")), MediaType.JPEG),
        (lambda: encoded(picture(), "MPO", save_all=True, append_images=[picture()]), MediaType.JPEG),
        (lambda: encoded(picture(), "PNG"), MediaType.PNG),
        (lambda: encoded(picture("P"), "PNG"), MediaType.PNG),
        (lambda: encoded(picture(), "WEBP"), MediaType.WEBP),
    ],
    ids=["jpeg", "progressive", "cmyk", "two pictures", "png", "palette", "webp"],
)
def test_photos_of_every_sort_get_their_previews(
    tmp_path: Path, content: Callable[[], bytes], media_type: MediaType
) -> None:
    photo = receive(tmp_path, content())
    assert (photo.media_type, photo.width, photo.height) == (media_type, 400, 300)
    assert store.path_of(tmp_path, photo.sha256).read_bytes() == content()
    for width, shown in ((rules.LARGE, (400, 300)), (rules.SMALL, (320, 240))):
        path = store.preview_path(tmp_path, photo.sha256, width)
        with Image.open(path) as preview:
            assert (preview.format, preview.mode, preview.size) == ("JPEG", "RGB", shown)
        assert (colour(path, "upper left"), colour(path, "lower right")) == ("red", "blue")
    assert list((tmp_path / "incoming").iterdir()) == []


def test_a_large_photo_is_shown_at_preview_size(tmp_path: Path) -> None:
    photo = receive(tmp_path, encoded(picture(size=(4032, 3024))))
    assert (photo.width, photo.height) == (4032, 3024)
    for width in rules.PREVIEW_WIDTHS:
        with Image.open(store.preview_path(tmp_path, photo.sha256, width)) as preview:
            assert preview.size == (width, width * 3 // 4)


@pytest.mark.parametrize(
    ("kind", "orientation"), [*(("JPEG", turn) for turn in range(1, 9)), ("PNG", 6), ("WEBP", 6)]
)
def test_a_photo_is_shown_as_the_camera_was_held(tmp_path: Path, kind: str, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    held = picture() if orientation == 1 else picture().transpose(undo[orientation])
    photo = receive(tmp_path, encoded(held, kind, exif=exif(orientation), quality=90))
    assert (photo.width, photo.height) == (400, 300)
    path = store.preview_path(tmp_path, photo.sha256, rules.SMALL)
    with Image.open(path) as preview:
        assert preview.size == (320, 240)
    assert (colour(path, "upper left"), colour(path, "lower right")) == ("red", "blue")


def test_previews_say_nothing_of_the_place_and_originals_keep_all(tmp_path: Path) -> None:
    content = encoded(picture(), exif=exif(), comment=b"SECRET-PLACE", xmp=b"<x>SECRET-PLACE</x>")
    photo = receive(tmp_path, content)
    assert store.path_of(tmp_path, photo.sha256).read_bytes() == content
    with Image.open(io.BytesIO(content)) as original:
        assert original.getexif().get_ifd(0x8825)
    for width in rules.PREVIEW_WIDTHS:
        path = store.preview_path(tmp_path, photo.sha256, width)
        with Image.open(path) as preview:
            assert not preview.getexif()
            assert set(preview.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert not any(mark in path.read_bytes() for mark in (b"Exif", b"SECRET", b"xap"))


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ("2026:03:02 09:31:07", "2026-03-02T01:31:07+00:00"),
        ("1980:01:01 00:00:00", None),
        ("yesterday", None),
        (f"{clock.today() + timedelta(days=3):%Y:%m:%d} 00:00:00", None),
    ],
)
def test_the_time_taken_is_the_cameras_claim(tmp_path: Path, taken: str, expected: str | None) -> None:
    assert receive(tmp_path, encoded(picture(), exif=exif(taken=taken))).taken_at == expected


def test_damaged_exif_does_not_spoil_a_photo(tmp_path: Path) -> None:
    for block in (b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0", b"Exif\0\0" + b"\x00" * 40, exif()[:30]):
        photo = receive(tmp_path, encoded(picture(), exif=block))
        assert (photo.width, photo.taken_at) == (400, None)


def test_every_depth_of_colour_is_shown_on_white(tmp_path: Path) -> None:
    clear = picture("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 100, 75))
    clear_palette = Image.new("P", (400, 300), 1)
    clear_palette.putpalette([0, 0, 0, 0, 0, 220])
    clear_palette.paste(0, (0, 0, 100, 75))
    grey = Image.new("I;16", (400, 300), 65535)
    grey.paste(300, (0, 0, 100, 75))
    for content, corners in (
        (encoded(clear, "PNG"), ("white", "blue")),
        (encoded(clear, "WEBP", lossless=True), ("white", "blue")),
        (encoded(clear_palette, "PNG", transparency=0), ("white", "blue")),
        (encoded(grey, "PNG"), ("black", "white")),
        (encoded(picture("L")), ("black", "black")),
        (encoded(picture("1"), "PNG"), ("black", "black")),
    ):
        path = store.preview_path(tmp_path, receive(tmp_path, content).sha256, rules.SMALL)
        assert (colour(path, "upper left"), colour(path, "lower right")) == corners


def test_the_same_photo_may_arrive_twice(tmp_path: Path) -> None:
    content = encoded(picture())
    first, second = receive(tmp_path, content, "a.jpg"), receive(tmp_path, content, "b.jpg")
    assert first.sha256 == second.sha256
    assert (first.filename, second.filename) == ("a.jpg", "b.jpg")
    assert len(files(tmp_path)) == 1 + len(rules.PREVIEW_WIDTHS)


def test_a_draft_keeps_a_photo_as_json(tmp_path: Path) -> None:
    photo = receive(tmp_path, encoded(picture(), exif=exif()), "../𠮷㛃\0\u202e.jpg")
    assert photo.filename == "𠮷㛃.jpg"
    assert StoredFile.from_dict(json.loads(json.dumps(photo.to_dict()))) == photo


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda: b"", rules.EMPTY),
        (lambda: b"<!doctype html><script>alert(1)</script>", rules.NOT_EVIDENCE),
        (lambda: b"<?xml version='1.0'?><svg onload='alert(1)'/>", rules.NOT_EVIDENCE),
        (lambda: encoded(picture(), "GIF"), rules.OTHER_PICTURE),
        (lambda: encoded(picture(), "TIFF"), rules.OTHER_PICTURE),
        (lambda: b"\0\0\0\x18ftypheic" + bytes(100), rules.HEIC),
        (lambda: b"\xff\xd8\xff<html><script>alert(1)</script>", imaging.REFUSALS["damaged"]),
        (lambda: encoded(picture())[: len(encoded(picture())) // 2], imaging.REFUSALS["damaged"]),
        (lambda: encoded(picture(), progressive=True)[:-900], imaging.REFUSALS["damaged"]),
        (lambda: encoded(picture(), "PNG")[:-200], imaging.REFUSALS["damaged"]),
        (lambda: encoded(picture(), "WEBP")[:-200], imaging.REFUSALS["damaged"]),
        (lambda: b"\x89PNG\r\n\x1a\n" + encoded(picture()), imaging.REFUSALS["damaged"]),
        (lambda: _moving("PNG"), imaging.REFUSALS["moving"]),
        (lambda: _moving("WEBP"), imaging.REFUSALS["moving"]),
        (lambda: flat_png(30000, 30000, depth=1, colour_type=0), imaging.REFUSALS["pixels"]),
        (lambda: flat_png(9000, 8889, depth=1, colour_type=0), imaging.REFUSALS["pixels"]),
        (lambda: _claiming(16000, 16000), imaging.REFUSALS["pixels"]),
    ],
)
def test_everything_else_is_refused_and_leaves_nothing(
    tmp_path: Path, content: Callable[[], bytes], message: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        receive(tmp_path, content())
    assert refusal.value.message == message
    assert refusal.value.field == "photos"
    assert "“现场.jpg”" in str(refusal.value)
    assert files(tmp_path) == []
    assert list(tmp_path.glob("incoming/*")) == []


def _moving(kind: str) -> bytes:
    return encoded(
        picture(),
        kind,
        save_all=True,
        append_images=[picture().transpose(Image.Transpose.ROTATE_180)],
        duration=100,
    )


def _claiming(width: int, height: int) -> bytes:
    """Return a WebP whose header claims that size."""
    header = (
        b"VP8X\x0a\0\0\0\0\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    )
    body = b"WEBP" + header + encoded(picture(), "WEBP")[12:]
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def test_a_page_hidden_behind_a_photo_does_not_reach_the_previews(tmp_path: Path) -> None:
    content = encoded(picture()) + b"<html><script>alert(1)</script></html>"
    photo = receive(tmp_path, content, "x.html")
    assert photo.media_type is MediaType.JPEG
    for width in rules.PREVIEW_WIDTHS:
        assert b"<script" not in store.preview_path(tmp_path, photo.sha256, width).read_bytes()


def test_a_child_that_hangs_or_dies_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "WALL_SECONDS", 0.01)
    with pytest.raises(Invalid, match="处理失败或超时"):
        receive(tmp_path, encoded(picture()))
    monkeypatch.undo()
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(Invalid, match="处理失败或超时"):
        receive(tmp_path, encoded(picture()))
    assert files(tmp_path) == []


def test_the_worker_stays_small_and_never_loads_pillow(tmp_path: Path) -> None:
    (tmp_path / "heavy").write_bytes(flat_png(6000, 5000, depth=8, colour_type=6))
    (tmp_path / "bomb").write_bytes(flat_png(30000, 30000, depth=1, colour_type=0))
    script = """
import json, re, resource, sys
from pathlib import Path
from app.attachments import services
from app.core.errors import Invalid
from app.web import files
folder = Path(sys.argv[1])
heavy = services.receive(folder / "store", (folder / "heavy").open("rb"), "heavy.png", lambda *_: None)
try:
    services.receive(folder / "store", (folder / "bomb").open("rb"), "bomb.png", lambda *_: None)
except Invalid as refusal:
    print(json.dumps({
        "heavy": [heavy.width, heavy.height],
        "bomb": refusal.message,
        "own_kb": int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]),
        "child_kb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
        "pillow": [name for name in sys.modules if name.startswith("PIL")],
    }))
"""
    run = subprocess.run(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    seen = json.loads(run.stdout)
    assert seen["heavy"] == [6000, 5000]
    assert seen["bomb"] == imaging.REFUSALS["pixels"]
    assert seen["own_kb"] < 256 * 1024
    assert seen["child_kb"] < child.MEMORY_BYTES // 1024
    assert seen["pillow"] == []


# --- sending --------------------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path: Path) -> StoredFile:
    return receive(tmp_path, encoded(picture(), "PNG"), "窗口\r\nSet-Cookie: x.png")


@pytest.fixture
def client(tmp_path: Path, stored: StoredFile) -> FlaskClient:
    app = Flask("photos")
    app.testing = True
    app.add_url_rule(
        "/<variant>",
        view_func=lambda variant: send_evidence(tmp_path, stored.sha256, stored.media_type, variant),
        endpoint="photo",
    )
    return app.test_client()


@pytest.mark.parametrize(("variant", "size"), [("small", (320, 240)), ("large", (400, 300))])
def test_previews_are_shown_in_place(
    client: FlaskClient, stored: StoredFile, variant: str, size: tuple[int, int]
) -> None:
    answer = client.get(f"/{variant}", buffered=True)
    assert answer.status_code == 200
    assert answer.mimetype == "image/jpeg"
    assert answer.headers["Content-Disposition"] == f"inline; filename={stored.sha256[:12]}.jpg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (answer.cache_control.private, answer.cache_control.max_age) == (True, 86400)
    assert not answer.cache_control.public
    with Image.open(io.BytesIO(answer.data)) as preview:
        assert preview.size == size
    again = client.get(f"/{variant}", headers={"If-None-Match": answer.headers["ETag"]}, buffered=True)
    assert (again.status_code, again.data) == (304, b"")


def test_the_original_is_handed_over_as_a_file(client: FlaskClient, stored: StoredFile) -> None:
    answer = client.get("/original", buffered=True)
    assert answer.mimetype == "image/png"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={stored.sha256[:12]}.png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert hashlib.sha256(answer.data).hexdigest() == stored.sha256
    assert stored.sha256 in answer.headers["ETag"]


def test_a_lost_preview_is_made_again(client: FlaskClient, stored: StoredFile, tmp_path: Path) -> None:
    before = client.get("/small", buffered=True).data
    store.preview_path(tmp_path, stored.sha256, rules.SMALL).unlink()
    assert client.get("/small", buffered=True).data == before


def test_a_lost_original_or_an_unknown_variant_is_not_found(
    client: FlaskClient, stored: StoredFile, tmp_path: Path
) -> None:
    store.path_of(tmp_path, stored.sha256).unlink()
    assert client.get("/small", buffered=True).status_code == 200
    store.preview_path(tmp_path, stored.sha256, rules.SMALL).unlink()
    for variant in ("original", "small", "huge"):
        with pytest.raises(NotFound):
            client.get(f"/{variant}", buffered=True)
