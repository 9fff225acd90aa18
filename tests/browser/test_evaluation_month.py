"""A month of evaluation: computed, published, objected to, decided, locked, printed, one sheet verified."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from app import clock
from tests.browser.paper import read_paper, words_of
from tests.browser.visitor import Visitor, heading, said
from tests.factories.evaluations import seen, standing_rules

REASON = "当时在后台取件，已向值班长报备。"


def test_a_month_from_its_figures_to_its_papers(visit: Any, live: Any, tmp_path: Path) -> None:
    with live.look():
        standing_rules()
        for day in (12, 13):
            seen(live, datetime(2026, 10, day, 2, 0, tzinfo=UTC))
    head: Visitor = visit("head", phone=False)
    month = compute_and_publish(head)
    object_to_a_line(visit("window_a"))
    decide(head)

    live.turn_clock(clock.at_office(datetime(2026, 11, 24, 9)))
    director: Visitor = visit("director", phone=False)
    lock(director, month)
    binder = print_all(director, month, tmp_path)
    assert REASON not in binder
    sheet = read_own_sheet(visit("window_a"), month, tmp_path)
    for words in ("2026年10月个人考核表", "吴窗口", "第1至2行相加为98", "已锁定", "共1页"):
        assert words in sheet, f"{words} is not on the sheet:\n{sheet}"
        assert words in binder
    verify(visit(), sheet)


def compute_and_publish(head: Visitor) -> str:
    """Compute October and publish it; return the address of the month."""
    page = head.page
    page.goto("/evaluations")
    page.get_by_label("月份").fill("2026-10")
    head.press("计算")
    expect(heading(page)).to_have_text("2026-10 月度考核")
    month = page.url
    expect(
        page.get_by_role("table", name="人员").get_by_role("row", name=re.compile("吴窗口"))
    ).to_contain_text("96")
    expect(page.get_by_role("button", name="打印全月")).to_have_count(0)
    head.press("公布")
    head.press("确认公布")
    said(head, "已公布")
    return month


def object_to_a_line(person: Visitor) -> None:
    page = person.page
    page.goto("/evaluations")
    page.get_by_role("link", name="2026-10").tap()
    page.get_by_role("link", name="吴窗口").tap()
    person.touch(page.get_by_role("link", name=re.compile("提出申诉")).first)
    page.get_by_label("申诉理由").fill(REASON)
    person.press("提交申诉")
    said(person, "申诉已提交")


def decide(head: Visitor) -> None:
    page = head.page
    page.goto("/objections?status=pending")
    page.get_by_role("link", name="吴窗口").click()
    expect(page.locator("main")).to_contain_text(REASON)
    head.touch(page.locator("input[name=status][value=revoked]"))
    page.get_by_label("决定理由").fill("经调阅监控，情况属实。")
    head.press("作出决定")
    said(head, "已")
    expect(page.locator("main")).to_contain_text("情况属实")


def lock(director: Visitor, month: str) -> None:
    director.page.goto(month)
    director.press("锁定")
    director.press("确认锁定")
    said(director, "已锁定")


def print_all(director: Visitor, month: str, folder: Path) -> str:
    """Print the pack and return the words of the file for the binder."""
    page = director.page
    page.goto(month)
    director.press("打印全月")
    said(director, "正在后台打印")
    link = page.get_by_role("link", name="下载")
    link.wait_for(timeout=40_000)
    answered = page.request.get(link.get_attribute("href") or "")
    assert answered.ok and answered.headers["content-type"] == "application/pdf"
    paper = folder / "binder.pdf"
    paper.write_bytes(answered.body())
    return words_of(paper)


def read_own_sheet(person: Visitor, month: str, folder: Path) -> str:
    """Open one's own sheet as its owner and return its words."""
    page = person.page
    page.goto(month)
    page.get_by_role("link", name="吴窗口").tap()
    person.press("打印考核表")
    return read_paper(person, folder)


def verify(stranger: Visitor, sheet: str) -> None:
    """Verify the printed code without an account."""
    code = re.search(r"验证码([0-9A-Z]{5}-[0-9A-Z]{5})", sheet)
    assert code
    stranger.page.goto("/verify")
    stranger.page.get_by_label("验证码").fill(code[1])
    stranger.press("核验")
    expect(stranger.page.locator("main")).to_contain_text("真实有效")
    expect(stranger.page.locator("main")).to_contain_text("个人考核表")
