"""Findings as events to be scored; what they cost is the rulebook's business."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.attachments import queries as attachments
from app.core.events import ScoreEvent
from app.db.listing import Order, walk
from app.extensions import db
from app.inspections.models import ChecklistItem, Finding, Patrol
from app.inspections.queries import unreleased, within
from app.inspections.rules import FindingStatus

SAME = timedelta(minutes=30)  # the same person, place and item so soon again is the same event


def score_events(
    centre_id: int, first: date, last: date, links: Collection[str] | None = None
) -> Iterator[ScoreEvent]:
    """Yield every finding of a centre within these days, the earliest first; of some check items only.

    Void ones are left out, and those of a mystery visit that is still to be released. Of one event that
    was entered twice the second names the first.
    """
    hidden = select(Patrol.id).where(Patrol.centre_id == centre_id, unreleased())
    rows: Any = select(
        Finding.id,
        Finding.occurred_at,
        Finding.staff_member_id,
        Finding.patrol_point_id,
        Finding.department_id,
        Finding.photos,
        ChecklistItem.code,
    ).join(ChecklistItem, ChecklistItem.id == Finding.item_id)
    rows = rows.where(
        Finding.centre_id == centre_id,
        Finding.status != FindingStatus.VOID,
        Finding.patrol_id.is_(None) | Finding.patrol_id.not_in(hidden),
        *within(Finding.occurred_at, first, last),
    )
    if links is not None:
        rows = rows.where(ChecklistItem.code.in_(links))
    seen: dict[tuple[str, int, int | None], tuple[datetime, int]] = {}
    for chunk in walk(db.session(), rows, Order(Finding.occurred_at, Finding.id, descending=False)):
        bearing = [row.id for row in chunk if row.photos]
        files = attachments.list_for(db.session(), Finding.__audit_type__, bearing)
        for row in chunk:
            key = row.code, row.patrol_point_id, row.staff_member_id
            before = seen.get(key)
            same = before[1] if before and row.occurred_at - before[0] <= SAME else None
            if same is None:
                seen[key] = row.occurred_at, row.id
            yield ScoreEvent(
                source=Finding.__audit_type__,
                source_id=row.id,
                occurred_at=row.occurred_at,
                link=row.code,
                staff_id=row.staff_member_id,
                patrol_point_id=row.patrol_point_id,
                department_id=row.department_id,
                evidence=tuple(file.sha256 for file in files.get(row.id, ())),
                same_as=(Finding.__audit_type__, same) if same else None,
            )
