"""What the application's role may do on PostgreSQL: everything with rows, nothing with tables or the log."""

from __future__ import annotations

from sqlalchemy import Connection, text

_READ_ONLY = ("audit_entries", "audit_heads", "alembic_version")
_APPEND_ONLY = ("audit_checkpoints",)


def grant(connection: Connection, role: str) -> None:
    """Give the role its rights anew after a migration; nothing to do where it owns the tables."""
    owner = connection.scalar(text("SELECT current_user"))
    if not role or role == owner or connection.scalar(text("SELECT to_regclass('audit_entries') IS NULL")):
        return
    name = connection.dialect.identifier_preparer.quote(role)
    statements = [
        f"GRANT USAGE ON SCHEMA public TO {name}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}",
        *(f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {name}" for table in _READ_ONLY),
        *(f"REVOKE UPDATE, DELETE ON {table} FROM {name}" for table in _APPEND_ONLY),
        # Said anew: a restored database has come without its privileges.
        "REVOKE ALL ON FUNCTION audit_append(integer, text) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION audit_append(integer, text) TO {name}",
    ]
    for statement in statements:
        connection.execute(text(statement))
