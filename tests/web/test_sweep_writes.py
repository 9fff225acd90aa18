"""Every write endpoint: forged requests, audit coverage, without scripts, and failing half-way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from app.extensions import db
from app.transfers import exporting
from tests.factories.base import Example, examples, one_each
from tests.pages import Form, Page, follow, gist
from tests.sweeps import (
    LOG,
    Play,
    Snapshot,
    assert_unchanged,
    audited_tables,
    differences,
    new_entries,
    set_up,
)

EXAMPLES = examples()
pytestmark = pytest.mark.usefixtures("quick_photos")
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
# What leaves no trace of its own in the log, because it carries no meaning for a ledger.
# Files are stored, and counted towards the quota, before the form they came with is judged.
STORED = ("stored_contents", "stored_totals")
SESSIONS = ("user_sessions", "former_passwords", "sign_in_failures")
UNAUDITED = {*SESSIONS, "drafts", "jobs", "counters", *STORED, *LOG}


def ledgers(taken: Snapshot) -> Snapshot:
    return {name: rows for name, rows in taken.items() if name not in LOG}


# --- forged requests ------------------------------------------------------------------------------


@each_example
def test_a_forged_request_is_refused_and_recorded(site: Any, example: Example) -> None:
    play = set_up(site, example)
    stranger = play.other("zhao")
    token = play.client.token()
    forgeries: dict[str, Callable[[], Any]] = {
        "no token": lambda: play.post(csrf=False),
        "a made-up token": lambda: play.post(data={"csrf_token": "made-up"}),
        "another session's token": lambda: play.post(data={"csrf_token": stranger.token()}),
        "another site": lambda: play.post(headers={"Origin": "https://evil.example"}),
        "no site at all": lambda: play.post(headers={"Origin": "null"}),
        "a cross-site fetch": lambda: play.post(headers={"Sec-Fetch-Site": "cross-site"}),
        "a neighbour's page": lambda: play.post(headers={"Sec-Fetch-Site": "same-site"}),
        "the token in the address": lambda: play.client.post(
            play.url, data=play.data, query_string={"csrf_token": token}, csrf=False
        ),
    }
    for name, forge in forgeries.items():
        before = play.snapshot()
        response = forge()
        assert response.status_code == 400, f"{name}: {response.status_code}"
        after = play.snapshot()
        assert_unchanged(ledgers(before), ledgers(after))
        (entry,) = new_entries(before, after)
        assert (entry["action"], entry["result"]) == ("access.refused", "refused"), name
        assert entry["payload"] == '{"permission":"csrf"}'
        assert entry["actor_id"] == (site.cast.users[example.actor] if example.actor else None)
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert play.post(headers=own).status_code == example.status


@each_example
def test_a_write_does_not_answer_get(site: Any, example: Example) -> None:
    """No address that changes something on POST changes anything on GET."""
    play = set_up(site, example)
    before = play.snapshot()
    assert play.client.get(play.url, query_string=play.data).status_code in (200, 303, 404, 405, 422)
    assert_unchanged(before, play.snapshot())


# --- audit coverage -------------------------------------------------------------------------------


@pytest.mark.both_databases
@each_example
def test_every_change_is_recorded(site: Any, example: Example) -> None:
    play = set_up(site, example)
    before = play.snapshot()
    response = play.post()
    assert response.status_code == example.status, f"{response.status_code}: {gist(response)}"
    after = play.snapshot()
    changed = differences(before, after)
    entries = new_entries(before, after)
    tables = audited_tables()
    rows = {name: keys for name, keys in changed.items() if name in tables}
    if not example.audited:
        assert not rows
        assert not entries
        return
    assert entries, "nothing was recorded"
    expected = site.cast.users[example.actor] if example.actor else site.cast.users["wang"]
    for entry in entries:
        assert entry["result"] == "ok"
        assert entry["actor_id"] == expected
        assert entry["route"] == f"POST {_rule(site, example)}"
        assert entry["request_id"]
        assert entry["session_id"]
        assert entry["address"] == "127.0.0.1"
    told = set()
    subjects = {entry["subject_type"] for entry in entries}
    for entry in entries:
        own = f"{entry['subject_type']}#{entry['subject_id']}."
        for name in json.loads(entry["payload"]).get("changes", {}):
            told.add(name if "#" in name else own + name)  # a child's change names the child
    for name, keys in rows.items():
        for (row_id, *_), (old, new) in keys.items():
            assert new is not None, f"{name} {row_id} was deleted"
            if example.bulk and old is None and tables[name].__audit_type__ not in subjects:
                continue
            for column in tables[name].__mapper__.column_attrs:
                known = column.columns[0]
                kept = column.key in ("id", "version") or known.info.get("derived")
                if not kept and (old or {}).get(known.name) != new[known.name]:
                    change = f"{tables[name].__audit_type__}#{row_id}.{column.key}"
                    assert change in told, f"{name}.{column.key} changed, nobody said so"
    strangers = {name for name in changed if name not in tables and not name.endswith("_search")}
    assert strangers <= UNAUDITED, strangers


def _rule(site: Any, example: Example) -> str:
    return next(r.rule for r in site.app.url_map.iter_rules(example.endpoint) if "POST" in r.methods)


# --- without scripts ------------------------------------------------------------------------------


@each_example
def test_it_works_as_a_plain_form(site: Any, example: Example, tally: Any) -> None:
    """Its form stands on a page; filled in as people do, it leads to a page that shows."""
    play = set_up(site, example)
    form = find_form(play)
    answer = form.fill(**play.data, **play.files).submit()
    if example.status == 303:
        page = follow(answer) if _html(play, answer.location) else None
        assert page is None or page.full
    assert answer.status_code == example.status
    tally("R16", "forms filled in and sent without scripts, to a page that shows", 1, "all")


def _html(play: Play, location: str) -> bool:
    """Say whether an address leads to a page, and not to a file to save."""
    return play.client.get(location).content_type.startswith("text/html")


def find_form(play: Play) -> Form:
    """Return the form of an example on its page, or on whichever page of its feature bears it."""
    endpoints = [play.example.page] if play.example.page else _neighbours(play)
    for endpoint in endpoints:
        url = play.url_for(endpoint)
        assert url or not play.example.page, f"{endpoint} needs more ids than {play.ids}"
        if url:
            query = {key[1:]: value for key, value in play.ids.items() if key.startswith("?")}
            response = play.client.get(url, query_string=query)
            if response.status_code == 200 and response.content_type.startswith("text/html"):
                forms = Page(response).forms_to(play.url)
                wanted = {*play.data, *play.files}
                forms = [form for form in forms if wanted <= form.names]
                if forms:
                    return forms[0]
    raise AssertionError(f"no form posts {sorted(play.data)} to {play.url}; looked at {endpoints}")


def _neighbours(play: Play) -> list[str]:
    feature = play.example.endpoint.rsplit(".", 1)[0]
    rules = play.site.app.url_map.iter_rules()
    return [
        rule.endpoint
        for rule in rules
        if "GET" in rule.methods and rule.endpoint.startswith(feature.split(".")[0] + ".")
    ]


# --- half-way -------------------------------------------------------------------------------------


@pytest.mark.both_databases
@pytest.mark.parametrize("example", one_each(), ids=lambda example: example.name)
def test_whichever_statement_fails_nothing_is_kept_and_no_success_is_shown(
    site: Any, example: Example, tally: Any
) -> None:
    """The n-th statement of the request fails, for every n, and the commit; then it succeeds."""
    play = set_up(site, example)
    with site.app.app_context():
        engine = db.engine
    before = play.snapshot()
    for nth in range(1, 200):
        count = 0

        def fail(*_: object, nth: int = nth) -> None:
            nonlocal count
            count += 1
            if count == nth:
                raise OperationalError("injected", {}, Exception("the disk is gone"))

        client = play.other(None)
        with play.client.session_transaction() as mine, client.session_transaction() as copy:
            copy.update(mine)
        event.listen(engine, "before_cursor_execute", fail)
        event.listen(engine, "commit", fail)
        try:
            response = play.post(client)
        finally:
            event.remove(engine, "before_cursor_execute", fail)
            event.remove(engine, "commit", fail)
        if count < nth:
            break
        if example.endpoint in TELLS and response.status_code == 303:
            page = Page(client.get(response.location))
            assert TELLS[example.endpoint] in page.text("#flashes")
            continue
        assert response.status_code == 500, f"statement {nth} failed, the answer was {response.status_code}"
        assert_unchanged(before, _but_drafts(before, play.snapshot()))
    assert response.status_code == example.status, f"all {nth} statements went well: {response.status_code}"
    what = f"{site.kind}: statements and commits made to fail, none with a change or a success"
    tally("R3", what, nth - 1, "all")


def _but_drafts(before: Snapshot, after: Snapshot) -> Snapshot:
    """What was typed may be kept before it is judged: a draft or file saved on the way is no half change."""
    return {**after, **{name: before[name] for name in ("drafts", *STORED)}}


# --- twice ----------------------------------------------------------------------------------------


@each_example
def test_a_second_click_does_nothing_twice(site: Any, example: Example) -> None:
    play = set_up(site, example)
    form = find_form(play).fill(**play.data, **play.files)
    values = dict(form.values)
    assert form.submit().status_code == example.status
    if not example.audited or example.actor is None or example.endpoint in AGAIN:
        return
    before = play.snapshot()
    again = play.client.post(play.url, data={**values, **play.files}, csrf=False)
    assert again.status_code in (303, 404, 409, 422), again.status_code
    after = play.snapshot()
    assert_unchanged(*({k: v for k, v in s.items() if k not in (*LOG, "drafts")} for s in (before, after)))
    assert not [entry for entry in new_entries(before, after) if entry["result"] == "ok"]


# What cannot be read is a fault that the report of a verification names.
TELLS = {"audit.verify": "核对发现问题"}
AGAIN = {
    "accounts.sign_out": "the session is over, and its token with it",
    "evaluations.rulebooks.export": "a second copy is a second export",
    "documents.print_again": "printing a second copy is a second print",
    **{f"transfers.{name}": "a second copy is a second export" for name in exporting.every()},
}
