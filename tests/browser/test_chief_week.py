"""A week of a chief representative: receipts, answers, more time, findings said yes and no to."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from playwright.sync_api import expect

from app import clock
from tests.browser.visitor import Visitor, heading, said
from tests.factories import inspections, rectifications

MEASURES, AGAIN = "已重排值班表，空岗时由B岗顶替。", "已补拍带时间的近景照片。"
RETURNED = "照片没有拍到窗口编号，请补拍。"
LATE = "设备商还没有到场，请再宽限两天。"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of November 2026 at the office; the 23rd is a Monday."""
    return clock.at_office(datetime(2026, 11, day, hour, minute))


def test_a_week_of_a_chief_representative(visit: Any, live: Any, photo: Any) -> None:
    live.turn_clock(at(23, 9))
    with live.look():
        findings = [inspections.submitted(live)[1] for _ in range(2)]
        answered, extended, late = [
            (row.id, row.number) for row in (rectifications.issued(live) for _ in range(3))
        ]
    chief: Visitor = visit("chief_a")
    receive_all(chief)
    say_yes_and_no(chief, *findings)

    live.turn_clock(at(24, 10))
    chief = visit("chief_a")
    answer(chief, answered[0], MEASURES, photo("after.jpg", "#4a7"))
    ask_for_more_time(chief, extended[0])
    decide_and_return(visit("head", phone=False), extended[0], answered[0])

    live.turn_clock(at(25, 9))
    chief = visit("chief_a")
    chief.page.goto("/rectifications?mine=answer")
    expect(chief.page.get_by_role("row").filter(has_text=answered[1])).to_contain_text("退回")
    chief.page.goto(f"/rectifications/{answered[0]}")
    expect(chief.page.locator("main")).to_contain_text(RETURNED)
    answer(chief, answered[0], AGAIN, photo("after-2.jpg", "#494"))
    expect(chief.page.locator("main summary", has_text="复查合格")).to_have_count(0)
    strike_off(visit("zhao"), answered[0])

    live.turn_clock(at(26, 16, 55))
    chief = visit("chief_a")
    ask_too_late(chief, live, late[0])
    answer(chief, late[0], MEASURES, photo("after-3.jpg", "#373"))
    expect(chief.page.locator("main")).to_contain_text("逾期提交")
    chief.page.goto("/rectifications")
    for number, state in ((answered[1], "已销号"), (extended[1], "2026-11-30"), (late[1], "待复查")):
        expect(chief.page.get_by_role("row").filter(has_text=number)).to_contain_text(state)


def receive_all(chief: Visitor) -> None:
    """Confirm receipt of every notice in the list of those that wait for it, one with a remark."""
    page = chief.page
    expect(page.get_by_role("heading", name="待我签收")).to_be_visible()
    for left in (3, 2, 1):
        page.goto("/rectifications?mine=receive")
        rows = page.locator("#rectifications-rows tbody tr")
        expect(rows).to_have_count(left)
        chief.touch(rows.first.get_by_role("link"))
        chief.press("签收")
        if left == 1:
            page.get_by_label("陈述或异议").fill("当天系统检修，请一并考虑。")
        chief.press("确认签收")
        said(chief, "已签收。请在期限内提交整改情况。")
    expect(page.locator("main")).to_contain_text("当天系统检修，请一并考虑。")


def say_yes_and_no(chief: Visitor, confirmed: int, disputed: int) -> None:
    page = chief.page
    page.goto(f"/findings/{confirmed}")
    expect(heading(page)).to_have_text("工作时间空岗")
    chief.press("确认属实")
    chief.press("确认")
    expect(page.locator("main")).to_contain_text("已确认")
    page.goto(f"/findings/{disputed}")
    chief.press("提出异议")
    box = page.locator("details.confirm[open]")
    box.locator("textarea").fill("当事人经批准外出，有请假单。")
    chief.press("提出异议", within=box.locator("form"))
    expect(page.locator("main")).to_contain_text("当事人经批准外出，有请假单。")
    expect(page.locator("main")).to_contain_text("见证人待写明")


def answer(chief: Visitor, record: int, measures: str, after: Any) -> None:
    page = chief.page
    page.goto(f"/rectifications/{record}")
    chief.press(re.compile("^提交整改$"))
    form = page.locator("#submit-form")
    form.get_by_label("整改措施").fill(measures)
    form.locator("#photos input[type=file]").nth(1).set_input_files(after)
    chief.press("提交整改", within=form)
    said(chief, "整改情况已提交，等待复查。")
    expect(page.locator("main")).to_contain_text(measures)


def open_request(chief: Visitor, record: int, reason: str) -> Any:
    page = chief.page
    page.goto(f"/rectifications/{record}")
    chief.press("申请延期")
    box = page.locator("details.confirm[open]")
    box.get_by_label("延期至").fill("2026-11-30")
    box.get_by_label("延期理由").fill(reason)
    return box


def ask_for_more_time(chief: Visitor, record: int) -> None:
    box = open_request(chief, record, "评价器备件周五到货。")
    chief.press("提交申请", within=box)
    said(chief, "延期申请已提交，等待决定。")
    expect(chief.page.locator("main")).to_contain_text("等待决定")


def decide_and_return(head: Visitor, asked: int, answered: int) -> None:
    page = head.page
    page.goto("/rectifications?mine=decide")
    expect(page.locator("#rectifications-rows tbody tr")).to_have_count(1)
    page.goto(f"/rectifications/{asked}")
    head.press("同意延期")
    head.press("同意延期", within=page.locator("details.confirm[open] form"))
    said(head, "已同意延期，期限已更新。")
    page.goto(f"/rectifications/{answered}")
    head.press("退回")
    box = page.locator("details.confirm[open]")
    box.get_by_label("退回原因").fill(RETURNED)
    head.press("退回", within=box.locator("form"))
    said(head, "已退回，责任单位须重新整改。")


def strike_off(zhao: Visitor, record: int) -> None:
    zhao.page.goto(f"/rectifications/{record}")
    zhao.press("复查合格，销号")
    zhao.press("销号")
    said(zhao, "复查合格，已销号。")


def ask_too_late(chief: Visitor, live: Any, record: int) -> None:
    """Send a request that was begun in time after the deadline: it is refused, and its words come back."""
    page = chief.page
    box = open_request(chief, record, LATE)
    live.turn_clock(at(26, 17, 5))
    chief.press("提交申请", within=box)
    expect(page.get_by_role("alert").first).to_contain_text("延期应当在期限届满前提出，现在已经逾期。")
    expect(page.get_by_role("alert").first).to_contain_text(LATE)
    page.goto(f"/rectifications/{record}")
    expect(page.locator("main summary", has_text="申请延期")).to_have_count(0)
    chief.touch(page.get_by_text("其他步骤为什么现在不能办理"))
    expect(page.locator("main")).to_contain_text("延期应当在期限届满前提出")
