"""What keeps the database in good order between backups."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.config import Settings
from app.db.sqlite import refresh_statistics
from app.db.uow import short_transaction


def tidy(_settings: Settings, _now: datetime) -> None:
    """Refresh what the planner knows of the tables."""
    with short_transaction() as session:
        refresh_statistics(session)


HANDLERS: dict[str, Any] = {}
# (every so many minutes, what to call); the worker calls it at its start, too.
PERIODIC = ((360, tidy),)
