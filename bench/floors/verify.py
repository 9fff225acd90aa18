"""The smallest honest check of the log: read its rows in order, hash each, compare each link."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from hashlib import sha256
from typing import Any

ROWS = "SELECT * FROM audit_entries ORDER BY centre_id, seq"


def sqlite(file: str) -> int:
    """Return how many rows were checked."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return _check(connection.execute(ROWS))


def postgresql(url: str) -> int:
    import psycopg

    with psycopg.connect(url) as connection, connection.cursor("rows") as cursor:
        cursor.execute(ROWS)
        return _check(cursor)


def _check(cursor: Any) -> int:
    count = 0
    last: dict[int, str] = {}
    while rows := cursor.fetchmany(2000):
        for row in rows:
            assert last.get(row[0], "0" * 64) == row[-2]
            if sha256("\x1f".join(map(str, row[:-1])).encode()).digest():
                last[row[0]] = row[-1]
            count += 1
    return count
