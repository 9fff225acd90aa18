"""A centre from nothing, as the README's chapter says: three commands, then screens and one spreadsheet each
for windows and people; at its end an inspector walks the hall."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import xlsxwriter
from playwright.sync_api import expect

from app import config
from tests.browser.live import FLASK, Live
from tests.browser.visitor import Visitor, heading

FIRST, OWN = "first-pass-云栖-1", "own-pass-云栖-22"
ADMINS = (("system_administrator", "sysadmin", "陈系统"), ("security_administrator", "secadmin", "褚安全"))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A served site in which there is nothing but what the commands of the chapter make."""
    folder = tmp_path_factory.mktemp("set-up")
    instance = folder / "site"
    instance.mkdir()
    environ = {**os.environ, "DUBAN_ENV": "test", "DUBAN_INSTANCE": str(instance)}
    environ.pop("DATABASE_URL", None)

    def run(*words: str, typed: str = "") -> None:
        # A session of its own has no terminal: the password is read from what is typed here.
        done = subprocess.run(
            [*FLASK, *words],
            env=environ,
            cwd=config.ROOT,
            input=typed,
            capture_output=True,
            text=True,
            start_new_session=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    run("db", "upgrade")
    run("centres", "open", "云栖市政务服务中心", "--short-name", "云栖中心", "--number-prefix", "云政服")
    run("seed", "reference")
    for role, username, name in ADMINS:
        words = ("users", "create-admin", "--role", role, "--username", username, "--name", name)
        run(*words, typed=f"{FIRST}\n{FIRST}\n")
    site = Live(folder, None, SimpleNamespace())
    yield site
    site.stop()


def workbook(path: Path, *rows: tuple[str, ...]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return path


def enter(visitor: Visitor, username: str, first: str) -> None:
    """Sign in for the first time: nothing is to be had before the password is one's own."""
    page = visitor.page
    page.goto("/sign-in")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(first)
    visitor.press("登录")
    expect(heading(page)).to_have_text("修改密码")
    page.get_by_label("原密码").fill(first)
    page.get_by_label("新密码", exact=True).fill(OWN)
    page.get_by_label("再输一次新密码").fill(OWN)
    visitor.press("修改密码")
    page.wait_for_url(re.compile(r"/$"))


def fill_in(visitor: Visitor, address: str, **fields: str) -> None:
    """Open a form, fill in fields by name, and save."""
    page = visitor.page
    page.goto(address)
    for name, value in fields.items():
        control = page.locator(f"main [name={name}]").first
        if control.evaluate("e => e.tagName") == "SELECT":
            control.select_option(label=value)
        else:
            control.fill(value)
    visitor.press("保存")
    expect(page.locator(".errors")).to_have_count(0)


def take_in(visitor: Visitor, kind: str, file: Path, rows: int) -> None:
    """Import a workbook: read, columns, check, write."""
    page = visitor.page
    page.goto(f"/imports/{kind}")
    page.locator("input[type=file]").set_input_files(file)
    visitor.press("上传并读取")
    visitor.press(f"检查 {rows} 行")
    visitor.press(f"导入 {rows} 行")
    expect(page.locator("main")).to_contain_text("新增")


def test_a_centre_is_set_up_from_nothing(visit: Callable[..., Visitor], live: Live, tmp_path: Path) -> None:
    system, security = visit(phone=False), visit(phone=False)
    enter(system, "sysadmin", FIRST)
    page = system.page
    page.goto("/patrol-points")
    expect(page.locator("main")).to_contain_text("划定区域")  # the page says what comes first

    fill_in(system, "/organisation/zones/new", name="一楼大厅", floor="一楼", position="1")
    fill_in(
        system,
        "/organisation/departments/new",
        name="云栖市市场监督管理局",
        short_name="市场监管局",
        opened_on="2026-01-04",
    )
    windows = workbook(
        tmp_path / "窗口.xlsx",
        ("窗口编号", "窗口名称", "区域", "部门", "开放时间"),
        ("A01", "企业开办", "一楼大厅", "市场监管局", "周一至周日 00:00-23:59"),
        ("A02", "企业变更", "一楼大厅", "市场监管局", "周一至周日 00:00-23:59"),
    )
    take_in(system, "patrol-points", windows, 2)
    people = workbook(
        tmp_path / "人员.xlsx",
        ("工号", "姓名", "部门", "窗口", "角色"),
        ("1001", "吴窗口", "市场监管局", "A01", "A"),
        ("1002", "李首信", "市场监管局", "A02", "A"),
    )
    take_in(system, "staff", people, 2)
    fill_in(system, "/chief-representatives/new", person="李首信")

    enter(security, "secadmin", FIRST)
    page = security.page
    page.goto("/accounts/new")
    page.get_by_label("姓名").fill("申巡查")
    page.get_by_label("用户名").fill("shenxuncha")
    page.get_by_label("督查员").check()
    page.locator("main form button[type=submit]").first.click()
    password = page.locator("main code").first.inner_text()

    inspector = visit()
    enter(inspector, "shenxuncha", password)
    inspector.page.goto("/patrols/new")
    inspector.press("开始")
    hall = inspector.page.locator("main")
    expect(hall).to_contain_text("A01")
    expect(hall).to_contain_text("A02")
    assert live.run("audit", "verify").returncode == 0
