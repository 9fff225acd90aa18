"""The process that does long work: woken by the bell, and sweeping for whatever the bell has missed.

A feature that has long work keeps it in its room `jobs`: `HANDLERS`, a kind to a function of a `Task`; where
it needs them, `PERIODIC`, pairs of minutes and a function of settings and time that is called so often, and
`start(settings)` and `stop()` for something to be kept warm.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from huey.consumer import Consumer
from sqlalchemy import make_url

from app import clock
from app.config import Settings
from app.core.errors import DomainError, NotAllowed, NotFound, Stale
from app.db.uow import UnitOfWork
from app.jobs import claims, results
from app.jobs.bell import open_bell
from app.jobs.claims import Cancelled, Claim, Lost
from app.registry import FEATURES, find_room

SWEEP_EVERY = 10.0  # seconds
_FOR_GOOD = (NotAllowed, NotFound, Stale)  # refusals that do not pass by themselves

log = logging.getLogger(__name__)


class Application(Protocol):
    """What the worker needs of the application, without knowing the web framework."""

    config: Any

    def app_context(self) -> AbstractContextManager[Any]: ...


@dataclass(frozen=True)
class Task:
    """What a handler is given. Nothing slow happens while a handler's unit of work is open.

    A handler may return a plain dict, kept as the job's result; `endpoint` and `values` in it become a link
    to what was made, `rows` is shown as their number.
    """

    claim: Claim
    settings: Settings
    files: list[tuple[Path, str]] = field(default_factory=list)

    @property
    def args(self) -> Mapping[str, Any]:
        return self.claim.args

    def progress(self, done: int, total: int) -> None:
        """Say how far it is, every minute or two, outside of units of work. Raise Lost, Cancelled."""
        if not claims.beat(self.claim, done, total, clock.now()):
            raise Lost
        if claims.cancel_asked(self.claim):
            raise Cancelled

    def file(self, name: str, media_type: str) -> Path:
        """Return an empty file for a result that only its asker may fetch; its name holds nothing secret."""
        path = results.make(self.settings, self.claim.id, self.claim.attempt, name)
        self.files.append((path, media_type))
        return path

    def done_with(self, uow: UnitOfWork, result: dict[str, Any] | None = None) -> None:
        """Mark the job as done in the transaction of its work, so that both are kept or neither.

        The last call within the unit of work. Raise Lost, Cancelled: then nothing of it is kept.
        """
        claims.finish_within(uow.session, self.claim, uow.now, result, self.listed_files())

    def listed_files(self) -> list[dict[str, Any]]:
        """Return the result files as they are kept with the job."""
        return [
            {"name": path.name, "media_type": media_type, "size": path.stat().st_size}
            for path, media_type in self.files
        ]


Handler = Callable[[Task], dict[str, Any] | None]


def run_due(app: Application, stopping: threading.Event | None = None) -> int:
    """Do every due job, one after the other, and return how many; between two jobs it can be stopped."""
    count = 0
    while not (stopping and stopping.is_set()):
        with app.app_context():
            claim = claims.claim(clock.now())
            if claim is None:
                break
            _run(Task(claim, app.config["DUBAN"]))
            count += 1
    return count


def work(app: Application, ready: Callable[[], object]) -> None:
    """Work until a signal says stop, and finish the job in hand first; `ready` is called once it is warm."""
    stopping = threading.Event()
    settings: Settings = app.config["DUBAN"]
    rooms = _rooms()
    for room in rooms:
        if hasattr(room, "start"):
            room.start(settings)
    bell = open_bell(make_url(settings.database_url), lambda: run_due(app, stopping))
    consumer = Consumer(bell.huey, periodic=False, max_delay=0.2, scheduler_interval=60)
    consumer.start()
    # After start(), which sets handlers of its own; with those, one of the signals drops the job in hand.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    ready()
    rounds = [_Round(minutes * 60, run) for room in rooms for minutes, run in getattr(room, "PERIODIC", ())]
    try:
        while not stopping.is_set():
            _guarded(lambda: run_due(app, stopping))
            for each in rounds:
                if each.due_at <= time.monotonic() and not stopping.is_set():
                    each.due_at = time.monotonic() + each.every
                    _guarded(partial(_in_context, app, each.run))
            consumer.check_worker_health()
            stopping.wait(SWEEP_EVERY)
    finally:
        consumer.stop(graceful=True)
        for room in rooms:
            if hasattr(room, "stop"):
                room.stop()


@dataclass
class _Round:
    """Something to be done every so many seconds, the first time at once."""

    every: float
    run: Callable[[Settings, datetime], object]
    due_at: float = 0.0


def _in_context(app: Application, run: Callable[[Settings, datetime], object]) -> None:
    with app.app_context():
        run(app.config["DUBAN"], clock.now())


def _guarded(run: Callable[[], object]) -> None:
    """Do one turn of the sweep; whatever stops it (the database is away) the next turn tries again."""
    try:
        run()
    except Exception:
        log.exception("a turn of the worker's sweep failed")


def _run(task: Task) -> None:
    claim = task.claim
    results.discard_before(task.settings, claim.id, claim.attempt)
    try:
        result = _handler(claim.kind)(task)
    except Lost:
        log.warning("job %s (%s) was taken up by another worker", claim.id, claim.kind)
    except Cancelled:
        if claims.cancel(claim, clock.now()):
            results.discard(task.settings, claim.id, claim.attempt)
    except Exception as error:
        # Only refusals of ours are words to show; another error's text may hold protected values.
        said = isinstance(error, DomainError)
        log.warning("job %s (%s) failed", claim.id, claim.kind, exc_info=not said)
        reason = str(error) if said else type(error).__name__
        if claims.fail(claim, reason, clock.now(), for_good=isinstance(error, _FOR_GOOD)):
            results.discard(task.settings, claim.id, claim.attempt)
    else:
        claims.finish(claim, clock.now(), result, task.listed_files())


def _rooms() -> list[ModuleType]:
    return [room for feature in FEATURES if (room := find_room(feature.name, "jobs"))]


def _handler(kind: str) -> Handler:
    handlers: dict[str, Handler] = {}
    for room in _rooms():
        handlers |= room.HANDLERS
    return handlers[kind]
