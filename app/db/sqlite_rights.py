"""What the application's own connections to the embedded database may do: rows, not tables, and not the log.

The counterpart of `rights` on PostgreSQL. SQLite knows no roles, so that each connection is told when it
opens; asked when a statement is prepared, not when it runs again. Migrations open connections of their own.
"""

from __future__ import annotations

import sqlite3

# Any other pragma, set, could switch off what guards the rows: triggers, references, durability, the schema.
_PRAGMAS = frozenset(
    {
        *("analysis_limit", "busy_timeout", "cache_size", "wal_autocheckpoint", "wal_checkpoint"),
        *("foreign_key_check", "foreign_key_list", "index_info", "index_list", "index_xinfo"),
        *("integrity_check", "quick_check", "table_info", "table_list", "table_xinfo"),
    }
)
_WRITES = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_CHANGES = frozenset({sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_REFUSED = {
    "alembic_version": _WRITES,
    "audit_checkpoints": _CHANGES,
    "audit_entries": _CHANGES,
    "audit_heads": _WRITES,
}
_HEADS_TRIGGER = "audit_entries_move_head"  # the only hand that moves the head of a chain
_NEVER = frozenset(
    getattr(sqlite3, f"SQLITE_{name}")
    for name in (
        *(f"{verb}_{what}" for verb in ("CREATE", "DROP") for what in ("INDEX", "TABLE", "TRIGGER", "VIEW")),
        *(f"{verb}_TEMP_{what}" for verb in ("CREATE", "DROP") for what in ("INDEX", "TABLE", "TRIGGER")),
        *("CREATE_TEMP_VIEW", "DROP_TEMP_VIEW", "CREATE_VTABLE", "DROP_VTABLE"),
        *("ALTER_TABLE", "ATTACH", "DETACH"),
    )
)


class ApplicationConnection(sqlite3.Connection):
    """A connection of the running application; the engine is told to open these."""


def restrict(connection: ApplicationConnection) -> None:
    """Take from a connection all that a row of a ledger does not need."""
    connection.set_authorizer(_authorize)


def _authorize(
    action: int, first: str | None, second: str | None, _database: str | None, trigger: str | None
) -> int:
    if action in _WRITES:
        refused = action in _REFUSED.get(first or "", ()) and trigger != _HEADS_TRIGGER
    elif action == sqlite3.SQLITE_PRAGMA:
        refused = second is not None and first not in _PRAGMAS
    else:
        # ANALYZE keeps its findings in tables of its own.
        refused = action in _NEVER and not (first or "").startswith("sqlite_stat")
    return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK
