"""Failures of the database and the disk, told apart."""

from __future__ import annotations

import errno
import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.db.sqlite import WriterBusy
from app.db.trouble import Trouble, trouble


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (WriterBusy(), Trouble.BUSY),
        (PoolTimeout(), Trouble.BUSY),
        (OSError(errno.ENOSPC, "no room"), Trouble.FULL),
        (OSError(errno.EDQUOT, "quota"), Trouble.FULL),
        (FileNotFoundError(errno.ENOENT, "gone"), None),
        (OperationalError("", {}, sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT)), Trouble.BUSY),
        (OperationalError("", {}, sqlite_error(sqlite3.SQLITE_FULL)), Trouble.FULL),
        (OperationalError("", {}, sqlite_error(sqlite3.SQLITE_IOERR_WRITE)), Trouble.FULL),
        (IntegrityError("", {}, sqlite_error(sqlite3.SQLITE_CONSTRAINT_UNIQUE)), Trouble.TAKEN),
        (IntegrityError("", {}, psycopg.errors.UniqueViolation()), Trouble.TAKEN),
        (IntegrityError("", {}, sqlite_error(sqlite3.SQLITE_CONSTRAINT_NOTNULL)), None),
        (IntegrityError("", {}, psycopg.errors.CheckViolation()), None),
        (DatabaseError("", {}, sqlite_error(sqlite3.SQLITE_CORRUPT)), None),
        (OperationalError("", {}, psycopg.errors.LockNotAvailable()), Trouble.BUSY),
        (OperationalError("", {}, psycopg.errors.DeadlockDetected()), Trouble.BUSY),
        (OperationalError("", {}, psycopg.errors.TooManyConnections()), Trouble.BUSY),
        (OperationalError("", {}, psycopg.errors.DiskFull()), Trouble.FULL),
        (OperationalError("", {}, psycopg.errors.AdminShutdown()), Trouble.AWAY),
        (OperationalError("", {}, psycopg.errors.CannotConnectNow()), Trouble.AWAY),
        (OperationalError("", {}, psycopg.OperationalError("not reached")), Trouble.AWAY),
        (DatabaseError("", {}, psycopg.errors.UndefinedTable()), None),
        (OperationalError("", {}, Exception("of no driver")), None),
        (ValueError(), None),
    ],
    ids=repr,
)
def test_a_failure_is_told_apart(error: Exception, kind: Trouble | None) -> None:
    assert trouble(error) is kind
