"""What the sweeps share: taking a whole database down as plain rows, and playing an example."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import inspect, text
from werkzeug.test import TestResponse

from app.db.mixins import Audited
from app.extensions import Model, db
from tests.client import Client, signed_in
from tests.factories.base import Example, Ids

LOG = ("audit_entries", "audit_heads")
Rows = dict[tuple[Any, ...], dict[str, Any]]
Snapshot = dict[str, Rows]


def snapshot(site: Any, *, without: tuple[str, ...] = ()) -> Snapshot:
    """Return every row of every table, by primary key."""
    with site.app.app_context(), db.engine.connect() as connection:
        names = _tables(site, connection)
        found: Snapshot = {}
        for name, keys in names.items():
            if name in without:
                continue
            rows = connection.execute(text(f'SELECT * FROM "{name}"')).mappings()
            found[name] = {tuple(row[key] for key in keys) or tuple(row.values()): dict(row) for row in rows}
            if name == "user_sessions":
                for row in found[name].values():
                    row.pop("seen_at")
        return found


def _tables(site: Any, connection: Any) -> dict[str, tuple[str, ...]]:
    if not hasattr(site, "table_keys"):
        seen = inspect(connection)
        # FTS5 keeps its index in tables of its own, named after the one that is read.
        names = [name for name in seen.get_table_names() if "_search_" not in name and "huey" not in name]
        site.table_keys = {
            name: tuple(seen.get_pk_constraint(name)["constrained_columns"]) for name in sorted(names)
        }
    return site.table_keys


def differences(before: Snapshot, after: Snapshot) -> dict[str, dict[tuple[Any, ...], tuple[Any, Any]]]:
    """Return {table: {key: (row before, row after)}} of what changed."""
    found: dict[str, dict[tuple[Any, ...], tuple[Any, Any]]] = {}
    for name in after:
        old, new = before.get(name, {}), after[name]
        if old != new:
            found[name] = {
                key: (old.get(key), new.get(key)) for key in {*old, *new} if old.get(key) != new.get(key)
            }
    return found


def assert_unchanged(before: Snapshot, after: Snapshot) -> None:
    """Fail, naming tables and keys, if any row differs."""
    changed = {name: sorted(map(str, rows)) for name, rows in differences(before, after).items()}
    assert not changed, f"changed: {changed}"


def new_entries(before: Snapshot, after: Snapshot) -> list[dict[str, Any]]:
    """Return the audit entries that were added, in order, without the opening of a chain."""
    added = [row for _, row in differences(before, after).get("audit_entries", {}).values()]
    added.sort(key=lambda row: (row["centre_id"], row["seq"]))
    return [row for row in added if row["action"] != "chain.opened"]


def audited_tables() -> dict[str, type[Audited]]:
    """Return the class of every table whose changes must be recorded."""
    return {
        mapper.class_.__tablename__: mapper.class_
        for mapper in Model.registry.mappers
        if issubclass(mapper.class_, Audited)
    }


@dataclass
class Play:
    """An example set up on a fresh site: its client, its address, its form."""

    site: Any
    example: Example
    ids: Ids

    @cached_property
    def client(self) -> Client:
        return self.other(self.example.actor)

    def other(self, username: str | None) -> Client:
        return signed_in(self.site.app, username) if username else Client(self.site.app)

    def url_for(self, endpoint: str) -> str | None:
        """Return the address of an endpoint with this example's ids; None if they do not fit it."""
        rules = self.site.app.url_map.iter_rules(endpoint)
        needed = min((rule.arguments for rule in rules), key=len)
        if not needed <= self.ids.keys():
            return None
        with self.site.app.test_request_context():
            return self.site.app.url_for(endpoint, **{name: self.ids[name] for name in needed})

    @property
    def url(self) -> str:
        found = self.url_for(self.example.endpoint)
        assert found, (
            f"prepare() of {self.example.name} returns {sorted(self.ids)}, which do not make an address"
        )
        return found

    @property
    def data(self) -> dict[str, Any]:
        """The form's plain values."""
        data = self.example.data
        return dict(data(self.ids) if callable(data) else data)

    @property
    def files(self) -> dict[str, Any]:
        """The form's files, open anew at every call."""
        files = self.example.files
        named: Mapping[str, Any] = files(self.ids) if callable(files) else files
        return {
            name: [(io.BytesIO(content), filename) for content, filename in value]
            if isinstance(value, list)
            else (io.BytesIO(value[0]), value[1])
            for name, value in named.items()
        }

    def post(self, client: Client | None = None, **over: Any) -> TestResponse:
        """Send the form; `data` replaces values, other arguments go to the client."""
        data = {**self.data, **self.files, **over.pop("data", {})}
        return (client or self.client).post(self.url, data=data, **over)

    def snapshot(self, **options: Any) -> Snapshot:
        return snapshot(self.site, **options)


def set_up(site: Any, example: Example) -> Play:
    """Prepare an example on a fresh copy, its session opened before anything is measured."""
    site.reset()
    with site.app.app_context():
        ids = example.prepare(site)
        db.session.remove()
    play = Play(site, example, ids)
    assert play.client
    return play


@contextmanager
def watch_statements(site: Any) -> Iterator[list[str]]:
    """Collect the SQL that is sent while the block runs, transaction control and settings aside."""
    from sqlalchemy import event

    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.upper().startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    with site.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


@contextmanager
def forbid_flush() -> Iterator[None]:
    """Raise as soon as anything would write a row through the session."""
    from sqlalchemy import event

    def refuse(*_: Any) -> None:
        raise AssertionError("a row was about to be written")

    event.listen(db.session, "before_flush", refuse)
    try:
        yield
    finally:
        event.remove(db.session, "before_flush", refuse)
