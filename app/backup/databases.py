"""The database's side of a backup: a copy of one moment while others write, and back again."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, column, create_engine, func, inspect, make_url, select, table
from sqlalchemy.exc import DBAPIError

from app.audit.models import AuditHead
from app.config import Settings
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.db import rights

SQLITE, POSTGRESQL = "sqlite", "postgresql"
MEMBERS = {SQLITE: "database.sqlite", POSTGRESQL: "database.dump"}


def kind_of(settings: Settings) -> str:
    return SQLITE if settings.sqlite else POSTGRESQL


def dump(settings: Settings, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Write the database as it stands at one moment into a folder; return the file and its facts."""
    target = folder / MEMBERS[kind_of(settings)]
    if settings.sqlite:
        source = make_url(settings.database_url).database or ""
        # One step: in several, every commit of a writer would make it begin anew.
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
        return target, _facts_of(create_engine(f"sqlite:///{target}"))
    engine = create_engine(settings.owner_url)
    with engine.connect() as opened:
        connection = opened.execution_options(isolation_level="REPEATABLE READ")
        snapshot = connection.scalar(select(func.pg_export_snapshot()))
        options = ("--format=custom", "--compress=0", f"--snapshot={snapshot}", f"--file={target}")
        _run("pg_dump", settings.owner_url, *options)
        found = facts(connection)
    engine.dispose()
    return target, found


def evidence(settings: Settings, file: Path) -> set[str]:
    """Return the hashes of all originals that rows name: those of the copy, on PostgreSQL the live ones."""
    engine = create_engine(f"sqlite:///{file}" if settings.sqlite else settings.owner_url)
    with engine.connect() as connection:
        names = set(inspect(connection).get_table_names())
        rows = table("attachments", column("sha256"))
        found = set(connection.scalars(select(rows.c.sha256).distinct())) if "attachments" in names else set()
    engine.dispose()
    return found


def facts(connection: Connection) -> dict[str, Any]:
    """Return what a copy must agree with: its revision, the rows of every table, the ends of all chains."""
    names = sorted(inspect(connection).get_table_names())
    heads = select(AuditHead.centre_id, AuditHead.seq, AuditHead.hash).order_by(AuditHead.centre_id)
    version = table("alembic_version", column("version_num"))
    return {
        "revision": connection.scalar(select(version.c.version_num)) if version.name in names else None,
        "tables": {
            name: connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in names
        },
        "heads": [list(head) for head in connection.execute(heads)] if "audit_heads" in names else [],
    }


def _facts_of(engine: Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        found = facts(connection)
    engine.dispose()
    return found


def refuse_full(settings: Settings) -> None:
    """Refuse a PostgreSQL database that holds tables already. Raise NotAllowed."""
    engine = create_engine(settings.owner_url)
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
    engine.dispose()
    if names:
        raise NotAllowed(N_("目标数据库不是空的；只能恢复到空数据库。"))


def load(settings: Settings, file: Path, expected: dict[str, Any]) -> None:
    """Bring a dumped database into place and compare it with the manifest. Raise Invalid."""
    if settings.sqlite:
        file.replace(make_url(settings.database_url).database or "")
    else:
        name = make_url(settings.owner_url).database
        options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
        _run("pg_restore", settings.owner_url, *options, f"--dbname={name}", str(file))
        file.unlink()
        _grant(settings)
    try:
        found = _facts_of(create_engine(settings.owner_url))
    except DBAPIError as error:
        raise Invalid(N_("备份中的数据库无法读取。")) from error
    for name, value in found.items():
        if expected[name] != value:
            raise Invalid(N_("恢复的数据库与清单不符：%(name)s。"), name=name)


def _grant(settings: Settings) -> None:
    engine = create_engine(settings.owner_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        rights.grant(connection, make_url(settings.database_url).username or "")
    engine.dispose()


def _run(program: str, url: str, *options: str) -> None:
    """Run a client program of PostgreSQL; the password is not for the process list."""
    path = shutil.which(program)
    if path is None:
        raise NotAllowed(
            N_("没有找到 %(program)s。请安装 PostgreSQL 客户端程序，版本不低于服务器。"),
            program=program,
        )
    address = make_url(url)
    parts = {**address.translate_connect_args(), **address.query}
    variables = {"host": "PGHOST", "port": "PGPORT", "username": "PGUSER", "password": "PGPASSWORD"}
    variables |= {"database": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
    environment = {variables[name]: str(value) for name, value in parts.items() if name in variables}
    done = subprocess.run(  # noqa: S603  (a program of the system, options of our own)
        [path, *options], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        detail = done.stderr.strip()[-500:]
        raise NotAllowed(N_("%(program)s 没有成功：%(detail)s"), program=program, detail=detail)
