"""A day of an inspector on a phone, with a dead spot; a clerk with thirty findings on paper."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from playwright.sync_api import expect
from sqlalchemy import func, select

from app import clock
from app.extensions import db
from app.inspections.models import Finding, Patrol, PatrolCheck
from tests.browser.visitor import Visitor, begin_round, finish_round, heading

NOTE = "柜台无人，群众在等候；信号不好，稍后上传。"


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of November 2026 at the office; the 18th is a Wednesday."""
    return clock.at_office(datetime(2026, 11, day, hour, minute))


def test_two_rounds_one_missed_one_dead_spot(visit: Any, live: Any, photo: Any) -> None:
    live.turn_clock(at(18, 8, 40))
    wang: Visitor = visit("wang")
    page = wang.page
    begin_round(wang, "daily")
    expect(page.locator("main")).to_contain_text("轮次：开门")
    wang.press(re.compile("继续：A01"))
    for title in ("B01 公积金", "K01 综合窗口"):
        wang.press("全部正常")
        expect(heading(page)).to_have_text(title)
    wang.press("全部正常")
    expect(heading(page)).to_have_text("巡查进行中")
    finish_round(wang)

    live.turn_clock(at(18, 9, 40))
    wang = visit("wang")
    page = wang.page
    begin_round(wang, "daily")
    expect(page.locator("main")).to_contain_text("轮次：上午")
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
    finish_round(wang)
    with live.look():
        (finding,) = db.session.scalars(select(Finding)).all()
        assert (finding.note, finding.photos) == (NOTE, 1)
        results = db.session.scalars(
            select(PatrolCheck.result).where(PatrolCheck.patrol_id == finding.patrol_id)
        )
        assert sorted(result.value for result in results) == ["findings", "in_order", "in_order"]
    the_missed_one_stays(visit, live)


KEPT = """() => new Promise((resolve) => {
  const opening = indexedDB.open("duban-round", 1);
  opening.onsuccess = () => {
    const asked = opening.result.transaction("pages").objectStore("pages").getAllKeys();
    asked.onsuccess = () => {
      resolve(asked.result.filter((url) => url.startsWith(location.pathname)).length);
      opening.result.close();
    };
  };
})"""


def kept_for_the_dead_spot(visitor: Visitor) -> None:
    """Wait until the browser has put the pages of the round aside: itself, three points and their forms."""
    for _ in range(200):
        if visitor.page.evaluate(KEPT) == 7:
            return
        visitor.page.wait_for_timeout(100)
    raise AssertionError("the pages of the round are not kept")


def the_missed_one_stays(visit: Any, live: Any) -> None:
    """See the round before closing time due, then missed the same evening, and missed the next day."""
    for moment, state in ((at(18, 16, 40), "进行中"), (at(18, 17, 45), "漏查"), (at(19, 9), "漏查")):
        live.turn_clock(moment)
        head: Visitor = visit("head", phone=False)
        head.page.goto("/patrols/board?period=day&on=2026-11-18")
        rows = head.page.locator("#rounds tbody tr")
        expect(rows.filter(has_text="开门").locator(".state")).to_have_text("已完成")
        expect(rows.filter(has_text="上午").locator(".state")).to_have_text("已完成")
        expect(rows.filter(has_text="下班前").locator(".state")).to_have_text(state)


def test_the_keys_of_a_desk(visit: Any, live: Any) -> None:
    head: Visitor = visit("head", phone=False)
    begin_round(head, "video")
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


PINYIN = 3  # keys for one Chinese character: two letters and the choice


def test_thirty_findings_by_keyboard_alone(visit: Any, live: Any) -> None:
    """Half a minute a row: at 120 keys a minute that is 60 keys, the note included; no mouse, no pause."""
    live.turn_clock(at(20, 14))
    wang: Visitor = visit("wang", phone=False)
    page, strokes = wang.page, 0
    with live.look():
        before = db.session.scalar(select(func.count()).select_from(Finding))
    page.goto("/findings/new")

    def typed(text: str, keys: int = 1) -> None:
        nonlocal strokes
        strokes += keys * len(text)
        page.keyboard.type(text)

    def press(key: str) -> None:
        nonlocal strokes
        strokes += key.count("+") + 1
        page.keyboard.press(key)

    for n in range(30):
        expect(page.locator("#point")).to_be_focused()
        expect(page.locator("#point")).to_have_value("")
        typed("b01" if n % 2 else "a01")
        press("Enter")
        typed("a-02")
        press("Enter")
        typed("jjw" if n % 2 else "wck")  # initials; the same person again after forty minutes
        press("Enter")
        press("Enter")  # the day of the row before
        typed(f"{4 + n // 3:02}{n % 3 * 2}0")
        press("Enter")
        press("Enter")
        note = f"未亮牌，已提醒{'一二三四五六七八九十'[n % 10]}次。"
        typed(note, PINYIN)
        press("Control+Enter")
        expect(page.locator("#flashes")).to_contain_text("已录入")
        expect(page.locator("section tbody tr").first).to_contain_text(note)
    with live.look():
        rows = db.session.scalars(select(Finding).order_by(Finding.id.desc()).limit(30)).all()
        assert len({row.occurred_at for row in rows}) == 30
        assert {row.staff_member_id for row in rows} == {live.cast.window_a_staff, live.cast.window_b_staff}
        assert db.session.scalar(select(func.count()).select_from(Finding)) == before + 30
    assert strokes / 30 <= 60, strokes


def test_a_slip_of_the_pen_is_mended_by_keyboard(visit: Any, live: Any) -> None:
    """Type a window that is none: what is wrong is said, and Tab and Enter lead to it."""
    live.turn_clock(at(20, 16))
    wang: Visitor = visit("wang", phone=False)
    page = wang.page
    page.goto("/findings/new")
    for text in ("z99", "a-02", "", "", "1530", ""):
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    page.keyboard.type("看错了窗口编号。")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert").first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#point")).to_be_focused()
    page.evaluate("htmx.trigger(document.body, 'htmx:load')")  # as htmx does itself, some time after the page
    expect(page.locator("#point")).to_be_focused()
    expect(page.locator("#note")).to_have_value("看错了窗口编号。")
    page.keyboard.press("Control+A")
    page.keyboard.type("a01")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#flashes")).to_contain_text("已录入")
    expect(page.locator("section tbody tr").first).to_contain_text("看错了窗口编号。")
    expect(page.locator("#point")).to_be_focused()
