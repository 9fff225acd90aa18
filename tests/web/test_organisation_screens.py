"""Places and people as an administrator enters them and a section head keeps them up to date."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pages import Page, follow

TODAY = "2026-11-18"


def errors(page: Page) -> str:
    return page.text(".errors")


# --- a centre from nothing ------------------------------------------------------------------------


def test_a_centre_is_set_up_from_nothing(cast, sign_in):
    """Centre, zone, department, window, person, posting, chief representative: with screens alone."""
    client = sign_in("sysadmin")
    page = Page(client.get(Page(client.get("/centres")).link("建立下级中心")))
    made = page.form("#entry").fill(
        name="云栖市柳溪镇便民服务中心",
        short_name="柳溪镇",
        level="town",
        number_prefix="柳政服",
        opened_on="1118",
    )
    centre = follow(made.submit())
    assert centre.title.startswith("云栖市柳溪镇")
    assert [item.split()[0] for item in centre_steps(centre)] == [
        "区域",
        "进驻部门",
        "窗口和其他巡查点",
        "人员",
        "岗位安排",
        "首席代表",
    ]
    adds = [str(link["href"]) for link in centre.all(".setup-add")]
    assert "请先划定区域" in Page(client.get(adds[2])).text("main")
    zone = Page(client.get(adds[0])).form("#entry").fill(name="便民大厅", floor="1F")
    assert follow(zone.submit()).title == "1F 便民大厅"
    department = Page(client.get(adds[1])).form("#entry")
    follow(department.fill(name="柳溪镇社会事务办", short_name="社会事务办", kind="authority").submit())
    window = Page(client.get(adds[2])).form("#entry")
    values = {"number": "1", "name": "民政", "department_id": window.choices("department_id")[1]}
    point = follow(window.fill(**values, hours="周一至周五 9-17\n周六 9-12 延时").submit())
    assert ["周六", "09:00–12:00", "延时服务"] in point.rows("main")
    person = Page(client.get(adds[3])).form("#entry")
    member = follow(person.fill(name="单晓云", staff_number="L1", kind="window_staff").submit())
    posting = Page(client.get(member.link("安排岗位"))).form("#entry")
    assert posting.values["person"] == ["单晓云 L1"]
    member = follow(posting.fill(point="1").submit())
    assert member.link("1 民政") == point.address
    chief = Page(client.get(adds[5])).form("#entry")
    wanted = str(next(v for v in chief.choices("department_id") if v not in (str(cast.department_a),)))
    wanted = department_id(chief, "柳溪镇 社会事务办") or wanted
    follow(chief.fill(department_id=wanted, person="sxy").submit())
    done = Page(client.get(centre.address))
    assert not done.all(".setup"), "nothing is missing any more"
    found = Page(client.get("/centres", query_string={"q": "lxz"}))
    assert [row[0] for row in found.rows("#centres-rows")] == ["柳溪镇"]


def centre_steps(page: Page) -> list[str]:
    return [" ".join(item.get_text(" ").split()) for item in page.all(".setup li")]


def department_id(form: Any, name: str) -> str | None:
    options = form.tag.select("[name=department_id] option")
    return next((str(option["value"]) for option in options if option.get_text(strip=True) == name), None)


def test_windows_are_entered_one_after_another(cast, sign_in):
    """The next form begins with the zone, the next place in it, and the hours of the window before."""
    client = sign_in("sysadmin")
    form = Page(client.get(f"/organisation/patrol-points/new?zone={cast.zone}")).form("#entry")
    values = {"number": "C01", "name": "户籍", "hours": "周二 9-12", "again": "1"}
    form = follow(form.fill(**values).submit()).form("#entry")
    assert form.values["zone_id"] == [str(cast.zone)]
    assert form.values["walking_order"] == ["23"]
    assert form.values["hours"] == ["周二 09:00-12:00"]


# --- bad input ------------------------------------------------------------------------------------


def test_every_error_stands_beside_its_field_and_nothing_typed_is_lost(cast, sign_in):
    client = sign_in("sysadmin")
    form = Page(client.get("/organisation/patrol-points/new")).form("#entry")
    values = {"number": "A01", "name": "重号", "hours": "周一 17:00-9:00", "opened_on": "某天"}
    page = Page(form.fill(**values).submit(), status=422)
    assert "结束不晚于开始" in page.text("#hours-error")
    assert "日期不对" in page.text("#opened_on-error")
    again = page.form("#entry")
    assert again.values["hours"] == ["周一 17:00-9:00"]
    page = Page(again.fill(hours="周一 9-17", opened_on=TODAY).submit(), status=422)
    assert "A01 企业开办" in page.text("#number-error")
    assert page.form("#entry").values["name"] == ["重号"]


def test_an_old_form_shows_what_stands_there_now(cast, sign_in):
    first, second = sign_in("sysadmin"), sign_in("sysadmin")
    address = f"/organisation/staff/{cast.guide_staff}/edit"
    old = Page(first.get(address)).form("#entry")
    follow(Page(second.get(address)).form("#entry").fill(title="组长").submit())
    page = Page(old.fill(title="班长").submit(), status=409)
    assert "刚被别人改动" in errors(page)
    assert "现在登记的是“组长”" in page.text("#title-error")
    saved = follow(page.form("#entry").submit())
    assert "班长" in saved.text("main")


def test_a_window_with_people_is_closed_with_their_postings(cast, sign_in):
    client = sign_in("sysadmin")
    form = Page(client.get(f"/organisation/patrol-points/{cast.point_a}/close")).form("#entry")
    page = Page(form.submit(), status=422)
    assert "吴窗口" in page.text("#end_terms-error")
    point = follow(page.form("#entry").fill(end_terms=True).submit())
    assert "已停用" in point.text(".title-line")
    assert "停用巡查点" in point.text(".timeline")
    shown = Page(client.get("/patrol-points"))
    assert "A01" not in [row[0] for row in shown.rows("#points-rows")]
    closed = Page(client.get(shown.link("已停用")))
    assert [row[0] for row in closed.rows("#points-rows")] == ["A01"]
    follow(Page(client.get(point.link("恢复"))).form("#entry").submit())


# --- the daily changes of a section head ----------------------------------------------------------


def test_a_section_head_posts_moves_and_ends(cast, sign_in):
    client = sign_in("head")
    point = Page(client.get(f"/patrol-points/{cast.point_shared}"))
    form = Page(client.get(point.link("安排人员"))).form("#entry")
    page = Page(form.fill(person="1002").submit(), status=422)
    assert "A01 企业开办 的 A 角" in page.text("#point-error")
    point = follow(page.form("#entry").fill(end_former=True).submit())
    assert point.address == f"/patrol-points/{cast.point_shared}"
    member = Page(client.get(f"/staff/{cast.window_a_staff}"))
    assert [row[2] for row in member.rows("main") if len(row) == 4 and row[1] == "A 角"] == [
        "2026-11-18 起",
        "2024-01-02 至 2026-11-17",
    ]
    moved = Page(client.get(member.link("换岗"))).form("#entry").fill(point="b01", from_on="1123")
    member = follow(moved.submit())
    assert "换岗" in member.text(".timeline")
    assert "2026-11-23 起" in member.text("main")


def test_a_section_head_grants_leave_and_notes_the_return(cast, sign_in):
    client = sign_in("head")
    form = Page(client.get(f"/absences/new?staff={cast.window_a_staff}")).form("#entry")
    times = {"begins_at": "2026-11-18T09:00", "ends_at": "2026-11-18T17:00"}
    page = Page(form.fill(kind="leave", **times, stand_in="wck").submit(), status=422)
    assert "不能是本人" in page.text("#stand_in-error")
    follow(page.form("#entry").fill(stand_in="李首信").submit())
    ledger = Page(client.get("/absences"))
    assert [row[0] for row in ledger.rows("#absences-rows")] == ["吴窗口"]
    back = Page(client.get(ledger.link("销假"))).form("#entry").fill(ends_at="2026-11-18T10:00")
    follow(back.submit())
    assert "现在没有人请假或公出" in Page(client.get("/absences")).text("main")
    past = Page(client.get("/absences?closed=1&q=wck"))
    assert [row[0] for row in past.rows("#absences-rows")] == ["吴窗口"]


def test_a_stand_in_who_is_away_himself_is_pointed_out(cast, sign_in):
    client = sign_in("head")
    for person, stand_in in (("吴窗口", "李首信"), ("李首信", "")):
        form = Page(client.get("/absences/new")).form("#entry")
        times = {"begins_at": "2026-11-20T09:00", "ends_at": "2026-11-20T17:00"}
        page = follow(form.fill(person=person, kind="leave", stand_in=stand_in, **times).submit())
    assert "原定替 吴窗口 顶岗" in page.text("#flashes")


def test_a_chief_representative_follows_another(cast, sign_in):
    client = sign_in("head")
    department = Page(client.get(f"/departments/{cast.department_a}"))
    form = Page(client.get(department.link("确定首席代表"))).form("#entry")
    assert form.values["department_id"] == [str(cast.department_a)]
    department = follow(form.fill(person="wck", from_on="1123").submit())
    assert "2024-01-02 至 2026-11-22" in department.text("main")
    chiefs = Page(client.get("/chief-representatives?q=lsx"))
    withdrawn = Page(client.get(chiefs.link("撤销"))).form("#entry").fill(reason="登记有误")
    assert "已撤销" in follow(withdrawn.submit()).text("main")


# --- who sees and does what -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "manages", "posts"),
    [("sysadmin", True, True), ("head", False, True), ("wang", False, False), ("auditor", False, False)],
)
def test_buttons_are_for_those_who_may(cast, sign_in, username, manages, posts):
    client = sign_in(username)
    member = Page(client.get(f"/staff/{cast.window_a_staff}"))
    said = {link.get_text(strip=True) for link in member.all("main a")}
    assert ("修改" in said) == manages
    assert {"安排岗位", "换岗", "结束", "撤销"} <= said if posts else not {"安排岗位", "换岗"} & said
    assert bool(Page(client.get("/centres")).all(".setup")) == manages


def test_a_row_of_a_lower_centre_says_whose_it_is(cast, sign_in):
    client = sign_in("sysadmin")
    new = "/organisation/sections/new"
    page = Page(client.get(new))
    chosen = page.form("form.more-form").fill(centre=cast.lower_centre)
    section = follow(Page(chosen.submit()).form("#entry").fill(name="综合科", kind="general").submit())
    assert "青坪区中心" in section.text(".page-sub")
    rows = Page(client.get("/sections")).rows("#sections-rows")
    assert ["综合科", "综合", "青坪区中心 2026-11-18 周三"] in rows
    one = Page(client.get(f"/sections?centre={cast.lower_centre}"))
    assert [row[0] for row in one.rows("#sections-rows")] == ["综合科"]
    # Of his own centre the lower administrator sees nothing above.
    assert Page(sign_in("outside_admin").get("/sections")).all(".empty")


@pytest.mark.parametrize(
    ("address", "typed", "rows", "names"),
    [
        ("/patrol-points", "qykb", "points", ["A01"]),
        ("/zones", "yldt", "zones", ["一楼大厅"]),
        ("/sections", "dck", "sections", ["督查科"]),
        ("/departments", "scjgj", "departments", ["市场监管局"]),
        ("/chief-representatives", "lsx", "chiefs", ["李首信"]),
        ("/centres", "qpq", "centres", ["青坪区中心"]),
    ],
)
def test_everything_is_found_by_pinyin_initials(cast, sign_in, address, typed, rows, names):
    page = Page(sign_in("wang").get(address, query_string={"q": typed}))
    assert [row[0] for row in page.rows(f"#{rows}-rows")] == names
