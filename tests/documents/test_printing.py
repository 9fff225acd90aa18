from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from app.documents import printing
from app.documents.errors import DocumentError


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(printing, "TEMPLATES", tmp_path)
    monkeypatch.setattr(printing, "STYLE", tmp_path / "print.css")
    (tmp_path / "print.css").write_text("p {}")
    printing._environment.cache_clear()
    yield tmp_path
    printing._environment.cache_clear()


def test_a_date_is_printed_without_leading_zeros():
    assert printing.cn_date(date(2026, 1, 2)) == "2026年1月2日"
    assert printing.cn_date("2026-11-22") == "2026年11月22日"


def test_an_instant_is_printed_in_office_time_to_the_minute():
    assert printing.cn_datetime(datetime(2026, 11, 21, 17, 5, 59, tzinfo=UTC)) == "2026年11月22日 1:05"
    assert printing.cn_datetime("2026-11-22T14:30:00+08:00") == "2026年11月22日 14:30"
    assert printing.cn_datetime("2026-11-22T14:30:00") == "2026年11月22日 14:30"


def test_values_become_what_json_knows():
    @dataclass(frozen=True)
    class Part:
        on: date

    @dataclass(frozen=True)
    class Whole:
        parts: tuple[Part, ...]
        at: datetime
        name: str | None

    whole = Whole((Part(date(2026, 1, 2)),), datetime(2026, 1, 2, 3, 4, tzinfo=UTC), None)
    assert printing.plain(whole) == {
        "parts": [{"on": "2026-01-02"}],
        "at": "2026-01-02T03:04:00+00:00",
        "name": None,
    }
    with pytest.raises(TypeError):
        printing.plain({"name": "not a document"})


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("甲\x00\x07乙\x1b", "甲乙"),
        ("甲\r\n乙\r丙\u2028丁", "甲\n乙\n丙\n丁"),
        ("甲\t乙", "甲 乙"),
        ("\u202e扣分\u202c\u200b", "扣分"),
        ("葛\U000e0100\ufe0f", "葛"),
        ("坏\ud800\ufffe\uffff\ufdd0", "坏"),
        ("私\ue123", "私\ue123"),
        ("𠮷㛃喆䶮", "𠮷㛃喆䶮"),
    ],
)
def test_text_is_freed_of_what_cannot_be_printed(typed: str, printed: str):
    assert printing.tidy(typed) == printed


def test_values_are_escaped_at_every_depth(templates: Path):
    (templates / "form.html").write_text("{{ doc.who.names[0] }}")
    html = printing.render_html("form.html", {"who": {"names": ["<img src=x>\x00"]}}, ())
    assert html == "&lt;img src=x&gt;"


@pytest.mark.parametrize(
    "source",
    ["{{ doc.absent }}", "{{ doc.part.absent }}", "{{ other }}", "{{ doc.empty }}", "{{ range(3) }}"],
)
def test_a_template_that_does_not_fit_its_values_is_refused(templates: Path, source: str):
    (templates / "form.html").write_text(source)
    with pytest.raises(DocumentError):
        printing.render_html("form.html", {"part": {}, "empty": None}, ())


def test_an_unknown_template_is_refused(templates: Path):
    for name in ("absent.html", "../print.css", "/etc/passwd"):
        with pytest.raises(DocumentError):
            printing.render_html(name, {}, ())


def test_evidence_that_does_not_come_along_is_refused(templates: Path):
    (templates / "form.html").write_text('<img src="evidence:{{ doc.sha256 }}">')
    assert printing.render_html("form.html", {"sha256": "a" * 64}, {"a" * 64})
    with pytest.raises(DocumentError):
        printing.render_html("form.html", {"sha256": "b" * 64}, {"a" * 64})


def test_words_that_look_like_evidence_are_only_words(templates: Path):
    (templates / "form.html").write_text("<p>{{ doc.note }}</p>")
    assert printing.render_html("form.html", {"note": 'src="evidence:abc"'}, ())


def test_the_template_version_changes_with_everything_that_shapes_the_page(templates: Path):
    (templates / "base.html").write_text("{% block body %}{% endblock %}")
    (templates / "part.html").write_text("one")
    (templates / "form.html").write_text('{% extends "base.html" %}{% include "part.html" %}')
    (templates / "other.html").write_text("other")
    seen = {printing.template_version("form.html")}
    for name, source in [("part.html", "two"), ("base.html", "x"), ("print.css", "p { color: red }")]:
        (templates / name).write_text(source)
        seen.add(printing.template_version("form.html"))
    assert len(seen) == 4

    before = printing.template_version("form.html")
    (templates / "other.html").write_text("changed")
    assert printing.template_version("form.html") == before


def test_every_print_template_has_a_version_and_no_style_of_its_own():
    names = [path.relative_to(printing.TEMPLATES).as_posix() for path in printing.TEMPLATES.rglob("*.html")]
    assert names
    for name in names:
        assert len(printing.template_version(name)) == 64
        assert "style=" not in (printing.TEMPLATES / name).read_text()
