"""S8: how long a wrong password takes for an account that exists, against one that does not."""

from __future__ import annotations

import re
import statistics
import time
from typing import Any
from urllib.parse import urlencode

from bench import sites
from bench.options import parser, said
from bench.recording import csrf_token
from bench.sites import INSPECTOR, Site
from bench.table import Line, show


def _refused(site: Site, client: Any, token: str, username: str) -> tuple[float, bytes]:
    """Return the processor time of one refusal, in ms, and its page without the name that was typed."""
    form = urlencode({"csrf_token": token, "username": username, "password": "wrong and long enough"})
    start = time.process_time()
    answer = client.post("/sign-in", data=form, content_type="application/x-www-form-urlencoded")
    spent = (time.process_time() - start) * 1000
    assert answer.status_code == 422, answer.status
    page = re.sub(rb"[\w.-]{16,}", b"", answer.data)  # tokens and numbers of requests
    return spent, page.replace(username.encode(), b"NAME")


def _forget(site: Site) -> None:
    """Take back what a refusal leaves: it is the first one that is measured, never a locked account's."""
    from sqlalchemy import delete, update

    from app.accounts.models import SignInFailure, User
    from app.extensions import db

    with site.app.app_context(), db.engine.begin() as connection:
        connection.execute(delete(SignInFailure.__table__))
        connection.execute(update(User.__table__).values(locked_until=None))


def run(arguments: list[str]) -> bool:
    parsing = parser("sign_in", findings=False, database=False)
    parsing.add_argument("--tries", type=int, default=200)
    options = parsing.parse_args(arguments)
    names = {"known": INSPECTOR, "unknown": "meiyouzhege"}
    times: dict[str, list[float]] = {name: [] for name in names}
    pages: dict[str, set[bytes]] = {name: set() for name in names}
    with sites.planted("sqlite") as site:
        client, token = site.app.test_client(), csrf_token(site.app)
        with client.session_transaction() as session:
            session["csrf_token"] = "bench"
        for number in range(options.tries):
            for name in list(names)[:: 1 if number % 2 else -1]:
                spent, page = _refused(site, client, token, names[name])
                times[name].append(spent)
                pages[name].add(page)
                _forget(site)
        sites.let_go(site)
    known, unknown = (statistics.median(times[name]) for name in names)
    made_of = {"floor": f"{unknown:.0f} ms", "ours": f"{known:.0f} ms"}
    note = f"median of {options.tries} each, processor time"
    lines = [
        Line(
            "S8",
            "known against unknown account",
            abs(known / unknown - 1) * 100,
            10,
            unit="%",
            **made_of,
            note=note,
        ),
        Line("S8", "pages that differ", len(pages["known"] ^ pages["unknown"]), 0, unit=""),
    ]
    return show("sign_in", "sign_in: a wrong password", lines, said(options))
