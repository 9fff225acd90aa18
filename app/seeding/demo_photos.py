"""Invented pictures for the demo centre: a counter before and after, drawn, never photographed."""

from __future__ import annotations

import io
import random
from datetime import datetime

from PIL import Image, ImageDraw, ImageFont

from app import clock
from app.documents.fonts import fonts

SIZE = (1280, 960)
_WALLS = ("#e8e4da", "#dfe6e4", "#e6e0e8", "#e2e7ee")
_CLUTTER = ("#b5482f", "#2f6d8c", "#c79a2b", "#5b7f4a", "#6b5876")


def picture(at: datetime, place: str, rng: random.Random, *, tidy: bool) -> bytes:
    """Return a JPEG of a counter: untidy with an empty seat, or tidy with someone there."""
    image = Image.new("RGB", SIZE, rng.choice(_WALLS))
    draw = ImageDraw.Draw(image)
    width, height = SIZE
    draw.rectangle((0, height * 0.62, width, height), fill="#b9ada0")  # floor
    draw.rectangle((90, 130, width - 90, 210), fill="#0f4c4f")  # the sign above the window
    draw.text((120, 142), place, font=_font(52), fill="#f4f1e8")
    draw.rectangle((90, 210, width - 90, 560), fill="#f7f5ef", outline="#8d8578", width=4)  # glass
    if tidy:
        _person(draw, width // 2, 330, rng)
    else:
        draw.rounded_rectangle(
            (width // 2 - 70, 330, width // 2 + 70, 540), 24, fill="#3b3f45"
        )  # empty chair
    draw.rectangle((40, 560, width - 40, 800), fill="#8a6b4d")  # counter
    draw.rectangle((40, 560, width - 40, 590), fill="#a5835f")
    for _ in range(2 if tidy else 11):
        x, y = rng.randrange(80, width - 240), rng.randrange(520, 590)
        draw.rectangle(
            (x, y - rng.randrange(10, 60), x + rng.randrange(50, 150), y + 30), fill=rng.choice(_CLUTTER)
        )
    stamp = clock.local(at).strftime("%Y-%m-%d %H:%M")
    draw.text(
        (width - 460, height - 76), stamp, font=_font(44), fill="#fff7d6", stroke_width=2, stroke_fill="#333"
    )
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()


def _person(draw: ImageDraw.ImageDraw, x: int, y: int, rng: random.Random) -> None:
    draw.ellipse((x - 48, y - 40, x + 48, y + 64), fill=rng.choice(("#e5b892", "#d9a87f", "#edc7a4")))
    draw.pieslice((x - 54, y - 56, x + 54, y + 44), 180, 360, fill="#22201f")
    draw.rounded_rectangle((x - 110, y + 70, x + 110, y + 260), 40, fill="#24405c")
    draw.polygon(((x - 26, y + 70), (x + 26, y + 70), (x, y + 130)), fill="#f5f5f5")


def _font(size: int) -> ImageFont.FreeTypeFont:
    chosen = fonts(None)["hei"]
    return ImageFont.truetype(str(chosen.path), size)
