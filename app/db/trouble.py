"""Failures of the database and the disk, told apart by what their reader can do about them."""

from __future__ import annotations

import errno
import sqlite3
from enum import Enum, auto

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.db.sqlite import WriterBusy


class Trouble(Enum):
    BUSY = auto()  # others hold what we need: wait a moment
    AWAY = auto()  # the database does not answer: it comes back by itself, or somebody has to see to it
    FULL = auto()  # nothing more can be written: somebody has to make room
    TAKEN = auto()  # somebody else was first with the same key, name or number


_ERRNO = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SQLITE = {
    sqlite3.SQLITE_BUSY: Trouble.BUSY,
    sqlite3.SQLITE_LOCKED: Trouble.BUSY,
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_IOERR: Trouble.FULL,
}
_SQLITE_TAKEN = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
# The longest prefix counts. 23505: unique; 55P03: lock_timeout; 40: deadlock; 53100: no room; 57P, 08: gone.
_SQLSTATE = {
    "23505": Trouble.TAKEN,
    "55P03": Trouble.BUSY,
    "40": Trouble.BUSY,
    "53": Trouble.BUSY,
    "53100": Trouble.FULL,
    "58": Trouble.FULL,
    "57P": Trouble.AWAY,
    "08": Trouble.AWAY,
}


def trouble(error: BaseException) -> Trouble | None:
    """Return what kind of failure an error is; None if it is none that passes."""
    if isinstance(error, WriterBusy | PoolTimeout):
        return Trouble.BUSY
    if isinstance(error, OSError):
        return Trouble.FULL if error.errno in _ERRNO else None
    if not isinstance(error, DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", 0)
        return Trouble.TAKEN if code in _SQLITE_TAKEN else _SQLITE.get(code & 0xFF)
    return _of_postgresql(error)


def _of_postgresql(error: DBAPIError) -> Trouble | None:
    state = getattr(error.orig, "sqlstate", "")
    if error.connection_invalidated or state is None:  # no state: the server was not even reached
        return Trouble.AWAY
    fits = [prefix for prefix in _SQLSTATE if state.startswith(prefix)]
    return _SQLSTATE[max(fits, key=len)] if fits else None
