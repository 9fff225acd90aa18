"""The first page of each role: what waits for me, what is due, what is overdue."""

from __future__ import annotations

import pytest

from app.extensions import db
from tests.factories.inspections import begin
from tests.factories.rectifications import answered, issued, make_rectifications, received
from tests.pages import Page
from tests.web.test_patrol import fill


def sections(page: Page) -> list[str]:
    """Return the headings of what waits; the rounds of today stand above it on their own."""
    found = [heading.get_text(strip=True) for heading in page.all("main section h2")]
    return [heading for heading in found if heading != "今天的巡查"]


def figures(page: Page) -> dict[str, str]:
    return {
        figure.select_one(".figure-label").get_text(strip=True): figure.select_one(".figure-value").get_text(
            strip=True
        )
        for figure in page.all("a.figure")
    }


def make(app, site, step):
    with app.app_context():
        step(site)
        db.session.remove()


@pytest.mark.parametrize(
    ("step", "name", "section"),
    [
        (issued, "chief_a", "待我签收"),
        (received, "chief_a", "待我整改"),
        (answered, "zhao", "待我复查"),
        (begin, "wang", "没有提交的巡查"),
    ],
)
def test_what_waits_stands_on_the_page_of_the_one_it_waits_for(site, app, sign_in, step, name, section):
    make(app, site, step)
    assert [found.startswith(section) for found in sections(Page(sign_in(name).get("/")))] == [True]
    assert sections(Page(sign_in("chief_b").get("/"))) == []


def test_what_is_overdue_stands_on_the_centres_pages(site, app, sign_in, clock):
    make(app, site, received)
    clock.tick(days=9)
    for name in ("wang", "head", "director", "auditor"):
        page = Page(sign_in(name).get("/"))
        assert [found.startswith("已逾期") for found in sections(page)] == [True], name
        assert figures(page)["已逾期"] == "1"
        assert page.all("tr.is-overdue")
    assert figures(Page(sign_in("chief_a").get("/")))["待我整改"] == "1"


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("wang", ["待我复查", "即将到期", "已逾期", "整改中"]),
        ("head", ["待我签收", "待我整改", "待我复查", "待我决定", "即将到期", "已逾期", "整改中"]),
        ("director", ["待我决定", "即将到期", "已逾期", "整改中"]),
        ("chief_a", ["待我签收", "待我整改", "即将到期", "已逾期", "整改中"]),
        ("window_a", ["待我整改", "即将到期", "已逾期", "整改中"]),
        ("complaints", ["即将到期", "已逾期", "整改中"]),
        ("auditor", ["即将到期", "已逾期", "整改中"]),
        ("sysadmin", []),
        ("secadmin", []),
        ("disclosure", []),
        ("legal", []),
    ],
)
def test_each_role_sees_its_own_figures(sign_in, name, labels):
    page = Page(sign_in(name).get("/"))
    assert list(figures(page)) == labels
    assert "现在没有等待办理的事项" in page.text("main")


def test_at_most_six_of_a_kind_and_a_way_to_all(site, app, sign_in):
    fill(app, make_rectifications, site, 60)
    page = Page(sign_in("zhao").get("/"))
    assert all(len(table.select("tbody tr")) <= 6 for table in page.all("main table"))
    assert figures(page)["待我复查"] == "9"
    assert page.all("a[href='/rectifications?mine=recheck']")


def test_another_centre_sees_nothing_of_it(site, app, sign_in):
    fill(app, make_rectifications, site, 20)
    for name in ("outsider", "lower"):
        assert set(figures(Page(sign_in(name).get("/"))).values()) == {"0"}
