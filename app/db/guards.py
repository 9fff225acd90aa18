"""Whether the database still guards its log; a site does not serve without."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, column, func, inspect, select, table

from app.config import Settings
from app.core.i18n import N_

_ENTRIES, _HEADS, _CHECKPOINTS = "audit_entries", "audit_heads", "audit_checkpoints"
# What the migrations put there, by name.
TRIGGERS = {
    "sqlite": frozenset(
        {
            *(f"{_ENTRIES}_{what}" for what in ("no_update", "no_delete", "follow", "move_head")),
            *(f"{_HEADS}_{what}" for what in ("open", "no_delete", "follow")),
            *(f"{_CHECKPOINTS}_{what}" for what in ("no_update", "no_delete")),
        }
    ),
    "postgresql": frozenset(f"{name}_append_only" for name in (_ENTRIES, _HEADS, _CHECKPOINTS)),
}


def missing(connection: Connection) -> list[str]:
    """Return what no longer guards the log, by name; the table itself before the first migration."""
    if not inspect(connection).has_table(_ENTRIES):
        return [_ENTRIES]
    kind = connection.dialect.name
    if kind == "sqlite":
        schema = table("sqlite_master", column("name"), column("type"))
        there = select(schema.c.name).where(schema.c.type == "trigger")
    else:
        triggers = table("pg_trigger", column("tgname"), column("tgenabled"))
        there = select(triggers.c.tgname).where(triggers.c.tgenabled == "A")  # also against replication
    return sorted(TRIGGERS[kind] - set(connection.scalars(there)))


def writes_freely(connection: Connection) -> bool:
    """Return whether this role could write the log past its function: on PostgreSQL it must not."""
    if connection.dialect.name == "sqlite":
        return False
    return bool(connection.scalar(select(func.has_table_privilege(_ENTRIES, "INSERT, UPDATE, DELETE"))))


def check(engine: Engine, settings: Settings) -> None:
    """Refuse to serve or work over a log that is not guarded; ends the process with the reason."""
    with engine.connect() as connection:
        gone = missing(connection)
        free = settings.env == "production" and not gone and writes_freely(connection)
    engine.dispose()  # what is started next opens connections of its own
    if gone:
        raise SystemExit(
            N_("数据库中缺少审计日志的保护：%s。尚未建库请先运行 db upgrade；否则请查明原因，不要启动。")
            % ", ".join(gone)
        )
    if free:
        raise SystemExit(
            N_("DATABASE_URL 的角色能绕过函数改写审计日志，请改用应用角色，见 docs/operating/postgresql.md。")
        )
