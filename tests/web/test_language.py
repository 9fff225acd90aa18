"""The reader's language: how it is chosen, and that English leaves no Chinese but the office's own data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import yaml
from bs4 import BeautifulSoup
from flask_babel import force_locale, get_domain
from markupsafe import escape

from app.settings.rules import SETTINGS, Pattern, Rounds, rounds_of
from app.web import catalogue
from app.web.language import LANGUAGES, gettext, markup
from app.web.page import days_left, many
from tests.architecture.source import HAN
from tests.client import Client, signed_in
from tests.factories.base import Ledger, Visit, ledgers, visits
from tests.pages import Page
from tests.sweeps import snapshot
from tests.web.test_sweep_access import address, prepared

READ_ALOUD = (
    "aria-label",
    "title",
    "placeholder",
    "alt",
    "data-label",
    "data-offline",
    "data-failed",
    "data-copy",
)
ENGLISH = {"Accept-Language": "en-GB,en;q=0.9"}


@pytest.fixture(autouse=True)
def _english(app: Any) -> None:
    """The compiled catalogue is no part of the repository; another test may have looked for it in vain."""
    if catalogue.compile_stale("en"):
        with app.test_request_context():
            get_domain().cache.clear()


def words(page: Page) -> Iterator[str]:
    """Yield what is read on a page or read aloud, but what is Chinese on purpose."""
    soup = BeautifulSoup(page.html, "html.parser")
    for tag in soup.select("button[name=language], textarea, :is(td, li)[lang=zh-Hans]"):
        tag.decompose()
    yield from soup.stripped_strings
    for name in READ_ALOUD:
        yield from (str(tag[name]) for tag in soup.select(f"[{name}]"))


def texts(value: Any) -> Iterator[str]:
    """Yield the texts within a value; a draft and an audit entry keep theirs in JSON, a rulebook in YAML."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value.strip()
        with suppress(ValueError, yaml.YAMLError):
            parsed = yaml.safe_load(value) if value.startswith("rulebook:") else json.loads(value)
            yield from texts(parsed) if isinstance(parsed, dict | list) else ()


def begun_with() -> Iterator[str]:
    """Yield the ledger text that a centre begins with: names of rounds, marks and patterns of numbers."""
    for setting in SETTINGS.values():
        if isinstance(setting.kind, Rounds):
            yield from (one.name for one in rounds_of(setting.default))
        elif isinstance(setting.kind, Pattern):
            yield from re.split(r"\{[^}]*\}", setting.default)
        yield from texts(setting.default)


def data(site: Any) -> list[str]:
    """Return every Chinese text of the database, and what a centre begins with; the longest first."""
    cells = (cell for rows in snapshot(site).values() for row in rows.values() for cell in row.values())
    found = {text for cell in cells for text in texts(cell)} | set(begun_with())
    return sorted((text for text in found if HAN.search(text)), key=len, reverse=True)


def assert_english(site: Any, page: Page) -> None:
    assert not page.full or page.one("html")["lang"] == "en"
    known = data(site)
    for text in words(page):
        rest = text
        for value in known:
            rest = rest.replace(value, "")
        assert not HAN.search(rest), f"{page.address}: {text!r}"


def in_english(site: Any, username: str) -> Client:
    client = signed_in(site.app, username)
    with client.session_transaction() as session:
        session["language"] = "en"
    return client


# --- choosing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "heading"),
    [("en-GB,en;q=0.9", "Sign in"), ("zh-CN,zh;q=0.9,en;q=0.8", "登录"), ("fr", "登录"), ("", "登录")],
)
def test_a_stranger_is_met_in_the_language_of_the_browser(
    anonymous: Any, accepted: str, heading: str
) -> None:
    page = Page(anonymous.get("/sign-in", headers={"Accept-Language": accepted}))
    assert page.title == heading


def test_the_sign_in_page_is_english_throughout(site: Any, anonymous: Any) -> None:
    page = Page(anonymous.get("/sign-in", headers=ENGLISH))
    assert_english(site, page)
    assert page.form("main form").names >= {"username", "password"}
    refused = anonymous.post("/sign-in", {"username": "wang", "password": "wrong"}, headers=ENGLISH)
    page = Page(refused, 422)
    assert_english(site, page)
    assert "Wrong user name or password." in page.text("main")


def test_the_switch_leads_back_to_the_same_page_and_stays(sign_in: Any) -> None:
    client = sign_in("wang")
    page = Page(client.get("/findings?status=open"))
    (switch, *_) = page.forms_to("/language")
    response = switch.fill(language="en").submit()
    assert (response.status_code, response.location) == (303, "/findings?status=open")
    page = Page(client.get(response.location))
    assert page.title.startswith("Findings")
    assert page.all("nav[aria-label='Main navigation'] a")
    (switch, *_) = page.forms_to("/language")
    switch.fill(language="zh_Hans").submit()
    assert Page(client.get("/findings")).title.startswith("问题")


def test_a_choice_outlives_the_browsers_preference(sign_in: Any) -> None:
    client = sign_in("wang")
    client.post("/language", {"language": "zh_Hans", "next": "/"})
    assert Page(client.get("/", headers=ENGLISH)).one("html")["lang"] == "zh-Hans"


@pytest.mark.parametrize("language", ["fr", "", "../en", "EN"])
def test_an_unknown_language_changes_nothing(sign_in: Any, language: str) -> None:
    client = sign_in("wang")
    assert client.post("/language", {"language": language, "next": "/"}).status_code == 303
    assert Page(client.get("/")).one("html")["lang"] == "zh-Hans"


@pytest.mark.parametrize(
    "wanted", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", ""]
)
def test_the_switch_leads_to_no_other_site(sign_in: Any, wanted: str) -> None:
    response = sign_in("wang").post("/language", {"language": "en", "next": wanted})
    assert response.location == "/"


def test_every_language_names_itself(anonymous: Any) -> None:
    page = Page(anonymous.get("/sign-in"))
    offered = {button["value"]: button.text for button in page.all("button[name=language]")}
    assert offered == {code: name for code, name in LANGUAGES.items() if code != "zh_Hans"}


# --- what is read ---------------------------------------------------------------------------------


@pytest.mark.parametrize("username", ["wang", "head", "chief_a", "auditor", "sysadmin", "secadmin"])
def test_the_frame_and_the_pages_of_the_navigation_are_english(site: Any, username: str) -> None:
    client = in_english(site, username)
    home = Page(client.get("/"))
    assert_english(site, home)
    for link in home.all(".rail .nav-list a"):
        response = client.get(str(link["href"]))
        if response.status_code == 303:  # the settings lead to their first group
            response = client.get(response.location)
        assert_english(site, Page(response))


@pytest.mark.parametrize("ledger", ledgers(), ids=lambda ledger: ledger.endpoint)
def test_every_ledger_is_english(site: Any, ledger: Ledger) -> None:
    with site.app.test_request_context():
        url = site.app.url_for(ledger.endpoint)
    client = in_english(site, ledger.actor)
    assert_english(site, Page(client.get(url)))
    with site.app.app_context():
        ledger.fill(site, 2)
    for query in ledger.queries:
        assert_english(site, Page(client.get(url, query_string=query)))


PAGES = [visit for visit in visits() if visit.content_type == "text/html"]


@pytest.mark.parametrize("visit", PAGES, ids=lambda visit: visit.endpoint)
def test_every_record_is_english(site: Any, visit: Visit) -> None:
    url = address(site, visit, prepared(site, visit))
    response = in_english(site, visit.actor).get(url)
    assert_english(site, Page(response))


def test_refusals_are_english(site: Any) -> None:
    client = in_english(site, "wang")
    assert_english(site, Page(client.get("/findings/999999"), 404))
    assert_english(site, Page(client.get("/audit"), 403))
    assert_english(site, Page(client.post("/account/password", {}), 422))


def test_a_percent_sign_of_a_translation_is_only_a_sign(app: Any) -> None:
    source = "目标“高于曝光数百分之二十”有两种读法："
    with app.test_request_context(), force_locale("en"):
        assert "20 %" in markup(source) == gettext(source)


def test_numbers_of_one_and_of_several(app: Any) -> None:
    with app.test_request_context(), force_locale("en"):
        assert days_left(1) == "1 working day left"
        assert days_left(3) == "3 working days left"
        assert days_left(-1) == "1 working day overdue"
        assert days_left(0) == "Due today"
        assert (gettext("问题"), many("问题")) == ("Finding", "Findings")
    with app.test_request_context(), force_locale("zh_Hans"):
        assert days_left(1) == "还有 1 个工作日"
        assert (gettext("问题"), many("问题")) == ("问题", "问题")


def test_a_word_out_of_a_row_is_text_like_any_other(app: Any) -> None:
    """A template may look up what it was given: with tags or percent signs in it, it was not ours."""
    with app.test_request_context():
        for text in ("<b>x</b>", "a & b", "100%", "%s", "%(name)s 50%"):
            shown = markup(text)
            assert shown == escape(text)
            assert gettext(text) == text
        assert markup("只列出前 %(n)s 件", n="<b>") == "只列出前 &lt;b&gt; 件"
