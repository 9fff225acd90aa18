"""Who may import whom: the table of design.md, chapter 2, with the rooms that came after it."""

from __future__ import annotations

import ast
import sys
from graphlib import CycleError, TopologicalSorter

import pytest

from app.registry import FEATURES
from tests.architecture.source import imports, modules, tree, where

NAMES = frozenset(feature.name for feature in FEATURES)
KERNEL = ("app.core", "app.permissions")
# What a room may import of the application, its own feature's other rooms under "own".
ROOMS: dict[str, dict[str, tuple[str, ...]]] = {
    "rules": {"app": KERNEL, "own": ("rules",), "any": ("rules",)},
    "labels": {"app": KERNEL, "own": ("rules",)},
    "models": {"app": (*KERNEL, "app.extensions", "app.db"), "own": ("rules",), "any": ("models", "rules")},
    "forms": {"app": (*KERNEL, "app.fields"), "own": ("rules", "labels", "forms"), "any": ("rules",)},
    "queries": {
        "app": (*KERNEL, "app.db", "app.extensions", "app.clock"),
        "own": ("rules", "models", "queries"),
        "any": ("models", "queries", "rules"),
    },
    "services": {
        "app": (
            *KERNEL,
            "app.db",
            "app.extensions",
            "app.clock",
            "app.config",
            "app.audit",
            "app.documents",
            "app.attachments",
            "app.jobs",
        ),
        "own": ("rules", "labels", "models", "queries", "services", "documents"),
        "any": ("services", "queries", "rules", "models"),
    },
    "documents": {
        "app": (*KERNEL, "app.documents", "app.clock"),
        "own": ("rules", "labels", "models", "queries", "documents"),
        "any": ("models", "queries"),
    },
    "routes": {
        "app": (
            *KERNEL,
            "app.web",
            "app.db",
            "app.clock",
            "app.fields",
            "app.extensions",
            "app.registry",
            "app.audit.queries",
            "app.attachments",
            "app.documents",
        ),
        "own": ("rules", "labels", "forms", "models", "queries", "services", "documents", "routes"),
        "any": ("queries", "rules"),
    },
    "cli": {
        "app": (
            *KERNEL,
            "app.db",
            "app.extensions",
            "app.clock",
            "app.config",
            "app.documents",
            "app.seeding",
        ),
        "own": ("rules", "services", "queries", "models", "jobs", "documents"),
        "any": ("queries",),
    },
    # What goes out of a feature's lists: declared beside them, done by `transfers`.
    "exports": {
        "app": (*KERNEL, "app.db", "app.extensions", "app.clock", "app.transfers"),
        "own": ("rules", "labels", "forms", "models", "queries", "exports"),
        "any": ("models", "queries", "rules"),
    },
    "imports": {
        "app": (*KERNEL, "app.db", "app.extensions", "app.clock", "app.fields", "app.transfers"),
        "own": ("rules", "labels", "models", "forms", "queries", "services", "imports"),
        "any": ("models", "queries", "rules"),
    },
    "jobs": {
        "app": (
            *KERNEL,
            "app.db",
            "app.extensions",
            "app.clock",
            "app.config",
            "app.documents",
            "app.jobs",
            "app.attachments",
        ),
        "own": ("rules", "services", "queries", "models", "documents"),
        "any": ("queries",),
    },
}
# A room of a feature's own making is judged as a service that knows its own feature.
OTHER = {
    **ROOMS["services"],
    "app": (*ROOMS["services"]["app"], "app.config", "app.registry", "app.fields"),
}
# Seeding plays the whole house through its services.
ANYWHERE = ("seeding",)
FLASK = ("flask", "flask_babel", "flask_login", "flask_wtf", "htmx_flask", "flask_sqlalchemy", "werkzeug")
# Commands are flask's too; they take nothing of it but the command line and the settings.
FLASK_ROOMS = ("routes", "cli")
FLASK_MODULES = ("app.factory", "app.extensions", "app.commands", "app.registry", "app")


def room_of(name: str) -> tuple[str, str] | None:
    """Return (feature, room) of a module, None outside the features."""
    parts = name.split(".")
    if len(parts) < 3 or parts[1] not in NAMES:
        return None
    room = parts[2]
    kind = next((kind for kind in ROOMS if room == kind or room.endswith(f"_{kind}")), room)
    return parts[1], kind


def allowed(name: str, target: str) -> bool:
    here, there = room_of(name), room_of(target)
    assert here is not None
    feature, room = here
    table = ROOMS.get(room, OTHER)
    if any(target == root or target.startswith(f"{root}.") for root in table["app"]):
        return there is None or there[1] != "routes"
    if there is None:
        return False
    if there[0] == feature:
        return there[1] in table["own"] or there[1] not in ROOMS
    return there[1] in table.get("any", ())


@pytest.mark.parametrize(
    "name", [name for name in modules() if (room_of(name) or ANYWHERE)[0] not in ANYWHERE]
)
def test_a_room_imports_what_its_row_allows(name: str) -> None:
    bad = [
        f"{where(modules()[name], node)} imports {target}"
        for target, node in imports(name)
        if target.startswith("app") and not allowed(name, target)
    ]
    assert not bad, bad


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith("app.core")])
def test_core_knows_the_standard_library_only(name: str) -> None:
    bad = [
        target
        for target, _ in imports(name)
        if not target.startswith("app.core") and target.split(".")[0] not in sys.stdlib_module_names
    ]
    assert not bad, bad


def test_the_floor_does_not_know_the_features() -> None:
    bad = [
        f"{name} imports {target}"
        for name in modules()
        if name.split(".")[1:2] in (["fields"], ["permissions"], ["clock"], ["config"], ["extensions"])
        for target, _ in imports(name)
        if target.startswith("app.") and not target.startswith(("app.core", "app.db", "app.permissions"))
    ]
    assert not bad, bad


def test_flask_stays_where_requests_are_answered() -> None:
    bad = [
        f"{where(modules()[name], node)} imports {target}"
        for name in modules()
        for target, node in imports(name)
        if target.split(".")[0] in FLASK
        and not name.startswith("app.web")
        and name not in FLASK_MODULES
        and (room_of(name) or ("", ""))[1] not in FLASK_ROOMS
    ]
    assert not bad, bad


def test_routes_write_no_sql() -> None:
    bad = [
        f"{name} imports {target}"
        for name in modules()
        if (room_of(name) or ("", ""))[1] in ("routes", "forms", "cli", "labels", "rules")
        for target, _ in imports(name)
        if target.split(".")[0] == "sqlalchemy"
    ]
    assert not bad, bad


def test_weasyprint_has_one_door() -> None:
    found = [
        name for name in modules() for target, _ in imports(name) if target.split(".")[0] == "weasyprint"
    ]
    assert set(found) == {"app.documents.pdf"}


@pytest.mark.parametrize("kinds", [("services",), ("queries",), ("models",)])
def test_features_form_no_circle(kinds: tuple[str, ...]) -> None:
    """A circle means that a third thing is missing: move the shared fact down, or pass an id."""
    graph: dict[str, set[str]] = {}
    for name in modules():
        here = room_of(name)
        if here is None or here[1] not in kinds:
            continue
        for target, _ in imports(name):
            there = room_of(target)
            if there and there[1] in kinds and there[0] != here[0]:
                graph.setdefault(here[0], set()).add(there[0])
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of {kinds}: {error.args[1]}")


def test_packages_are_empty() -> None:
    full = [name for name, path in modules().items() if path.name == "__init__.py" and path.read_text()]
    assert full == ["app"]


def test_files_are_short_enough_to_read() -> None:
    long = {
        name: lines for name, path in modules().items() if (lines := len(path.read_text().splitlines())) > 400
    }
    assert not long, long


def test_views_are_thin() -> None:
    """Parse, call, answer: at most 15 lines."""
    bad = []
    for name, path in modules().items():
        if (room_of(name) or ("", ""))[1] != "routes":
            continue
        for node in tree(path).body:
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > 16:  # its own line, and 15
                    bad.append(f"{where(path, node)} {node.name}: {lines - 1} lines")
    assert not bad, bad
