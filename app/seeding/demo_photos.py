"""Invented pictures for the demo: a hall before and after, drawn, never photographed.

They carry neither date nor number, so that one picture may stand for many findings of its kind.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from PIL import Image, ImageDraw, ImageFont

from app.attachments.services import StoredFile, receive, take_room
from app.config import Settings
from app.db.uow import short_transaction
from app.documents.fonts import fonts

SIZE = (960, 720)
VARIANTS = 2  # of each scene before; keeping one takes a third of a second
_WALLS = ("#e8e4da", "#dfe6e4", "#e6e0e8", "#e2e7ee")
_CLUTTER = ("#b5482f", "#2f6d8c", "#c79a2b", "#5b7f4a", "#6b5876", "#f4f1e8")
Draw = ImageDraw.ImageDraw


class Photos:
    """The pictures of each scene, drawn and stored once, counted for every centre that shows them."""

    def __init__(self, settings: Settings, centre_ids: Sequence[int], rng: random.Random) -> None:
        self.rng = rng
        self.kept: dict[tuple[str, bool], list[StoredFile]] = {}
        for number, scene in enumerate(SCENES):
            for tidy in (False, True):
                for variant in range(1 if tidy else VARIANTS):
                    name = f"IMG_{1201 + 40 * number + 20 * tidy + variant}.jpg"
                    data = picture(scene, rng, tidy=tidy)
                    stored = receive(
                        settings.attachments, io.BytesIO(data), name, partial(_make_room, centre_ids)
                    )
                    self.kept.setdefault((scene, tidy), []).append(stored)

    def before(self, scene: str, rng: random.Random, count: int, *, recording: bool) -> list[StoredFile]:
        """Return what an inspector brings of a scene, stills of the hall's recorders or his own photos."""
        chosen = rng.sample(self.kept[scene, False], min(count, VARIANTS))
        return [replace(photo, recording=recording) for photo in chosen]

    def after(self, scene: str) -> StoredFile:
        return self.kept[scene, True][0]


def _make_room(centre_ids: Sequence[int], sha256: str, size: int, name: str) -> None:
    with short_transaction() as session:
        for centre_id in centre_ids:
            take_room(session, centre_id, sha256, size, name)


def picture(scene: str, rng: random.Random, *, tidy: bool) -> bytes:
    """Return a JPEG of a scene, as it was found or as it is once it has been mended."""
    image = Image.new("RGB", SIZE, rng.choice(_WALLS))
    draw = ImageDraw.Draw(image)
    SCENES[scene](draw, rng, tidy)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()


# --- the hall -------------------------------------------------------------------------------------


def _window(draw: Draw, text: str = "政务服务窗口") -> None:
    """A counter with its sign and glass."""
    draw.rectangle((0, 450, 960, 720), fill="#b9ada0")  # floor
    draw.rectangle((70, 90, 890, 160), fill="#0f4c4f")
    draw.text((96, 102), text, font=_font(40), fill="#f4f1e8")
    draw.rectangle((70, 160, 890, 430), fill="#f7f5ef", outline="#8d8578", width=3)


def _counter(draw: Draw) -> None:
    draw.rectangle((30, 430, 930, 610), fill="#8a6b4d")
    draw.rectangle((30, 430, 930, 454), fill="#a5835f")


def _room(draw: Draw) -> None:
    """A waiting area: wall, skirting, floor."""
    draw.rectangle((0, 380, 960, 720), fill="#c9c2b6")
    draw.rectangle((0, 372, 960, 384), fill="#8d8578")
    for x in range(0, 960, 120):
        draw.line((x, 384, 480 + (x - 480) * 2, 720), fill="#b5ada0", width=2)


def _person(draw: Draw, x: int, y: int, rng: random.Random, coat: str = "#24405c") -> None:
    draw.ellipse((x - 38, y - 32, x + 38, y + 50), fill=rng.choice(("#e5b892", "#d9a87f", "#edc7a4")))
    draw.pieslice((x - 42, y - 44, x + 42, y + 36), 180, 360, fill="#22201f")
    draw.rounded_rectangle((x - 86, y + 54, x + 86, y + 210), 30, fill=coat)
    draw.polygon(((x - 20, y + 54), (x + 20, y + 54), (x, y + 100)), fill="#f5f5f5")


def _things(draw: Draw, rng: random.Random, count: int, box: tuple[int, int, int, int]) -> None:
    """Things lying about, each standing on a line of the box."""
    left, top, right, bottom = box
    for _ in range(count):
        x, y = rng.randrange(left, right), rng.randrange(top, bottom)
        wide, high = rng.randrange(36, 110), rng.randrange(14, 60)
        draw.rectangle((x, y - high, x + wide, y), fill=rng.choice(_CLUTTER), outline="#4a443c")


# --- scenes ---------------------------------------------------------------------------------------


def _seat(draw: Draw, rng: random.Random, tidy: bool) -> None:
    _window(draw)
    if tidy:
        _person(draw, 480, 240, rng)
    else:
        draw.rounded_rectangle((420, 250, 540, 420), 20, fill="#3b3f45")
    _counter(draw)
    _things(draw, rng, 2, (120, 434, 300, 446))


def _staff(draw: Draw, rng: random.Random, tidy: bool) -> None:
    _window(draw)
    _person(draw, 480, 240, rng, "#24405c" if tidy else rng.choice(("#8f4a3c", "#5d6b4a")))
    if tidy:
        draw.rectangle((516, 320, 550, 342), fill="#f4f1e8", outline="#b5482f", width=3)
    else:
        draw.rounded_rectangle((426, 376, 462, 440), 6, fill="#15181b", outline="#9fc4d8", width=3)
    _counter(draw)


def _desk(draw: Draw, rng: random.Random, tidy: bool) -> None:
    _window(draw)
    _counter(draw)
    _things(draw, rng, 2 if tidy else 14, (70, 436, 800, 470))


def _screen(draw: Draw, rng: random.Random, tidy: bool) -> None:
    draw.rectangle((0, 560, 960, 720), fill="#8a6b4d")
    draw.rounded_rectangle((180, 120, 780, 500), 14, fill="#23272b")
    draw.rectangle((204, 144, 756, 470), fill="#0f4c4f" if tidy else "#08090a")
    if tidy:
        draw.text((250, 250), "请 A0126 号办理", font=_font(56), fill="#f3d27a")
    else:
        _things(draw, rng, 7, (230, 300, 640, 440))
    draw.rectangle((450, 500, 510, 560), fill="#23272b")


def _sign(draw: Draw, rng: random.Random, tidy: bool) -> None:
    _room(draw)
    shape = [(260, 120), (700, 120), (700, 270), (260, 270)]
    if not tidy:
        shape[1], shape[2] = (700, 160), (640, 300)
    draw.polygon(shape, fill="#1d5d8c", outline="#e8e4da")
    draw.text((300, 160), "办事指引" if tidy else "办事指", font=_font(64), fill="#ffffff")
    draw.rectangle((472, 270, 488, 560), fill="#8d8578")
    if not tidy:
        draw.line((560, 120, 600, 280), fill="#e8e4da", width=8)


def _floor(draw: Draw, rng: random.Random, tidy: bool) -> None:
    _room(draw)
    _seats(draw)
    if not tidy:
        for _ in range(16):
            x, y = rng.randrange(80, 860), rng.randrange(540, 690)
            draw.polygon(
                [(x + rng.randrange(40), y + rng.randrange(26)) for _ in range(4)], fill=rng.choice(_CLUTTER)
            )
        draw.ellipse((520, 600, 760, 660), fill="#a8b3b5")


def _seats(draw: Draw, broken: bool = False) -> None:
    for number in range(4):
        x = 120 + number * 190
        drop = 46 if broken and number == 2 else 0
        draw.rounded_rectangle((x, 300 + drop, x + 150, 420 + drop), 14, fill="#3f6f8f")
        draw.rectangle((x, 420 + drop, x + 150, 444 + drop), fill="#2b4d63")
        draw.rectangle((x + 66, 444 + drop, x + 84, 520), fill="#6b6b6b")


def _bench(draw: Draw, rng: random.Random, tidy: bool) -> None:
    _room(draw)
    _seats(draw, broken=not tidy)
    draw.rectangle((300, 60, 660, 84), fill="#fff7d6" if tidy else "#77736a")


def _papers(draw: Draw, rng: random.Random, tidy: bool) -> None:
    _room(draw)
    draw.rectangle((200, 110, 760, 600), fill="#a5835f", outline="#6f5538", width=4)
    for row in range(3):
        for column in range(4):
            x, y = 224 + column * 134, 134 + row * 156
            draw.rectangle((x, y, x + 110, y + 130), fill="#7c6145")
            if tidy or rng.random() < 0.45:
                draw.rectangle((x + 12, y + 10, x + 98, y + 118), fill="#fbfaf6", outline="#b5ada0")
                draw.rectangle((x + 24, y + 26, x + 86, y + 38), fill="#b5482f")


def _corridor(draw: Draw, rng: random.Random, tidy: bool) -> None:
    _room(draw)
    draw.polygon(((360, 384), (600, 384), (820, 720), (140, 720)), fill="#d8c36a" if tidy else "#c9b558")
    draw.rectangle((380, 150, 580, 384), fill="#dfe6e4", outline="#5b7f4a", width=6)
    draw.text((420, 96), "安全出口", font=_font(34), fill="#1f7a4d")
    if not tidy:
        for x, y in ((300, 470), (430, 500), (520, 440)):
            draw.rectangle((x, y, x + 170, y + 130), fill="#b58a55", outline="#6f5538", width=4)
            draw.line((x, y + 40, x + 170, y + 40), fill="#8a6b4d", width=4)


def _device(draw: Draw, rng: random.Random, tidy: bool) -> None:
    _window(draw)
    _counter(draw)
    draw.rounded_rectangle((360, 270, 600, 436), 12, fill="#2a2e33")
    draw.rectangle((376, 286, 584, 400), fill="#e9f4ee" if tidy else "#0b0c0d")
    if tidy:
        draw.text((396, 300), "请您评价", font=_font(40), fill="#0f4c4f")
        for number in range(5):
            draw.ellipse((388 + number * 38, 358, 414 + number * 38, 384), fill="#c79a2b")


def _terminal(draw: Draw, rng: random.Random, tidy: bool) -> None:
    _room(draw)
    draw.rounded_rectangle((330, 80, 630, 620), 18, fill="#d6dde0", outline="#8d8578", width=4)
    draw.rectangle((360, 120, 600, 330), fill="#1d5d8c" if tidy else "#0b0c0d")
    draw.text((384, 200), "自助办理" if tidy else "网络故障", font=_font(46), fill="#ffffff")
    draw.rectangle((400, 430, 560, 450), fill="#23272b")
    if tidy:
        draw.rectangle((420, 450, 540, 510), fill="#fbfaf6", outline="#b5ada0")


SCENES: dict[str, Callable[[Draw, random.Random, bool], None]] = {
    "seat": _seat,
    "person": _staff,
    "counter": _desk,
    "screen": _screen,
    "sign": _sign,
    "floor": _floor,
    "bench": _bench,
    "papers": _papers,
    "corridor": _corridor,
    "device": _device,
    "terminal": _terminal,
}


def _font(size: int) -> ImageFont.FreeTypeFont:
    chosen = fonts(None)["hei"]
    return ImageFont.truetype(str(chosen.path), size)
