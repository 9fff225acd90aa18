"""The planner of the embedded database is told how large the tables are."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from app.backup.jobs import tidy
from app.extensions import db
from tests.cast import NOW


@pytest.mark.both_databases
def test_statistics_are_refreshed(site: Any, db_context: Any) -> None:
    tidy(site.settings, NOW)
    if site.kind == "sqlite":
        known = set(db.session.scalars(text("SELECT DISTINCT tbl FROM sqlite_stat1")))
        assert {"users", "audit_entries"} <= known
