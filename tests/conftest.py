"""The house every test lives in; see tests/README.md."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import pytest

pytest.register_assert_rewrite("tests.pages", "tests.sweeps")


class Clock:
    """The clock of the house; it stands still unless a test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def set(self, now: datetime) -> None:
        self.now = now

    def tick(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@pytest.fixture(autouse=True, scope="session")
def _no_foreign_hosts() -> Iterator[None]:
    """Refuse every connection that would leave this machine."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
            raise ConnectionRefusedError(f"tests stay on this machine; {address} is elsewhere")
        real(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    from app import clock as real
    from tests.cast import NOW

    fixed = Clock(NOW)
    monkeypatch.setattr(real, "now", lambda: fixed.now)
    return fixed


@pytest.fixture(scope="session")
def _cheap_passwords() -> Iterator[None]:
    """Hash passwords at the lowest cost; the real cost is measured in bench."""
    from argon2 import PasswordHasher

    from app.accounts import services

    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "_hasher", cheap)
        patch.setattr(services, "_unknown", cheap.hash("nobody"))
        yield


@pytest.fixture(scope="session")
def _sites(_cheap_passwords: None) -> Iterator[Callable[[str], Any]]:
    """Open each kind of database when a test first asks for it, once in every worker."""
    from tests.cast import populate
    from tests.databases import Postgresql, Site, Sqlite

    makers = {"sqlite": Sqlite, "postgresql": Postgresql}
    opened: dict[str, Site] = {}
    tried: set[str] = set()

    def site(kind: str) -> Site:
        if kind not in opened:
            assert kind not in tried, f"{kind} could not be set up; the first error says why"
            tried.add(kind)
            opened[kind] = Site(makers[kind](), populate)
        return opened[kind]

    yield site
    for each in opened.values():
        each.close()


@pytest.fixture
def site(
    request: pytest.FixtureRequest,
    _sites: Callable[[str], Any],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Any]:
    """A site as the cast left it: SQLite, or PostgreSQL where `both_databases` asks for it too."""
    from app.jobs import queue

    monkeypatch.setattr(queue, "wake", lambda url: None)  # no worker listens; jobs stay in their table
    site = _sites(getattr(request, "param", "sqlite"))
    site.reset()
    yield site
    site.let_go()


@pytest.fixture
def app(site: Any) -> Any:
    """The application. No context is held: client calls bring their own."""
    return site.app


@pytest.fixture
def cast(site: Any) -> SimpleNamespace:
    """The ids of the cast; see tests/cast.py."""
    return site.cast


@pytest.fixture
def db_context(app: Any) -> Iterator[Any]:
    """The application with its context pushed, for tests of services and queries; never with a client."""
    with app.app_context():
        yield app


@pytest.fixture
def sign_in(app: Any) -> Callable[[str], Any]:
    """Return a signed-in client: `sign_in("wang").get(url)`, `.post(url, data)` with a CSRF token."""
    from flask import has_app_context

    from tests.client import signed_in

    def sign_in(username: str) -> Any:
        assert not has_app_context(), "never hold an app context around client calls"
        return signed_in(app, username)

    return sign_in


@pytest.fixture
def anonymous(app: Any) -> Any:
    """A client that has not signed in."""
    from tests.client import Client

    return Client(app)


class TellFigure(Protocol):
    def __call__(
        self, row: str, what: str, value: object, *, bar: str, held: bool, command: str = ""
    ) -> None: ...


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> TellFigure:
    """Add what was measured to the file that DUBAN_FIGURES names; docs/quality.md is made from it."""
    path = Path(request.node.nodeid.partition("::")[0]).as_posix()

    def figure(
        row: str, what: str, value: object, *, bar: str, held: bool, command: str = f"./duban test {path}"
    ) -> None:
        _note({"row": row, "what": what, "value": value, "bar": bar, "held": held, "command": command})

    return figure


@pytest.fixture(scope="module")
def tally(request: pytest.FixtureRequest) -> Iterator[Callable[[str, str, int, str], None]]:
    """Sum up over the tests of a module what is told as one figure: `tally("R3", what, 12, "bar")`."""
    sums: dict[tuple[str, str, str], int] = {}
    failed = request.session.testsfailed
    path = Path(request.node.nodeid).as_posix()

    def tally(row: str, what: str, count: int, bar: str) -> None:
        sums[row, what, bar] = sums.get((row, what, bar), 0) + count

    yield tally
    held = request.session.testsfailed == failed
    for (row, what, bar), value in sums.items():
        told = {"row": row, "what": what, "value": value, "bar": bar, "held": held}
        _note({**told, "command": f"./duban test {path}"})


def _note(line: dict[str, object]) -> None:
    if named := os.environ.get("DUBAN_FIGURES"):  # one write to the end: several processes share the file
        with open(named, "ab", buffering=0) as file:
            file.write((json.dumps(line, ensure_ascii=False) + "\n").encode())


@pytest.fixture
def quick_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Receive each photo once: where a request is repeated many times, its reading is not what is tested."""
    from app.web import uploads
    from tests.factories.inspections import receive_once

    monkeypatch.setattr(uploads, "receive", receive_once)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of few, long tests: at the end one process would work on them alone."""
    items.sort(key=lambda item: not item.nodeid.startswith(("tests/browser/", "tests/reliability/")))


# `@both_databases` on a test, or `pytestmark = both_databases` in a module.
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("both_databases") and "site" in metafunc.fixturenames:
        metafunc.parametrize("site", ["sqlite", "postgresql"], indirect=True)


with suppress(ImportError):  # the settings of Hypothesis, where a test wants it
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        "house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    settings.load_profile("house")
