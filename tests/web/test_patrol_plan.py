"""The board, the roster, editions, entries by hand, and what a round says when something is odd."""

from __future__ import annotations

from typing import Any

import pytest

from app.extensions import db
from app.inspections.models import Finding, Patrol
from app.inspections.rules import PatrolMode
from tests.factories.inspections import ENTRY, begin, checklist_draft, completed, disputed, noted, submitted
from tests.factories.rectifications import issued
from tests.pages import Page, follow


def made(app: Any, site: Any, make: Any, *args: Any, **options: Any) -> Any:
    with app.app_context():
        found = make(site, *args, **options)
        db.session.remove()
    return found


# --- the walk -------------------------------------------------------------------------------------


def test_a_patrol_begins_for_the_round_of_the_hour(app, cast, sign_in):
    client = sign_in("wang")
    form = Page(client.get("/patrols/new")).form("form.patrol-form")
    assert form.values["round_name"] == ["上午"], "it is ten o'clock"
    page = Page(form.fill(zone=cast.zone, mode="leader").submit(), 422)
    assert "领导带班须写明带班领导。" in page.text(".errors")
    form = page.form("form.patrol-form")
    draft = follow(form.fill(on_behalf_name="孙任", on_behalf_capacity="中心主任").submit())
    assert "轮次：上午（2026-11-18）" in draft.text("main")
    assert "带班领导：孙任（中心主任）" in draft.text("main")


def test_two_inspectors_in_one_zone_are_told(site, app, sign_in):
    draft_id = made(app, site, lambda s: begin(s).id)
    made(app, site, begin, "zhao")
    page = Page(sign_in("wang").get(f"/patrols/drafts/{draft_id}"))
    assert "赵访 从 2026-11-18 10:00 起也在查这个区域。" in page.text("main")


def test_a_round_over_midnight_says_which_day_it_belongs_to(site, app, sign_in, clock):
    draft_id = made(app, site, lambda s: begin(s).id)
    clock.tick(hours=15)
    page = Page(sign_in("wang").get(f"/patrols/drafts/{draft_id}"))
    assert "按开始的日期 2026-11-18 归档" in page.text("main")


def test_a_point_with_an_open_rectification_has_no_short_cut(site, app, cast, sign_in, clock):
    made(app, site, issued)
    clock.tick(minutes=5)
    draft_id = made(app, site, lambda s: begin(s, "zhao").id)
    client, url = sign_in("zhao"), f"/patrols/drafts/{draft_id}/points/{cast.point_a}"
    page = Page(client.get(url))
    assert not page.all("button[value=ok]")
    assert "这里有 1 件整改还没有销号" in page.text("main")
    answers = {f"answer-{code}": "ok" for code in cast.items}
    assert client.post(url, {"all": "ok"}).location == url, "one tap answers nothing here"
    assert client.post(url, answers).location == url, "nor do the items alone"
    name = page.all("input[name^=seen-]")[0]["name"]
    assert client.post(url, {**answers, name: "mended"}).location != url


def test_a_double_entry_is_said_and_kept_if_it_is_meant(site, app, cast, sign_in):
    draft_id = made(app, site, noted)
    client = sign_in("wang")
    form = Page(client.get(f"/patrols/drafts/{draft_id}/points/{cast.point_a}/findings/new?item=A-01")).form(
        "#finding-form"
    )
    form = form.fill(staff=cast.window_a_staff, note="又一次。")
    page = Page(form.submit(), 409)
    assert "可能是重复录入" in page.text("#doubts")
    assert page.form("#finding-form").values["note"] == ["又一次。"]
    form = page.form("#finding-form")
    form.values["despite"] = ["double"]
    assert follow(form.submit()).title == "A01 企业开办"


def test_words_typed_after_the_round_was_submitted_elsewhere_are_kept(site, app, cast, sign_in):
    draft_id = made(app, site, completed)
    phone, tablet = sign_in("wang"), sign_in("wang")
    url = f"/patrols/drafts/{draft_id}"
    form = Page(tablet.get(f"{url}/points/{cast.point_a}/findings/new?item=A-02")).form("#finding-form")
    follow(Page(phone.get(url)).form("#submit-patrol").submit())
    page = Page(form.fill(note="牌子没亮，提醒后点亮。", staff=cast.window_a_staff).submit(), 409)
    assert page.title == "录入问题"
    assert "已经在另一台设备上提交" in page.text("main")
    late = page.form("#entry-form")
    assert (late.values["point"], late.values["item"], late.values["staff"]) == (
        ["A01"],
        ["A-02"],
        ["吴窗口"],
    )
    again = follow(late.submit())
    assert "牌子没亮，提醒后点亮。" in again.text("main")
    with app.app_context():
        row = db.session.query(Finding).order_by(Finding.id.desc()).first()
        assert (row.patrol_id, row.source.value, row.note) == (None, "patrol", "牌子没亮，提醒后点亮。")


# --- afterwards -----------------------------------------------------------------------------------


def test_a_mystery_visit_waits_for_the_section_head(site, app, sign_in):
    patrol_id, finding_id = made(app, site, submitted, mode=PatrolMode.MYSTERY)
    chief, head = sign_in("chief_a"), sign_in("head")
    assert Page(chief.get("/findings")).all("tbody tr") == []
    assert Page(chief.get("/findings?q=空岗")).all("tbody tr") == []
    assert chief.get(f"/findings/{finding_id}").status_code == 404
    page = Page(head.get(f"/findings/{finding_id}"))
    assert not page.all("a[href^='/rectifications/new']")
    (form,) = Page(head.get(f"/patrols/{patrol_id}")).forms_to(f"/patrols/{patrol_id}/release")
    assert "暗访已公开" in follow(form.submit()).text("body")
    assert len(Page(chief.get("/findings")).all("tbody tr")) == 1


def test_voiding_asks_for_a_reason_and_says_what_is_void(site, app, sign_in):
    patrol_id, finding_id = made(app, site, submitted)
    client = sign_in("head")
    (form,) = Page(client.get(f"/patrols/{patrol_id}")).forms_to(f"/patrols/{patrol_id}/void")
    page = Page(form.submit(), 422)
    (form,) = page.forms_to(f"/patrols/{patrol_id}/void")
    assert "区域选错" in follow(form.fill(reason="区域选错").submit()).text("main")
    assert "区域选错" in Page(client.get(f"/findings/{finding_id}")).text("main")
    assert not Page(sign_in("wang").get(f"/patrols/{patrol_id}")).forms_to(f"/patrols/{patrol_id}/void")


def test_who_may_answer_a_finding_sees_how(site, app, sign_in):
    _patrol, finding_id = made(app, site, submitted)
    url = f"/findings/{finding_id}"
    assert Page(sign_in("window_a").get(url)).forms_to(f"{url}/confirm")
    assert not Page(sign_in("wang").get(url)).forms_to(f"{url}/confirm")
    (form,) = Page(sign_in("chief_a").get(url)).forms_to(f"{url}/dispute")
    assert "有异议" in follow(form.fill(text="有登记。").submit()).text("main")
    (form,) = Page(sign_in("wang").get(url)).forms_to(f"{url}/witness")
    assert "见证人：何导" in follow(form.fill(witness="何导").submit()).text("main")
    assert len(Page(sign_in("wang").get("/findings?confirmation=disputed")).all("tbody tr")) == 1


# --- by hand --------------------------------------------------------------------------------------


def test_the_next_row_carries_over_what_the_last_one_said(app, cast, sign_in):
    client = sign_in("wang")
    form = Page(client.get("/findings/new")).form("#entry-form")
    form = form.fill(**{**ENTRY, "source": "media", "on_behalf_name": "林记者", "on_behalf_capacity": "记者"})
    page = follow(form.submit())
    assert len(page.all("section table tbody tr")) == 1
    following = page.form("#entry-form")
    carried = ("source", "finder", "on_behalf_name", "on_behalf_capacity", "day")
    assert [following.values[name][0] for name in carried] == [
        "media",
        "external",
        "林记者",
        "记者",
        "2026-11-18",
    ]
    assert following.values["point"] == [""]
    assert following.values["form_key"] != ["entry-of-wang-1"]
    assert client.post("/findings", {**ENTRY}).status_code == 303, "sent twice it is one"
    with app.app_context():
        assert db.session.query(Finding).count() == 1


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"point": "Z99"}, "窗口或地点：没有找到“Z99”"),
        ({"item": "不存在"}, "项目：没有找到“不存在”"),
        ({"staff": "赵钱孙"}, "当事人：没有找到“赵钱孙”"),
        ({"point": "K01", "staff": ""}, "责任单位：这里不止一个单位，请写明责任单位。"),
        ({"item": "R-01"}, "红线问题必须附照片等证据。"),
        ({"source": "media"}, "代何人填报：外部发现须写明代何人填报及其身份。"),
        ({"time": "2500"}, "时间：时间不对"),
        ({"day": "1119"}, "发生时间不能晚于现在"),
        ({"until": "0930"}, "结束时间不能早于发生时间。"),
    ],
)
def test_what_is_not_understood_is_said_beside_its_field(sign_in, over, words):
    page = Page(sign_in("wang").post("/findings", {**ENTRY, **over}), 422)
    assert words in page.text(".errors")
    assert page.form("#entry-form").values["note"] == [ENTRY["note"]]


# --- the plan -------------------------------------------------------------------------------------


def test_the_board_shows_what_is_missing_and_leads_to_it(site, app, cast, sign_in):
    client = sign_in("director")
    page = Page(client.get("/patrols/board?period=day&on=2026-11-18"))
    assert [row[0] for row in page.rows("#rounds tbody")] == ["开门", "上午", "下班前"]
    assert page.text("tr.is-overdue .state") == "漏查"
    for period in ("week", "month", "nonsense"):
        board = Page(client.get(f"/patrols/board?period={period}&on=2026-11-18"))
        assert board.all("a.board-cell[href*='period=day']")
    assert client.get(f"/patrols/board?centre={cast.other_centre}").status_code == 404
    assert Page(client.get("/patrols/board?period=week&on=2027-03-01")).text(".empty")


def test_the_week_s_duties(cast, sign_in):
    head = sign_in("head")
    form = Page(head.get("/patrols/roster?week=2026-11-18")).form("main form")
    page = follow(form.fill(**{"duty-2026-11-18-1": cast.users["zhao"]}).submit())
    assert page.form("main form").values["duty-2026-11-18-1"] == [str(cast.users["zhao"])]
    stale = form.submit()
    assert stale.status_code == 409
    assert "赵访" in Page(sign_in("wang").get("/patrols/roster?week=2026-11-18")).text("main")
    board = Page(head.get("/patrols/board?period=day&on=2026-11-18"))
    assert board.rows("#rounds tbody")[1][2] == "赵访"
    form = Page(head.get("/patrols/roster?week=2026-12-28")).form("main form")
    form.values["copy"] = ["1"]
    assert "上周没有值班表可以复制。" in Page(form.submit(), 409).text(".errors")


def test_every_figure_leads_to_its_rows(site, app, sign_in):
    made(app, site, disputed)
    client = sign_in("auditor")
    page = Page(client.get("/patrols/figures"))
    links = {str(link["href"]) for link in page.all(".figure-table a")}
    assert len(links) > 20
    for link in links:
        assert client.get(link).status_code == 200, link
    assert "0.2 × 0 = 0.0" in page.text("main")
    row = next(row for row in page.all(".figure-table tr") if row.th.get_text(strip=True) == "巡查")
    assert [cell.get_text(strip=True) for cell in row.select("td.num")] == ["100.0%", "1", "1"]


# --- editions -------------------------------------------------------------------------------------


def test_a_new_edition_from_draft_to_force(site, app, sign_in):
    draft_id = made(app, site, checklist_draft)
    client, url = sign_in("head"), f"/checklists/drafts/{draft_id}"
    form = Page(client.get(f"{url}/items/new")).form("form.entry")
    form.values["applies_to"] = ["window"]
    form = form.fill(group_name="在岗纪律", code="A-01", wording="又一项")
    page = Page(form.submit(), 422)
    assert "整改期限请填工作日数或小时数之一。" in page.text(".errors")
    page = Page(page.form("form.entry").fill(deadline_hours="4").submit(), 422)
    assert "代码 A-01 已经有了。" in page.text(".errors")
    page = follow(page.form("form.entry").fill(code="A-03").submit())
    assert "A-03" in page.text("main")
    (publish,) = page.forms_to(f"{url}/publish")
    shown = follow(publish.fill(effective_on="1123").submit())
    assert "第 2 版 · 日常巡查清单" in shown.text(".page-sub")
    assert client.get(url).status_code == 404
    index = Page(sign_in("director").get("/checklists"))
    assert [row[1] for row in index.rows("tbody")] == ["2", "1"]
    assert not Page(sign_in("director").get("/checklists/1")).all("form[action$='/drafts']")


def test_the_home_page_tells_of_today_s_rounds(site, app, sign_in):
    patrol_id, _finding = made(app, site, submitted)
    page = Page(sign_in("wang").get("/"))
    assert page.text(".round-strip").startswith("开门 08:30–09:30 漏查")
    assert not Page(sign_in("chief_a").get("/")).all(".round-strip")
    with app.app_context():
        assert db.session.get_one(Patrol, patrol_id).round_on is None
