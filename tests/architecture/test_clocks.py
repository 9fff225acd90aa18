"""One room reads the clock."""

from __future__ import annotations

import ast

from tests.architecture.source import called, modules, tree, where

READS = ("datetime.now", "datetime.utcnow", "date.today", "time.time", "datetime.today", "time.localtime")


def test_one_room_reads_the_clock() -> None:
    bad = [
        f"{where(path, node)} {called(node)}"
        for name, path in modules().items()
        if name != "app.clock"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and any(called(node) == read or called(node).endswith(f".{read}") for read in READS)
    ]
    assert not bad, bad


def test_the_clock_is_asked_by_its_name() -> None:
    """`from app.clock import now` would keep the old clock when a test sets another."""
    bad = [
        where(path, node)
        for path in modules().values()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        and node.module == "app.clock"
        and {alias.name for alias in node.names} & {"now", "today"}
    ]
    assert not bad, bad


def test_rules_are_told_the_time() -> None:
    bad = [
        where(path, node)
        for name, path in modules().items()
        if name.startswith("app.core.") or name.endswith((".rules", "_rules"))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        and (node.module == "app.clock" or (node.module == "app" and "clock" in {a.name for a in node.names}))
    ]
    assert not bad, bad
