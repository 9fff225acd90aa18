"""The English catalogue: collect the marked Chinese strings, compile it, check it. Chinese needs none.

After adding or changing a string: `catalogue update`, write the English in messages.po, `catalogue-check`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from flask.cli import AppGroup

from app.config import ROOT
from app.web.language import LANGUAGES

SOURCE = "zh_Hans"
# A word given to `many` or marked with `NN_` has a singular and a plural in English, none in Chinese.
_KEYWORDS = {"_": None, "gettext": None, "N_": None, "ngettext": (1, 2), "many": (1, 1), "NN_": (1, 1)}
_SOURCES = {
    "app": [("**.py", "python")],
    "templates": [("print/**", "ignore"), ("**.html", "jinja2")],  # printed documents are Chinese
}
# No dates and no line numbers: two people adding strings do not meet in the same lines.
_HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]")


def po_file(language: str) -> Path:
    """Return the catalogue of a language."""
    return ROOT / "translations" / language / "LC_MESSAGES" / "messages.po"


def translated_languages() -> list[str]:
    """Return every language offered that needs a catalogue."""
    return [language for language in LANGUAGES if language != SOURCE]


def extract() -> Catalog:
    """Collect every marked string of the application and of the templates."""
    catalogue = Catalog()
    for folder, methods in _SOURCES.items():
        found = extract_from_dir(ROOT / folder, methods, keywords=_KEYWORDS)
        for _file, _line, message, _comments, _context in found:
            catalogue.add(message)
    return catalogue


def read(language: str) -> Catalog:
    """Read the catalogue of a language; an empty one if there is none yet."""
    path = po_file(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str) -> list[str]:
    """Bring a catalogue to the present strings; return those that still lack a translation."""
    catalogue = read(language)
    catalogue.update(extract(), no_fuzzy_matching=True)
    text = io.BytesIO()
    write_po(
        text, catalogue, width=0, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True
    )
    path = po_file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_HEADER.format(language=language).encode() + text.getvalue())
    return [_name(message) for message in catalogue if message.id and not all(_forms(message))]


def compile_stale(language: str) -> bool:
    """Compile a catalogue if it is newer than its compiled form; say whether it was."""
    path = po_file(language)
    compiled = path.with_suffix(".mo")
    if compiled.exists() and compiled.stat().st_mtime > path.stat().st_mtime:
        return False
    new = compiled.with_suffix(".new")
    with new.open("wb") as file:
        write_mo(file, read(language))
    new.replace(compiled)
    return True


def problems(language: str) -> Iterator[str]:
    """Yield what is wrong with a catalogue, each with the string concerned."""
    kept = {_name(message): message for message in read(language) if message.id}
    wanted = {_name(message): message for message in extract() if message.id}
    yield from (f"missing: {name}" for name in wanted if name not in kept)
    yield from (f"obsolete: {name}" for name in kept if name not in wanted)
    yield from (f"obsolete: {_name(message)}" for message in read(language).obsolete.values())
    for name in wanted.keys() & kept.keys():
        fault = _fault(_ids(wanted[name]), kept[name])
        if fault:
            yield f"{fault}: {name}"


def _fault(source: tuple[str, ...], message: Message) -> str:
    forms = _forms(message)
    if message.fuzzy:
        return "fuzzy"
    if not all(forms):
        return "missing"
    if len(forms) != len(source):
        return "one form only" if len(forms) == 1 else "two forms"
    if any(_placeholders(form) != _placeholders(source[-1]) for form in forms):
        return "placeholders differ"
    return ""


def _ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def _forms(message: Message) -> tuple[str, ...]:
    if isinstance(message.string, str):
        return (message.string,)
    return tuple(message.string or [""] * len(_ids(message)))


def _name(message: Message) -> str:
    return _ids(message)[0]


def _placeholders(text: str) -> list[str]:
    """Return the placeholders of a text; named ones may stand in another order, bare ones may not."""
    found = _PLACEHOLDER.findall(text)
    return sorted(found) if any("(" in each for each in found) else found


group = AppGroup("catalogue", help="The English catalogue: update, compile.")


@group.command("update")
def update_command() -> None:
    """Collect new strings, drop those gone, and name what is still to be translated."""
    for language in translated_languages():
        for name in update(language):
            click.echo(f"{language}: {name}")


@group.command("compile")
def compile_command() -> None:
    """Compile the catalogues that have changed."""
    for language in translated_languages():
        if compile_stale(language):
            click.echo(language)


@click.command("catalogue-check")
def check_command() -> None:
    """Name whatever a catalogue lacks or has wrong; end with 1 if there is anything."""
    found = [
        f"{language}: {problem}" for language in translated_languages() for problem in problems(language)
    ]
    click.echo("\n".join(found) or "ok")
    raise SystemExit(bool(found))


COMMANDS = (group, check_command)
