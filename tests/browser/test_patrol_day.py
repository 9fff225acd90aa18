"""A day of an inspector on a phone, with a dead spot; a clerk with thirty findings on paper."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Any

from playwright.sync_api import expect
from sqlalchemy import func, select

from app import clock
from app.extensions import db
from app.inspections import plan_queries
from app.inspections.models import Finding, Patrol, PatrolCheck
from app.inspections.plan_rules import RoundState
from tests.browser.visitor import Visitor, heading, said

NOTE = "柜台无人，群众在等候；信号不好，稍后上传。"
FIRST, SECOND = "开门", "上午"


def begin(visitor: Visitor, mode: str, round_name: str | None = None) -> None:
    page = visitor.page
    page.goto("/patrols/new")
    page.get_by_label("区域").select_option(label="1F 一楼大厅")
    visitor.touch(page.locator(f"input[name=mode][value={mode}]"))
    if round_name:
        page.get_by_label("轮次").select_option(value=round_name)
    visitor.press("开始")
    expect(heading(page)).to_have_text("巡查进行中")


def finish(visitor: Visitor) -> None:
    visitor.press("提交巡查")
    expect(heading(visitor.page)).to_have_text(re.compile(r"^巡查 \d{8}-\d+$"))


def test_two_rounds_one_missed_one_dead_spot(visit: Any, live: Any, photo: Any) -> None:
    wang: Visitor = visit("wang")
    page = wang.page
    begin(wang, "daily", FIRST)
    wang.press(re.compile("继续：A01"))
    for title in ("B01 公积金", "K01 综合窗口"):
        wang.press("全部正常")
        expect(heading(page)).to_have_text(title)
    wang.press("全部正常")
    expect(heading(page)).to_have_text("巡查进行中")
    finish(wang)

    begin(wang, "daily", SECOND)
    kept_for_the_dead_spot(wang)
    wang.press(re.compile("继续：A01"))
    expect(heading(page)).to_have_text("A01 企业开办")
    wang.context.set_offline(True)
    wang.press("全部正常")
    expect(heading(page)).to_have_text("B01 公积金")
    expect(page.locator(".queue-bar")).to_contain_text("1 项待发送")
    item = page.get_by_role("group", name="工作时间空岗")
    wang.touch(item.get_by_text("有问题"))
    wang.press("填写问题", within=item)
    expect(heading(page)).to_have_text("记录问题")
    expect(page.get_by_label("巡查项目")).to_have_value("A-01")
    page.get_by_label("情况说明").fill(NOTE)
    page.locator("input[name=photos]").last.set_input_files(photo("before.jpg", "#a33"))
    wang.press("保存问题")
    expect(heading(page)).to_have_text("B01 公积金")
    expect(page.locator(".queue-bar")).to_contain_text("3 项待发送")
    wang.press("其余全部正常" if page.get_by_text("其余全部正常").count() else "全部正常")
    expect(heading(page)).to_have_text("K01 综合窗口")
    wang.press("全部正常")
    expect(page.locator(".queue-bar")).to_contain_text("5 项待发送")
    with live.look():
        assert db.session.scalar(select(func.count()).select_from(Finding)) == 0, "nothing could be sent"

    wang.context.set_offline(False)
    expect(page.locator(".queue-bar")).to_be_hidden(timeout=30_000)
    expect(page.locator(".point", has_text="B01")).to_contain_text("1 个问题", timeout=30_000)
    finish(wang)
    with live.look():
        (finding,) = db.session.scalars(select(Finding)).all()
        assert (finding.note, finding.photos) == (NOTE, 1)
        results = db.session.scalars(
            select(PatrolCheck.result).where(PatrolCheck.patrol_id == finding.patrol_id)
        )
        assert sorted(result.value for result in results) == ["findings", "in_order", "in_order"]
    the_missed_one_stays(visit, live)


def kept_for_the_dead_spot(visitor: Visitor) -> None:
    """Wait until the browser has put the pages of the round aside."""
    visitor.page.wait_for_function(
        """() => new Promise((resolve) => {
          const opening = indexedDB.open("duban-round", 1);
          opening.onsuccess = () => {
            const asked = opening.result.transaction("pages").objectStore("pages").getAllKeys();
            asked.onsuccess = () => {
              const round = location.pathname;
              resolve(asked.result.filter((url) => url.startsWith(round)).length >= 7);
              opening.result.close();
            };
          };
        })"""
    )


def the_missed_one_stays(visit: Any, live: Any) -> None:
    head = visit("head", phone=False)
    head.page.goto("/patrols/board?period=day")
    with live.look():
        day = clock.today()
        if not plan_queries.works(day):
            expect(head.page.locator("main")).to_contain_text("不是工作日")
            return
        last = plan_queries.rounds_of(live.cast.centre)[-1]
        after = clock.at_office(datetime.combine(day, time(23, 59)))
        board = plan_queries.board(live.cast.centre, day, day, after)
        states = {name: one.cell.state for name, one in board.days[0].cells.items()}
    assert states.pop(last.name) is RoundState.MISSED
    assert set(states.values()) <= {RoundState.DONE, RoundState.LATE}
    rows = head.page.locator("#rounds tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text(re.compile("已完成|已补查"))


def test_a_mystery_visit_is_hidden_then_released(visit: Any, live: Any) -> None:
    zhao: Visitor = visit("zhao")
    page = zhao.page
    begin(zhao, "mystery")
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
    finish(zhao)
    patrol = page.url
    chief = visit("chief_a")
    chief.page.goto("/findings?q=未亮牌")
    expect(chief.page.locator("main")).to_contain_text("没有符合条件的问题")
    head = visit("head", phone=False)
    head.page.goto(patrol)
    expect(head.page.locator("main")).to_contain_text("未公开")
    head.press("公开暗访")
    head.press("公开")
    said(head, "暗访已公开")
    chief.page.goto("/findings?q=未亮牌")
    expect(chief.page.locator("tbody tr")).to_have_count(1)


def test_the_keys_of_a_desk(visit: Any, live: Any) -> None:
    head: Visitor = visit("head", phone=False)
    begin(head, "video")
    head.press(re.compile("继续：A01"))
    expect(heading(head.page)).to_have_text("A01 企业开办")
    keys = head.page.keyboard
    for key in ("1", "Enter", "3", "Enter", "1", "Enter"):
        keys.press(key)
    expect(heading(head.page)).to_have_text("B01 公积金")
    keys.press("n")
    expect(heading(head.page)).to_have_text("记录问题")
    expect(head.page.get_by_label("巡查项目")).to_have_value("A-01")
    with live.look():
        assert db.session.scalar(select(func.count()).select_from(Patrol).where(Patrol.mode == "video")) == 0


def test_thirty_findings_by_keyboard_alone(visit: Any, live: Any) -> None:
    """Half a minute a row: at 120 keys a minute that is 60 keys, the note aside."""
    wang: Visitor = visit("wang", phone=False)
    page, strokes = wang.page, 0
    with live.look():
        before = db.session.scalar(select(func.count()).select_from(Finding))
    page.goto("/findings/new")

    def typed(text: str) -> None:
        nonlocal strokes
        strokes += len(text)
        page.keyboard.type(text)

    def press(key: str) -> None:
        nonlocal strokes
        strokes += 1
        page.keyboard.press(key)

    for n in range(30):
        expect(page.locator("#point")).to_be_focused()
        typed("b01" if n % 2 else "a01")
        press("Enter")
        typed("a-02")
        press("Enter")
        press("Enter")  # nobody in particular
        press("Enter")  # the day of the row before
        typed(f"00{n // 10}{n % 10}")
        press("Enter")
        press("Enter")
        page.keyboard.type(f"纸质记录第 {n + 1} 条。")
        press("Control+Enter")
        expect(page.locator("#flashes")).to_contain_text("已录入")
        expect(page.locator("section tbody tr").first).to_contain_text(f"纸质记录第 {n + 1} 条。")
    with live.look():
        assert db.session.scalar(select(func.count()).select_from(Finding)) == before + 30
    assert strokes / 30 <= 60, strokes
