"""Templates: they compile, partials are partials, every word can be translated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import nodes

from app import create_app
from app.documents import printing
from app.web.language import LANGUAGES
from tests.architecture.source import HAN, ROOT
from tests.databases import settings

FOLDER = ROOT / "templates"
TEMPLATES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.html"))
STANDING_ALONE = ("layouts/", "components/", "print/")
TRANSLATORS = {"_", "gettext", "ngettext", "many"}


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, nodes.Template]:
    pages = create_app(settings(tmp_path_factory.mktemp("templates"))).jinja_env
    prints = printing._environment()
    found = {}
    for name in TEMPLATES:
        environment = prints if name.startswith("print/") else pages
        source = (FOLDER / name).read_text(encoding="utf-8")
        environment.compile(source, name)
        found[name] = environment.parse(source, name)
    return found


def test_partials_never_extend_and_pages_do(parsed: dict[str, nodes.Template]) -> None:
    for name, template in parsed.items():
        extends = bool(list(template.find_all(nodes.Extends)))
        if Path(name).name.startswith("_"):
            assert not extends, name
        elif not name.startswith(STANDING_ALONE):
            assert extends, name


def test_imports_lead_to_macros_that_exist(parsed: dict[str, nodes.Template]) -> None:
    macros = {
        name: {macro.name for macro in template.find_all(nodes.Macro)}
        | {assign.target.name for assign in template.find_all(nodes.Assign) if hasattr(assign.target, "name")}
        for name, template in parsed.items()
    }
    for name, template in parsed.items():
        for node in template.find_all((nodes.Extends, nodes.Include, nodes.FromImport, nodes.Import)):
            if not isinstance(node.template, nodes.Const):
                continue
            target = f"print/{node.template.value}" if name.startswith("print/") else node.template.value
            assert target in parsed, f"{name}:{node.lineno} names {target}"
            if isinstance(node, nodes.FromImport):
                wanted = {each if isinstance(each, str) else each[0] for each in node.names}
                assert wanted <= macros[target], f"{name}:{node.lineno} wants {wanted - macros[target]}"


def test_imported_macros_are_used(parsed: dict[str, nodes.Template]) -> None:
    for name, template in parsed.items():
        used = {node.name for node in template.find_all(nodes.Name)}
        for node in template.find_all(nodes.FromImport):
            unused = {each if isinstance(each, str) else each[1] for each in node.names} - used
            assert not unused, f"{name}:{node.lineno} imports {unused} for nothing"


def test_every_template_is_used() -> None:
    source = "".join(path.read_text() for path in (ROOT / "app").rglob("*.py"))
    source += "".join((FOLDER / name).read_text() for name in TEMPLATES)
    # Printed forms are found below their own folder; an error's page by its number.
    unused = [
        name
        for name in TEMPLATES
        if name.removeprefix("print/") not in source and not name.startswith("errors/")
    ]
    assert not unused, unused


def test_every_target_of_htmx_exists() -> None:
    sources = {name: (FOLDER / name).read_text(encoding="utf-8") for name in TEMPLATES}
    ids = {found for source in sources.values() for found in re.findall(r'\bid="([^"{]+)"', source)}
    # A macro may be given the id: `ledger(…, id="findings-rows")`.
    ids |= {found for source in sources.values() for found in re.findall(r'\bid="([\w-]+)"', source)}
    for name, source in sources.items():
        for target in re.findall(r'hx-target="#([^"{]+)"', source):
            assert target in ids, f"{name}: nothing has the id {target}"


def test_a_partial_is_one_element_with_an_id() -> None:
    for name in TEMPLATES:
        if Path(name).name.startswith("_") and not name.startswith("print/"):
            whole = (FOLDER / name).read_text(encoding="utf-8")
            if "{% macro" in whole:  # a feature's own macros
                continue
            source = re.sub(r"\{#.*?#\}|\{%.*?%\}", "", whole, flags=re.S).strip()
            root = re.match(r"<(\w+)[^>]*\bid=\"([\w-]+)", source)
            assert root and source.endswith(f"</{root[1]}>"), name


def test_no_inline_code() -> None:
    for name in TEMPLATES:
        source = (FOLDER / name).read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|hx-vals=.js:", source), name
        assert not re.search(r"<script(?![^>]*\ssrc=)", source), name
        assert "|safe" not in source.replace(" ", ""), f"{name} trusts a value"
        hosts = set(re.findall(r"(?:https?:)?//[\w.-]+", re.sub(r"\{#.*?#\}", "", source, flags=re.S)))
        # A name space of XML is not an address that anyone fetches.
        assert hosts <= {"http://www.w3.org"}, f"{name} leads to {hosts}"


def test_every_word_is_marked_for_translation(parsed: dict[str, nodes.Template]) -> None:
    """Printed documents aside: they are Chinese."""
    for name, template in parsed.items():
        if name.startswith("print/"):
            continue
        for data in template.find_all(nodes.TemplateData):
            assert not HAN.search(data.data), f"{name}:{data.lineno} {data.data.strip()!r}"
        translated = {
            id(const)
            for call in template.find_all(nodes.Call)
            if isinstance(call.node, nodes.Name) and call.node.name in TRANSLATORS
            for const in call.find_all(nodes.Const)
        }
        for const in template.find_all(nodes.Const):
            named_in_itself = const.value in LANGUAGES.values()
            if isinstance(const.value, str) and HAN.search(const.value) and not named_in_itself:
                assert id(const) in translated, f"{name}:{const.lineno} {const.value!r}"
