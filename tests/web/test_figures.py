"""The pages of figures: each number opens as many rows, each period its own, targets with their text."""

from __future__ import annotations

from typing import Any

import pytest

from app import clock as clocks
from app.core.actions import Action
from app.db.uow import unit_of_work
from app.extensions import db
from app.inspections.models import Finding
from app.inspections.rules import Finder, FindingSource, FindingStatus
from tests.cast import actor
from tests.factories.inspections import make_findings
from tests.factories.rectifications import instruction, make_rectifications
from tests.pages import Page


def made(app: Any, make: Any, *args: Any) -> None:
    with app.app_context():
        make(*args)
        db.session.remove()


def fifty_four_to_four(site: Any) -> None:
    """Enter 58 findings, four of them exposed by others."""
    make_findings(site, 58)
    with unit_of_work(actor("wang"), clocks.now()) as uow:
        for row in uow.session.query(Finding).order_by(Finding.id):
            row.status, row.finder = FindingStatus.OPEN, Finder.INTERNAL
            row.source = FindingSource.SELF_CHECK
            if row.id % 14 == 1 and row.id < 50:
                row.finder, row.source = Finder.EXTERNAL, FindingSource.MEDIA
            uow.record(Action("finding.changed_by_test"), row)


def opens_its_rows(client: Any, page: Page, css: str) -> int:
    """Assert of each number in the tables that its list shows as many rows; return how many were tried."""
    links = [link for link in page.all(css) if link.get_text(strip=True).isdigit()]
    for link in links:
        shown = Page(client.get(link["href"])).text(".page-count")
        assert shown == link.get_text(strip=True), link["href"]
    return len(links)


def test_54_to_4_is_printed_with_both_readings_of_its_target(site, app, sign_in):
    made(app, fifty_four_to_four, site)
    client = sign_in("director")
    page = Page(client.get("/patrols/figures"))
    main = page.text("main")
    assert "13.5" in main
    assert "目标“高于曝光数百分之二十”有两种读法：" in main
    assert "0.2 × 4 = 0.8，已达到；1.2 × 4 = 4.8，已达到。" in main
    assert opens_its_rows(client, page, ".figure-table a[href^='/findings']") > 20


@pytest.mark.parametrize(
    ("period", "span"),
    [
        ("week", "2026-11-16 至 2026-11-22"),
        ("month", "2026-11-01 至 2026-11-30"),
        ("quarter", "2026-10-01 至 2026-12-31"),
        ("half_year", "2026-07-01 至 2026-12-31"),
        ("year", "2026-01-01 至 2026-12-31"),
        ("decade", "2026-11-01 至 2026-11-30"),
    ],
)
def test_rectifications_by_period_each_number_with_its_rows(site, app, sign_in, period, span):
    made(app, make_rectifications, site, 21)
    made(app, instruction, site)
    client = sign_in("director")
    ledger = Page(client.get("/rectifications"))
    page = Page(client.get(f"{ledger.link('指标')}?period={period}"))
    assert span in page.text(".page-sub")
    assert opens_its_rows(client, page, ".figure-table a, .owed a") > 20
    earlier = Page(client.get(page.link("往前")))
    assert Page(client.get(earlier.link("本期"))).text(".page-sub") == page.text(".page-sub")


def test_a_chief_sees_the_figures_of_his_department_only(site, app, sign_in):
    made(app, make_rectifications, site, 20)
    client = sign_in("chief_a")
    page = Page(client.get("/rectifications/figures"))
    assert len(page.all(".owed table:first-child tbody tr")) == 1
    assert "领导批示和媒体曝光" not in page.text("main")
    assert opens_its_rows(client, page, ".figure-table a, .owed a")


def test_the_figures_of_a_centre_out_of_sight_are_not_there(site, cast, sign_in):
    assert sign_in("outsider").get(f"/rectifications/figures?centre={cast.centre}").status_code == 404
    for query in ("on=x", "on=2026-02-30", "centre=x", "period="):
        assert sign_in("director").get(f"/rectifications/figures?{query}").status_code == 200
