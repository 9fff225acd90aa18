"""A clerk brings a table in: upload, columns, check, import; and what he is told on the way."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import load_workbook

from app.db.uow import unit_of_work
from app.extensions import db
from app.jobs.models import Job
from app.organisation import change_services
from app.organisation.models import PatrolPoint
from app.transfers import import_routes
from tests.cast import NOW, actor
from tests.factories import tables
from tests.pages import Page, follow

START = "/imports/patrol-points"


def upload(client: Any, content: bytes, name: str = tables.XLSX, kind: str = "patrol-points") -> Any:
    form = Page(client.get(f"/imports/{kind}")).form("form[enctype]")
    return form.fill(file=(io.BytesIO(content), name)).submit()


def to_check(client: Any, content: bytes, kind: str = "patrol-points") -> Page:
    page = follow(upload(client, content, kind=kind))
    return follow(page.form(f"form[action='/imports/{kind}/columns']").submit())


def tally(page: Page) -> dict[str, str]:
    return dict(
        zip((d.text for d in page.all(".tally dt")), (d.text for d in page.all(".tally dd")), strict=True)
    )


def numbers(site: Any) -> set[str]:
    with site.app.app_context():
        return set(db.session.scalars(db.select(PatrolPoint.number)))


def test_the_way_from_the_list_to_the_list(site, sign_in):
    admin = sign_in("sysadmin")
    assert Page(admin.get("/patrol-points")).link("从 Excel 导入") == START
    page = follow(upload(admin, tables.points(tables.point("C01"), tables.point("A01", 启用日期=""))))
    assert page.text("[aria-current=step]") == "对应列"
    assert "列名在第 1 行，下面有 2 行数据" in page.text("main")
    page = follow(page.form("form[action$=columns]").submit())
    assert tally(page) == {"新增": "1", "更改": "1", "无变化": "0", "有问题": "0"}
    assert numbers(site) & {"C01"} == set(), "nothing is written yet"
    page = follow(page.form("form[action$=apply]").submit())
    assert page.link("巡查点") == "/patrol-points"
    assert "新增1更改1" in page.text(".facts")
    assert "C01" in Page(admin.get("/patrol-points")).text("#points-rows")
    assert "陈系" in Page(admin.get(START)).text("#import-batches")


def test_a_bad_row_stops_the_import_unless_it_is_skipped(site, sign_in):
    admin = sign_in("sysadmin")
    page = to_check(admin, tables.points(tables.point("C01"), tables.point("C02", 区域="三楼")))
    assert page.rows("#import-faults") == [["第 3 行", "C 区域", "三楼", "没有“三楼”，可以填：一楼大厅。"]]
    form = page.form("form[action$=apply]")
    assert page.one("[name=skip_bad]").has_attr("required")
    assert follow(form.submit()).text("[aria-current=step]") == "检查并导入"
    assert "C01" not in numbers(site)
    page = follow(form.fill(skip_bad=True).submit())
    assert "跳过1" in page.text(".facts")
    assert {"C01", "C02"} & numbers(site) == {"C01"}


def test_bad_rows_are_paged_and_can_be_downloaded(site, sign_in):
    admin = sign_in("sysadmin")
    page = to_check(admin, tables.points(*(tables.point(f"C{i:03}", 区域="三楼") for i in range(60))))
    assert len(page.rows("#import-faults")) == 50
    assert "共 60 处" in page.text(".pager")
    page = Page(admin.get(f"{START}/check{page.one('a[rel=next]')['href'].split('check')[-1]}"))
    assert page.rows("#import-faults")[0][0] == "第 52 行"
    assert not page.all("form[action$=apply]"), "there is nothing to import"
    sheet = load_workbook(io.BytesIO(admin.get(page.link("下载有问题的行")).data)).active
    assert (sheet.max_row, sheet["G2"].value) == (61, "区域：没有“三楼”，可以填：一楼大厅。")


def test_columns_are_chosen_by_hand_and_missing_ones_are_named(site, sign_in):
    admin = sign_in("sysadmin")
    content = tables.workbook([("编号", "叫什么", "区域"), ("C01", "社保", "一楼大厅")])
    page = follow(upload(admin, content))
    form = page.form("form[action$=columns]")
    refused = Page(form.submit(), 422)
    assert "请选择“名称”在哪一列。" in refused.text(".errors")
    page = follow(refused.form("form[action$=columns]").fill(name="2").submit())
    assert tally(page)["新增"] == "1"


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"MZ\x90\0" + b"\0" * 100, "表.xlsx", "这不是 Excel 工作簿"),
        (b"", "表.xlsx", "文件是空的"),
        (tables.workbook([("甲", "乙"), ("1", "2")]), "表.xlsx", "没有找到表头"),
    ],
)
def test_a_file_that_is_no_table_is_refused_on_the_page(site, sign_in, content, name, said):
    page = Page(upload(sign_in("sysadmin"), content, name), 422)
    assert said in page.text(".errors")


def test_no_file_is_said(sign_in):
    admin = sign_in("sysadmin")
    assert "请选择文件" in Page(admin.post(START), 422).text(".errors")


def test_the_same_file_twice_says_when_and_by_whom(site, sign_in):
    admin, content = sign_in("sysadmin"), tables.points(tables.point("C01"))
    follow(to_check(admin, content).form("form[action$=apply]").submit())
    page = follow(upload(admin, content))
    assert "这个文件 2026-11-18 10:00 由陈系导入过。" in page.text("main")
    page = follow(page.form("form[action$=columns]").submit())
    assert tally(page)["无变化"] == "1"
    assert "都已经有了" in page.text("main")


def test_what_changed_meanwhile_is_shown_before_anything_is_written(site, sign_in):
    admin = sign_in("sysadmin")
    page = to_check(admin, tables.points(tables.point("A01", 启用日期="")))
    with site.app.app_context(), unit_of_work(actor("sysadmin"), NOW) as uow:
        row = uow.get(PatrolPoint, site.cast.point_a)
        change_services.change_point(uow, row.id, row.version, {"name": "社保"})
    page = follow(page.form("form[action$=apply]").submit())
    assert "检查以后数据有变化" in page.text("#flashes")
    assert tally(page)["无变化"] == "1"


def test_a_long_table_is_left_to_the_worker(site, sign_in, monkeypatch):
    monkeypatch.setattr(import_routes, "CHECK_AT_ONCE", 1)
    admin = sign_in("sysadmin")
    page = to_check(admin, tables.points(tables.point("C01"), tables.point("C02")))
    assert page.title == "检查表格：巡查点"
    with site.app.app_context():
        assert db.session.query(Job).filter_by(kind="transfers.check").count() == 1


def test_an_import_is_given_up_or_taken_up_again(site, sign_in):
    admin = sign_in("sysadmin")
    page = to_check(admin, tables.points(tables.point("C01")))
    assert Page(admin.get(START)).link("继续") == f"{START}/check"
    page = follow(page.form("form[action$=discard]").submit())
    assert not page.all(".flash.k-progress")
    assert admin.get(f"{START}/check").status_code == 404


@pytest.mark.parametrize("address", ["/imports/nonsense", "/imports/nonsense/template", f"{START}/check"])
def test_what_is_not_there_is_not_found(sign_in, address):
    assert sign_in("sysadmin").get(address).status_code == 404


@pytest.mark.parametrize(("kind", "export"), [("patrol-points", "patrol_points"), ("staff", "staff")])
def test_what_goes_out_comes_in_without_a_change(site, sign_in, kind, export):
    """A list as it is exported is a table in which everything stands as it is."""
    admin = sign_in("sysadmin")
    head = (*tables.POINT_HEAD, "开放时间", "综合窗口", "受理部门")
    hours = "周一至周五 09:00-12:00 13:30-17:00；周六 09:00-12:00 延时".replace("；", "\n")
    rows = [
        (*tables.point("007", "+社保@医保 𠮷"), hours, "", ""),
        (*tables.point("C02", "综合", 进驻部门=""), "", "是", "市场监管局、住房保障局"),
    ]
    for content, what in (
        (tables.workbook([head, *rows]), "patrol-points"),
        (tables.staff(tables.person("0031", "㛃多", 窗口="007")), "staff"),
    ):
        page = to_check(admin, content, what)
        assert tally(page)["有问题"] == "0", page.text("main")
        follow(page.form("form[action$=apply]").submit())
    (form,) = Page(admin.get("/patrol-points" if kind == "patrol-points" else "/staff")).forms_to(
        f"/exports/{export}"
    )
    page = to_check(admin, form.submit().data, kind)
    counts = tally(page)
    assert (counts["新增"], counts["更改"], counts["有问题"]) == ("0", "0", "0"), page.text("main")
    assert int(counts["无变化"]) >= 4
