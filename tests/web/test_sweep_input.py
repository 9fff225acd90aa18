"""Whatever is typed: it comes back as text, and nothing that is typed breaks the house."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from tests.factories.base import Example, examples, one_each
from tests.pages import Page
from tests.payloads import PAYLOADS, SHORT
from tests.sweeps import Play, set_up

EXAMPLES = examples()
WHOLE = " ".join(PAYLOADS[::3])  # as much as a long field takes; the browser's test stores them all
pytestmark = pytest.mark.usefixtures("quick_photos")


def accepted(play: Play, texts: dict[str, str]) -> bool:
    return play.post(data=texts).status_code == play.example.status


def fitting(site: Any, example: Example) -> tuple[Play, dict[str, str]]:
    """Return a played example and the hostile text that each of its text fields has taken."""
    fits = {}
    for name in example.text:
        for text in (WHOLE, SHORT):
            if accepted(set_up(site, example), {name: text}):
                fits[name] = text
                break
    play = set_up(site, example)
    assert accepted(play, fits), f"{sorted(fits)} are taken one by one, but not together"
    return play, fits


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.text and e.actor], ids=lambda e: e.name)
def test_hostile_text_comes_back_as_text(site: Any, example: Example) -> None:
    play, fits = fitting(site, example)
    assert fits, f"no field of {example.text} takes free text"
    seen = ""
    for client in (play.client, play.other("director"), play.other("auditor")):
        for url in pages_about(play):
            response = client.get(url)
            if response.mimetype == "text/html" and response.status_code == 200:
                page = Page(response)  # no inline code, no on…=, no foreign address
                assert_harmless(page)
                seen += page.soup.get_text() + " ".join(
                    str(value) for tag in page.all("[value]") for value in [tag["value"]]
                )
    for name, text in fits.items():
        assert _plain(SHORT) in _plain(seen) or _plain(text) in _plain(seen), f"{name} is shown nowhere"


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.text], ids=lambda e: e.name)
def test_a_refused_form_gives_back_hostile_text_as_text(site: Any, example: Example) -> None:
    """With something else missing, the form comes back with all that was typed."""
    play = set_up(site, example)
    for missing in ("version", *sorted(set(play.data) - set(example.text)), *example.text):
        data = {**play.data, **dict.fromkeys(example.text, WHOLE), **play.files}
        data.pop(missing, None)
        response = play.client.post(play.url, data=data)
        if response.status_code in (409, 422):
            assert_harmless(Page(response, response.status_code))


def assert_harmless(page: Page) -> None:
    assert not page.all("xss7, iframe, [a], [hx-get*=xss7], [srcdoc]"), page.address
    assert not re.search(r"(?<![0-9a-f])9359(?![0-9a-f])", page.html), (
        f"a template evaluated what was typed on {page.address}"
    )
    for tag in page.all("*"):
        for name, value in tag.attrs.items():
            assert not name.startswith("on"), tag
            if name in ("href", "src", "action", "formaction", "data-copy"):
                assert not str(value).strip().lower().startswith(("javascript:", "data:text")), tag


def pages_about(play: Play) -> list[str]:
    """The addresses on which what was written may be read: those named, and every list of its feature."""
    feature = play.example.endpoint.split(".")[0]
    found = [play.url_for(endpoint) for endpoint in play.example.shown]
    for rule in play.site.app.url_map.iter_rules():
        if "GET" in rule.methods and rule.endpoint.split(".")[0] in (feature, "audit", "reports"):
            found.append(play.url_for(rule.endpoint) or _first(play, rule))
    return [url for url in dict.fromkeys(found) if url]


def _first(play: Play, rule: Any) -> str | None:
    """The address of a record that has one number: the first row, which is the only one made here."""
    if len(rule.arguments) != 1 or "int:" not in rule.rule:
        return None
    with play.site.app.test_request_context():
        return str(play.site.app.url_for(rule.endpoint, **dict.fromkeys(rule.arguments, 1)))


def _plain(text: str) -> str:
    return "".join(text.split())


# --- random mutation ------------------------------------------------------------------------------

NASTY: tuple[Any, ...] = (
    "",
    " ",
    "0",
    "-1",
    "1.5",
    "1e9",
    "9" * 30,
    str(2**31),
    str(2**63),
    "NaN",
    "null",
    "[]",
    "{}",
    "true",
    "\0",
    "a\0b",
    "\x1b[31m",
    "x" * 5000,
    "机" * 3000,
    "𠮷㛃伟",
    "e\u0301" * 50,
    "\u202e\u2066",
    "\ufeff",
    "2026-02-30",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31 23:59",
    "1122",
    "10:99",
    "' OR '1'='1",
    "department:1",
    "department:",
    "section:999999",
    ":",
    "../../etc/passwd",
    "%s %(x)s {0}",
    ["1", "2", "1"],
    ["", "x"],
    None,  # leave it out
)
ROUNDS = 30


@pytest.mark.both_databases
@pytest.mark.parametrize("example", one_each(), ids=lambda example: example.name)
def test_no_form_breaks_the_house(site: Any, example: Example) -> None:
    play = set_up(site, example)
    chance = random.Random(example.name)
    names = [*play.data, "version", "next", "form_key", "nonsense"]
    for _ in range(ROUNDS):
        data: dict[str, Any] = {**play.data, **play.files}
        for name in chance.sample(names, chance.choice((1, 1, 2, 3))):
            value = chance.choice(NASTY)
            if value is None:
                data.pop(name, None)
            else:
                data[name] = value
        changed = {k: v for k, v in data.items() if play.data.get(k) != v and k not in play.files}
        response = play.client.post(play.url, data=data)
        assert response.status_code < 500, f"{response.status_code} for {changed!r}"
        if response.status_code == 303 and example.endpoint in ("accounts.sign_out",):
            play = set_up(site, example)


@pytest.mark.parametrize("example", one_each(), ids=lambda example: example.name)
def test_no_body_breaks_the_house(site: Any, example: Example) -> None:
    """Bodies that are no form at all."""
    play = set_up(site, example)
    token = play.client.token()
    for body, kind in (
        (b"", "application/x-www-form-urlencoded"),
        (b"\xff\xfe%%%&&&==", "application/x-www-form-urlencoded"),
        (b"a=%ED%A0%80&version=%00", "application/x-www-form-urlencoded"),
        (b"{", "application/json"),
        (b'{"version": 1}', "application/json"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"--x\r\n", "multipart/form-data"),
        (b"&".join(b"a=1" for _ in range(3000)), "application/x-www-form-urlencoded"),
    ):
        response = play.client.post(
            play.url, data=body, content_type=kind, headers={"X-CSRFToken": token}, csrf=False
        )
        assert response.status_code < 500, f"{response.status_code} for {body[:40]!r}"
