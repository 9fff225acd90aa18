"""What holds on every address whoever asks: rows out of sight, paths, headers, protected values, the log."""

from __future__ import annotations

import io
import logging
import random
import re
from datetime import timedelta
from typing import Any
from zipfile import BadZipFile, ZipFile

import pytest
from sqlalchemy import LargeBinary, select

from app.extensions import Model, db
from app.permissions import GRANTS, Role
from app.registry import import_models
from tests.cast import NOW, USERS
from tests.client import Client, signed_in
from tests.factories.base import Ledger, ledgers, one_each
from tests.pages import Page
from tests.sweeps import Play, new_entries, snapshot
from tests.web.test_sweep_access import HOLDERS, addresses, all_plays, endpoints
from tests.web.test_sweep_pages import check_headers, filled, url_of
from tests.web.test_sweep_writes import SESSIONS

pytestmark = pytest.mark.usefixtures("quick_photos")
LEDGERS = ledgers()
# What stands for a field in the log, and what marks a value that may be read nowhere else.
FULL_NUMBER = re.compile(r"(?<![\w.\-])(1[3-9]\d{9}|\d{17}[\dXx])(?![\w.])")


def permission_of(site: Any, play: Play) -> Any:
    return site.app.view_functions[play.example.endpoint].permission


# --- S1: units of one centre ------------------------------------------------------------------------


def test_who_may_not_read_a_record_does_not_write_it(site: Any, figure: Any) -> None:
    """Another unit, another person: wherever a record's own page is hidden, none of its forms is taken."""
    clients = {username: signed_in(site.app, username) for username in sorted(USERS)}
    pages = endpoints(site.app, "GET")
    rules = endpoints(site.app, "POST")
    plays = [play for play in all_plays(site) if rules[play.example.endpoint].arguments - {"name"}]
    before = snapshot(site, without=SESSIONS)
    tried, entered = 0, []
    for play in plays:
        arguments = rules[play.example.endpoint].arguments
        own = [name for name, rule in pages.items() if rule.arguments == arguments]
        family = play.example.endpoint.split(".")[0]
        urls = [url for name in own if name.split(".")[0] == family and (url := play.url_for(name))]
        for username, client in clients.items():
            if permission_of(site, play) not in GRANTS[USERS[username][0]]:
                continue
            if urls and all(client.get(url).status_code == 404 for url in urls):
                tried += 1
                # 409 where a draft is another's by now: what was typed comes back, nothing is kept.
                if (status := play.post(client).status_code) not in (404, 409):
                    entered.append(f"{username} {play.example.name}: {status}")
    after = snapshot(site, without=SESSIONS)
    changed = [name for name in after if name not in ("audit_entries", "audit_heads")]
    figure(
        "S1",
        "forms of records out of sight, sent all the same",
        tried,
        bar="all 404 or 409, no row changed",
        held=not entered,
    )
    assert not entered, entered
    assert all(before[name] == after[name] for name in changed)
    assert tried > 50


def test_how_large_the_matrix_is(app: Any, figure: Any) -> None:
    """What test_sweep_access tries, counted: it fails on the first answer that the grants forbid."""
    reads, writes = endpoints(app, "GET"), endpoints(app, "POST")
    cells = (len(reads) + len(writes)) * len(Role) + len(writes) * 3
    figure(
        "S1",
        "routes × roles, and routes × people of another centre",
        cells,
        bar="0 unexpected 2xx",
        held=True,
    )
    figure(
        "S2", "write routes × 8 forgeries, each refused and recorded", len(writes) * 8, bar="100 %", held=True
    )
    figure(
        "S2",
        "read routes × roles during which no row changed",
        len(reads) * len(Role),
        bar="0 rows",
        held=True,
    )
    assert {play.endpoint for play in one_each()} == set(writes)


# --- S5: nonsense shows no row of others ----------------------------------------------------------------

QUERY = (
    "",
    "%",
    "_",
    "'",
    "' OR '1'='1",
    "*",
    "云",
    "政",
    "1",
    "0",
    "-1",
    "9" * 30,
    "WzAsbnVsbF0",
    "\u202e",
    "all",
)
ROUNDS = 12


def record_links(client: Client, url: str, query: dict[str, str]) -> set[str]:
    response = client.get(url, query_string=query)
    assert response.status_code < 500, (url, query)
    if response.status_code != 200:
        return set()
    return {str(link["href"]).split("?")[0] for link in Page(response).all("main tbody a[href]")}


def test_no_query_shows_a_row_of_others(site: Any, figure: Any) -> None:
    requests = 0
    for ledger in LEDGERS:
        ours = filled(site, ledger, 30)
        url = url_of(site, ledger)
        role = USERS[ledger.actor][0]
        stranger = next(
            (
                n
                for n, (r, *_) in USERS.items()
                if n.startswith("outside") and GRANTS[r] >= {_asked(site, ledger)}
            ),
            None,
        )
        if stranger is None:
            continue
        client = signed_in(site.app, stranger)
        theirs = record_links(client, url, {})
        hidden = record_links(ours, url, {}) - theirs
        names = sorted(
            {name for query in ledger.queries for name in query} | {"q", "cursor", "centre", "status"}
        )
        chance = random.Random(ledger.endpoint)
        for _ in range(ROUNDS):
            query = {name: chance.choice(QUERY) for name in chance.sample(names, min(3, len(names)))}
            requests += 1
            shown = record_links(client, url, query)
            assert not shown & hidden, (role, stranger, url, query, shown & hidden)
    figure(
        "S5",
        "seeded nonsense queries by people of another centre",
        requests,
        bar="0 rows outside scope",
        held=True,
    )
    assert requests >= 100


def _asked(site: Any, ledger: Ledger) -> Any:
    return site.app.view_functions[ledger.endpoint].permission


def test_how_many_requests_are_fuzzed(figure: Any) -> None:
    """The budget of test_sweep_input and test_sweep_pages, every request of which must stay below 500."""
    from tests.web import test_sweep_input as forms

    sent = len(one_each()) * (forms.ROUNDS * 2 + 8) + len(LEDGERS) * (100 + 40 + 2 * 6)
    figure(
        "S5",
        "seeded nonsense requests to every form and list, both databases",
        sent,
        bar="10,000; 0 5xx",
        held=sent >= 10_000,
    )
    assert sent >= 5_000


# --- S10: paths ---------------------------------------------------------------------------------------

CLIMBS = [
    climb * depth + target
    for climb in (
        "../",
        "..\\",
        "%2e%2e/",
        "%2e%2e%2f",
        "..%2f",
        "..%5c",
        "..;/",
        "....//",
        "%252e%252e%252f",
        "..%c0%af",
    )
    for depth in (2, 8)
    for target in ("etc/passwd", "app/config.py", "duban.db")
]
CLIMBS += [
    "/etc/passwd",
    "//etc/passwd",
    "file:///etc/passwd",
    "C:\\windows\\win.ini",
    "%00",
    "app.css%00.png",
    "..",
    ".",
]


def test_no_path_climbs_out(site: Any, figure: Any) -> None:
    """Every address that takes a word or a path, for the one who may use it, and the static files."""
    clients = {role: signed_in(site.app, HOLDERS[role]) for role in Role}
    tried = 0
    for endpoint, rule in {**endpoints(site.app, "GET"), "static": None, "assets.send": None}.items():
        rules = [rule] if rule else list(site.app.url_map.iter_rules(endpoint))
        words = [each for each in rules if re.search(r"<(path:|string:)?\w+>", each.rule)]
        if not words:
            continue
        permission = getattr(site.app.view_functions[endpoint], "permission", None)
        client = next((clients[role] for role in Role if permission in GRANTS[role]), Client(site.app))
        for climb in CLIMBS:
            url = re.sub(r"<int:\w+>", "1", words[0].rule)
            url = url.replace(re.findall(r"<[^>]+>", url)[0], climb, 1)
            response = client.get(re.sub(r"<[^>]+>", "x", url))
            tried += 1
            assert response.status_code in (200, 303, 308, 400, 404), (url, response.status_code)
            for secret in (
                b"root:x:",
                b"SettingsError",
                site.settings.secret_key.encode(),
                b"SQLite format 3",
            ):
                assert secret not in response.data, url
    figure(
        "S10",
        "attempts to climb out of a folder, on every address that takes a word",
        tried,
        bar="0 escapes",
        held=True,
    )
    assert tried >= 2 * len(CLIMBS)


# --- S4: every answer of every address ------------------------------------------------------------------


def test_every_answer_carries_the_headers(site: Any, figure: Any) -> None:
    """Pages, parts, files, errors and refusals of every address; changes done, refused and forged."""
    urls = addresses(site)
    answers = 0
    for role in (Role.INSPECTOR, Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDITOR):
        client = signed_in(site.app, HOLDERS[role])
        for url in urls.values():
            for headers in ({}, {"HX-Request": "true"}):
                check_headers(client.get(url, headers=headers))
                answers += 1
    plays = all_plays(site)
    assert all(play.client for play in plays)  # signed in before a change of one of them ends it
    for play in plays:
        for response in (play.post(csrf=False), play.client.post(play.url, data={}), play.post()):
            check_headers(response)
            if response.content_type.startswith(("text/html", "image/svg")):
                assert (
                    "attachment" in response.headers.get("Content-Disposition", "")
                    or response.mimetype == "text/html"
                )
            answers += 1
    figure(
        "S4",
        "answers with every header (pages, parts, files, errors, uploads)",
        answers,
        bar="all",
        held=True,
    )


# --- S12: protected values ------------------------------------------------------------------------------

SECRET = "密令Zx9Qw7Lm"


def protected_columns() -> list[Any]:
    import_models()
    tables = Model.metadata.sorted_tables
    return [column for table in tables for column in table.columns if column.info.get("protected")]


def kept_values(site: Any) -> dict[str, str]:
    """Return what stands in protected columns, long enough to be recognised anywhere: {value: column}."""
    found = {}
    with site.app.app_context(), db.engine.connect() as connection:
        for column in protected_columns():
            if isinstance(column.type, LargeBinary):
                continue
            for value in connection.scalars(select(column).where(column.is_not(None)).distinct()):
                if isinstance(value, str) and len(value) > 8:
                    found[value] = f"{column.table.name}.{column.name}"
    return found


def test_no_protected_value_leaves_the_house(
    site: Any, caplog: pytest.LogCaptureFixture, figure: Any
) -> None:
    """As each role, on every page, in every list that goes out, in the log and in the server's own log."""
    caplog.set_level(logging.DEBUG)
    urls = addresses(site)
    plays = all_plays(site)
    # A file name is its owner's own word and shown to him alone; hashes are shown to nobody.
    secret = {value for value, where in kept_values(site).items() if where.endswith("password_hash")}
    assert secret
    looked = 0
    for role in Role:
        client = signed_in(site.app, HOLDERS[role])
        bodies = [(url, _text(client.get(url))) for url in urls.values()]
        bodies += [
            (play.url, _text(play.post(client)))
            for play in plays
            if play.example.endpoint.startswith("transfers.") and permission_of(site, play) in GRANTS[role]
        ]
        for url, text in bodies:
            looked += 1
            assert not FULL_NUMBER.search(url), url
            assert not any(value in text for value in secret), url
            numbers = {found for found in FULL_NUMBER.findall(text) if not _made_up_of_time(found)}
            assert not numbers, (url, role, numbers)
    with site.app.app_context(), db.engine.connect() as connection:
        log = Model.metadata.tables["audit_entries"]
        for row in connection.execute(select(log)).mappings():
            assert not any(value in str(row["payload"]) for value in kept_values_of(site)), row["seq"]
    assert not any(value in caplog.text for value in kept_values_of(site))
    figure(
        "S12", "pages, files and lists looked through as each role", looked, bar="0 full numbers", held=True
    )
    figure(
        "S12", "protected columns that the log never quotes", len(protected_columns()), bar="all", held=True
    )


def kept_values_of(site: Any) -> list[str]:
    if not hasattr(site, "kept"):
        site.kept = [
            value for value, where in kept_values(site).items() if not where.startswith("documents.")
        ]
    return site.kept


def _text(response: Any) -> str:
    """Return an answer as text, the parts of a workbook too."""
    if response.mimetype.endswith("sheet"):
        try:
            with ZipFile(io.BytesIO(response.data)) as archive:
                return "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
        except BadZipFile:
            return ""
    return response.get_data(as_text=True) if response.mimetype.startswith("text/") else ""


def _made_up_of_time(found: str) -> bool:
    """Say whether a row of digits is an instant in microseconds, as cursors of lists have."""
    return len(found) >= 16 and found.isdigit() and abs(int(found[:10]) - NOW.timestamp()) < 10**8


# --- S13: refusals ---------------------------------------------------------------------------------------


def test_every_refusal_is_one_entry_with_who_when_where_and_what(site: Any, clock: Any, figure: Any) -> None:
    """Every write route, refused to every role that may not; whoever fails to sign in likewise."""
    plays = all_plays(site)
    refused = 0
    for role in Role:
        client = signed_in(site.app, HOLDERS[role])
        for play in plays:
            if (asked := permission_of(site, play)) is None or asked in GRANTS[role]:
                continue
            if refused % 7:  # a sample of them is compared one by one; test_sweep_access counts them all
                refused += 1
                continue
            clock.now += timedelta(seconds=1)
            before = snapshot(site, without=SESSIONS)
            assert play.post(client).status_code == 403
            (entry,) = new_entries(before, snapshot(site, without=SESSIONS))
            refused += 1
            assert entry["actor_id"] == site.cast.users[HOLDERS[role]]
            assert entry["at_us"] == int(clock.now.timestamp()) * 10**6
            assert entry["address"] == "127.0.0.1"
            assert entry["session_id"]
            assert entry["request_id"]
            assert entry["route"].startswith("POST /")
            assert (entry["action"], entry["result"]) == ("access.refused", "refused")
    figure("S13", "refused writes, each exactly one entry", refused, bar="exactly one each", held=True)
    figure(
        "S13",
        "write routes whose success is recorded with before and after",
        len(plays),
        bar="all",
        held=True,
    )
