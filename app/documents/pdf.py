"""HTML to PDF: the only room that knows WeasyPrint.

A document can fetch its own style sheet, its fonts and the evidence handed in with it, and nothing else;
the same input gives the same bytes on every machine that has the same fonts. The file has no date and no
identifier: its SHA-256 is the identifier.
"""

import gc
import hashlib
import logging
import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from app.core import collecting
from app.core.i18n import N_
from app.documents.errors import DocumentError
from app.documents.fonts import RARE, ROLES, SERIF, Font, fonts, missing
from app.documents.pdf_pages import part

# Both are read when the library loads: no system font, and no time of day in an embedded font.
os.environ["FONTCONFIG_FILE"] = str(Path(__file__).with_name("fonts.conf"))
os.environ["SOURCE_DATE_EPOCH"] = "0"
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="No fonts configured")
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

STATIC = (Path(__file__).resolve().parents[2] / "static").resolve()
# Relative addresses need a base; .invalid is reserved and never resolves (RFC 2606).
BASE = "https://duban.invalid/"
MAX_HTML = 4_000_000  # characters; a hundred evaluation sheets are about 1 million
DPI = 220  # photos are printed small: more pixels would only fill the database
IMAGE_TYPES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PN": "image/png", b"RIF": "image/webp"}
STATIC_TYPES = {".css": "text/css", ".png": "image/png", ".svg": "image/svg+xml"}

_font_config = FontConfiguration()  # shared: each font is loaded once, and memory stays flat
_log = logging.getLogger("weasyprint")


class _Fetcher(URLFetcher):  # type: ignore[misc]
    """Gives out packaged files and the evidence of one document; remembers what it refused."""

    def __init__(self, evidence: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=(), fail_on_errors=True)
        self.evidence = evidence
        self.refused: DocumentError | None = None

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        try:
            content, kind = self._content(url)
        except DocumentError as error:
            # The library forgives a few failures (inside SVG, colour profiles): render_pdf asks again.
            self.refused = self.refused or error
            raise
        return URLFetcherResponse(url, content, {"Content-Type": kind})

    def _content(self, url: str) -> tuple[bytes, str]:
        scheme, _, name = url.partition(":")
        if url.startswith(BASE + "static/"):
            return _static(url)
        if scheme == "font" and (font := _faces().get(name)):
            return font.path.read_bytes(), "font/otf"
        if scheme == "evidence":
            content = self.evidence.get(name)
            if content is None:
                raise DocumentError(N_("文书引用了未随附的证据：%(sha256)s"), sha256=name[:64])
            if hashlib.sha256(content).hexdigest() != name:
                raise DocumentError(N_("证据内容与其散列值不符：%(sha256)s"), sha256=name)
            if kind := IMAGE_TYPES.get(content[:3]):
                return content, kind
            raise DocumentError(N_("证据不是可打印的图片：%(sha256)s"), sha256=name)
        raise DocumentError(N_("文书引用了不允许的地址：%(url)s"), url=url[:200])


def _static(url: str) -> tuple[bytes, str]:
    parts = urlsplit(url)
    path = (STATIC / unquote(parts.path.removeprefix("/static/"))).resolve()
    kind = STATIC_TYPES.get(path.suffix)
    if parts.query or not kind or not path.is_relative_to(STATIC) or not path.is_file():
        raise DocumentError(N_("文书引用了不允许的地址：%(url)s"), url=url[:200])
    return path.read_bytes(), kind


@cache
def _role_fonts() -> dict[str, Font]:
    site = os.environ.get("DUBAN_FONTS")
    return fonts(Path(site) if site else None)


@cache
def _faces() -> dict[str, Font]:
    return {font.family: font for font in (*_role_fonts().values(), SERIF, RARE)}


@cache
def _font_sheet(rare: bool) -> CSS:
    """Return the @font-face rules and one variable per role: var(--fang), var(--hei) …"""
    tail = [SERIF, RARE] if rare else [SERIF]
    chosen = _role_fonts()
    faces = [
        f"@font-face {{ font-family: '{font.family}'; src: url('font:{font.family}') }}"
        for font in (*chosen.values(), *tail)
    ]
    stacks = [
        f"--{role}: " + ", ".join(f"'{font.family}'" for font in (*([own] if own else []), *tail))
        for role, own in [*((role, chosen.get(role)) for role in ROLES), ("song", None)]
    ]
    # The page box does not inherit from the root element.
    rules = "; ".join(stacks)
    sheet = "\n".join([*faces, f":root {{ {rules} }}", f"@page {{ {rules} }}"])
    return CSS(string=sheet, base_url=BASE, font_config=_font_config, url_fetcher=_Fetcher({}))


class _Complaints(logging.Handler):
    """Collects what the library would only log: a left-out image is a wrong document."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def _drawable(html: str) -> tuple[str, bool]:
    """Spell out characters that no font has, and tell whether the font of rare ones is needed."""
    rare = missing(set(html), SERIF)
    without = missing(rare, RARE)
    if without:
        html = html.translate({ord(c): f"〔U+{ord(c):04X}〕" for c in without})
    return html, rare > without


def render_pdf(html: str, evidence: Mapping[str, bytes]) -> bytes:
    """Return the PDF of a page; `evidence` maps the SHA-256 of an image to its bytes.

    Raises DocumentError for anything that would make the print differ from what was asked for.
    """
    if PAPER in html:
        return _render_together([html], evidence)[0]
    content: bytes = _laid_out(html, evidence, lambda document: document.write_pdf(dpi=DPI))
    return content


# --- papers (templates/print/_paper.html): laid out together, then taken apart ---------------------

PAPER = '<section class="paper"'
PAGE_ROWS = 27  # of tables, about as many as a page holds
TOGETHER = 50  # papers in one layout: of more, each costs no less but all of them are held at once
_BODY = re.compile("<body>\n(.*)</body>", re.S)  # a bracket in a value is escaped, so this is markup


def render_papers(pages: Sequence[str], evidence: Mapping[str, bytes]) -> list[bytes]:
    """Return the PDF of each of many papers, fifty in one layout: fonts and rules are read once for these."""
    found: list[bytes] = []
    for start in range(0, len(pages), TOGETHER):
        # Boxes refer to each other in circles: looking for dead ones while all live costs a quarter of it.
        with collecting.put_off():
            found += _render_together(pages[start : start + TOGETHER], evidence)
        gc.collect()
    return found


def _render_together(pages: Sequence[str], evidence: Mapping[str, bytes]) -> list[bytes]:
    """Return the PDF of each of some papers, laid out as one document and taken apart.

    How many pages a paper has stands on each of them but is known only afterwards: where the guess by its
    rows was wrong, it is laid out a second time.
    """
    counts = {number: 1 + html.count("<tr>") // PAGE_ROWS for number, html in enumerate(pages)}
    found: dict[int, bytes] = {}
    waiting = list(counts)
    while waiting:
        html = _together([pages[number] for number in waiting], [counts[number] for number in waiting])
        whole, places = _laid_out(html, evidence, _parted)
        right = {n: mine for n, mine in zip(waiting, places, strict=True) if len(mine) == counts[n]}
        found.update(zip(right, part(whole, right.values()), strict=True))
        counts.update({n: len(mine) for n, mine in zip(waiting, places, strict=True)})
        waiting = [n for n in waiting if n not in right]
    return [found[number] for number in range(len(pages))]


def _together(pages: Sequence[str], counts: Sequence[int]) -> str:
    """Return one page of many papers: the head of the first, each section with its place and length."""
    sections = []
    for place, (html, count) in enumerate(zip(pages, counts, strict=True)):
        body = _BODY.search(html)
        if body is None:
            raise DocumentError(N_("文书模板不能成批打印。"))
        # Two kinds of page in turn: each paper then begins at page one.
        opening = f'<section class="paper paper-{place % 2}" id="paper-{place}" data-pages="{count}"'
        sections.append(body[1].replace(PAPER, opening, 1))
    return f"{pages[0].partition('<body>')[0]}<body>\n{''.join(sections)}</body>\n</html>"


def _parted(document: Any) -> tuple[bytes, list[list[int]]]:
    """Return the PDF of many papers, and the places of each one's pages."""
    places: list[list[int]] = []
    for place, page in enumerate(document.pages):
        number = next(int(name[6:]) for name in page.anchors if name.startswith("paper-"))
        if number == len(places):
            places.append([])
        places[number].append(place)
    return document.write_pdf(dpi=DPI), places


def _laid_out(html: str, evidence: Mapping[str, bytes], made: Callable[[Any], Any]) -> Any:
    """Lay a page out and return what is made of it. Raise DocumentError as `render_pdf` says."""
    if len(html) > MAX_HTML:
        raise DocumentError(N_("文书过大，请分批打印。"))
    html, rare = _drawable(html)
    fetcher = _Fetcher(evidence)
    complaints = _Complaints()
    _log.addHandler(complaints)
    try:
        page = HTML(string=html, base_url=BASE, url_fetcher=fetcher)
        content = made(page.render(stylesheets=[_font_sheet(rare)], font_config=_font_config, dpi=DPI))
    except FatalURLFetchingError as error:
        raise fetcher.refused or DocumentError(N_("文书引用的资源无法读取。")) from error
    except RecursionError as error:
        raise DocumentError(N_("文书版面嵌套过深，无法排版。")) from error
    except MemoryError as error:
        raise DocumentError(N_("文书过大，排版内存不足。")) from error
    finally:
        _log.removeHandler(complaints)
    if fetcher.refused:
        raise fetcher.refused
    if complaints.messages:
        raise DocumentError(N_("文书排版出错：%(detail)s"), detail=complaints.messages[0][:200])
    return content
