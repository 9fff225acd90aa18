"""Every page, for those who may see it, on a phone and on a desk: axe finds nothing, nothing sticks out."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from app.permissions import GRANTS
from tests.cast import USERS
from tests.factories.base import Visit, nothing, visits
from tests.web.test_sweep_access import address, endpoints

WATCHERS = ("wang", "head", "chief_a", "window_a", "complaints", "auditor", "sysadmin", "secadmin")


@pytest.fixture(scope="module")
def addresses(live: Any) -> dict[str | None, list[str]]:
    """Return the address of every page, under those who look at it (None: nobody signed in)."""
    found: dict[str | None, list[str]] = defaultdict(list)
    for endpoint in endpoints(live.app, "GET"):
        known = [visit for visit in visits() if visit.endpoint == endpoint]
        for visit in known or [Visit(endpoint, "", nothing)]:
            if visit.content_type == "text/html":
                with live.look():
                    ids = visit.prepare(live)
                for who in _readers(live, visit):
                    found[who].append(address(live, visit, ids))
    found["wang"].append("/nowhere")
    found[None] += ["/verify/ABCDE23456"]
    return found


def _readers(live: Any, visit: Visit) -> list[str | None]:
    """Return nobody for a public page, the reader of a record, else the first two who may see it."""
    permission = live.app.view_functions[visit.endpoint].permission
    if permission is None:
        return [None]
    if visit.actor:
        return [visit.actor]
    able = [who for who in WATCHERS if permission in GRANTS[USERS[who][0]]]
    return [*able] if visit.endpoint == "reports.home" else [*able[:2]]


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
def test_every_page_is_for_everyone(visit: Any, addresses: Any, phone: bool) -> None:
    found = []
    for who, pages in addresses.items():
        visitor = visit(who, phone=phone)
        for url in pages:
            found += look_at(visitor.page, url, who)
        visitor.close()
    assert not found, "\n".join(found)


def look_at(page: Any, address: str, who: str | None) -> list[str]:
    if "<html" not in page.goto(address).text():
        return []  # a part of a page, which only htmx asks for
    page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
    faults = []
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        faults.append(f"{address} ({who}): {wide} px to scroll sideways")
    for fault in Axe().run(page).response["violations"]:
        if fault["impact"] in ("serious", "critical"):
            where = [node["target"][0] for node in fault["nodes"][:3]]
            faults.append(f"{address} ({who}): {fault['id']}: {fault['help']}: {where}")
    return faults
