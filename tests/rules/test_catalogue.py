"""The English catalogue is whole, and its check finds what is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.web import catalogue
from tests.architecture.source import HAN

# An example of what is to be typed stays Chinese.
CHINESE_IN_ENGLISH = {"文号字头，例如 政服督"}


def entry(source: str, english: str, *, plural: str | None = None, mark: str = "") -> str:
    """Return a catalogue's text for one string."""
    if plural is None:
        return f'{mark}msgid "{source}"\nmsgstr "{english}"\n\n'
    return f'{mark}msgid "{source}"\nmsgid_plural "{source}"\nmsgstr[0] "{english}"\nmsgstr[1] "{plural}"\n\n'


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source of three strings and a place for its catalogue."""
    (tmp_path / "app").mkdir()
    (tmp_path / "templates" / "print").mkdir(parents=True)
    (tmp_path / "app" / "labels.py").write_text('A = N_("销号")\nB = NN_("问题")\n', encoding="utf-8")
    (tmp_path / "templates" / "a.html").write_text('{{ _("共 %(count)s 条", count=1) }}', encoding="utf-8")
    (tmp_path / "templates" / "print" / "b.html").write_text('{{ _("公章") }}', encoding="utf-8")
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    catalogue.po_file("en").parent.mkdir(parents=True)
    return tmp_path


def write(text: str) -> None:
    catalogue.po_file("en").write_text(catalogue._HEADER.format(language="en") + text, encoding="utf-8")


WHOLE = (
    entry("共 %(count)s 条", "%(count)s in all")
    + entry("问题", "Finding", plural="Findings")
    + entry("销号", "Close out")
)


def test_nothing_is_missing_fuzzy_obsolete_or_without_its_placeholders() -> None:
    for language in catalogue.translated_languages():
        assert list(catalogue.problems(language)) == []


def test_the_file_is_as_the_update_command_writes_it() -> None:
    """No dates, no line numbers, sorted: two people adding strings do not meet in the same lines."""
    text = catalogue.po_file("en").read_text(encoding="utf-8")
    assert "#:" not in text and "-Date" not in text and "#~" not in text
    names = re.findall(r'^msgid "(.+)"$', text, re.MULTILINE)
    assert names == sorted(names)


def test_english_is_english() -> None:
    for message in catalogue.read("en"):
        if message.id and catalogue._name(message) not in CHINESE_IN_ENGLISH:
            for text in catalogue._forms(message):
                assert not HAN.search(text) and not re.search(r"[，。：；（）]", text), text
                assert "  " not in text, text


def test_a_sentence_ends_as_its_source_ends() -> None:
    for message in catalogue.read("en"):
        source = catalogue._name(message)
        if source.endswith("。"):
            assert all(text.endswith(".") for text in catalogue._forms(message)), source


def test_printed_documents_are_not_collected(small: Path) -> None:
    assert {catalogue._name(each) for each in catalogue.extract() if each.id} == {
        "销号",
        "问题",
        "共 %(count)s 条",
    }


def test_a_whole_catalogue_has_no_problems(small: Path) -> None:
    write(WHOLE)
    assert list(catalogue.problems("en")) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (WHOLE.replace(entry("销号", "Close out"), ""), "missing: 销号"),
        (WHOLE.replace("Close out", ""), "missing: 销号"),
        (WHOLE.replace("Findings", ""), "missing: 问题"),
        (
            WHOLE.replace(entry("问题", "Finding", plural="Findings"), entry("问题", "Finding")),
            "one form only: 问题",
        ),
        (WHOLE + entry("退回", "Return"), "obsolete: 退回"),
        (WHOLE + entry("退回", "Return", mark="#~ ").replace("\nmsgstr", "\n#~ msgstr"), "obsolete: 退回"),
        (WHOLE.replace('msgid "销号"', '#, fuzzy\nmsgid "销号"'), "fuzzy: 销号"),
        (WHOLE.replace("%(count)s in", "%(number)s in"), "placeholders differ: 共 %(count)s 条"),
        (WHOLE.replace("%(count)s in all", "in all"), "placeholders differ: 共 %(count)s 条"),
    ],
)
def test_the_check_names_what_is_wrong(small: Path, text: str, problem: str) -> None:
    write(text)
    assert list(catalogue.problems("en")) == [problem]


def test_update_keeps_what_is_translated_and_names_what_is_not(small: Path) -> None:
    write(entry("销号", "Close out") + entry("退回", "Return"))
    assert sorted(catalogue.update("en")) == ["共 %(count)s 条", "问题"]
    text = catalogue.po_file("en").read_text(encoding="utf-8")
    assert entry("销号", "Close out").strip() in text
    assert "退回" not in text
    assert sorted(catalogue.update("en")) == ["共 %(count)s 条", "问题"]
    assert catalogue.po_file("en").read_text(encoding="utf-8") == text


def test_a_catalogue_is_compiled_only_when_stale(small: Path) -> None:
    write(WHOLE)
    assert catalogue.compile_stale("en")
    assert not catalogue.compile_stale("en")
    assert [path.name for path in catalogue.po_file("en").parent.iterdir()].count("messages.mo") == 1


def test_the_command_ends_with_one_if_anything_is_wrong(small: Path) -> None:
    from click.testing import CliRunner

    write(WHOLE)
    assert CliRunner().invoke(catalogue.check_command).exit_code == 0
    write("")
    result = CliRunner().invoke(catalogue.check_command)
    assert result.exit_code == 1
    assert "en: missing: 销号" in result.output
