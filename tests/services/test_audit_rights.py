"""What the database itself refuses: triggers on SQLite, rights on PostgreSQL."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from app.audit.append import draft
from app.db.types import canonical
from app.extensions import db
from app.permissions import system_actor
from tests.cast import NOW
from tests.services.audit_tools import connected, owner, verify

HERE = "WHERE centre_id = 1 AND seq = 3"
# What both databases are asked, by whoever holds the application's own connection.
COMMON = {
    "change an entry": f"UPDATE audit_entries SET route = 'x' {HERE}",
    "change a hash": f"UPDATE audit_entries SET hash = previous {HERE}",
    "delete an entry": f"DELETE FROM audit_entries {HERE}",
    "delete all": "DELETE FROM audit_entries",
    "upsert": "INSERT INTO audit_entries SELECT * FROM audit_entries " + HERE + " "
    "ON CONFLICT (centre_id, seq) DO UPDATE SET route = 'x'",
    "insert in the middle": "INSERT INTO audit_entries SELECT centre_id, 999999, at_us, actor_id, "
    "actor_name, role, session_id, address, route, request_id, action, result, subject_type, subject_id, "
    f"subject_name, payload, algorithm, previous, hash FROM audit_entries {HERE}",
    "rewrite the head": "UPDATE audit_heads SET hash = 'x', seq = 3 WHERE centre_id = 1",
    "move the head on": "UPDATE audit_heads SET seq = seq + 1 WHERE centre_id = 1",
    "invent a head": "INSERT INTO audit_heads (centre_id, seq, hash) VALUES (77, 0, 'x')",
    "delete the head": "DELETE FROM audit_heads WHERE centre_id = 1",
    "change a checkpoint": "UPDATE audit_checkpoints SET hash = 'x'",
    "delete a checkpoint": "DELETE FROM audit_checkpoints",
}
SQLITE = {
    "insert or replace an entry": f"INSERT OR REPLACE INTO audit_entries SELECT * FROM audit_entries {HERE}",
    "replace a head": "REPLACE INTO audit_heads (centre_id, seq, hash) VALUES (1, 0, 'x')",
    "replace a checkpoint": "REPLACE INTO audit_checkpoints SELECT * FROM audit_checkpoints",
}
# What a connection of the application is refused besides: SQLite has no roles, its authoriser stands in.
OWNERS = {
    "drop a trigger": "DROP TRIGGER audit_entries_no_update",
    "make a trigger": "CREATE TRIGGER other BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(IGNORE); END",
    "make a temporary trigger": "CREATE TEMP TRIGGER other BEFORE INSERT ON audit_entries "
    "BEGIN SELECT RAISE(IGNORE); END",
    "hide the log behind a temporary table": "CREATE TEMP TABLE audit_entries (centre_id INTEGER)",
    "hide the log behind a temporary view": "CREATE TEMP VIEW audit_entries AS SELECT 1 AS centre_id",
    "drop the table": "DROP TABLE audit_entries",
    "drop the heads": "DROP TABLE audit_heads",
    "drop an index": "DROP INDEX ix_audit_entries_at",
    "rename the table": "ALTER TABLE audit_entries RENAME TO other",
    "add a column": "ALTER TABLE audit_entries ADD COLUMN more TEXT",
    "drop a column": "ALTER TABLE audit_entries DROP COLUMN route",
    "make a table": "CREATE TABLE other (id INTEGER)",
    "write the schema": "PRAGMA writable_schema=ON",
    "let REPLACE slip past": "PRAGMA recursive_triggers=OFF",
    "let references go": "PRAGMA foreign_keys=OFF",
    "trust the schema": "PRAGMA trusted_schema=ON",
    "forget on a power cut": "PRAGMA synchronous=OFF",
    "give up the journal": "PRAGMA journal_mode=OFF",
    "pass over constraints": "PRAGMA ignore_check_constraints=ON",
    "open another file": "ATTACH DATABASE ':memory:' AS other",
    "set the schema's version": "UPDATE alembic_version SET version_num = 'x'",
}
POSTGRESQL = {
    "truncate": "TRUNCATE audit_entries",
    "insert the next entry": "INSERT INTO audit_entries SELECT h.centre_id, h.seq + 1, e.at_us, e.actor_id, "
    "e.actor_name, e.role, e.session_id, e.address, e.route, e.request_id, e.action, e.result, "
    "e.subject_type, e.subject_id, e.subject_name, e.payload, e.algorithm, h.hash, e.hash "
    "FROM audit_heads h JOIN audit_entries e ON e.centre_id = h.centre_id AND e.seq = h.seq",
    "drop a trigger": "DROP TRIGGER audit_entries_append_only ON audit_entries",
    "disable a trigger": "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
    "replace the trigger's function": "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger "
    "LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    "replace the appending function": "CREATE OR REPLACE FUNCTION audit_append(chain integer, given text) "
    "RETURNS bigint LANGUAGE sql AS $$ SELECT 0::bigint $$",
    "play the replica": "SET session_replication_role = replica",
    "drop the table": "DROP TABLE audit_entries",
    "alter the table": "ALTER TABLE audit_entries DROP COLUMN hash",
    "rename the table": "ALTER TABLE audit_entries RENAME TO other",
    "become the owner": "GRANT ALL ON audit_entries TO CURRENT_USER",
    "lock everybody out": "LOCK TABLE audit_entries IN ACCESS EXCLUSIVE MODE",
    "add a rule": "CREATE RULE nothing AS ON UPDATE TO audit_entries DO INSTEAD NOTHING",
    "set the schema's version": "UPDATE alembic_version SET version_num = 'x'",
}


def attempt(site: Any, statement: str) -> None:
    """Try a statement on a connection of the application's own. Raise DatabaseError if it is refused."""
    db.session.remove()
    with db.engine.begin() as connection:
        done = connection.execute(text(statement.replace(":", r"\:")))
        # A grant that gives nothing is a warning to PostgreSQL; nothing was gained.
        if statement.startswith("GRANT"):
            connection.execute(text("UPDATE audit_entries SET route = 'x'"))
        assert done.rowcount != 0, "the statement met no row: it proves nothing"


@pytest.fixture
def signed(db_context, site):
    from app.audit import checkpoints

    checkpoints.sign(site.settings, NOW)
    db.session.remove()


@pytest.mark.both_databases
@pytest.mark.parametrize("attack", COMMON)
def test_the_application_cannot(signed, site, attack):
    with pytest.raises(DatabaseError):
        attempt(site, COMMON[attack])
    assert verify(site).ok


@pytest.mark.parametrize("attack", SQLITE)
def test_sqlite_refuses_to(signed, site, attack):
    """Where the authoriser does not look (a REPLACE deletes unseen) the triggers do, the owner's too."""
    with pytest.raises(DatabaseError, match=r"append-only|follow|not authorized"):
        attempt(site, SQLITE[attack])
    with pytest.raises(DatabaseError, match=r"append-only|follow"), owner(site, guarded=True) as connection:
        connection.execute(text(SQLITE[attack]))
    assert verify(site).ok


@pytest.mark.parametrize("attack", OWNERS)
def test_sqlite_refuses_the_application_to(signed, site, attack):
    with pytest.raises(DatabaseError, match="not authorized"):
        attempt(site, OWNERS[attack])
    assert verify(site).ok


@pytest.mark.parametrize("table", ["audit_entries", "audit_heads", "audit_checkpoints"])
def test_without_the_triggers_too_the_application_changes_nothing(signed, site, table):
    """Someone took the triggers away; the process that still runs cannot make use of it."""
    db.session.remove()
    with owner(site):
        pass
    for statement in (f"UPDATE {table} SET hash = 'x'", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match="not authorized"):
            attempt(site, statement)


def test_what_the_application_needs_it_may(db_context, site):
    """Statistics, room for a load, its own rows, and the log from its end."""
    from app.db.sqlite import prepare_load, refresh_statistics
    from app.db.uow import short_transaction

    with short_transaction() as session:
        refresh_statistics(session)
    prepare_load(db.session())
    with db.engine.connect() as connection:
        assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
        assert connection.scalar(text("SELECT count(*) FROM sqlite_stat1")) > 0


@pytest.mark.both_databases
def test_how_many_attacks_are_refused(site, figure):
    """What the tests above try, counted for the table of figures."""
    own = {**SQLITE, **OWNERS} if site.kind == "sqlite" else POSTGRESQL
    tried = len({**COMMON, **own})
    assert tried >= 13
    figure(
        "S7", f"attacks of the application's role refused ({site.kind})", tried, bar=">= 13, all", held=True
    )


@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
@pytest.mark.parametrize("attack", POSTGRESQL)
def test_postgresql_refuses_the_application_to(signed, site, attack):
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"):
        attempt(site, POSTGRESQL[attack])
    assert verify(site).ok


@pytest.mark.both_databases
def test_the_owner_too_is_stopped_by_the_triggers(signed, site):
    attacks = {**COMMON, "truncate": "TRUNCATE audit_entries"} if site.kind == "postgresql" else COMMON
    stopped = [name for name in attacks if re.search(r"^(UPDATE|DELETE|TRUNCATE)", attacks[name])]
    if site.kind == "postgresql":  # the appending function moves the heads with its owner's rights
        stopped = [name for name in stopped if "UPDATE audit_heads" not in attacks[name]]
    for name in stopped:
        with (
            pytest.raises(DatabaseError, match=r"append-only|follows"),
            owner(site, guarded=True) as connection,
        ):
            connection.execute(text(attacks[name]))
    assert verify(site).ok


@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
def test_the_triggers_hold_even_where_replication_switches_others_off(signed, site):
    with pytest.raises(DatabaseError, match="append-only"), owner(site, guarded=True) as connection:
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("DELETE FROM audit_entries"))


def given(centre_id: int, **values: Any) -> str:
    link = draft(system_actor("somebody"), NOW, centre_id, "department.added")
    return canonical([{**link._asdict(), **values}])


def append(connection: Any, centre_id: int, entries: str) -> None:
    connection.execute(text("SELECT audit_append(:c, :e)"), {"c": centre_id, "e": entries})


@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
def test_a_temporary_table_does_not_stand_in_for_the_log(signed, site, cast):
    count = text("SELECT count(*) FROM public.audit_entries")
    with connected(site.settings.database_url) as connection:
        before = connection.scalar(count)
        for table in ("audit_heads", "audit_entries"):
            connection.execute(text(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table})"))
            connection.execute(text(f"GRANT ALL ON pg_temp.{table} TO PUBLIC"))
        append(connection, cast.centre, given(cast.centre))
        assert connection.scalar(count) == before + 1
    assert verify(site).ok


@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
def test_the_appending_function_hashes_what_it_stores(signed, site, cast):
    url = site.settings.database_url
    with connected(url) as connection:
        append(connection, cast.centre, given(cast.centre, at_us="007", subject_id="0012", actor_id=" 5 "))
    with pytest.raises(DatabaseError, match="another chain"), connected(url) as connection:
        append(connection, cast.centre, given(cast.other_centre))
    with pytest.raises(DatabaseError, match="not open"), connected(url) as connection:
        append(connection, 4242, given(4242))
    assert verify(site).ok


def migration() -> Any:
    path = Path(__file__).parents[2] / "migrations/versions/20261122_2100_audit_log.py"
    spec = importlib.util.spec_from_file_location("audit_log", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.both_databases
def test_the_triggers_are_those_of_the_migration(db_context, site):
    statements = migration().SQLITE if site.kind == "sqlite" else migration().POSTGRESQL
    wanted = {found[1] for each in statements if (found := re.match(r"CREATE TRIGGER (\w+)", each))}
    listed = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit_%'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'",
    }
    assert set(db.session.scalars(text(listed[site.kind]))) == wanted
    assert len(wanted) >= 3


def test_recursive_triggers_are_on(db_context):
    assert db.session.scalar(text("PRAGMA recursive_triggers")) == 1
    assert db.session.scalar(text("PRAGMA synchronous")) == 2
    assert db.session.scalar(text("PRAGMA trusted_schema")) == 0
