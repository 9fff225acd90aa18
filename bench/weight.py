"""P14: what a cold browser asks for to show a list, and what it weighs."""

from __future__ import annotations

import gzip
import shutil
from typing import Any
from urllib.parse import urlsplit

from bench import sites
from bench.list import FIRST
from bench.options import parser, said
from bench.serving import HOST, PORTS, serving
from bench.table import Line, show

OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
)
LEVEL = 4  # as docs/operating/nginx.conf sets it


def _load(cookie: str) -> list[tuple[str, str, bytes, int]]:
    """Return address, kind, content and size on the wire of all that a browser loads."""
    from playwright.sync_api import Response, sync_playwright

    name, _, value = cookie.partition("=")
    answers: list[Response] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(OPTIONS))
        context = browser.new_context(locale="zh-CN")
        context.add_cookies([{"name": name, "value": value, "domain": HOST, "path": "/"}])
        page = context.new_page()
        page.on("response", lambda answer: answers.append(answer))
        page.goto(f"http://{HOST}:{PORTS['ours']}{FIRST}", wait_until="networkidle")
        found = [(each.url, each.request.resource_type, each.body(), _wire(each)) for each in answers]
        browser.close()
    return found


def _wire(answer: Any) -> int:
    """Return the bytes sent: as they came, or as nginx would compress them."""
    if answer.headers.get("content-encoding"):
        return int(answer.headers["content-length"])
    return len(gzip.compress(answer.body(), LEVEL))


def run(arguments: list[str]) -> bool:
    options = parser("weight", database=False).parse_args(arguments)
    with sites.large("sqlite", options.findings) as site:
        cookie = site.cookie()
        sites.let_go(site)
        with serving("ours", site.environ):
            loaded = _load(cookie)
    page = next(content for _, kind, content, _ in loaded if kind == "document")
    sent = next(wire for _, kind, _, wire in loaded if kind == "document")
    assets = sum(wire for _, kind, _, wire in loaded if kind in ("stylesheet", "script"))
    foreign = {urlsplit(url).netloc for url, *_ in loaded} - {f"{HOST}:{PORTS['ours']}"}
    lines = [
        Line(
            "P14",
            "a list of 50, HTML",
            len(page) / 1000,
            40,
            unit="kB",
            note=f"{sent / 1000:.1f} kB compressed",
        ),
        Line("P14", "style sheets and scripts, compressed", assets / 1000, 60, unit="kB"),
        Line("P14", "requests of a cold browser", len(loaded), 6, unit=""),
        Line("P14", "foreign hosts", len(foreign), 0, unit="", note=" ".join(sorted(foreign))),
    ]
    return show("weight", "weight: the ledger of findings in a cold browser", lines, said(options))
