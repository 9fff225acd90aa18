"""Make the pictures of the README: `.venv/bin/python docs/pictures/make.py` against a demo that is running.

./duban run                                   in one terminal
.venv/bin/python docs/pictures/make.py        in another, after `./duban test` has fetched the browser
"""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
BASE = f"http://127.0.0.1:{os.environ.get('DUBAN_PORT', '8000')}"
SMOOTH = Image.Resampling.LANCZOS
PASSWORD = "Yunqi-2026-demo"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        desk = open_page(browser, "yansongtao", 1280, 860)
        home = shot(desk, "/")
        notice = notice_picture(desk)
        phone = open_page(browser, "shenyanqiu", 390, 860)
        patrol = patrol_picture(phone)
        browser.close()
    compose(home, patrol, notice).quantize(256).save(HERE / "overview.png", optimize=True)


def open_page(browser: Browser, username: str, width: int, height: int) -> Page:
    """Sign in on a screen of that size."""
    page = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN").new_page()
    page.goto(BASE + "/sign-in")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state()
    return page


def shot(page: Page, path: str) -> Image.Image:
    if path:
        page.goto(BASE + path)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def patrol_picture(page: Page) -> Image.Image:
    """Begin a round, show its first window, and give the round up again."""
    page.goto(BASE + "/patrols/new")
    page.click(".action-bar button[type=submit]")
    page.wait_for_load_state()
    overview = page.url
    page.click(".point >> nth=1")
    page.wait_for_load_state()
    picture = shot(page, "")
    page.goto(overview)
    page.click("details.confirm.is-danger > summary")
    page.click("details.confirm.is-danger button[type=submit]")
    page.wait_for_load_state()
    return picture


def notice_picture(page: Page) -> Image.Image:
    """Fetch an issued notice and draw its first page."""
    page.goto(BASE + "/documents")
    page.click("table.ledger tbody th a >> nth=0")
    page.wait_for_load_state()
    pdf = page.request.get(page.url.rstrip("/") + "/file").body()
    drawn = subprocess.run(
        ["pdftoppm", "-r", "104", "-f", "1", "-l", "1", "-png", "-"], input=pdf, stdout=-1, check=True
    )
    return Image.open(io.BytesIO(drawn.stdout)).convert("RGB")


def compose(*pictures: Image.Image) -> Image.Image:
    """Set the pictures beside each other on one sheet."""
    height, gap = 860, 28
    scaled = [p.resize((round(p.width * height / p.height), height), SMOOTH) for p in pictures]
    sheet = Image.new("RGB", (sum(p.width + gap for p in scaled) + gap, height + 2 * gap), "#d9d7d0")
    left = gap
    for picture in scaled:
        sheet.paste(picture, (left, gap))
        left += picture.width + gap
    return sheet.resize((sheet.width * 2 // 3, sheet.height * 2 // 3), SMOOTH)


if __name__ == "__main__":
    main()
