"""The queue in which writers of the embedded database stand."""

from __future__ import annotations

import fcntl
import os
from typing import Any

import pytest

from app.db import sqlite
from app.db.sqlite import WriterBusy
from app.db.uow import short_transaction, unit_of_work
from app.permissions import system_actor
from tests.cast import NOW


def test_a_writer_gives_up_when_the_queue_does_not_move(
    site: Any, db_context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE_S", 0.05)
    handle = os.open(f"{site.base.file}.queue", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with pytest.raises(WriterBusy), unit_of_work(system_actor("tester"), NOW):
            pass
        with pytest.raises(WriterBusy), short_transaction():
            pass
    finally:
        os.close(handle)
    with unit_of_work(system_actor("tester"), NOW):
        pass


def test_a_busy_site_says_so_and_when_to_come_back(
    site: Any, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in("wang")
    monkeypatch.setattr(sqlite, "PATIENCE_S", 0.05)
    handle = os.open(f"{site.base.file}.queue", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        response = client.post("/sign-out")
    finally:
        os.close(handle)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert client.get("/account/password").status_code == 200  # and nobody was signed out


def test_every_connection_keeps_what_makes_the_log_safe(site: Any, db_context: Any) -> None:
    from app.extensions import db

    with db.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}


@pytest.mark.both_databases
def test_both_databases_fold_the_case_of_all_letters(site: Any, db_context: Any) -> None:
    from sqlalchemy import func, select

    from app.extensions import db

    assert db.session.scalar(select(func.lower("ÄPFEL Ｂ Zone"))) == "äpfel ｂ zone"
    assert db.session.scalar(select(func.lower(None))) is None
