"""R2: the database server is killed under load; nothing is lost, and the pages come back by themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from app.extensions import db
from tests.cast import populate
from tests.client import signed_in
from tests.databases import Postgresql, Site
from tests.pages import Page
from tests.reliability.load import Load, creations, verdict
from tests.reliability.served import Served, cookie_of

PATIENCE = 60


@pytest.fixture
def durable(_cheap_passwords: None, clock: Any) -> Iterator[Site]:
    """A site on a PostgreSQL of its own that keeps what it has acknowledged, as in production."""
    site = Site(Postgresql(own=True, durable=True), populate)
    site.reset()
    yield site
    site.close()


def comes_back(server: Served, cookie: str) -> float:
    """Return how long it took until a page opened again."""
    start = time.monotonic()
    while server.get("/findings", cookie) != 200:
        assert time.monotonic() - start < PATIENCE, server.log.read_text()[-2000:]
        time.sleep(0.05)
    return time.monotonic() - start


def test_a_database_killed_under_load_loses_nothing(durable: Site, length: Any, tell: Any) -> None:
    kills = length(2, 10)
    plays = creations(durable)
    reader = cookie_of(signed_in(durable.app, "wang"))
    away: list[int] = []
    with Served(durable) as server, Load(server.url, plays) as load:
        assert load.wait_for(10), load.strange
        back = []
        for _ in range(kills):
            durable.base.kill()
            away.append(server.get("/findings", reader))
            time.sleep(0.3)
            durable.base.start()
            back.append(comes_back(server, reader))
            assert load.wait_for(10), (load.statuses, load.strange)
        load.stop()
    after = verdict(durable, load.acknowledged)
    what = f"of {len(load.acknowledged)} acknowledged around {kills} kills of the server, lost"
    tell(what, after.lost, bar="0", held=after.clean)
    tell("doubled, without an entry, faults of the log", after.doubled + after.halves + after.faults,
         bar="0", held=after.clean)  # fmt: skip
    tell("answers that were neither success nor a clear 503", len(load.strange), bar="0",
         held=not load.strange, seen=load.strange[:5])  # fmt: skip
    tell("pages while it was away", sorted(set(away)), bar="503", held=set(away) == {503})
    tell("seconds until pages opened again, without a restart of ours", round(max(back), 1), bar="≤ 10",
         held=max(back) <= 10)  # fmt: skip
    client = signed_in(durable.app, "wang")
    durable.base.kill()
    Page(client.get("/findings"), 503)
    durable.base.start()
    Page(client.get("/findings"))
    with durable.app.app_context():
        db.session.remove()
