"""The frame is kept between requests; nothing of one reader may be seen by another."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest

from app.accounts.models import User
from app.accounts.rules import USER_ADDED
from app.db.uow import unit_of_work
from app.permissions import system_actor
from app.web import frame
from tests.cast import NOW
from tests.client import signed_in
from tests.pages import Page


def seen(page: Page) -> tuple[str, list[str]]:
    """Return whose frame it is and where it leads."""
    return page.all(".rail .account a")[0].text, [str(link["href"]) for link in page.all(".rail .nav-list a")]


def test_each_reader_has_his_own_frame(site: Any) -> None:
    names = ("wang", "auditor", "chief_a", "outsider", "sysadmin")
    clients = {name: signed_in(site.app, name) for name in names}
    first = {name: seen(Page(client.get("/"))) for name, client in clients.items()}
    again = {name: seen(Page(client.get("/"))) for name, client in reversed(clients.items())}
    assert first == again
    assert [who for who, _ in first.values()] == ["王巡", "冯审", "李首", "韩外", "陈系"]
    assert "/audit" in first["auditor"][1]
    assert all("/audit" not in first[name][1] for name in names if name != "auditor")
    brands = [Page(clients[name].get("/")).all(".brand-centre")[0].text for name in ("wang", "outsider")]
    assert brands[0] != brands[1]


def test_tokens_and_the_way_back_are_those_of_the_request(site: Any) -> None:
    one, other = signed_in(site.app, "wang"), signed_in(site.app, "wang")
    tokens = {}
    for name, client in (("one", one), ("other", other)):
        for query in ("", '?q="><i>'):
            page = Page(client.get("/findings" + quote(query, safe="?=")))
            found = {str(field["value"]) for field in page.all("input[name=csrf_token]")}
            assert len(found) == 1
            tokens[name] = found.pop()
            ways = {str(field["value"]) for field in page.all("form[action$=language] input[name=next]")}
            assert ways == {"/findings?" + quote(query.lstrip("?"), safe="=")}
            assert not re.search(f"{frame._TOKEN}|{frame._NEXT}", page.html)
    assert tokens["one"] != tokens["other"]
    assert one.get("/").status_code == 200
    assert one.post("/sign-out", {"csrf_token": tokens["one"]}, csrf=False).status_code == 303
    assert Page(other.get("/")).all(".rail .account a")[0].text == "王巡"


def test_a_new_name_shows_at_once(site: Any, cast: Any) -> None:
    client = signed_in(site.app, "wang")
    assert seen(Page(client.get("/")))[0] == "王巡"
    with site.app.app_context(), unit_of_work(system_actor("test"), NOW) as uow:
        row = uow.get(User, cast.users["wang"])
        row.name = "王<b>洵"
        uow.record(USER_ADDED, row, roles=[])
    assert seen(Page(client.get("/")))[0] == "王<b>洵"


def test_the_language_and_the_entry_are_part_of_it(site: Any) -> None:
    client = signed_in(site.app, "wang")
    for _ in range(2):
        for headers, word in (({}, "问题"), ({"Accept-Language": "en"}, "Findings")):
            for url in ("/findings", "/patrols"):
                page = Page(client.get(url, headers=headers))
                active = page.all('.rail .nav-list a[aria-current="page"]')
                assert [str(link["href"]) for link in active] == [url]
                assert word in page.all(".rail .nav-list")[0].text


def test_not_too_many_are_kept(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "_MOST", 3)
    client = signed_in(site.app, "wang")
    site.app.extensions["duban_frames"].clear()
    for url in ("/", "/findings", "/patrols", "/rectifications", "/documents", "/staff"):
        client.get(url)
        assert len(site.app.extensions["duban_frames"]) <= 3
