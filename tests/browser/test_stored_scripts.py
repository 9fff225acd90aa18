"""Hostile text in every column, file name and cell, shown on every page to every role: nothing of it runs.

The texts are put straight into the database, so that no length and no form keeps one out, and the pages go
to Chromium without their Content-Security-Policy: it is the escaping alone that has to hold.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Column, Enum, LargeBinary, String, Text, select, text, update

from app.db.types import JsonText, canonical
from app.extensions import Model, db
from app.permissions import GRANTS, Permission, Role
from app.registry import import_models
from app.transfers import importing
from tests.client import Client, signed_in
from tests.factories import tables
from tests.pages import Page
from tests.payloads import PAYLOADS, WHOLE
from tests.services.audit_tools import owner
from tests.sweeps import Play
from tests.web.test_sweep_access import HOLDERS, addresses, all_plays
from tests.web.test_sweep_input import assert_harmless

BASE = "http://duban.invalid"
HAN = re.compile(r"[\u4e00-\u9fff]")
# What a program reads and nobody typed: kinds, keys, hashes, and addresses within the house.
CODES = frozenset(
    [
        *("action", "algorithm", "code", "form_key", "group_code", "hash", "key", "key_id", "kind"),
        *("password_hash", "previous", "profile", "result", "role", "search_words", "sha256", "signature"),
        *("subject_type", "template", "template_version", "token_hash", "username_hash"),
    ]
)
HOOK = """
window.__ran = [];
window.__x = (mark) => { window.__ran.push(mark); };
window.alert = window.confirm = window.prompt = window.__x;
"""
# Whatever waits for the pointer, the keyboard or a failing picture gets it.
PROVOKE = """() => {
  for (const each of document.querySelectorAll('*'))
    for (const kind of ['mouseover', 'mouseenter', 'focus', 'error', 'load', 'toggle'])
      each.dispatchEvent(new Event(kind, {bubbles: false, cancelable: true}));
  window.stop();
  return window.__ran;
}"""


def text_columns() -> list[Column[Any]]:
    """Return every column in which text stands that people read."""
    import_models()
    return [
        column
        for table in Model.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, String | Text | JsonText)
        and not isinstance(column.type, Enum | LargeBinary)
        and column.name not in CODES
    ]


def hostile(value: Any, mark: str) -> Any:
    """Return a kept value with its words replaced; keys, numbers and codes of a JSON stay."""
    if isinstance(value, dict):
        return {key: hostile(inner, mark) for key, inner in value.items()}
    if isinstance(value, list):
        return [hostile(inner, mark) for inner in value]
    return f"{WHOLE}{mark}" if isinstance(value, str) and HAN.search(value) else value


def poison(site: Any) -> int:
    """Write the hostile texts into every row; return how many values were replaced."""
    count = 0
    kept = text("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
    with owner(site, guarded=True) as connection:
        triggers = connection.scalars(kept).all()
    with owner(site) as connection:
        for column in text_columns():
            table = column.table
            keys = list(table.primary_key.columns)
            for row in connection.execute(select(column, *keys)).all():
                value, *key = row
                if value is None or (column.name == "subject_name" and not HAN.search(value)):
                    continue  # the log keeps the key of what has no name
                mark = f" {'-'.join(map(str, key))}"  # numbers and user names are unique
                if isinstance(column.type, JsonText):
                    new: Any = hostile(value, mark)
                elif isinstance(value, str) and value.startswith(("{", "[")):
                    new = canonical(hostile(json.loads(value), mark))
                else:
                    new = f"{WHOLE}{mark}"
                if new != value:
                    count += 1
                    where = [each == part for each, part in zip(keys, key, strict=True)]
                    connection.execute(update(table).where(*where).values({column: new}))
        for trigger in triggers:
            connection.execute(text(trigger))
    return count


def imports(site: Any) -> dict[str, str]:
    """Take in a table of every kind, hostile in each cell; return its pages by their address."""
    found = {}
    for kind in importing.every().values():
        needed = {Permission.IMPORT_RUN, kind.permission}
        client = signed_in(site.app, next(HOLDERS[role] for role in Role if needed <= set(GRANTS[role])))
        rows = [
            [each.label for each in kind.fields],
            *([f"{WHOLE} {n}"] * len(kind.fields) for n in range(3)),
        ]
        sent = {"file": (tables.io.BytesIO(tables.workbook(rows)), f"{PAYLOADS[0]}.xlsx")}
        with site.app.test_request_context():
            url = site.app.url_for("transfers.imports.upload", name=kind.name)
        answer = client.post(url, data=sent)
        while answer.status_code == 303:
            url = answer.location
            answer = client.get(url)
            found[url] = answer.get_data(as_text=True)
        assert answer.status_code in (200, 422), (kind.name, answer.status_code)
        found[f"/imports/{kind.name}/answer"] = answer.get_data(as_text=True)
    return found


def refused(plays: list[Play]) -> dict[str, str]:
    """Return the forms that come back because something else is missing, with all that was typed."""
    found = {}
    for play in plays:
        typed = dict.fromkeys(play.example.text, WHOLE)
        if typed and play.example.actor:
            answer = play.client.post(play.url, data={**typed, **play.files})
            if answer.status_code in (409, 422):
                found[f"{play.url}?{play.example.name}"] = answer.get_data(as_text=True)
    return found


class Sandbox:
    """A browser that is shown pages of ours as files of a host that does not exist."""

    def __init__(self, chromium: Any, client: Client) -> None:
        self.pages: dict[str, str] = {}
        self.foreign: list[str] = []
        self.client = client
        self.scripts: dict[str, tuple[bytes, str]] = {}
        self.context = chromium.new_context(service_workers="block")
        self.context.add_init_script(HOOK)
        self.page = self.context.new_page()
        self.page.route("**/*", self._answer)
        self.page.on("dialog", lambda dialog: (self.foreign.append("a dialog"), dialog.dismiss()))

    def _answer(self, route: Any) -> None:
        url = route.request.url
        path = url.removeprefix(BASE)
        if path in self.pages:
            route.fulfill(body=self.pages[path], content_type="text/html; charset=utf-8")
        elif "xss7" in url or not url.startswith(f"{BASE}/"):
            self.foreign.append(url)
            route.abort()
        elif urlsplit(path).path.endswith(".js"):
            if path not in self.scripts:
                sent = self.client.get(path)
                self.scripts[path] = sent.data, sent.content_type
            body, kind = self.scripts[path]
            route.fulfill(body=body, content_type=kind)
        else:
            route.fulfill(status=204)

    def show(self, address: str, html: str) -> list[str]:
        """Open a page, do to it whatever might set something off, and return what ran."""
        self.pages = {address: html}
        self.page.goto("about:blank")
        self.page.goto(BASE + address, wait_until="load")
        ran = self.page.evaluate(PROVOKE)
        return [f"{address}: {each}" for each in (*ran, *self.foreign)]


@pytest.fixture
def sandbox(site: Any, chromium: Any) -> Any:
    opened = Sandbox(chromium, Client(site.app))
    yield opened
    opened.context.close()


def test_the_hook_hears_what_runs(sandbox: Sandbox) -> None:
    """Unescaped, most of the texts do run here; a test that could not hear them would prove nothing."""
    heard = [n for n, text in enumerate(PAYLOADS) if sandbox.show(f"/{n}", f"<!doctype html><p>{text}</p>")]
    assert len(heard) >= 30, [PAYLOADS[n] for n in range(len(PAYLOADS)) if n not in heard]


def test_nothing_stored_runs_on_any_page(site: Any, sandbox: Sandbox, figure: Any) -> None:
    assert len(PAYLOADS) >= 60
    urls = addresses(site)
    plays = all_plays(site)
    shown = {**imports(site), **refused(plays)}
    clients = {role: signed_in(site.app, username) for role, username in HOLDERS.items()}
    written = poison(site)
    with site.app.app_context():
        db.session.remove()
    readers: Counter[str] = Counter()
    for role, client in clients.items():
        for endpoint, url in urls.items():
            permission = site.app.view_functions[endpoint].permission
            if permission is not None and permission not in GRANTS[role]:
                continue
            answer = client.get(url)
            assert answer.status_code < 500, f"{url} as {role}"
            if answer.mimetype != "text/html" or answer.status_code != 200:
                continue
            readers[endpoint] += 1
            if readers[endpoint] == 1:  # what differs between readers are buttons, not texts
                assert_harmless(Page(answer))
                shown[url] = answer.get_data(as_text=True)
    ran = [each for address, html in shown.items() for each in sandbox.show(address, html)]
    figure(
        "S3",
        f"{len(PAYLOADS)} payloads in {written} stored values: executions on {len(shown)} pages in Chromium",
        len(ran),
        bar="0 executions",
        held=not ran,
    )
    assert not ran, ran
    assert written > len(text_columns())
    marked = [address for address, html in shown.items() if "xss7" in html]
    assert len(marked) > len(shown) / 2, "most pages show something of what is stored"
