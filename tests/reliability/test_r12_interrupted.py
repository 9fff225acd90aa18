"""R12: the worker is killed at random moments: jobs resume or roll back, numbers have no gap or repeat."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.db.uow import unit_of_work
from app.documents.models import Document, DocumentFile
from app.documents.rules import DOCUMENT_ISSUED, DocumentStatus
from app.extensions import db
from app.jobs import claims
from app.jobs.models import Job
from app.jobs.rules import LOST_AFTER, OPEN, JobState
from app.organisation.models import StaffMember
from app.transfers import intake, services
from app.transfers.models import Batch
from app.transfers.rules import APPLY_JOB, TABLE_IMPORTED
from tests.cast import actor
from tests.factories import tables
from tests.factories.documents import make_documents
from tests.factories.transfers import checked
from tests.reliability.served import Served

pytestmark = pytest.mark.both_databases
PATIENCE = 120
FIRST = 30_000  # number of the first person taken in


def ask_import(site: Any, clock: Any, rows: int) -> None:
    """Ask for a table of people that is long enough to be interrupted."""
    people = [tables.person(str(FIRST + number), f"员{number}") for number in range(rows)]
    checked(site, tables.staff(*people), "staff")
    who = actor("sysadmin")
    kind = intake.kind_of(who, "staff")
    draft_id = intake.get(who, kind).id
    with unit_of_work(who, clock.now) as uow:
        services.ask_import(uow, APPLY_JOB, kind, draft_id)


def interrupt(server: Served, clock: Any, lot: random.Random) -> None:
    """Kill the worker somewhere in its work, and start another when its job counts as lost."""
    time.sleep(lot.uniform(1.0, 4.0))
    server.kill_worker()
    clock.tick(seconds=LOST_AFTER.total_seconds() + 60)
    server.turn_clock(clock.now)
    server.start_worker()


def open_jobs(site: Any, clock: Any) -> int:
    """Return how many jobs are not done; those given up are given another round, as people would."""
    with site.app.app_context():
        claims.retry_failed(clock.now)
        count = db.session.scalar(select(func.count()).where(Job.state.in_(OPEN))) or 0
        db.session.remove()
    return count


def test_a_killed_worker_loses_and_doubles_nothing(site: Any, clock: Any, length: Any, tell: Any) -> None:
    kills, notices, people = length((2, 8, 300), (20, 80, 3000))
    lot = random.Random()
    with site.app.app_context():
        ask_import(site, clock, people)
        make_documents(site, notices)
        db.session.remove()
    with Served(site, worker=True) as server:
        for _ in range(kills):
            interrupt(server, clock, lot)
        until = time.monotonic() + PATIENCE
        while left := open_jobs(site, clock):
            assert time.monotonic() < until, (left, server.log.read_text()[-3000:])
            clock.tick(seconds=600)
            server.turn_clock(clock.now)
            time.sleep(1)
    with site.app.app_context():
        states = Counter(db.session.scalars(select(Job.state)))
        documents = db.session.scalars(select(Document).order_by(Document.serial)).all()
        serials = [row.serial for row in documents]
        issued = sum(row.status is DocumentStatus.ISSUED for row in documents)
        files = db.session.scalar(select(func.count()).select_from(DocumentFile))
        told = Counter(db.session.scalars(select(AuditEntry.action)))
        arrived = db.session.scalar(
            select(func.count()).where(
                StaffMember.staff_number >= str(FIRST), func.length(StaffMember.staff_number) == 5
            )
        )
        batches = db.session.scalar(select(func.count()).select_from(Batch))
        db.session.remove()
    kind = f"{site.kind}, {kills} kills"
    done = states[JobState.DONE]
    tell(f"{kind}: jobs done", done, bar=f"{states.total()}", held=done == states.total())
    once = issued == files == told[DOCUMENT_ISSUED.name] == notices
    held = once and serials == list(range(1, notices + 1))
    what = f"{kind}: notices issued once, their numbers without gap or repeat"
    tell(what, issued, bar=f"{notices}", held=held)
    held = arrived == people and batches == told[TABLE_IMPORTED.name] == 1
    tell(f"{kind}: people of the table that arrived once, by one import", arrived, bar=f"{people}", held=held)
    with site.app.app_context():
        # As the worker does every hour; a table that nobody is about any more goes when it is an hour old.
        intake.remove_old(site.settings, datetime.now(UTC) + timedelta(days=1))
        db.session.remove()
    left = [*server.left, *_half_done(site)]
    tell(f"{kind}: temporary files left", len(left), bar="0", held=not left, seen=left)


def _half_done(site: Any) -> list[Path]:
    """Return what half-done work has left in the instance."""
    folders = (site.settings.instance / name for name in ("imports", "results"))
    return [path for folder in folders if folder.exists() for path in folder.rglob("*") if path.is_file()]
