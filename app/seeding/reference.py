"""Reference data that every site needs: work calendars and the standard checklist."""

from __future__ import annotations

import tomllib
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import select

from app.config import ROOT
from app.db.uow import end_reading, unit_of_work
from app.extensions import db
from app.inspections.checklist_services import publish_checklist
from app.inspections.models import Checklist
from app.organisation.models import Centre
from app.permissions import Actor
from app.worktime.calendar_files import load
from app.worktime.models import CalendarYear
from app.worktime.services import publish_year

SEEDS = ROOT / "seeds"
CHECKLISTS = ("standard", "special")


def read(name: str) -> dict[str, Any]:
    """Return the content of a seed file."""
    return tomllib.loads((SEEDS / name).read_text(encoding="utf-8"))


@cache
def words() -> dict[str, Any]:
    """Return what the demo notes and answers, by the code of the checklist item."""
    return read("demo/words.toml")


def plant(actor: Actor, now: datetime) -> tuple[list[int], list[str]]:
    """Bring in what is missing; return the years published and the centres that got a checklist."""
    end_reading()
    known = set(db.session.scalars(select(CalendarYear.year)))
    years = [table for year, table in sorted(load(SEEDS / "calendars").years.items()) if year not in known]
    centres = db.session.execute(select(Centre.id, Centre.name).order_by(Centre.id)).all()
    if years:
        with unit_of_work(actor, now) as uow:
            for table in years:
                publish_year(uow, table)
    checklists, equipped = [read(f"checklists/{name}.toml") for name in CHECKLISTS], []
    for centre_id, name in centres:  # one unit of work, one centre's chain
        with unit_of_work(actor, now) as uow:
            published = [
                publish_checklist(uow, centre_id, checklist)
                for checklist in checklists
                if not _has_later(centre_id, checklist)
            ]
        if any(published):
            equipped.append(name)
    return [table.year for table in years], equipped


def _has_later(centre_id: int, checklist: dict[str, Any]) -> bool:
    """Return whether a centre has gone on to an edition of its own."""
    later = select(Checklist.id).where(
        Checklist.centre_id == centre_id,
        Checklist.code == checklist["code"],
        Checklist.edition > checklist["edition"],
    )
    return db.session.scalar(later.limit(1)) is not None
