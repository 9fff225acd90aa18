"""Run migrations from the application."""

from __future__ import annotations

from alembic import command
from alembic.config import Config

from app.config import ROOT, Settings


def alembic_config(settings: Settings) -> Config:
    """Return Alembic's configuration for one site's settings."""
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["settings"] = settings
    return config


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Bring a database to a revision."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    command.upgrade(alembic_config(settings), revision)


def downgrade(settings: Settings, revision: str) -> None:
    """Take a database back to a revision."""
    command.downgrade(alembic_config(settings), revision)
