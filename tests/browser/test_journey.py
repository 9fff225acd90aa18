"""The whole job, on a phone: from a patrol to a rectification that is struck off, and to the auditor."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.paper import read_paper
from tests.browser.visitor import Visitor, heading, said

NOTE = "柜台无人，群众在等候；当事人𠮷㛃伟约十分钟后返回。"
MEASURES = "已批评教育，重排值班表，AB角每半天交接一次。"
RETURNED = "照片看不出工作牌，请补拍近景。"
AGAIN = "已补拍近景，工作牌统一挂在胸前。"


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_the_journey(visit: Any, live: Any, photo: Any, tmp_path: Any, script: bool) -> None:
    wang = visit("wang", script=script)
    begin_a_patrol(wang, photo)
    other_device = visit("wang", script=script)
    resume_and_submit(other_device)
    number = issue_the_notice(other_device)
    code = read_the_notice(other_device, number, tmp_path)
    check_the_paper(visit(script=script), code, number)

    chief = visit("chief_b", script=script)
    record = receive(chief, number)
    answer(chief, MEASURES, photo("after.jpg", "#4a7"))
    head = visit("head", script=script)
    send_back(head, record)
    chief.page.goto(record)
    expect(chief.page.locator("main")).to_contain_text(RETURNED)
    answer(chief, AGAIN, photo("after-2.jpg", "#494"))
    strike_off(head, record, number)

    see_it_all(visit("auditor", script=script, phone=False), record, number)
    verified = live.run("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def begin_a_patrol(wang: Visitor, photo: Any) -> None:
    page = wang.page
    wang.press("巡查", within=page.locator(".tabbar"))
    wang.press("开始巡查")
    page.get_by_label("区域").select_option(label="1F 一楼大厅")
    wang.press("开始")
    expect(heading(page)).to_have_text("巡查进行中")
    expect(page.locator(".point")).to_have_count(3)
    wang.press(re.compile("A01 企业开办.*未查"))
    expect(heading(page)).to_have_text("A01 企业开办")
    expect(page.locator("input[type=radio]:checked")).to_have_count(0)
    wang.press("全部正常")

    expect(heading(page)).to_have_text("B01 公积金")
    item = page.get_by_role("group", name="工作时间空岗")
    wang.touch(item.get_by_text("有问题"))
    wang.press("填写问题", within=item)
    expect(heading(page)).to_have_text("记录问题")
    expect(page.get_by_label("巡查项目")).to_have_value("A-01")
    expect(page.get_by_label("责任单位").locator("option:checked")).to_have_text(re.compile("住房保障局"))
    if wang.script:  # the plain round follows within minutes: the same person again would be doubted
        page.get_by_label("当事人").select_option(label="𠮷㛃伟")
    page.get_by_label("情况说明").fill(NOTE)
    page.locator("#photos input[type=file]").nth(1).set_input_files(photo("before.jpg", "#a33"))
    wang.press("保存问题")
    expect(heading(page)).to_have_text("B01 公积金")
    expect(page.locator("main")).to_contain_text("1 个附件")


def resume_and_submit(other: Visitor) -> None:
    page = other.page
    expect(page.locator("main")).to_contain_text("没有提交的巡查")
    other.press(re.compile("一楼大厅.*继续"))
    expect(page.locator(".point", has_text="A01")).to_contain_text("正常")
    other.press(re.compile("继续：B01"))
    other.press("其余全部正常")
    expect(heading(page)).to_have_text("K01 综合窗口")
    other.press("全部正常")
    expect(heading(page)).to_have_text("巡查进行中")
    expect(page.locator(".point", has_text="B01")).to_contain_text("1 个问题")
    other.press("提交巡查")
    said(other, "巡查已提交，记录了 1 个问题。")


def issue_the_notice(other: Visitor) -> str:
    page = other.page
    found = page.get_by_role("table", name="发现的问题").get_by_role("link")
    other.touch(found)
    expect(heading(page)).to_have_text("工作时间空岗")
    expect(page.locator("main")).to_contain_text(NOTE)
    expect(page.get_by_role("img", name="问题照片 1")).to_be_visible()
    other.press("下发整改通知书")
    expect(page.get_by_label("整改要求")).to_have_value(re.compile("工作时间空岗"))
    expect(page.get_by_label("整改责任人").locator("option:checked")).to_have_text("周首诺")
    other.press("签发")
    said(other, "已签发，正在生成通知书。")
    number = heading(page).inner_text()
    assert re.fullmatch(r"云政服督整〔\d{4}〕\d+号", number), number
    return number


def read_the_notice(other: Visitor, number: str, folder: Any) -> str:
    page = other.page
    other.press("通知书")
    expect(heading(page)).to_have_text(number)
    text = read_paper(other, folder)
    code = page.locator("dt:has-text('验证码') + dd").inner_text().strip()
    for words in (
        number,
        "整改通知书",
        "云栖市住房保障局",
        "B01公积金",
        "工作时间空岗",
        NOTE,
        f"{code[:5]}-{code[5:]}",
    ):
        assert words in text, f"{words} is not on the notice:\n{text}"
    return code


def check_the_paper(citizen: Visitor, code: str, number: str) -> None:
    page = citizen.page
    page.goto(f"/verify/{code}")
    expect(page.get_by_role("status").last).to_contain_text("真实有效")
    expect(page.locator("main")).to_contain_text(number)


def receive(chief: Visitor, number: str) -> str:
    page = chief.page
    expect(page.get_by_role("heading", name="待我签收")).to_be_visible()
    chief.press(number)
    expect(heading(page)).to_have_text(number)
    expect(page.locator("main")).to_contain_text("还有 3 个工作日")
    chief.press("签收")
    chief.press("确认签收")
    said(chief, "已签收。请在期限内提交整改情况。")
    return page.url


def answer(chief: Visitor, measures: str, after: Any) -> None:
    page = chief.page
    chief.press(re.compile("^提交整改$"))
    form = page.locator("#submit-form")
    form.get_by_label("整改措施").fill(measures)
    form.locator("#photos input[type=file]").nth(1).set_input_files(after)
    chief.press("提交整改", within=form)
    said(chief, "整改情况已提交，等待复查。")
    expect(page.locator("main")).to_contain_text(measures)


def send_back(head: Visitor, record: str) -> None:
    page = head.page
    page.goto(record)
    expect(page.get_by_role("img", name="整改前 1")).to_be_visible()
    expect(page.get_by_role("img", name="整改后 1")).to_be_visible()
    head.touch(page.locator("summary", has_text=re.compile("^退回$")))
    box = page.locator("details.confirm[open]")
    expect(box.get_by_label("退回原因")).to_have_attribute("required", "")
    box.get_by_label("退回原因").fill(RETURNED)
    head.press("退回", within=box.locator("form"))
    said(head, "已退回，责任单位须重新整改。")


def strike_off(head: Visitor, record: str, number: str) -> None:
    page = head.page
    page.goto(record)
    head.press("复查合格，销号")
    head.press("销号")
    said(head, "复查合格，已销号。")
    page.goto("/rectifications?stands=closed")
    expect(page.get_by_role("row").filter(has_text=number)).to_contain_text("已销号")


def see_it_all(auditor: Visitor, record: str, number: str) -> None:
    steps = ("下发整改通知书", "签收", "提交整改", "退回重新整改", "提交整改", "复查合格，销号")
    page = auditor.page
    page.goto(record)
    story = page.locator("aside .timeline .event")
    expect(story).to_have_count(len(steps))
    for event, step in zip(reversed(story.all()), steps, strict=True):
        expect(event).to_contain_text(step)
    page.goto("/audit?subject=rectification&subject_id=" + record.rsplit("/", 1)[1])
    rows = page.locator("#audit-rows tr")
    expect(rows).to_have_count(len(steps))
    for row, step, who in zip(
        reversed(rows.all()), steps, ("王巡", "周首", "周首", "钱科", "周首", "钱科"), strict=True
    ):
        expect(row).to_contain_text(step)
        expect(row).to_contain_text(who)
        expect(row).to_contain_text(number)
