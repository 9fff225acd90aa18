"""The large demo: years of patrols at the demo centre, to try lists and the log at their full size."""

from __future__ import annotations

import gc
import multiprocessing
import pickle
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from multiprocessing.connection import Connection
from queue import Queue

from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg

from app import clock
from app.audit import checkpoints
from app.config import Settings
from app.core import collecting
from app.db.sqlite import prepare_load, refresh_statistics
from app.db.stories import Batch, Ids, Story, prepare
from app.db.uow import end_reading, short_transaction, unit_of_work
from app.documents.services import next_serial
from app.extensions import db
from app.permissions import Origin, system_actor
from app.registry import import_models
from app.seeding import demo, demo_stage, demo_story, large_hall, large_rounds
from app.seeding.large_hall import Hall
from app.seeding.large_notices import Desk

SEED = 20200102
FINDINGS = 1_000_000
YEARS = 7
SIGNED_EVERY = 13  # weeks
DIALECTS = {"sqlite": sqlite.dialect, "postgresql": psycopg.dialect}


@dataclass(frozen=True)
class Week:
    """A week of work, ready to be written: what happened until a day, and the serial numbers it used."""

    until: date
    findings: int
    batch: Batch
    used: Counter[tuple[str, int]]


@dataclass(frozen=True)
class Progress:
    """How far the load has come."""

    day: date
    findings: int
    entries: int
    seconds: float


def run(
    settings: Settings, now: datetime, said: Callable[[Progress], None], findings: int = FINDINGS
) -> None:
    """Fill an empty database with years of work and then the small demo's story, saying how far it has come.

    Raise NotAllowed if there is a centre already: a load that was interrupted begins anew elsewhere.
    """
    started = time.perf_counter()
    today = clock.local(now).date()
    began = date(today.year - YEARS + 1, 1, 2)
    demo.open_centre(today, began, began)
    end_reading()
    hall = large_hall.load(began, today - timedelta(days=demo_stage.DAYS))
    kind = db.engine.dialect.name
    prepare_load(db.session())
    actor = system_actor("演示数据", Origin(route="seed demo"))
    found = entries = 0
    with _told_elsewhere(hall, findings, settings.base_url, kind) as weeks, _collecting_seldom():
        for number, week in enumerate(weeks, 1):
            with unit_of_work(actor, now) as uow:
                uow.tell(week.batch)
                for (kind, year), count in week.used.items():
                    next_serial(uow, hall.centre_id, kind, year, count)
            found, entries = found + week.findings, entries + len(week.batch.entries)
            if number % SIGNED_EVERY == 0:
                gc.collect()
                _sign(settings, clock.at_office(datetime.combine(week.until, datetime.min.time())))
                said(Progress(week.until, found, entries, time.perf_counter() - started))
    demo.grant_absences(today)
    demo_story.run(settings, now)
    _sign(settings, now)
    said(Progress(today, found, entries, time.perf_counter() - started))


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Search for cycles now and then only, and not in what is there already."""
    gc.collect()
    gc.freeze()
    try:
        with collecting.put_off():
            yield
    finally:
        gc.unfreeze()


def _sign(settings: Settings, at: datetime) -> None:
    checkpoints.sign(settings, at)
    with short_transaction() as session:
        refresh_statistics(session)


@contextmanager
def _told_elsewhere(hall: Hall, findings: int, base_url: str, database: str) -> Iterator[Iterator[Week]]:
    """Tell the weeks in a process of its own while this one writes: telling is as much work as writing."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    teller = spawn.Process(target=_send, args=(there, hall, findings, base_url, database), daemon=True)
    teller.start()
    there.close()

    # Taken out of the pipe while the week before is written, so that the teller never waits for that.
    ready: Queue[bytes] = Queue(maxsize=2)

    def receive() -> None:
        with suppress(EOFError, OSError):  # the teller has died, or nobody listens any more
            while True:
                ready.put(here.recv_bytes())
        ready.put(b"")

    def weeks() -> Iterator[Week]:
        while sent := ready.get():
            week: Week | None = pickle.loads(sent)  # noqa: S301  (our own child's)
            if week is None:
                return
            yield week
        raise EOFError("whoever tells the weeks has died")

    threading.Thread(target=receive, daemon=True).start()
    try:
        yield weeks()
    finally:
        here.close()
        teller.terminate()
        teller.join()


def _send(pipe: Connection, hall: Hall, findings: int, base_url: str, database: str) -> None:
    import_models()
    with _collecting_seldom():
        for week in tell(hall, findings, base_url, database):
            pipe.send(week)
        pipe.send(None)


def tell(hall: Hall, findings: int, base_url: str, database: str) -> Iterator[Week]:
    """Yield the weeks of all years, the same every time, ready for a kind of database."""
    dialect = DIALECTS[database]()
    rng = random.Random(SEED)  # noqa: S311  (the same demo on every machine, nothing secret)
    ids, last = Ids(hall.last_ids), Counter[tuple[str, int]]()
    weeks = groupby(large_rounds.plan(hall, findings), key=lambda each: each.day.isocalendar()[:2])
    desk = Desk(hall, ids, last, rng, base_url)
    for _, rounds in weeks:
        before, until, found = last.copy(), hall.days[0], 0
        stories: list[Story] = []
        for until, walks in groupby(rounds, key=lambda each: each.day):  # noqa: B007  (the last one is told)
            brought = []
            for each in walks:
                patrol, seen = large_rounds.walk(hall, each, ids, last, rng)
                stories += [patrol, *(one.story for one in seen)]
                brought += seen
            stories += desk.issue(brought)
            found += len(brought)
        yield Week(until, found, prepare(stories, dialect), last - before)
