"""How connections to the embedded database behave, and the queue its writers stand in."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from app.db.sqlite_rights import ApplicationConnection, restrict

WRITE = "duban_write"  # execution option: this transaction will write
PATIENCE_S = 8.0


class WriterBusy(Exception):
    """Another process has held the write queue for longer than anyone should wait."""


@event.listens_for(Engine, "connect")
def _prepare(dbapi_connection: object, _record: object) -> None:
    if not isinstance(dbapi_connection, sqlite3.Connection):
        return
    dbapi_connection.isolation_level = None  # BEGIN is ours, below
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "recursive_triggers=ON",  # else INSERT OR REPLACE slips past the audit triggers
        "trusted_schema=OFF",
        "busy_timeout=5000",
    ):
        dbapi_connection.execute(f"PRAGMA {pragma}")
    # SQLite's own folds ASCII only: a search for äpfel would find Äpfel on PostgreSQL alone.
    dbapi_connection.create_function("lower", 1, _lower, deterministic=True)
    if isinstance(dbapi_connection, ApplicationConnection):
        restrict(dbapi_connection)


def _lower(value: object) -> str | None:
    return None if value is None else str(value).lower()


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        write = connection.get_execution_options().get(WRITE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def write_turn(session: Session, *, waiting: bool = True) -> Iterator[None]:
    """Wait for one's turn to write. SQLite's own busy handler starves writers (1.9 s against 50 ms)."""
    url = session.get_bind().engine.url
    if url.get_backend_name() != "sqlite" or not url.database:
        yield
        return
    handle = os.open(f"{url.database}.queue", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if not waiting:
            os.close(handle)
            raise WriterBusy from None
        _stand_in_line(handle)
    try:
        yield
    finally:
        os.close(handle)


def _stand_in_line(handle: int) -> None:
    """Wait where the kernel keeps the order of arrival; whoever asks again and again may starve.

    The kernel's queue knows no time-out, so that a thread stands in it and the caller can give up.
    """
    door, arrived = threading.Lock(), threading.Event()
    gone = False

    def stand() -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with door:
            arrived.set()
            if gone:
                os.close(handle)

    threading.Thread(target=stand, daemon=True).start()
    arrived.wait(PATIENCE_S)
    with door:
        gone = not arrived.is_set()
    if gone:
        raise WriterBusy


def prepare_load(session: Session) -> None:
    """Give this process's connection room for a long load: pages are written once a batch, not many times."""
    if session.get_bind().dialect.name == "sqlite":
        for pragma in ("cache_size=-800000", "wal_autocheckpoint=50000"):
            session.connection().exec_driver_sql(f"PRAGMA {pragma}")


def refresh_statistics(session: Session) -> None:
    """Tell the planner how large the tables are, inside a write transaction; a few milliseconds.

    Without it SQLite takes every index for equally good, and a search walks the whole ledger.
    PostgreSQL's autovacuum does the same by itself.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA analysis_limit=1000")
        connection.exec_driver_sql("ANALYZE")
