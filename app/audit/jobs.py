"""What the worker does about the log without being asked."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from app import clock
from app.audit import checkpoints, reports, verification
from app.config import Settings
from app.extensions import db

NIGHT = range(1, 5)  # office hours of the clock in which the full check may run
FULL_EVERY = timedelta(hours=20)

log = logging.getLogger(__name__)


def sign_due(settings: Settings, now: datetime) -> None:
    """Sign every chain that has 200 new entries, or one about to be five minutes old."""
    checkpoints.sign(settings, now, only_due=True)


def verify_at_night(settings: Settings, now: datetime) -> None:
    """Check the whole log once a night and keep the result for the auditor."""
    last = reports.last_full_at(settings.instance)
    if clock.local(now).hour not in NIGHT or (last and now - last < FULL_EVERY):
        return
    report = verification.verify(db.engine, settings)
    reports.keep(settings.instance, reports.as_json(report, now))
    for fault in report.faults:
        log.error("audit log: %s %s %s", fault.place, fault.problem, fault.about)


HANDLERS: dict[str, Any] = {}
# (every so many minutes, what to call); called by the worker within an application context.
PERIODIC = ((1, sign_due), (30, verify_at_night))
