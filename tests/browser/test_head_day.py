"""A day of the section head, and the days that follow: a mystery visit, an instruction, the whole ladder."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from app import clock
from tests.browser.paper import read_paper
from tests.browser.visitor import Visitor, begin_round, finish_round, heading, said

MATTER = "请督查科核实企业开办窗口周末延时服务未兑现一事，限期整改并回复。"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of November 2026 at the office; the 18th is a Wednesday."""
    return clock.at_office(datetime(2026, 11, day, hour, minute))


def test_a_mystery_visit_is_hidden_then_released(visit: Any, live: Any) -> None:
    zhao: Visitor = visit("zhao")
    page = zhao.page
    begin_round(zhao, "mystery")
    zhao.press(re.compile("继续：A01"))
    item = page.get_by_role("group", name="未亮牌上岗")
    zhao.touch(item.get_by_text("有问题"))
    zhao.press("填写问题", within=item)
    page.get_by_label("情况说明").fill("扮作办事群众，窗口未亮牌。")
    zhao.press("保存问题")
    expect(heading(page)).to_have_text("A01 企业开办")
    zhao.press("其余全部正常")
    for title in ("B01 公积金", "K01 综合窗口"):
        expect(heading(page)).to_have_text(title)
        zhao.press("全部正常")
    expect(heading(page)).to_have_text("巡查进行中")
    finish_round(zhao)
    patrol = page.url
    chief: Visitor = visit("chief_a")
    chief.page.goto("/findings?q=未亮牌")
    expect(chief.page.locator("main")).to_contain_text("没有符合条件的问题")
    head: Visitor = visit("head", phone=False)
    head.page.goto(patrol)
    expect(head.page.locator("main")).to_contain_text("未公开")
    head.page.get_by_role("table", name="发现的问题").get_by_role("link").click()
    finding = head.page.url
    expect(head.page.locator("main")).to_contain_text("公开后才能下发整改")
    expect(head.page.get_by_role("link", name="下发整改通知书")).to_have_count(0)
    assert chief.page.goto(finding).status == 404
    head.page.goto(patrol)
    head.press("公开暗访")
    head.press("公开")
    said(head, "暗访已公开")
    chief.page.goto("/findings?q=未亮牌")
    expect(chief.page.locator("tbody tr")).to_have_count(1)
    chief.page.goto(finding)
    expect(heading(chief.page)).to_have_text("未亮牌上岗")


def test_an_instruction_is_issued_and_the_ladder_climbed(visit: Any, live: Any, tmp_path: Path) -> None:
    live.turn_clock(at(18, 10))
    head: Visitor = visit("head", phone=False)
    record_the_instruction(head)
    record = issue_it(head, tmp_path)
    head.page.goto(record)
    expect(head.page.locator("main")).not_to_contain_text("签发督办单")

    live.turn_clock(at(20, 9))  # due on Thursday at five
    head = visit("head", phone=False)
    head.page.goto("/rectifications?stands=overdue")
    expect(head.page.locator("tbody tr")).to_contain_text("已逾期 1 个工作日")
    head.page.goto(record)
    urge(head, tmp_path)

    live.turn_clock(at(23, 9))
    head = visit("head", phone=False)
    head.page.goto(record)
    propose_change(head, tmp_path)

    live.turn_clock(at(24, 9))
    head = visit("head", phone=False)
    head.page.goto(record)
    call_to_a_talk(head, tmp_path)

    live.turn_clock(at(25, 16))
    head = visit("head", phone=False)
    head.page.goto(record)
    record_the_talk(head, tmp_path)
    story = head.page.locator("aside .timeline .event")
    steps = ("下发整改通知书", "发督办单", "建议更换人员", "通知约谈", "记录约谈")
    expect(story).to_have_count(len(steps))
    for event, step in zip(reversed(story.all()), steps, strict=True):
        expect(event).to_contain_text(step)
    verified = live.run("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def record_the_instruction(head: Visitor) -> None:
    page = head.page
    page.goto("/rectifications")
    head.press("批示台账")
    head.press("登记批示")
    page.get_by_label("批示人或来源").fill("孙任")
    page.get_by_label("职务").fill("中心主任")
    page.get_by_label("批示内容").fill(MATTER)
    head.press("登记")
    said(head, "已登记，请下发整改。")


def issue_it(head: Visitor, folder: Path) -> str:
    """Issue the notice to department A, due on the next working day; return its address."""
    page = head.page
    page.get_by_label("下发给").select_option(label="云栖市市场监督管理局")
    head.press("填写整改通知书")
    expect(page.get_by_label("整改要求")).to_have_value(MATTER)
    expect(page.get_by_label("整改责任人").locator("option:checked")).to_have_text("李首信")
    page.get_by_label("工作日数").fill("1")
    page.get_by_label("工作日数").press("Tab")
    expect(page.locator("#rectifications-deadline")).to_contain_text("2026-11-19 周四 17:00")
    head.press("签发")
    said(head, "已签发，正在生成通知书。")
    record = page.url
    head.press("通知书")
    text = read_paper(head, folder)
    for words in ("整改通知书", "云栖市市场监督管理局", "孙任", MATTER, "2026年11月19日17时"):
        assert words in text, f"{words} is not on the notice:\n{text}"
    return record


def climb(head: Visitor, folder: Path, opener: str, button: str, **typed: str) -> str:
    """Take one rung through its form; return the words of its paper."""
    page = head.page
    head.press(opener)
    box = page.locator("details.confirm[open]")
    for label, value in typed.items():
        box.get_by_label(label).fill(value)
    head.press(button, within=box)
    said(head, "正在生成")
    record = page.url
    page.locator("#rectifications-orders li").last.locator("a").last.click()
    text = read_paper(head, folder)
    page.goto(record)
    return text


def urge(head: Visitor, folder: Path) -> None:
    text = climb(head, folder, "发督办单", "签发督办单", 督办意见="请于本周内兑现延时服务。")
    for words in ("督办单", "第1次", MATTER, "请于本周内兑现延时服务。", "2026年11月24日17时"):
        assert words in text, f"{words} is not on the urging notice:\n{text}"
    expect(head.page.get_by_text("距上一次督办不满一个工作日").first).to_be_attached()


def propose_change(head: Visitor, folder: Path) -> None:
    text = climb(head, folder, "建议更换人员", "签发建议函", 建议事项="建议更换该事项的承办人员。")
    for words in ("更换人员建议函", "第1次督办", "建议更换该事项的承办人员。"):
        assert words in text, f"{words} is not on the proposal:\n{text}"


def call_to_a_talk(head: Visitor, folder: Path) -> None:
    typed = {
        "约谈时间": "2026-11-25T15:00",
        "约谈地点": "三楼会议室",
        "约谈对象（姓名、职务）": "马国良 副局长",
    }
    text = climb(head, folder, "约谈", "签发约谈通知书", **typed)
    for words in ("约谈通知书", "2026年11月25日15:00", "三楼会议室", "马国良副局长", "建议更换人员"):
        assert words in text, f"{words} is not on the call to the talk:\n{text}"
    expect(head.page.get_by_text("记录约谈")).to_have_count(0)


def record_the_talk(head: Visitor, folder: Path) -> None:
    typed = {"约谈情况": "说明了人员调配的困难。", "整改承诺": "本周六起恢复延时服务。"}
    text = climb(head, folder, "记录约谈", "保存记录", **typed)
    for words in ("约谈记录", "马国良副局长", *typed.values()):
        assert words in text, f"{words} is not on the record of the talk:\n{text}"
