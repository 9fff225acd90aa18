"""What somebody does who owns the database, for the tests of what is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, create_engine, text

from app.audit import verification
from app.audit.reports import Report
from app.extensions import db

TABLES = ("audit_entries", "audit_heads", "audit_checkpoints")


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Open a connection of one's own in a transaction, and leave nothing behind."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def owner(site: Any, *, guarded: bool = False) -> Iterator[Connection]:
    """Open a connection as the owner of the tables, the triggers out of the way unless `guarded`."""
    with connected(site.settings.owner_url) as connection:
        if not guarded and site.kind == "sqlite":
            names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
            for name in names:
                connection.execute(text(f"DROP TRIGGER {name}"))
        elif not guarded:
            for table in TABLES:
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        yield connection


def run(connection: Connection, statement: str, **values: Any) -> Any:
    return connection.execute(text(statement), values)


def verify(site: Any, *, full: bool = True) -> Report:
    return verification.verify(db.engine, site.settings, full=full)


def found(report: Report) -> list[str]:
    """Return the faults as "centre/seq problem"."""
    return [f"{fault.place} {fault.problem}" for fault in report.faults]
