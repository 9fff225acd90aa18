"""Sites to measure on: the demo centre, freshly planted, or with the large demo out of the cache."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flask import Flask

from bench.places import Server, base, folder, server

TODAY = date(2026, 11, 18)
INSPECTOR = "shenyanqiu"
FULL, SMALL = 1_000_000, 1_000  # findings of the large demo, and of the one that it is compared with
ROOT = Path(__file__).resolve().parent.parent
# What decides what the large demo looks like: a change here builds it anew.
SOURCES = ("migrations/versions", "app/seeding", "app/db/stories.py", "app/audit/chain.py", "seeds")


@dataclass
class Site:
    """An application on a database of its own, and where it lives."""

    kind: str
    folder: Path
    environ: dict[str, str]
    app: Flask

    def actor(self, username: str = INSPECTOR) -> Any:
        """Return a user of the demo as services take him; needs an application context."""
        from app.accounts import queries
        from app.permissions import Origin

        user = queries.find_user(username)
        assert user is not None
        roles = frozenset(grant.role for grant in user.roles if grant.withdrawn_at is None)
        return queries.build_actor(user, roles, TODAY, Origin(route="bench"))

    def cookie(self, username: str = INSPECTOR) -> str:
        """Sign in and return the Cookie header of the session."""
        from app import clock
        from app.accounts import services
        from app.permissions import Origin
        from app.seeding.demo import PASSWORD

        with self.app.app_context():
            token = services.sign_in(username, PASSWORD, Origin(address="127.0.0.1"), "bench", clock.now())
        serializer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        value = serializer.dumps({"token": token, "csrf_token": "bench"})
        return f"{self.app.config['SESSION_COOKIE_NAME']}={value}"


def open_site(environ: dict[str, str]) -> Flask:
    """Build the application of a site that exists, in this or another process."""
    from app import config, create_app

    return create_app(config.load(environ))


def let_go(site: Site) -> None:
    """Close the application's connections."""
    from app.extensions import db

    with site.app.app_context():
        db.session.remove()
        db.engine.dispose()


def _open(kind: str, path: Path, urls: dict[str, str]) -> Site:
    environ = {"DUBAN_ENV": "test", "DUBAN_INSTANCE": str(path), **urls}
    return Site(kind, path, environ, open_site(environ))


def _make(kind: str, path: Path, urls: dict[str, str], fill: Callable[[Any], None]) -> Site:
    from app import config
    from app.db import migrate

    environ = {"DUBAN_ENV": "test", "DUBAN_INSTANCE": str(path), **urls}
    logging.disable(logging.INFO)  # migrations tell their progress
    migrate.upgrade(config.load(environ))
    site = _open(kind, path, urls)
    with site.app.app_context():
        fill(site.app.config["DUBAN"])
    let_go(site)
    return site


@contextmanager
def planted(kind: str) -> Iterator[Site]:
    """A new site with the centre of the demo and no work done there; gone afterwards."""
    from app.seeding import demo

    with folder() as path:
        if kind == "sqlite":
            yield _make(kind, path / "site", {}, lambda _: demo.plant(TODAY))
            return
        with server() as running:
            name = path.name.replace("-", "_").lower()
            running.create(name)
            try:
                yield _make(kind, path / "site", running.urls(name), lambda _: demo.plant(TODAY))
            finally:
                running.drop(name)


@contextmanager
def large(kind: str, findings: int = FULL, *, to_write: bool = False) -> Iterator[Site]:
    """The large demo out of the cache, built if need be; `to_write` gives a copy that is gone afterwards."""
    if kind == "sqlite":
        kept = _kept(kind, findings, None)
        if not to_write:
            yield _open(kind, kept, {})
            return
        with folder() as path:
            shutil.copytree(kept, path / "site")
            os.sync()  # or the first commit measured carries the whole copy to the disk
            yield _open(kind, path / "site", {})
        return
    with server() as running:
        kept = _kept(kind, findings, running)
        name = kept.name.replace("-", "_")
        if not to_write:
            yield _open(kind, kept, running.urls(name))
            return
        with folder() as path:
            shutil.copytree(kept, path / "site")
            running.create(f"{name}_copy", name)
            os.sync()
            try:
                yield _open(kind, path / "site", running.urls(f"{name}_copy"))
            finally:
                running.drop(f"{name}_copy")


def built_in(kind: str, findings: int) -> float:
    """Return how many seconds it took to build what `large` gives."""
    return float(json.loads((base() / _name(kind, findings) / "built.json").read_text())["seconds"])


def _name(kind: str, findings: int) -> str:
    digest = hashlib.sha256()
    for source in SOURCES:
        path = ROOT / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.suffix in (".py", ".toml"):
                digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return f"{kind}-{findings}-{digest.hexdigest()[:12]}"


def _kept(kind: str, findings: int, running: Server | None) -> Path:
    """Return the folder of a built site; build it, and forget the one that older code made, if need be."""
    path = base() / _name(kind, findings)
    if (path / "built.json").exists():
        return path
    for old in [*base().glob(f"{kind}-{findings}-*"), path]:
        if running:
            running.drop(old.name.replace("-", "_"))
        shutil.rmtree(old, ignore_errors=True)
    urls = {}
    if running:
        running.create(path.name.replace("-", "_"))
        urls = running.urls(path.name.replace("-", "_"))
    print(f"  building {path.name}, once", flush=True)
    start = time.perf_counter()
    _make(kind, path, urls, lambda settings: _fill(settings, findings))
    seconds = time.perf_counter() - start
    if running:
        running.analyse(path.name.replace("-", "_"))
    (path / "built.json").write_text(json.dumps({"seconds": seconds}))
    return path


def _fill(settings: Any, findings: int) -> None:
    from app import clock
    from app.seeding import large as demo

    demo.run(settings, clock.now(), lambda progress: print(f"  {progress}", flush=True), findings)
