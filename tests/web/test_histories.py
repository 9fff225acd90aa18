"""Every record of a ledger shows what happened to it."""

from __future__ import annotations

import pytest

from app.extensions import db
from tests.client import signed_in
from tests.factories.base import Visit, visits
from tests.pages import Page

# An entry of the log is its own history; long work is no row of a ledger.
NO_LEDGER = {"audit.show", "jobs.show"}
KNOWN = {"documents.show", "inspections.finding", "inspections.patrol", "rectifications.show"}
PAGES = [visit for visit in visits() if visit.content_type == "text/html"]


@pytest.mark.parametrize("visit", PAGES, ids=lambda visit: visit.endpoint)
def test_a_record_has_its_history(site, visit: Visit):
    with site.app.app_context():
        ids = visit.prepare(site)
        db.session.remove()
    query = {key: ids.get(value.strip("<>"), value) for key, value in visit.query.items()}
    with site.app.test_request_context():
        address = site.app.url_for(visit.endpoint, **ids, **query)
    page = Page(signed_in(site.app, visit.actor).get(address))
    record = bool(page.all("body.record"))
    assert record or visit.endpoint not in KNOWN
    if record and visit.endpoint not in NO_LEDGER:
        steps = page.all("ol.timeline > li")
        assert steps, f"{visit.endpoint} shows no history"
        assert all(step.select("time[datetime]") and step.select(".event-what") for step in steps)
