"""Every page: headers on every answer, a constant number of statements, nothing but 4xx for nonsense."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.factory import MAX_REQUEST_BYTES
from app.web.security import CSP
from tests.client import Client, signed_in
from tests.factories.base import Ledger, ledgers
from tests.pages import Page, check_partial
from tests.sweeps import watch_statements
from tests.web.test_sweep_access import HOLDERS, addresses

LEDGERS = ledgers()
MOST_STATEMENTS = 6
each_ledger = pytest.mark.parametrize("ledger", LEDGERS, ids=lambda ledger: ledger.endpoint)


def url_of(site: Any, ledger: Ledger) -> str:
    with site.app.test_request_context():
        return site.app.url_for(ledger.endpoint)


def filled(site: Any, ledger: Ledger, rows: int) -> Client:
    site.reset()
    with site.app.app_context():
        ledger.fill(site, rows)
    return signed_in(site.app, ledger.actor)


# --- headers --------------------------------------------------------------------------------------


def check_headers(response: Any) -> None:
    headers = response.headers
    assert headers["Content-Security-Policy"] == CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Request-Id"]
    assert headers.get("Cache-Control")
    assert "Server" not in headers
    for cookie in headers.getlist("Set-Cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


def test_the_policy_trusts_no_inline_code_and_no_other_site() -> None:
    rules = dict(part.strip().split(" ", 1) for part in CSP.split(";"))
    assert rules["default-src"] == rules["object-src"] == rules["base-uri"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in CSP


def test_every_kind_of_answer_carries_the_headers(site: Any) -> None:
    client, stranger = signed_in(site.app, "wang"), Client(site.app)
    too_large = {
        "CONTENT_LENGTH": str(MAX_REQUEST_BYTES + 1),
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
    }
    answers = {
        "page": (client.get("/"), 200),
        "fragment": (client.get("/findings", headers={"HX-Request": "true"}), 200),
        "sign-in page": (stranger.get("/sign-in"), 200),
        "to sign-in": (stranger.get("/"), 303),
        "to sign-in, htmx": (stranger.get("/", headers={"HX-Request": "true"}), 204),
        "refused": (client.get("/audit"), 403),
        "unknown address": (client.get("/no-such-page"), 404),
        "unknown address, stranger": (stranger.get("/no-such-page"), 404),
        "unknown row": (client.get("/findings/999999"), 404),
        "wrong method": (client.get("/sign-out"), 405),
        "forged": (client.post("/sign-out", csrf=False), 400),
        "wrong form": (client.post("/account/password", {}), 422),
        "too large": (
            client.post("/account/password", environ_overrides=too_large),
            413,
        ),
        "static file": (client.get("/static/icons.svg"), 200),
        "asset": (client.get("/assets/app.css"), 200),
        "unknown asset": (client.get("/assets/other.css"), 404),
        "a name no file system takes": (client.get("/static/%00"), 404),
        "an address that is no text": (client.get("/%ff%fe"), 404),
    }
    for name, (response, status) in answers.items():
        assert response.status_code == status, f"{name}: {response.status_code}"
        check_headers(response)
        if response.mimetype == "text/html" and status not in (204, 303):
            Page(response, status)


def test_pages_are_kept_by_no_cache(site: Any) -> None:
    for url in ("/", "/findings", "/account/password"):
        assert signed_in(site.app, "wang").get(url).headers["Cache-Control"] == "no-store"


def test_an_unexpected_error_shows_nothing_of_the_machine_room(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(site.app, "wang")

    def broken() -> None:
        raise RuntimeError("secret-detail-of-the-machine-room")

    broken.permission = site.app.view_functions["inspections.findings"].permission  # type: ignore[attr-defined]
    monkeypatch.setitem(site.app.view_functions, "inspections.findings", broken)
    response = client.get("/findings")
    check_headers(response)
    page = Page(response, 500)
    assert "secret-detail" not in page.html
    assert response.headers["X-Request-Id"] in page.text()


# --- every page as each role ----------------------------------------------------------------------


@pytest.mark.parametrize("username", sorted(HOLDERS.values()))
def test_every_page_keeps_its_promises(site: Any, username: str) -> None:
    """What Page checks, on every page that this role may open; in English too for those who see most."""
    urls = addresses(site)
    for language in ("zh_Hans", "en") if username in ("wang", "auditor") else ("zh_Hans",):
        client = signed_in(site.app, username)
        assert client.post("/language", {"language": language}).status_code == 303
        for url in urls.values():
            response = client.get(url)
            check_headers(response)
            assert response.status_code in (200, 302, 303, 403, 404), (url, language, response.status_code)
            if response.mimetype == "text/html" and response.status_code in (200, 403, 404):
                page = Page(response, response.status_code)
                if page.full:
                    assert page.soup.html
                    assert page.soup.html["lang"] == ("en" if language == "en" else "zh-Hans")


PARTIAL = ("inspections.patrols", "inspections.findings", "rectifications.index")


@pytest.mark.parametrize(
    "ledger", [ledger for ledger in LEDGERS if ledger.endpoint in PARTIAL], ids=lambda ledger: ledger.endpoint
)
def test_htmx_gets_the_part_and_everyone_else_the_page(site: Any, ledger: Ledger) -> None:
    check_partial(filled(site, ledger, 3), url_of(site, ledger))


# --- cost -----------------------------------------------------------------------------------------


@each_ledger
def test_a_list_asks_a_constant_number_of_times(site: Any, ledger: Ledger) -> None:
    counts: dict[int, list[int]] = {}
    for rows in (10, 60):
        client = filled(site, ledger, rows)
        client.get(url_of(site, ledger))  # what a process learns once is not the page's cost
        counts[rows] = []
        for query in ledger.queries:
            with watch_statements(site) as seen:
                Page(client.get(url_of(site, ledger), query_string=query))
            assert len(seen) <= MOST_STATEMENTS, "\n\n".join(seen)
            counts[rows].append(len(seen))
            for statement in seen:
                if re.search(r"\bcount\(", statement, re.IGNORECASE):
                    assert "LIMIT" in statement, f"an uncapped count: {statement}"
    assert counts[10] == counts[60]


@each_ledger
def test_a_list_is_paged_both_ways(site: Any, ledger: Ledger) -> None:
    """Every row is seen once on the way there, and the same pages on the way back."""
    client = filled(site, ledger, 120)
    pages, url = [], url_of(site, ledger)
    while True:
        page = Page(client.get(url))
        pages.append(page)
        following = page.all("a[rel=next]")
        if not following:
            break
        url = str(following[0]["href"])
    rows = [[row.get_text(" ", strip=True) for row in page.all("tbody tr")] for page in pages]
    assert len(pages) >= 3
    everything = [row for page in rows for row in page]
    assert len(everything) >= 120
    assert len(set(everything)) > 100 or ledger.endpoint == "audit.index"
    for expected in reversed(rows[:-1]):
        page = Page(client.get(str(page.one("a[rel=prev]")["href"])))
        assert [row.get_text(" ", strip=True) for row in page.all("tbody tr")] == expected
    assert not page.all("a[rel=prev]")


# --- nonsense -------------------------------------------------------------------------------------

NASTY = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            "0",
            "-1",
            "1e999",
            "9" * 400,
            "2026-02-30",
            "0000-00-00",
            "9999-12-31",
            "2026-13-01T25:61",
            "\0",
            "%",
            "_",
            "'",
            '"',
            "\\",
            "*",
            "a OR 1=1",
            "NEAR(",
            "𠮷㛃",
            "\u202e",
            "eyJhIjoxfQ",
            "WzAsbnVsbCxudWxsXQ",
            "WzAsICIyMDI2LTExLTE4VDAyOjAwOjAwKzAwOjAwIiwgMV0",
            "WzEsIDk5OTk5OTk5OTk5OTk5OTk5OTksIDFd",
        ]
    ),
    st.integers().map(str),
    st.dates().map(str),
)


@pytest.mark.both_databases
@each_ledger
def test_no_query_breaks_a_list(site: Any, ledger: Ledger) -> None:
    client = filled(site, ledger, 3)
    url = url_of(site, ledger)
    page = Page(client.get(url))
    known = {
        name for form in page.all("form[method=get]") for name in re.findall(r'name="([^"]+)"', str(form))
    }
    for link in page.all("a[href*='?']"):
        known |= set(re.findall(r"[?&]([a-z_]+)=", str(link["href"])))
    names = st.sampled_from(sorted(known | {"q", "cursor", "from", "to", "status", "kind", "nonsense"}))

    @settings(max_examples=100 if site.kind == "sqlite" else 40)
    @given(st.lists(st.tuples(names, NASTY), max_size=4))
    def visit(query: list[tuple[str, str]]) -> None:
        response = client.get(url, query_string=_query(query))
        assert response.status_code in (200, 303, 404, 422), f"{query}: {response.status_code}"

    visit()
    for raw in (
        b"q=%ff%fe",
        b"q=%00",
        b"cursor=%F0%9F",
        b"q=" + b"%E6%9C%BA" * 500,
        b"&&==&q&=",
        b"q=%ED%A0%80",
    ):
        assert client.get(f"{url}?{raw.decode()}").status_code in (200, 303, 404, 422), raw


def _query(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value.encode("utf-8", "replace").decode())
    return found
