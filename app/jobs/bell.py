"""The bell that wakes the worker. It carries one message, "something is due"; the truth is the row in `jobs`.

SQLite: a file queue.db beside the database. PostgreSQL: huey's own tables, made by the owner of the
database at `db upgrade`; LISTEN/NOTIFY wakes the worker at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from huey import PostgresHuey, SqliteHuey
from huey.api import TaskWrapper
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import PostgresStorage
from sqlalchemy import DDL, URL, Connection


class _Json(Serializer):  # type: ignore[misc]
    """Messages as JSON; huey's pickle would run whatever someone puts into the queue."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps(data).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(*json.loads(bytes(data)))


def open_bell(url: URL, run: Callable[[], object]) -> TaskWrapper:
    """Return the bell of a database: calling it rings, a consumer of its `huey` answers with `run`."""
    if url.get_backend_name() == "sqlite":
        place = Path(url.database or "").with_name("queue.db")
        # A lost ring costs nothing, so nobody waits for the disk or for a lock.
        huey = SqliteHuey("duban", results=False, serializer=_Json(), filename=place, fsync=False, timeout=1)
    else:
        dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        huey = PostgresHuey("duban", results=False, serializer=_Json(), dsn=dsn, create_tables=False)

    def answer() -> None:
        run()

    huey.on_shutdown("close")(
        huey.storage.close
    )  # in the consumer's thread, which has connections of its own
    return huey.task()(answer)


def create_tables(connection: Connection) -> None:
    """Make huey's tables on PostgreSQL, as their owner: the application's role may not."""
    for statement in PostgresStorage(create_tables=False).ddl:
        connection.execute(DDL(statement))  # type: ignore[no-untyped-call]
