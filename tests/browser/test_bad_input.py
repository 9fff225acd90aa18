"""What people do by mistake, in a real browser: a clear word, and nothing that was typed is lost."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from app import clock
from app.extensions import db
from app.inspections.models import Patrol
from tests.browser.paper import read_paper
from tests.browser.visitor import Visitor, heading, said
from tests.factories import inspections, rectifications

both = pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])


def open_finding_form(visitor: Visitor, live: Any) -> Any:
    page = visitor.page
    with live.look():
        draft_id = inspections.begin(live).id
    page.goto(f"/patrols/drafts/{draft_id}/points/{live.cast.point_b}/findings/new?item=A-01")
    return page


@both
def test_a_file_that_is_no_photo_is_named_and_the_note_stays(visit: Any, live: Any, script: bool) -> None:
    wang = visit("wang", script=script)
    page = open_finding_form(wang, live)
    page.get_by_label("情况说明").fill("柜台无人")
    no_photo = {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": b"MZ this is a program"}
    page.locator("#photos input[type=file]").nth(1).set_input_files(no_photo)
    wang.press("保存问题")
    expect(page.get_by_role("alert").first).to_contain_text("“现场.jpg”不能作为证据上传")
    expect(page.get_by_label("情况说明")).to_have_value("柜台无人")


def test_a_good_photo_survives_a_bad_one(visit: Any, live: Any, photo: Any) -> None:
    wang = visit("wang")
    page = open_finding_form(wang, live)
    bad = {"name": "bad.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff cut off"}
    page.locator("#photos input[type=file]").nth(1).set_input_files([photo("good.jpg", "#a33"), bad])
    wang.press("保存问题")
    expect(page.get_by_role("alert").first).to_contain_text("bad.jpg")
    expect(page.get_by_role("img", name="照片 1")).to_be_visible()
    wang.press("保存问题")
    expect(heading(page)).to_have_text("B01 公积金")
    expect(page.locator("main")).to_contain_text("1 个附件")


@both
def test_a_time_to_come_is_refused(visit: Any, live: Any, script: bool) -> None:
    wang = visit("wang", script=script)
    page = open_finding_form(wang, live)
    tomorrow = clock.local(clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    page.get_by_label("发生时间").fill(tomorrow)
    page.get_by_label("情况说明").fill("写错了时间")
    wang.press("保存问题")
    expect(page.get_by_role("alert").first).to_contain_text("发生时间不能晚于现在。")
    expect(page.get_by_label("发生时间")).to_have_value(tomorrow)
    expect(page.get_by_label("情况说明")).to_have_value("写错了时间")


def test_ten_thousand_characters_come_back(visit: Any, live: Any) -> None:
    wang = visit("wang")
    page = open_finding_form(wang, live)
    long = "窗口无人值守，" * 1428 + "完毕。。"
    assert len(long) == 10_000
    page.get_by_label("情况说明").fill(long)
    wang.press("保存问题")
    expect(page.get_by_role("alert").first).to_contain_text(re.compile(r"最多 2000 个字，现在是 10000 个字"))
    expect(page.get_by_label("情况说明")).to_have_value(long)


@both
def test_a_double_tap_submits_one_patrol(visit: Any, live: Any, script: bool) -> None:
    with live.look():
        draft_id = inspections.completed(live, username="zhao")
    zhao = visit("zhao", script=script)
    page = zhao.page
    page.goto(f"/patrols/drafts/{draft_id}")
    before = count_of_patrols(live)
    page.get_by_role("button", name="提交巡查").dblclick(no_wait_after=True)
    # Without scripts the second tap aborts the first one's answer: no navigation to wait for, only its end.
    expect(page).to_have_url(re.compile(r"/patrols/\d+$"))
    expect(heading(page)).to_contain_text("巡查 ")
    assert count_of_patrols(live) == before + 1


def count_of_patrols(live: Any) -> int:
    with live.look():
        return db.session.scalar(select(func.count()).select_from(Patrol)) or 0


@both
def test_the_slower_of_two_tabs_keeps_its_words(visit: Any, live: Any, script: bool) -> None:
    with live.look():
        record = f"/rectifications/{rectifications.issued(live).id}"
    chief = visit("chief_a", script=script)
    first, second = chief.page, chief.context.new_page()
    for tab in (first, second):
        tab.goto(record)
        tab.locator("summary", has_text=re.compile("^签收$")).tap()
    first.get_by_role("button", name="确认签收").tap()
    said(chief, "已签收。")
    second.get_by_label("陈述或异议").fill("当日停电，请核对。")
    with second.expect_response(lambda answer: answer.request.method == "POST") as answered:
        second.get_by_role("button", name="确认签收").tap()
    assert answered.value.status == 409
    expect(second.locator("main")).to_contain_text("当日停电，请核对。")
    expect(second.locator("main")).to_contain_text("已签收")


def test_rare_characters_and_emoji_reach_the_notice(visit: Any, live: Any, tmp_path: Path) -> None:
    with live.look():
        finding_id = inspections.submitted(live)[1]
    wang = visit("wang", phone=False)
    page = wang.page
    page.goto(f"/rectifications/new?finding={finding_id}")
    page.get_by_label("整改要求").fill("请𠮷㛃伟😀按𠀀𪚥两条整改。")
    wang.press("签发")
    said(wang, "已签发")
    wang.press("通知书")
    assert "请𠮷㛃伟😀按𠀀𪚥两条整改。" in read_paper(wang, tmp_path)
