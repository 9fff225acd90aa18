"""A person at a browser: a context of its own, watched for what no page may ever do."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Response, expect

from tests.cast import PASSWORD

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1440, "height": 900}}
TURN = """(() => {
  const Real = Date, ahead = %d;
  globalThis.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + ahead); }
    static now() { return Real.now() + ahead; }
  };
})()"""  # the clock of the browser goes with the site's


class Visitor:
    """A browser context with one page in it; `troubles` holds what went wrong behind the person's back."""

    def __init__(
        self,
        browser: Browser,
        base: str,
        *,
        phone: bool = True,
        script: bool = True,
        ahead: timedelta = timedelta(),
    ) -> None:
        self.base, self.script = base, script
        self.troubles: list[str] = []
        self.context = browser.new_context(
            base_url=base,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            java_script_enabled=script,
            **(PHONE if phone else DESK),
        )
        self.context.set_default_timeout(20_000)
        self.context.add_init_script(TURN % (ahead / timedelta(milliseconds=1)))
        self.context.on("request", lambda request: self._check_host(request.url))
        self.context.on("response", self._check_status)
        self.context.on("console", lambda said: self._check_console(said.text))
        self.context.on("weberror", lambda error: self.troubles.append(f"script: {error.error}"))
        self.page = self.context.new_page()

    def _check_host(self, url: str) -> None:
        if not url.startswith(f"{self.base}/") and urlsplit(url).scheme not in ("data", "blob", "about"):
            self.troubles.append(f"foreign host: {url}")

    def _check_status(self, response: Response) -> None:
        if response.status >= 500:
            self.troubles.append(f"{response.status}: {response.url}")

    def _check_console(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.troubles.append(f"console: {text}")

    def sign_in(self, username: str) -> Page:
        """Sign in through the form and return the home page."""
        self.page.goto("/sign-in")
        self.page.get_by_label("用户名").fill(username)
        self.page.get_by_label("密码").fill(PASSWORD)
        self.press("登录")
        self.page.wait_for_url(re.compile(r"/$"))
        return self.page

    def press(self, name: str | re.Pattern[str], *, within: Any = None) -> None:
        """Press the (first) button, opener or link of this name, with a finger on a phone."""
        place = within or self.page.locator("main")
        target = (
            place.get_by_role("button", name=name, exact=True)
            .or_(place.get_by_role("link", name=name, exact=True))
            .or_(place.locator("summary").filter(has_text=_whole(name)))
            .and_(place.locator(":visible"))
        )
        self.touch(target.first)

    def touch(self, target: Any) -> None:
        (target.tap if self.page.viewport_size["width"] < 600 else target.click)()

    def close(self) -> None:
        self.context.close()


def _whole(name: str | re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(f"^\\s*{re.escape(name)}\\s*$") if isinstance(name, str) else name


def heading(page: Page) -> Any:
    return page.get_by_role("heading", level=1)


def said(visitor: Visitor, text: str) -> None:
    """Check the quiet line that follows a step."""
    expect(visitor.page.locator("#flashes")).to_contain_text(text)


def begin_round(visitor: Visitor, mode: str, round_name: str | None = None) -> None:
    """Begin a patrol of the cast's zone."""
    page = visitor.page
    page.goto("/patrols/new")
    page.get_by_label("区域").select_option(label="1F 一楼大厅")
    visitor.touch(page.locator(f"input[name=mode][value={mode}]"))
    if round_name:
        page.get_by_label("轮次").select_option(value=round_name)
    visitor.press("开始")
    expect(heading(page)).to_have_text("巡查进行中")


def finish_round(visitor: Visitor) -> None:
    visitor.press("提交巡查")
    expect(heading(visitor.page)).to_have_text(re.compile(r"^巡查 \d{8}-\d+$"))
