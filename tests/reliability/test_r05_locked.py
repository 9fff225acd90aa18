"""R5: many write at once and nobody hears of a lock; a lock held too long is a clear 503 and no change."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from app.db import sqlite
from app.extensions import db
from tests.client import Client
from tests.factories.base import one_each
from tests.pages import Page
from tests.reliability.load import KEY, creations, verdict
from tests.sweeps import Play, assert_unchanged, set_up

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("quick_photos")]
WRITERS = 16


# --- sixteen writers ------------------------------------------------------------------------------


def write(play: Play, client: Client, seconds: float, ready: Any, results: Any) -> None:
    """Send the same form under new keys as fast as it goes; in a process of its own."""
    found: Counter[int] = Counter()
    keys, longest = [], 0.0
    ready.wait()
    until = time.monotonic() + seconds
    while (start := time.monotonic()) < until:
        key = uuid.uuid4().hex
        status = play.post(client, data={KEY: key}).status_code
        found[status] += 1
        keys += [key] if status == 303 else []
        longest = max(longest, time.monotonic() - start)
    with play.site.app.app_context():
        db.session.remove()
        db.engine.dispose()
    results.put((dict(found), keys, longest))


def test_sixteen_writers_hear_nothing_of_locks(site: Any, length: Any, tell: Any) -> None:
    seconds = length(4.0, 60.0)
    plays = creations(site)
    for play in plays:
        assert play.client
        play.client.token()
    site.let_go()
    fork = multiprocessing.get_context("fork")  # as gunicorn does: the application is built once
    ready, results = fork.Barrier(WRITERS), fork.Queue()
    given = [plays[number % len(plays)] for number in range(WRITERS)]
    processes = [
        fork.Process(target=write, args=(play, play.client, seconds, ready, results)) for play in given
    ]
    for process in processes:
        process.start()
    found = [results.get(timeout=seconds + 120) for _ in processes]
    for process in processes:
        process.join()
    statuses = sum((Counter(each) for each, _, _ in found), Counter())
    acknowledged = [key for _, keys, _ in found for key in keys]
    refused = sum(count for status, count in statuses.items() if status != 303)
    what = f"{site.kind}: changes refused, of {statuses.total()} by {WRITERS} writers in {seconds:g} s"
    tell(what, refused, bar="0", held=refused == 0)
    after = verdict(site, acknowledged)
    tell(f"{site.kind}: of these lost, doubled, without entry", after.lost, bar="0", held=after.clean)
    idle = sum(not keys for _, keys, _ in found)
    tell(f"{site.kind}: writers that came to nothing", idle, bar="0", held=not idle)


# --- a lock that is held --------------------------------------------------------------------------


@contextmanager
def locked(site: Any) -> Iterator[None]:
    """Hold what every change needs: the queue of the embedded database, or the chains' heads."""
    if site.kind == "sqlite":
        handle = os.open(f"{site.base.file}.queue", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(handle)
        return
    with closing(psycopg.connect(site.settings.owner_url.replace("+psycopg", ""))) as holder:
        names = holder.execute(
            "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
        assert names
        holder.execute(f"LOCK TABLE {names[0]} IN SHARE MODE")  # everybody may read, nobody write
        yield


@pytest.fixture
def impatient(site: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let nobody wait eight seconds in a test that tries every form."""
    monkeypatch.setattr(sqlite, "PATIENCE_S", 0.05)
    with site.app.app_context():
        engine = db.engine

    def hurry(connection: Any) -> None:
        if site.kind == "postgresql":
            connection.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")

    event.listen(engine, "begin", hurry)
    yield
    event.remove(engine, "begin", hurry)


def test_a_lock_that_is_held_is_a_503_and_no_change(
    site: Any, impatient: None, length: Any, tell: Any
) -> None:
    """Every write route, while another holds the lock; afterwards the same form succeeds."""
    tried, told = 0, 0
    for example in length.some(one_each(), 7.0):
        play = set_up(site, example)
        before = play.snapshot()
        with locked(site):
            response = play.post()
        after = play.snapshot()
        assert_unchanged(before, after)
        if response.status_code == 503:
            assert response.headers["Retry-After"].isdigit(), example.name
            Page(response, 503)
            told += 1
            assert play.post().status_code == example.status, f"{example.name}, when the lock was gone"
        else:  # it writes no row, but a cookie
            assert play.post().status_code == response.status_code
            assert_unchanged(before, play.snapshot())
        tried += 1
    what = f"{site.kind}: write routes answered 503 with Retry-After and no change while a lock was held"
    tell(what, told, bar=f"{tried} but those that write no row", held=told >= tried * 0.9)


def test_a_writer_is_told_within_ten_seconds_and_reading_goes_on(
    site: Any, clock: Any, sign_in: Any, tell: Any
) -> None:
    """A lock held longer than anyone waits, with the real patience; pages open, last uses go unnoted."""
    client, reader = sign_in("wang"), sign_in("head")
    clock.tick(minutes=5)
    answered: list[tuple[int, float]] = []

    def write() -> None:
        start = time.monotonic()
        answered.append((client.post("/sign-out").status_code, time.monotonic() - start))

    with locked(site):
        writer = threading.Thread(target=write)
        writer.start()
        start = time.monotonic()
        pages = [reader.get(url).status_code for url in ("/", "/findings", "/registers")]
        waited = time.monotonic() - start
        writer.join()
    (status, seconds), *_ = answered
    held = status == 503 and seconds <= 10
    tell(f"{site.kind}: seconds until the 503", round(seconds, 1), bar="≤ 10", held=held)
    held = pages == [200, 200, 200] and waited < 5
    tell(f"{site.kind}: seconds for three pages meanwhile", round(waited, 1), bar="≤ 5, all 200", held=held)
    assert client.post("/sign-out").status_code == 303
