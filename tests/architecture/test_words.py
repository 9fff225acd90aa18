"""Every Chinese word a user may see is marked for translation in Python as well."""

from __future__ import annotations

import ast

from tests.architecture.source import HAN, modules, tree, where

MARKS = {"N_", "NN_", "_", "gettext", "ngettext", "many"}
# Printed documents are Chinese, and so is the foot line that checkpoints give them; a table of surnames is
# data, and so is how opening hours are written; a language is named in itself; commands speak to whoever
# runs the site.
CHINESE = (
    "app.audit.checkpoints",
    "app.commands",
    "app.organisation.hours_rules",
    "app.organisation.pinyin",
    "app.web.language",
)
CHINESE_ROOMS = (".documents", "_documents", ".cli", ".imports")
# How people write dates and times; what a notice demands unless its author says otherwise, and
# the rounds that a centre begins with, which are ledger text.
CHINESE_TEXTS = (
    *("日", "[-/.年月]", "[-~‐-―〜至到]"),
    *("针对“", "”立即整改，并举一反三。"),
    *("开门 08:30-09:30", "上午 09:30-11:30", "下班前 16:30-17:30"),
)
CHINESE_PACKAGES = ("app.documents.", "app.seeding.")


def marked(module: ast.Module) -> set[int]:
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in MARKS:
            found |= {id(inner) for argument in node.args for inner in ast.walk(argument)}
        # Docstrings and the parts of an f-string, which is found as a whole.
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            found.add(id(node.body[0].value))  # type: ignore[attr-defined]
    return found


def test_every_word_is_marked_for_translation() -> None:
    bad = []
    for name, path in modules().items():
        if name in CHINESE or name.endswith(CHINESE_ROOMS) or name.startswith(CHINESE_PACKAGES):
            continue
        known = marked(tree(path))
        bad += [
            f"{where(path, node)} {node.value!r}"
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and HAN.search(node.value)
            and node.value not in CHINESE_TEXTS
            and "\\" not in node.value  # a regular expression: how people write something
            and id(node) not in known
        ]
    assert not bad, bad
