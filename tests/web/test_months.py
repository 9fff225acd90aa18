"""A month as the section head, a person at a window and the director use it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.factories.evaluations import computed, locked, objected, published, seen, standing_rules
from tests.pages import Page, follow


def prepared(site: Any, make: Any, *args: Any) -> int:
    with site.app.app_context():
        return int(make(*args) or 0)


def test_a_month_is_computed_published_objected_to_and_decided(site: Any, sign_in: Any) -> None:
    prepared(site, standing_rules)
    prepared(site, seen, site, datetime(2026, 10, 12, 2, 0, tzinfo=UTC))
    head = sign_in("head")
    start = Page(head.get("/evaluations"))
    assert start.form("form.entry").values["month"] == ["2026-10"]
    board = follow(start.form("form.entry").submit())
    assert ["2", "吴窗口", "98"] in [row[:3] for row in board.rows("#evaluations-scores")]
    lines = Page(head.get(board.link("空岗")))
    assert "吴窗口" in lines.text("main") and "问题" in lines.text("main")
    address = board.address
    (publish,) = board.forms_to(f"{address}/publish")
    assert "已公布" in follow(publish.submit()).text(".title-line")

    person = sign_in("window_a")
    own = Page(person.get(address))
    assert [row[1] for row in own.rows("#evaluations-scores")[1:]] == ["吴窗口"]
    sheet = Page(person.get(own.link("吴窗口")))
    assert "合计" in sheet.text("main")
    form = Page(person.get(sheet.link("提出申诉"))).form("form.entry")
    record = follow(form.fill(reason="当时有同事顶岗").submit())
    assert "待决定" in record.text(".title-line")
    assert not record.all("form.entry")

    decision = Page(head.get(record.address)).form("form.entry")
    refused = Page(decision.fill(status="changed", decision="属实").submit(), 422)
    assert "必须填写" in refused.text("#count-error")
    follow(refused.form("form.entry").fill(status="revoked", count="", decision="属实").submit())
    assert ["1", "吴窗口", "100"] in [row[:3] for row in Page(head.get(address)).rows("#evaluations-scores")]
    assert "98" in Page(head.get(f"{address}?run=1")).text("#evaluations-scores")


def test_what_was_typed_about_an_objection_outlives_a_change_by_others(site: Any, sign_in: Any) -> None:
    objection_id = prepared(site, objected, site)
    form = Page(sign_in("head").get(f"/objections/{objection_id}")).form("form.entry")
    stale = Page(form.fill(version="7", status="upheld", decision="监控显示无人").submit(), 409)
    assert "刚被别人改动" in stale.text(".errors")
    again = stale.form("form.entry")
    assert again.values["decision"] == ["监控显示无人"]
    assert "已决定" in follow(again.submit()).text("main")


def test_a_month_that_is_not_published_is_not_there_for_the_windows(site: Any, sign_in: Any) -> None:
    month_id = prepared(site, computed, site)
    assert sign_in("window_a").get(f"/evaluations/{month_id}").status_code == 404
    assert "还没有公布" in Page(sign_in("chief_a").get("/evaluations")).text("main")


def test_another_departments_sheet_is_not_there(site: Any, sign_in: Any) -> None:
    month_id = prepared(site, published, site)
    sheet = Page(sign_in("chief_a").get(f"/evaluations/{month_id}")).link("吴窗口")
    assert sign_in("chief_b").get(sheet).status_code == 404
    assert sign_in("outside_head").get(sheet).status_code == 404


def test_a_locked_month_says_why_it_waits_and_compares_equal(site: Any, sign_in: Any) -> None:
    month_id = prepared(site, published, site)
    waiting = Page(sign_in("director").get(f"/evaluations/{month_id}"))
    assert "申诉期还没有结束" in waiting.text("main")
    assert not waiting.forms_to(f"/evaluations/{month_id}/lock")
    assert "完全相同" in Page(sign_in("head").get(f"/evaluations/{month_id}/check")).text("main")


def test_of_two_windows_with_the_lock_open_the_second_is_told(site: Any, sign_in: Any) -> None:
    month_id = prepared(site, locked, site)
    response = sign_in("director").post(f"/evaluations/{month_id}/lock", data={"version": "3"})
    assert response.status_code == 409


def test_a_month_is_read_as_people_write_it_or_refused(site: Any, sign_in: Any) -> None:
    form = Page(sign_in("head").get("/evaluations")).form("form.entry")
    refused = Page(form.fill(month="十月").submit(), 422)
    assert "2026-10" in refused.text("#month-error")
    assert "还没有开始" in Page(refused.form("form.entry").fill(month="2027-01").submit(), 422).text("main")
