"""Work calendars as people read them, and as the top centre's administrator replaces them."""

from __future__ import annotations

import io
from typing import Any

import pytest

from app.accounts import services as accounts
from app.accounts.models import User
from app.db.uow import unit_of_work
from app.permissions import Role, system_actor
from tests.cast import NOW, PASSWORD
from tests.factories.worktime import FILE, MADE_UP, NOTICE, OFF, SOURCE
from tests.pages import Page, follow

TYPED = {"year": "2027", "notice": NOTICE, "source": SOURCE, "holidays": OFF, "makeups": MADE_UP}


def test_years_are_listed_with_what_is_known_of_them(sign_in: Any) -> None:
    page = Page(sign_in("window_a").get("/calendars"))
    cells = [
        [cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])]
        for row in page.all("#calendars-rows tr")
    ]
    rows = {row[0]: row for row in cells}
    assert list(rows) == ["2027", "2026", "2025"]
    assert rows["2027"][1] == "暂定"
    assert rows["2026"][1:5] == ["已发布", "248", "33", "6"]
    assert not page.all("a[href$='/calendars/edit']")


def test_a_due_date_is_explained_day_by_day(sign_in: Any) -> None:
    client = sign_in("wang")
    form = Page(client.get("/calendars")).form("form[action$='#due']")
    page = Page(form.fill(start="2026-09-19", workdays="20").submit())
    assert "到期日：2026-10-22 周四" in page.text("main")
    lines = [line.get_text(" ", strip=True) for line in page.all(".days li")]
    assert len(lines) == 33
    assert lines[0] == "2026-09-20 周日 第 1 个工作日 补班 国庆节"
    assert lines[5] == "2026-09-25 周五 放假 中秋节"
    far = Page(client.get("/calendars?start=20261208&workdays=20"))
    assert "2027-01-05 周二 （暂定）" in far.text("main")
    refused = Page(client.get("/calendars?start=0230&workdays=251"), 422)
    assert "日期不对" in refused.text("#start-error")
    assert "1 到 250" in refused.text("#workdays-error")


def test_a_year_says_what_each_day_is_by_more_than_colour(sign_in: Any) -> None:
    page = Page(sign_in("wang").get("/calendars/2026"))
    assert len(page.all(".month")) == 12
    said = {cell.get_text(" ", strip=True) for cell in page.all(".month:nth-of-type(10) td")}
    assert {"1 休", "10 班", "11 ·", "12"} <= said
    assert "国务院办公厅关于2026年" in page.text(".facts")
    empty = Page(sign_in("wang").get("/calendars/2031"))
    assert "暂定" in empty.text("main")
    assert not empty.all(".day.is-holiday[title]")


@pytest.mark.parametrize("year", [1, 1948, 2200, 99999])
def test_a_year_that_no_calendar_can_have_is_not_there(sign_in: Any, year: int) -> None:
    assert sign_in("wang").get(f"/calendars/{year}").status_code == 404


def test_a_year_is_typed_previewed_and_applied(site: Any, sign_in: Any) -> None:
    client = sign_in("sysadmin")
    form = Page(client.get("/calendars/edit?year=2027")).form("form[action$='/calendars/edit']")
    preview = follow(form.fill(**TYPED).submit())
    assert "尚未应用" in preview.text(".page-sub")
    assert len(preview.all("#calendar-days tr")) == 26
    assert "没有未办结事项" in preview.text("main")
    assert "暂定" in Page(client.get("/calendars/2027")).text(".title-line")
    again = Page(client.get("/calendars/edit?year=2027&draft=1")).form("form[action$='/calendars/edit']")
    assert again.values["holidays"] == [OFF]
    shown = follow(preview.form("form[action$='/preview']").submit())
    assert "已应用" in shown.text("#flashes")
    assert "已发布" in shown.text(".title-line")
    assert "国庆节 2027-10-01" in shown.text("main")
    # The next edition begins with the present one, and the first one stays to be looked at.
    edit = Page(client.get("/calendars/edit?year=2027")).form("form[action$='/calendars/edit']")
    preview = follow(edit.fill(holidays=OFF + "\n停电 1123").submit())
    assert len(preview.all("#calendar-days tr")) == 1
    shown = follow(preview.form("form[action$='/preview']").submit())
    assert "停电" in shown.text("main")
    first = Page(client.get("/calendars/2027?edition=1"))
    assert "已被替代的第 1 版" in first.text("main")
    assert not first.all("td[title=停电]")


def test_everything_wrong_is_named_and_nothing_is_lost(site: Any, sign_in: Any) -> None:
    form = Page(sign_in("sysadmin").get("/calendars/edit")).form("form[action$='/calendars/edit']")
    typed = {
        **TYPED,
        "notice": "",
        "holidays": "元旦 0101-0103 0103\n春节 101",
        "makeups": "春节 0201\n春节 0102",
    }
    refused = Page(form.fill(**typed).submit(), 422)
    assert "第 1 行：2027-01-03 写了两次" in refused.text("#holidays-error")
    assert "第 2 行：看不懂“101”" in refused.text("#holidays-error")
    assert "第 1 行：2027-02-01 不是周末" in refused.text("#makeups-error")
    assert "第 2 行：2027-01-02 既列为放假又列为调休上班" in refused.text("#makeups-error")
    assert "请填写此项" in refused.text("#notice-error")
    assert refused.form("form[action$='/calendars/edit']").values["makeups"] == [typed["makeups"]]
    assert sign_in("sysadmin").get("/calendars/2027/preview").status_code == 404


def post_file(client: Any, content: bytes, name: str) -> Any:
    return client.post("/calendars/import", data={"file": (io.BytesIO(content), name)})


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "2027.toml", "请选择一个工作日历文件"),
        (b"x" * 70_000, "2027.toml", "超过 64 KB"),
        (FILE, "calendar.toml", "文件名应当是四位年份"),
        (FILE, "2027.toml", "第 8 行：2024-01-01 不在 2027 年内"),
        (FILE.replace(b"2024-01-01 =", b"2024-02-10 ="), "2024.toml", "写了两次"),
        (b"PK\x03\x04\xff\xfe", "2027.toml", "不是 UTF-8"),
        ("放假\n".encode(), "2027.toml", "第 1 行：写法有误，不是有效的 TOML"),
        (b"[holidays]\n", "2027.toml", "必须写明通知"),
    ],
)
def test_a_file_that_is_no_calendar_is_named(
    site: Any, sign_in: Any, content: bytes, name: str, said: str
) -> None:
    client = sign_in("sysadmin")
    response = post_file(client, content, name)
    assert said in Page(response, 413 if len(content) > 65_536 else 422).text(".errors")
    assert client.get("/calendars/2027/preview").status_code == 404
    assert client.get("/calendars/2024/preview").status_code == 404


def test_a_file_is_previewed_before_it_is_applied(site: Any, sign_in: Any) -> None:
    preview = follow(post_file(sign_in("sysadmin"), FILE, "2024.toml"))
    assert "预览 2024 年" in preview.text("h1")
    follow(preview.form("form[action$='/preview']").submit())
    assert "已发布" in Page(sign_in("wang").get("/calendars/2024")).text(".title-line")


def test_what_changed_meanwhile_is_shown_again(site: Any, sign_in: Any) -> None:
    client = sign_in("sysadmin")
    form = Page(client.get("/calendars/edit?year=2027")).form("form[action$='/calendars/edit']")
    preview = follow(form.fill(**TYPED).submit()).form("form[action$='/preview']")
    follow(form.fill(holidays=OFF + "\n停电 1123").submit())  # in another tab
    refused = Page(preview.submit(), 409)
    assert "请再核对一遍" in refused.text(".errors")
    assert "停电" in refused.text("#calendar-days")
    follow(refused.form("form[action$='/preview']").submit())


def test_an_administrator_below_the_top_reads_only(site: Any, sign_in: Any) -> None:
    with site.app.app_context(), unit_of_work(system_actor("test"), NOW) as uow:
        user = User(username="below", name="陶下", sort_key="below", centre_id=site.cast.lower_centre)
        user.password_hash = accounts.hash_password(PASSWORD)
        accounts.add_user(uow, user, frozenset({Role.SYSTEM_ADMINISTRATOR}))
    client = sign_in("below")
    assert not Page(client.get("/calendars")).all("a[href$='/calendars/edit']")
    assert "最上级中心" in Page(client.get("/calendars/edit"), 409).text("main")
    assert client.post("/calendars/edit", TYPED).status_code == 409
    assert post_file(client, FILE, "2024.toml").status_code == 409
