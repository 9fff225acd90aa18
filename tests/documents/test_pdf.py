import hashlib
import io
import logging
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from app.documents import fonts, pdf
from app.documents.errors import DocumentError
from app.documents.pdf import render_pdf

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
BROKEN = b"\xff\xd8\xff" + b"not a photo" * 20


def print_page(body: str, evidence: dict[str, bytes] | None = None) -> bytes:
    return render_pdf(f"<!doctype html><html lang=zh-Hans><title>t</title>{body}", evidence or {})


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def warnings_of_the_library() -> Iterator[list[str]]:
    messages: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    handler = Collect(logging.WARNING)
    logging.getLogger("weasyprint").addHandler(handler)
    yield messages
    logging.getLogger("weasyprint").removeHandler(handler)


@pytest.mark.parametrize(
    "html",
    [
        "<link rel=attachment href=file:///etc/passwd>",
        "<a rel=attachment href=/etc/passwd>x</a>",
        "<link rel=stylesheet href=file:///etc/passwd>",
        "<link rel=stylesheet href=http://127.0.0.1:9/x.css>",
        "<style>@import url(https://example.org/x.css)</style>",
        "<style>@font-face { font-family: x; src: url(file:///etc/passwd) }</style>",
        "<style>@font-face { font-family: x; src: url(font:../../etc/passwd) }</style>",
        "<style>p { background: url(file:///etc/passwd) }</style><p>x",
        "<style>p::before { content: url(http://127.0.0.1:9/x.png) }</style><p>x",
        "<style>@color-profile --x { src: url(file:///etc/passwd) }</style><p>x",
        "<img src=http://127.0.0.1:9/x.png>",
        "<img src=//127.0.0.1:9/x.png>",
        "<img src=file:///etc/passwd>",
        "<img src=data:image/png;base64,AAAA>",
        "<img src=evidence:" + "a" * 64 + ">",
        "<img src=evidence:x>",
        "<img src=x.png>",
        "<object data=file:///etc/passwd></object>",
        "<embed src=file:///etc/passwd>",
        "<svg width=9 height=9><image width=9 height=9 href='file:///etc/passwd'/></svg>",
        "<svg width=9 height=9><style>@import url(file:///etc/passwd)</style><path d='M0 0h1'/></svg>",
        "<link rel=stylesheet href=static/../app/config.py>",
        "<link rel=stylesheet href=static/%2e%2e/app/config.py>",
        "<link rel=stylesheet href=static/css/..%2f..%2fpyproject.toml>",
        "<link rel=stylesheet href=static//etc/passwd>",
        "<link rel=stylesheet href=static/css/print.css?v=1>",
        "<link rel=stylesheet href=static/css/absent.css>",
        "<link rel=attachment href=static/css>",
    ],
)
def test_an_address_that_is_not_the_documents_own_fails_the_document(html: str, figure: Callable):
    with pytest.raises(DocumentError, match=r"不允许的地址|未随附的证据|inline SVG"):
        print_page(html)
    figure("S15", f"fetches for {html[:60]}", 0, bar="0", held=True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (digest(b"another"), BROKEN),
        (digest(SVG), SVG),
        (digest(b"<html>"), b"<html>"),
        (digest(BROKEN), BROKEN),
        (digest(b""), b""),
    ],
    ids=["another hash", "svg", "html", "broken image", "empty"],
)
def test_evidence_is_a_whole_picture_with_its_own_hash(name: str, content: bytes):
    with pytest.raises(DocumentError, match=r"散列|图片|排版出错"):
        print_page(f'<img src="evidence:{name}">', {name: content})


def test_evidence_handed_in_is_printed_small(images: dict[str, bytes]):
    name, content = next(iter(images.items()))
    printed = print_page(f'<img src="evidence:{name}" alt=x style="width: 40mm">', {name: content})
    assert b"/DCTDecode" in printed
    assert len(printed) < len(content)


@pytest.mark.parametrize("size", [(200, 150), (3000, 2000)])
def test_where_a_photo_was_taken_is_not_printed_along(tmp_path: Path, size: tuple[int, int]):
    tags = Image.Exif()
    tags[0x010E] = "SECRET PLACE"
    file = io.BytesIO()
    Image.new("RGB", size).save(file, "JPEG", exif=tags)
    name = digest(file.getvalue())
    img = f'<img src="evidence:{name}" alt=x style="width: 48mm">'
    (tmp_path / "it.pdf").write_bytes(print_page(img, {name: file.getvalue()}))
    subprocess.run(["pdfimages", "-all", tmp_path / "it.pdf", tmp_path / "it"], check=True)
    (taken,) = tmp_path.glob("it-*")
    assert b"SECRET PLACE" in file.getvalue()
    assert b"SECRET PLACE" not in taken.read_bytes()


def test_the_style_sheet_is_found_and_understood_in_full(warnings_of_the_library: list[str]):
    print_page("<link rel=stylesheet href=static/css/print.css><h1>督办</h1>")
    assert warnings_of_the_library == []


def test_elements_nested_too_deep_fail_the_document():
    with pytest.raises(DocumentError, match="嵌套"):
        print_page("<div>" * 300 + "x")


def test_a_page_too_long_to_be_a_document_is_refused_at_once():
    with pytest.raises(DocumentError, match="过大"):
        print_page("字" * (pdf.MAX_HTML + 1))


def test_the_same_page_gives_the_same_bytes(images: dict[str, bytes]):
    name, content = next(iter(images.items()))
    html = f'<p>督办 𠮷 <b>2026</b></p><img alt=x src="evidence:{name}">'
    first = print_page(html, {name: content})
    print_page("<p>another document in between 㛃</p>")
    assert print_page(html, {name: content}) == first


def test_only_known_fonts_are_embedded(embedded: Callable[[bytes], set[str]]):
    roles = "".join(f"<p style='font-family: var(--{role})'>督办 Ab1</p>" for role in (*fonts.ROLES, "song"))
    names = embedded(print_page(roles + "<p>no font named, 𠮷 ☑ \U0010fffd ไทย</p>"))
    assert names <= fonts.known_families()
    assert {font.family for font in fonts.fonts(None).values()} <= names


def test_rare_characters_are_printed(pages: Callable[[bytes], list[str]]):
    names = "㛃喆䶮𬭎〔〕①"
    assert names in pages(print_page(f"<p style='font-family: var(--fang)'>{names}</p>"))[0]
    # 𠮷 needs the font that set-up fetches; without it the reader sees which character it was.
    expected = "〔U+20BB7〕" if fonts.missing("𠮷", fonts.RARE) else "𠮷"
    assert f"张{expected}" in pages(print_page("<p style='font-family: var(--fang)'>张𠮷</p>"))[0]


def test_a_character_that_no_font_has_is_spelled_out(pages: Callable[[bytes], list[str]]):
    assert "印〔U+10FFFD〕章" in pages(print_page("<p>印\U0010fffd章</p>"))[0]


def test_without_the_fetched_fonts_song_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    absent = {
        role: (names, tuple(fonts.Font(font.family, tmp_path / "absent") for font in stand_ins))
        for role, (names, stand_ins) in fonts.ROLES.items()
    }
    monkeypatch.setattr(fonts, "ROLES", absent)
    assert fonts.fonts(None) == {}


def test_a_fonts_folder_of_the_site_comes_first(tmp_path: Path):
    own = tmp_path / "仿宋_GB2312.TTF"
    own.touch()
    (tmp_path / "readme.txt").touch()
    assert fonts.fonts(tmp_path)["fang"] == fonts.Font("Site-fang", own)
    assert fonts.fonts(tmp_path / "absent") == fonts.fonts(None)
    assert "Site-fang" in fonts.known_families(tmp_path)
