"""A live site and a real browser; see tests/README.md."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image, ImageDraw

from app.config import ROOT

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def live(_sites: Callable[[str], Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A served site with the cast in it, one for each module: `.url .cast .app .run("audit", "verify")`.

    It is the cast's Wednesday morning there, until `.turn_clock(moment)`.
    """
    from app import clock
    from tests.browser.live import Live
    from tests.cast import NOW

    site = _sites("sqlite")
    live = Live(tmp_path_factory.mktemp("live"), site.base.template, site.cast, NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", live.now)
        yield live
    live.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)
    with pytest.MonkeyPatch.context() as patch:
        # A test of the print engine may have left this process without fonts, and Chromium dies without.
        if (ROOT / ".setup/fonts.conf").exists():
            patch.setenv("FONTCONFIG_FILE", str(ROOT / ".setup/fonts.conf"))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            yield browser
            browser.close()


@pytest.fixture
def visit(live: Any, chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open a browser for a person: `visit("wang")`, `visit(phone=False)`, `visit("wang", script=False)`."""
    from tests.browser.visitor import Visitor

    opened: list[Visitor] = []

    def visit(username: str | None = None, **options: Any) -> Visitor:
        opened.append(Visitor(chromium, live.url, ahead=live.ahead, **options))
        if username:
            opened[-1].sign_in(username)
        return opened[-1]

    yield visit
    for visitor in opened:
        visitor.close()
    assert [trouble for visitor in opened for trouble in visitor.troubles] == []


@pytest.fixture(scope="session")
def photo() -> Callable[..., dict[str, Any]]:
    """Draw a photo as a file field takes it: `photo("before.jpg", "#a33")`."""

    def photo(name: str, colour: str) -> dict[str, Any]:
        image = Image.new("RGB", (1200, 900), colour)
        ImageDraw.Draw(image).rectangle((300, 500, 900, 620), "#765", "#222", 6)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=82)
        return {"name": name, "mimeType": "image/jpeg", "buffer": out.getvalue()}

    return photo
