"""Commands that belong to no feature: the database, serving, the catalogue."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

database = AppGroup("db", help="Set up and migrate the database.")


@database.command("upgrade")
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the database to the newest (or a given) revision, as its owner."""
    from app.db import migrate

    migrate.upgrade(current_app.config["DUBAN"], revision)


COMMANDS = (database,)
