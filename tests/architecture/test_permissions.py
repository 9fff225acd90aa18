"""Every endpoint says who may use it, in one way; and the table of grants keeps its promises."""

from __future__ import annotations

import ast
import re

import pytest

from app.permissions import GRANTS, SEPARATED, Permission, Role
from tests.architecture.source import APP, called, modules, tree, where

ROUTES = [name for name in modules() if name.endswith("routes") or name.startswith("app.web.")]
METHODS = ("get", "post", "route", "put", "patch", "delete")
MARKS = ("requires", "public")
URL = re.compile(
    r"(/|(/[a-z0-9]+(-[a-z0-9]+)*|/<(int|string|path|any\([a-z,]+\)):[a-z_0-9]+>|/<[a-z_0-9]+>)+)"
)


def views(name: str) -> list[tuple[ast.FunctionDef, list[str]]]:
    """Return the functions of a module that answer requests, with the names of their decorators."""
    found = []
    for node in ast.walk(tree(modules()[name])):
        if isinstance(node, ast.FunctionDef):
            marks = [called(decorator) for decorator in node.decorator_list]
            if any("." in mark and mark.split(".")[-1] in METHODS and "cli" not in mark for mark in marks):
                found.append((node, marks))
    return found


def test_the_walker_sees_views() -> None:
    assert {node.name for node, _ in views("app.accounts.routes")} >= {"sign_in", "sign_out", "index"}


@pytest.mark.parametrize("name", ROUTES)
def test_every_view_carries_exactly_one_mark_under_its_route(name: str) -> None:
    for node, marks in views(name):
        kinds = ["mark" if mark in MARKS else "route" for mark in marks]
        assert kinds.count("mark") == 1 and kinds[-1] == "mark", f"{where(modules()[name], node)} {marks}"


@pytest.mark.parametrize("name", ROUTES)
def test_addresses_are_kebab_case_nouns(name: str) -> None:
    for node, _ in views(name):
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and called(decorator).split(".")[-1] in METHODS:
                address = ast.literal_eval(decorator.args[0])
                assert URL.fullmatch(address), f"{where(modules()[name], node)} {address}"


def test_views_change_nothing_on_get() -> None:
    """A view that opens a unit of work answers POST only."""
    for name in ROUTES:
        for node, marks in views(name):
            opens = {"unit_of_work", "short_transaction"} & {
                called(inner) for inner in ast.walk(node) if isinstance(inner, ast.Call)
            }
            if opens:
                assert not any(mark.endswith((".get", ".route")) for mark in marks), where(
                    modules()[name], node
                )


def test_every_role_has_its_line_and_every_permission_a_holder() -> None:
    assert set(GRANTS) == set(Role)
    assert frozenset().union(*GRANTS.values()) == set(Permission)


def test_every_permission_is_asked_for_somewhere() -> None:
    source = "".join(
        path.read_text() for path in APP.rglob("*.py") if path.name not in ("permissions.py", "labels.py")
    )
    unused = [p for p in Permission if not re.search(rf"\b(Permission|P)\.{p.name}\b", source)]
    assert not unused, unused


def test_permissions_are_resource_and_verb_and_sorted_by_name() -> None:
    for permission in Permission:
        assert re.fullmatch(r"[a-z_]+:[a-z_]+", permission.value)
        assert permission.name == permission.value.replace(":", "_").upper()
    resources = [permission.value.split(":")[0] for permission in Permission]
    assert [r for i, r in enumerate(resources) if r not in resources[:i]] == list(dict.fromkeys(resources))


def test_the_page_of_roles_has_words_for_every_permission_and_its_group() -> None:
    page = (APP.parent / "templates/accounts/roles.html").read_text()
    missing = [p.value for p in Permission if f'"{p.value}": _("' not in page]
    missing += [name for name in {p.value.split(":")[0] for p in Permission} if f'"{name}": ' not in page]
    assert not missing, missing


def test_the_three_offices_stay_apart() -> None:
    """What one of them may, no other may, beyond what everyone may and what several may look up."""
    everyone = frozenset.intersection(*GRANTS.values())
    shared = {Permission.ORGANISATION_READ, Permission.ACCOUNT_READ, Permission.SETTING_READ}
    for one in SEPARATED:
        for other in SEPARATED - {one}:
            assert not (GRANTS[one] & GRANTS[other]) - everyone - shared
    assert (
        Permission.AUDIT_READ not in GRANTS[Role.SYSTEM_ADMINISTRATOR] | GRANTS[Role.SECURITY_ADMINISTRATOR]
    )
