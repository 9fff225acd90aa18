"""The first page of each role: what waits for me, what is due, what is overdue."""

from __future__ import annotations

from typing import Any

import pytest

from app import clock as clocks
from app.db.uow import unit_of_work
from app.extensions import db
from app.inspections import finding_services
from app.inspections.models import Finding
from app.inspections.rules import PatrolMode
from app.permissions import Permission
from app.rectifications import services
from tests.cast import actor
from tests.factories.inspections import begin, make_findings, submitted
from tests.factories.rectifications import answered, issued, make_rectifications, received
from tests.factories.registers import recorded
from tests.pages import Page
from tests.sweeps import watch_statements
from tests.web.test_patrol import fill

MOST_STATEMENTS = 18  # plan, roster, hours and walks of the rounds are eight of them
STANDING = ("即将到期", "已逾期", "整改中")


def sections(page: Page) -> list[str]:
    """Return the headings of what waits; today's rounds stand above it, the week beside it."""
    return [heading.get_text(strip=True) for heading in page.all(".home-work section h2")]


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
        ("wang", ["待我复查", "待处理的问题", *STANDING]),
        ("head", ["待我复查", "待我决定", "待处理的问题", *STANDING]),
        ("director", ["待我决定", *STANDING]),
        ("chief_a", ["待我签收", "待我整改", "待确认的问题", *STANDING]),
        ("window_a", ["待我整改", "待确认的问题", *STANDING]),
        ("complaints", ["待处理的问题", *STANDING]),
        ("auditor", [*STANDING, "本周被拒绝的操作"]),
        ("sysadmin", []),
        ("secadmin", ["暂停登录的用户", "须修改密码的用户", "正常的用户"]),
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
    assert all(len(table.select("tbody tr")) <= 6 for table in page.all(".home-work table"))
    assert figures(page)["待我复查"] == "9"
    assert page.all("a[href='/rectifications?mine=recheck']")


def test_another_centre_sees_nothing_of_it(site, app, sign_in):
    fill(app, make_rectifications, site, 20)
    for name in ("outsider", "lower"):
        assert set(figures(Page(sign_in(name).get("/"))).values()) == {"0"}


# --- the week -------------------------------------------------------------------------------------


def week(page: Page) -> dict[str, list[str]]:
    """Return the cells of the week's table by their day."""
    return {row[0]: row[1:] for row in page.rows(".week-table")[1:]}


def struck_off(site: Any) -> None:
    """Answer a notice and let Zhao accept it."""
    row = answered(site)
    with unit_of_work(actor("zhao", Permission.RECTIFICATION_RECHECK), clocks.now()) as uow:
        services.accept(uow, row.id, row.version, "")


def test_the_week_says_what_was_found_struck_off_and_walked(site, app, sign_in):
    make(app, site, struck_off)
    page = Page(sign_in("head").get("/"))
    days = week(page)
    assert list(days) == [
        *(f"11-{16 + n} 周{name}" for n, name in enumerate("一二三四五六日")),
        "合计",
    ]
    assert days["11-18 周三"][:3] == ["1", "0", "1"], "found, and struck off the same day"
    assert days["11-17 周二"][:3] == ["0", "0", "0"]
    assert days["合计"][:3] == ["1", "0", "1"]
    assert days["11-19 周四"] == ["还没有到"]


def test_every_number_and_bar_of_the_week_leads_to_as_many_rows(site, app, sign_in):
    make(app, site, struck_off)
    fill(app, make_findings, site, 30)
    client = sign_in("head")
    page = Page(client.get("/"))
    links = [link for link in page.all(".week-table a") if "/" not in link.get_text()]
    assert len(links) == 3 * 3 + 3, "three days have come, and their sum"
    for link in links:
        shown = Page(client.get(link["href"])).text(".page-count")
        assert shown == link.get_text(strip=True), link["href"]
    drawn = {str(link["href"]) for link in page.all("svg a")}
    assert drawn <= {str(link["href"]) for link in page.all(".week-table a")}
    for link in page.all(".week-table a, a.figure"):
        assert client.get(link["href"]).status_code == 200


def voided(site: Any) -> None:
    finding_id = submitted(site)[1]
    with unit_of_work(actor("head", Permission.FINDING_VOID), clocks.now()) as uow:
        version = uow.get(Finding, finding_id).version
        finding_services.void_finding(uow, finding_id, version, "记错了窗口。")


def test_a_void_finding_counts_for_no_day(site, app, sign_in):
    make(app, site, voided)
    assert week(Page(sign_in("wang").get("/")))["合计"][:3] == ["0", "0", "0"]


def test_who_answers_for_a_department_sees_its_week_and_no_rounds(site, app, sign_in):
    make(app, site, struck_off)
    assert week(Page(sign_in("chief_a").get("/")))["合计"] == ["1", "0", "1"]
    assert week(Page(sign_in("chief_b").get("/")))["合计"] == ["0", "0", "0"]
    for name in ("sysadmin", "secadmin", "disclosure"):
        assert not Page(sign_in(name).get("/")).all(".week")


def test_weeks_gone_by_can_be_looked_at_and_none_to_come(site, app, sign_in, clock):
    make(app, site, submitted)
    clock.tick(days=7)
    client = sign_in("head")
    now = Page(client.get("/"))
    assert week(now)["合计"][:1] == ["0"]
    before = Page(client.get(now.link("上一周")))
    assert before.text(".week h2") == "11-16 至 11-22"
    assert week(before)["合计"][:2] == ["1", "0"]
    assert "今天的巡查" in before.text("main"), "today's rounds stand beside any week"
    assert Page(client.get(before.link("下一周"))).text(".week h2") == "本周"
    for value in ("2026-12-24", "1999-01-01", "0001-01-01", "gestern", "2026-02-30"):
        assert Page(client.get("/", query_string={"week": value})).text(".week h2") == "本周"


# --- those who look after the place -----------------------------------------------------------------


def test_the_system_administrator_sees_the_set_up_and_his_long_work(site, app, sign_in, cast):
    page = Page(sign_in("sysadmin").get("/"))
    assert page.all(".setup li")
    assert "2027 年的工作日历还没有发布" in page.text("main")
    assert page.all(f".section-head a[href='/centres/{cast.centre}']")


def test_a_visit_to_release_stands_on_the_heads_page(site, app, sign_in):
    make(app, site, lambda s: submitted(s, mode=PatrolMode.MYSTERY))
    client = sign_in("head")
    assert figures(Page(client.get("/")))["待公开的暗访"] == "1"
    assert len(Page(client.get("/patrols?released=0")).all("tbody tr")) == 1
    assert week(Page(sign_in("chief_a").get("/")))["合计"] == ["0", "0", "0"], "nobody is told by a number"


def test_a_register_entry_stands_on_the_page_of_a_second_person(site, app, sign_in):
    make(app, site, recorded)
    client = sign_in("head")
    assert figures(Page(client.get("/")))["待我确认的登记"] == "1"
    assert len(Page(client.get("/registers?mine=confirm")).all("tbody tr")) == 1
    assert "待我确认的登记" not in figures(Page(sign_in("wang").get("/")))  # who recorded it


def test_the_page_costs_the_same_however_much_there_is(site, app, sign_in):
    client = sign_in("head")
    with watch_statements(site) as before:
        client.get("/")
    fill(app, make_rectifications, site, 60)
    fill(app, make_findings, site, 60)
    with watch_statements(site) as after:
        client.get("/")
    assert len(after) - len(before) <= 1, "the rows that wait are one statement"
    assert len(after) <= MOST_STATEMENTS
