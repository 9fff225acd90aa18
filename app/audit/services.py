"""Entries that stand on their own: refusals, in a short transaction apart from what was asked; exports."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Engine

from app.audit import export
from app.audit.export import Exported
from app.audit.rules import ACCESS_REFUSED, AUDIT_EXPORTED
from app.audit.verification import snapshot
from app.config import Settings
from app.db.mixins import Audited
from app.db.uow import unit_of_work
from app.organisation.models import Centre
from app.permissions import Actor


def record_refusal(actor: Actor, now: datetime, *, permission: str, subject: Audited | None = None) -> None:
    """Record that someone was refused: a permission, a row out of scope, a forged request."""
    with unit_of_work(actor, now) as uow:
        uow.record(ACCESS_REFUSED, subject, result="refused", permission=permission)


def export_log(
    engine: Engine,
    settings: Settings,
    actor: Actor,
    now: datetime,
    target: Path,
    *,
    since: date | None = None,
    until: date | None = None,
    centre_ids: frozenset[int] | None = None,
) -> Exported:
    """Write the log to a file; the file has its name only once the export is recorded."""
    draft = target.with_name(f"{target.name}.part")
    try:
        with draft.open("wb") as file, snapshot(engine) as connection:
            done = export.write(
                connection, settings, file, now, since=since, until=until, centre_ids=centre_ids
            )
        with unit_of_work(actor, now) as uow:
            only = min(centre_ids, default=0) if centre_ids and len(centre_ids) == 1 else 0
            centre = uow.get(Centre, only) if only else None
            uow.record(AUDIT_EXPORTED, centre, entries=done.entries, sha256=done.sha256)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return done
