"""Every page, for those who may see it, on a phone and on a desk: axe finds nothing, nothing sticks out."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from app.documents.models import Document
from app.extensions import db
from app.permissions import GRANTS
from tests.cast import USERS
from tests.factories import inspections, rectifications

NO_PAGES = {"static", "assets.send"}
FILES = {
    "documents.file",
    "inspections.finding_file",
    "inspections.walk.draft_file",
    "rectifications.file",
}
FILES |= {"rectifications.draft_file"}


@pytest.fixture(scope="module")
def addresses(live: Any) -> dict[str | None, list[str]]:
    """Return the address of every page, under those who look at it (None: nobody signed in)."""
    cast = live.cast
    with live.look():
        patrol_id, finding_id = inspections.submitted(live, photo=True)
        issued = rectifications.issued(live).id
        answered = rectifications.answered(live, photo=True)
        waiting, document_id = answered.id, answered.document_id
        code = db.session.get_one(Document, document_id).code
        draft_id = inspections.noted(live, photo=True)
    ids: dict[str, list[dict[str, Any]]] = {
        "accounts.admin.edit": [{"user_id": cast.users["wang"]}],
        "accounts.show": [{"user_id": cast.users[name]} for name in ("wang", "secadmin")],
        "accounts.sign_in": [{}],
        "audit.show": [{"centre_id": cast.centre, "seq": 3}],
        "documents.show": [{"document_id": document_id}],
        "documents.verify": [{"code": code}],
        "inspections.finding": [{"finding_id": finding_id}],
        "inspections.patrol": [{"patrol_id": patrol_id}],
        "inspections.walk.draft": [{"draft_id": draft_id}],
        "inspections.walk.edit_finding": [{"draft_id": draft_id, "key": "f1"}],
        "inspections.walk.new_finding": [{"draft_id": draft_id, "point_id": cast.point_a, "item": "R-01"}],
        "inspections.walk.point": [
            {"draft_id": draft_id, "point_id": p} for p in (cast.point_a, cast.point_b)
        ],
        "organisation.department": [{"department_id": cast.department_a}],
        "organisation.point": [{"point_id": cast.point_shared}],
        "organisation.staff_member": [{"staff_member_id": cast.window_a_staff}],
        "rectifications.new": [{"finding": finding_id}],
        "rectifications.show": [{"rectification_id": waiting}, {"rectification_id": issued}],
    }
    watchers = ("wang", "head", "chief_a", "window_a", "complaints", "auditor", "sysadmin", "secadmin")
    found: dict[str | None, list[str]] = defaultdict(list)
    with live.app.test_request_context():
        for rule in live.app.url_map.iter_rules():
            if "GET" not in rule.methods or rule.endpoint in NO_PAGES | FILES:
                continue
            assert not rule.arguments or rule.endpoint in ids, f"no id was prepared for {rule.endpoint}"
            made = [live.app.url_for(rule.endpoint, **values) for values in ids.get(rule.endpoint, [{}])]
            for who in _readers(live, rule.endpoint, watchers):
                found[who] += made
    found["wang"].append("/nowhere")
    found[None] += ["/verify/ABCDE23456"]
    return found


def _readers(live: Any, endpoint: str, watchers: tuple[str, ...]) -> list[str | None]:
    """Return nobody for a public page, else the first two who may see it; pages of one's own are wang's."""
    view = live.app.view_functions[endpoint]
    permission = getattr(view, "permission", None)
    if permission is None:
        return [None]
    able = [who for who in watchers if permission in GRANTS[USERS[who][0]]]
    own = endpoint.startswith("inspections.walk.") or endpoint.startswith("organisation.")
    return able if endpoint == "reports.home" else able[: 1 if own else 2]


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
def test_every_page_is_for_everyone(visit: Any, addresses: Any, phone: bool) -> None:
    found = []
    for who, pages in addresses.items():
        visitor = visit(who, phone=phone)
        for address in pages:
            found += look_at(visitor.page, address, who)
        visitor.close()
    assert not found, "\n".join(found)


def look_at(page: Any, address: str, who: str | None) -> list[str]:
    page.goto(address)
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
