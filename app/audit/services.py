"""Entries that stand on their own: refusals, in a short transaction apart from what was asked."""

from __future__ import annotations

from datetime import datetime

from app.audit.rules import ACCESS_REFUSED
from app.db.mixins import Audited
from app.db.uow import unit_of_work
from app.permissions import Actor


def record_refusal(actor: Actor, now: datetime, *, permission: str, subject: Audited | None = None) -> None:
    """Record that someone was refused: a permission, a row out of scope, a forged request."""
    with unit_of_work(actor, now) as uow:
        uow.record(ACCESS_REFUSED, subject, result="refused", permission=permission)
