"""One module commits; nothing slips past the guard on changes."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.source import called, imports, modules, tree, where

UOW = "app.db.uow"


def calls(name: str) -> list[tuple[str, ast.Call]]:
    nodes = ast.walk(tree(modules()[name]))
    return [(called(node), node) for node in nodes if isinstance(node, ast.Call)]


@pytest.mark.parametrize("method", ["commit", "rollback", "begin_nested"])
def test_one_module_begins_and_ends_transactions(method: str) -> None:
    bad = [
        f"{where(modules()[name], node)} {text}"
        for name in modules()
        if name != UOW
        for text, node in calls(name)
        if text.endswith(f".{method}")
    ]
    assert not bad, bad


def test_sql_is_not_written_as_text() -> None:
    bad = [
        f"{where(modules()[name], node)} {text}"
        for name in modules()
        if not name.startswith("app.db.")
        for text, node in calls(name)
        if text in ("text", "sqlalchemy.text", "sa.text") or text.endswith(".exec_driver_sql")
    ]
    assert not bad, bad


def test_features_do_not_slip_past_the_session() -> None:
    """A connection of one's own is not guarded; reading the whole log and setting tables up may have one."""
    own = ("app.db.", "app.audit.", "app.backup.", "app.jobs.bell")
    bad = [
        f"{where(modules()[name], node)} {text}"
        for name in modules()
        if not name.startswith(own)
        for text, node in calls(name)
        if text.endswith((".connection", ".connect")) and not text.startswith("sqlite3")
    ]
    assert not bad, bad


def test_bulk_inserts_have_one_path() -> None:
    bad = [
        f"{where(modules()[name], node)} {text}"
        for name in modules()
        for text, node in calls(name)
        if text.split(".")[-1].startswith("bulk_") and text.split(".")[-1] != "bulk_insert"
    ]
    assert not bad, bad


def test_services_do_not_open_units_of_work() -> None:
    """The entry point opens them; sign-in and refusals, which are entry points themselves, are named here."""
    own = {"app.accounts.services", "app.audit.services"}
    bad = [
        f"{where(modules()[name], node)} {text}"
        for name in modules()
        if name.endswith(("services", "queries", "rules")) and name not in own
        for text, node in calls(name)
        if text.split(".")[-1] in ("unit_of_work", "short_transaction")
    ]
    assert not bad, bad


def test_nobody_looks_up_who_is_signed_in_but_the_web() -> None:
    bad = [
        f"{where(modules()[name], node)}"
        for name in modules()
        if not name.startswith(("app.web", "app.factory")) and not name.endswith("routes")
        for target, node in imports(name)
        if target == "flask_login" or target == "app.web.access"
    ]
    assert not bad, bad
