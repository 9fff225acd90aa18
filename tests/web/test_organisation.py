from typing import Any

import pytest
from sqlalchemy import event

from app import clock
from app.db.uow import unit_of_work
from app.extensions import db
from app.organisation import services
from app.organisation.models import StaffMember
from app.organisation.rules import StaffKind
from app.permissions import system_actor
from tests.cast import OPENED
from tests.pages import Page


def first(page: Page, rows: str) -> list[str]:
    return [row[0] for row in page.rows(rows)]


def add_staff(app: Any, cast: Any, names: list[str]) -> None:
    with app.app_context(), unit_of_work(system_actor("test"), clock.now()) as uow:
        for number, name in enumerate(names):
            member = StaffMember(
                centre_id=cast.centre,
                department_id=cast.department_a,
                kind=StaffKind.WINDOW_STAFF,
                staff_number=f"N{number:03}",
                name=name,
                joined_on=OPENED,
            )
            services.add_staff(uow, member)


# --- patrol points --------------------------------------------------------------------------------


def test_points_are_listed_by_number_with_zone_and_department(sign_in):
    page = Page(sign_in("wang").get("/patrol-points"))
    assert page.rows("#points-rows") == [
        ["A01", "窗口", "企业开办", "1F 一楼大厅", "市场监管局"],
        ["B01", "窗口", "公积金", "1F 一楼大厅", "住房保障局"],
        ["K01", "综合窗口", "综合窗口", "1F 一楼大厅", ""],
    ]
    assert first(Page(page.form("form.search").fill(q="公积").submit()), "#points-rows") == ["B01"]


def test_a_department_filter_finds_the_comprehensive_windows_too(cast, sign_in):
    client = sign_in("wang")
    page = Page(client.get(f"/patrol-points?department={cast.department_a}"))
    assert first(page, "#points-rows") == ["A01", "K01"]
    chip = page.one(".chip[href='/patrol-points']:-soup-contains('×')")
    assert "市场监管局" in chip.get_text()
    kept = Page(page.form("form.search").fill(q="综合").submit())
    assert first(kept, "#points-rows") == ["K01"]


@pytest.mark.parametrize(
    "query",
    [
        "kind=moon",
        "zone=x",
        "zone=99999999999999999999",
        "department=²",
        "department=%00",
        "q=%00%25_",
        "zone=-1",
    ],
)
def test_a_filter_that_means_nothing_does_no_harm(sign_in, query):
    Page(sign_in("wang").get(f"/patrol-points?{query}"))


def test_an_empty_search_says_how_to_go_on(sign_in):
    page = Page(sign_in("wang").get("/patrol-points?kind=terminal"))
    assert "没有符合条件的巡查点" in page.text("main")
    assert page.link("清除条件") == "/patrol-points"


def test_a_point_shows_who_is_on_post_and_its_story(cast, sign_in):
    client = sign_in("wang")
    page = Page(client.get(f"/patrol-points/{cast.point_a}"))
    assert page.title == "A01 企业开办"
    assert "吴窗口 A 角" in page.text("main")
    assert "登记巡查点" in page.text(".timeline")
    shared = Page(client.get(f"/patrol-points/{cast.point_shared}"))
    assert "受理部门市场监管局、住房保障局" in shared.text("main")
    assert "没有安排人员" in shared.text("main")


# --- people ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("zs", ["周首诺", "张三", "赵石"]),
        ("张三", ["张三"]),
        ("张", ["张三"]),
        ("N001", ["赵石"]),
        ("㛃伟", ["𠮷㛃伟"]),
        ("ZD", ["曾单"]),
        ("cd", []),
        ("!!", []),
    ],
)
def test_people_are_found_by_name_initials_and_number(app, cast, sign_in, typed, names):
    add_staff(app, cast, ["张三", "赵石", "曾单"])
    page = Page(sign_in("wang").get("/staff", query_string={"q": typed}))
    found = first(page, "#staff-rows") if names else []
    assert sorted(found) == sorted(names)
    assert names or "没有符合条件的人员" in page.text("main")


def test_people_are_sorted_as_in_a_dictionary_and_paged(app, cast, sign_in):
    add_staff(
        app, cast, [f"{surname}{given}" for surname in "周曾安李" for given in "一二三四五六七八九十甲乙丙"]
    )
    client = sign_in("wang")
    page = Page(client.get(f"/staff?department={cast.department_a}"))
    names = first(page, "#staff-rows")
    assert len(names) == 50
    assert [name[0] for name in names[:26:13]] == ["安", "李"]
    following = Page(client.get(page.link("下一页")))
    rest = first(following, "#staff-rows")
    assert len(names + rest) == len(set(names + rest)) == 54
    assert first(Page(client.get(following.link("上一页"))), "#staff-rows") == names


def test_a_person_shows_postings_and_department(cast, sign_in):
    page = Page(sign_in("wang").get(f"/staff/{cast.window_a_staff}"))
    assert page.title == "吴窗口"
    assert page.link("A01 企业开办") == f"/patrol-points/{cast.point_a}"
    assert page.link("市场监管局") == f"/departments/{cast.department_a}"


# --- departments ----------------------------------------------------------------------------------


def test_departments_show_their_chief_representative(cast, sign_in):
    client = sign_in("wang")
    page = Page(client.get("/departments"))
    assert [row[:4] for row in page.rows("#departments-rows")] == [
        ["市场监管局", "行政部门", "云栖市市场监督管理局", "李首信"],
        ["住房保障局", "行政部门", "云栖市住房保障局", "周首诺"],
    ]
    assert first(Page(page.form("form.search").fill(q="zfbzj").submit()), "#departments-rows") == [
        "住房保障局"
    ]
    record = Page(client.get(f"/departments/{cast.department_a}"))
    assert record.title == "云栖市市场监督管理局"
    assert record.link("A01") == f"/patrol-points/{cast.point_a}"
    assert record.link("K01") == f"/patrol-points/{cast.point_shared}"
    assert record.link("李首信") == f"/staff/{cast.chief_a_staff}"


# --- scope and cost -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "name"),
    [("/patrol-points", "point_a"), ("/staff", "window_a_staff"), ("/departments", "department_a")],
)
def test_another_centre_is_not_there(cast, sign_in, address, name):
    Page(sign_in("wang").get(f"{address}/{getattr(cast, name)}"))
    for username in ("outsider", "lower"):
        client = sign_in(username)
        Page(client.get(f"{address}/{getattr(cast, name)}"), status=404)
        assert "云栖市市场监督管理局" not in Page(client.get(address)).text("main")
    assert sign_in("chief_a").get(address).status_code == 403


@pytest.mark.parametrize("count", [2, 60])
@pytest.mark.parametrize("address", ["/patrol-points", "/staff", "/departments", "/staff?q=ry", "/accounts"])
def test_lists_take_at_most_six_statements(site, cast, sign_in, address, count):
    from tests.factories import accounts, organisation

    with site.app.app_context():
        organisation.make_points(site, count)
        organisation.make_departments(site, count)
        accounts.make_users(site, count)
        engine = db.engine
    client = sign_in("auditor")
    client.get(address)
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    for query in ("", f"department={cast.department_a}"):
        statements.clear()
        Page(client.get(f"{address}{'&' if '?' in address else '?'}{query}"))
        assert len(statements) <= 6, statements
    event.remove(engine, "before_cursor_execute", note)


# --- accounts -------------------------------------------------------------------------------------


def test_accounts_and_roles_are_readable_by_the_auditor(sign_in):
    client = sign_in("auditor")
    page = Page(client.get("/accounts"))
    assert ["王巡", "正常", "wang", "督查员"] in [row[:4] for row in page.rows("#users-rows")]
    matrix = Page(client.get(page.link("角色与权限")))
    rows = {row[0]: row[1:] for row in matrix.rows("#roles-rows")}
    assert [cell.startswith("✓") for cell in rows["查看审计记录"]].count(True) == 1
    assert not [name for name in rows if name.isascii()], "a permission without a word"
    assert sign_in("wang").get("/accounts").status_code == 403


def test_the_demo_accounts_are_shown_in_the_demo_only(app, anonymous, monkeypatch):
    assert "演示账号" not in Page(anonymous.get("/sign-in")).text()
    monkeypatch.setitem(app.jinja_env.globals, "demo", True)
    page = Page(anonymous.get("/sign-in"))
    assert "Yunqi-2026-demo" in page.text("#accounts-demo")


def test_a_wrong_password_keeps_the_name_and_says_one_thing(anonymous):
    page = Page(anonymous.get("/sign-in"))
    again = Page(page.form().fill(username="nobody", password="x").submit(), status=422)
    assert again.one("[name=username]")["value"] == "nobody"
    assert not again.one("[name=password]").get("value")
    assert "用户名或密码不正确" in again.text("[role=alert]")


def test_two_new_passwords_must_agree(sign_in):
    client = sign_in("wang")
    form = Page(client.get("/account/password")).form("form[action='/account/password']")
    page = Page(form.fill(old="x", new="river-stone-42", again="river-stone-43").submit(), status=422)
    assert "两次输入的新密码不一样" in page.text("[role=alert]")
