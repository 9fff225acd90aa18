"""Migrations run as the owner of the tables; the application's own role gets only what it needs."""

from alembic import context
from sqlalchemy import Connection, Enum, create_engine, make_url

from app import config
from app.db import rights, sqlite  # noqa: F401  (sqlite: the pragmas of every connection)
from app.db.types import Instant, JsonText
from app.extensions import db
from app.jobs import bell
from app.registry import import_models

import_models()
settings = context.config.attributes.get("settings") or config.load()


def include(name: str | None, kind: str, _parents: object) -> bool:
    """Leave search tables (made by hand in migrations) and the queue's own table out of autogenerate."""
    return kind != "table" or not ("_search" in (name or "") or (name or "").startswith("huey"))


def plain_type(kind: str, item: object, _context: object) -> str | bool:
    """Write our own column types as what they are in the database: migrations outlive our classes."""
    if kind == "type":
        if isinstance(item, Instant):
            return "sa.DateTime(timezone=True)"
        if isinstance(item, JsonText):
            return "sa.Text()"
        if isinstance(item, Enum):
            return f"sa.String(length={item.length})"
    return False


def let_tables_be_rebuilt(connection: Connection) -> None:
    """Let SQLite drop and rename a table that others refer to: batch mode rebuilds whole tables."""
    if connection.dialect.name == "sqlite":  # the driver's own connection: outside of any transaction
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]


def check_references(connection: Connection) -> None:
    """Refuse to commit a migration that leaves a row referring to nothing."""
    if connection.dialect.name == "sqlite":
        lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if lost:
            raise RuntimeError(f"the migration leaves {len(lost)} broken references, the first {lost[0]}")


engine = create_engine(settings.owner_url)
with engine.connect() as connection:
    let_tables_be_rebuilt(connection)
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        include_name=include,
        render_item=plain_type,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        check_references(connection)
        if connection.dialect.name == "postgresql":
            bell.create_tables(connection)  # huey's own, made by the owner: the application's role may not
            rights.grant(connection, make_url(settings.database_url).username or "")
    connection.commit()
engine.dispose()
