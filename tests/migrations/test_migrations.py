"""Every revision goes up, down and up again, and leaves the log's guards in place; with rows: R7."""

from __future__ import annotations

from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from app.config import Settings
from app.db import migrate
from app.extensions import Model
from app.registry import import_models
from tests.sweeps import snapshot

pytestmark = pytest.mark.both_databases
REVISIONS = [
    script.revision
    for script in ScriptDirectory.from_config(
        migrate.alembic_config(None)  # type: ignore[arg-type]
    ).walk_revisions("base", "heads")
][::-1]


def guards(settings: Settings) -> list[tuple[Any, ...]]:
    """Return everything that keeps the log append-only: triggers, functions, and the rights of the role."""
    engine = create_engine(settings.owner_url)
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            found = connection.execute(
                text("SELECT name, tbl_name, sql FROM sqlite_master WHERE type='trigger'")
            )
            rows = sorted(tuple(row) for row in found)
        else:
            rows = sorted(
                tuple(row)
                for statement in (
                    "SELECT tgname, tgrelid::regclass::text, pg_get_triggerdef(oid), tgenabled::text"
                    " FROM pg_trigger WHERE NOT tgisinternal",
                    "SELECT proname, prosecdef::text, prosrc, proacl::text FROM pg_proc"
                    " WHERE pronamespace = 'public'::regnamespace",
                    "SELECT table_name, privilege_type, grantee, '' FROM information_schema.role_table_grants"
                    " WHERE table_schema = 'public' AND grantee <> 'postgres'",
                )
                for row in connection.execute(text(statement))
            )
    engine.dispose()
    return rows


def shape(settings: Settings) -> list[Any]:
    """Return what autogenerate would still change."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    import_models()
    engine = create_engine(settings.owner_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, Model.metadata)
    engine.dispose()
    # Search tables and the queue's own are made by hand; their every change begins with "remove".
    by_hand = ("_search", "huey")
    return [change for change in found if not any(name in str(change) for name in by_hand)]


def test_there_is_one_line_of_revisions() -> None:
    script = ScriptDirectory.from_config(migrate.alembic_config(None))  # type: ignore[arg-type]
    assert len(script.get_heads()) == 1
    assert all(revision.revision[:8].isdigit() for revision in script.walk_revisions())


def test_the_tables_are_what_the_models_say(site: Any) -> None:
    assert shape(site.settings) == []
    command.check(migrate.alembic_config(site.settings))


def test_the_guards_are_there(site: Any) -> None:
    names = {row[0] for row in guards(site.settings)}
    if site.kind == "sqlite":
        assert {"audit_entries_no_update", "audit_entries_no_delete", "audit_entries_follow"} <= names
    else:
        assert {"audit_entries_append_only", "audit_heads_append_only", "audit_append"} <= names


def test_every_revision_goes_down_and_up_from_an_empty_database(site: Any) -> None:
    site.let_go()
    site.base.empty()
    migrate.upgrade(site.settings)
    before = guards(site.settings)
    for revision in REVISIONS[::-1]:
        migrate.downgrade(site.settings, _below(revision))
        migrate.upgrade(site.settings)
        assert guards(site.settings) == before, revision
        assert shape(site.settings) == []


def _below(revision: str) -> str:
    place = REVISIONS.index(revision)
    return REVISIONS[place - 1] if place else "base"


def test_a_full_house_goes_down_to_nothing_and_up_again(site: Any) -> None:
    armed = guards(site.settings)
    site.let_go()
    migrate.downgrade(site.settings, "base")
    site.let_go()
    assert not [guard for guard in guards(site.settings) if "audit" in str(guard)]
    migrate.upgrade(site.settings)
    assert guards(site.settings) == armed
    assert not any(rows for name, rows in snapshot(site).items() if name != "alembic_version")
