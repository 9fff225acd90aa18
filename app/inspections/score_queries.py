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

CHUNK = 10_000  # rows of seven columns
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
    order = Order(Finding.occurred_at, Finding.id, descending=False)
    for chunk in walk(db.session(), rows, order, CHUNK):
        files = attachments.list_for(
            db.session(), Finding.__audit_type__, [row.id for row in chunk if row.photos]
        )
        for finding_id, occurred_at, staff_id, point_id, department_id, _photos, code in chunk:
            key = code, point_id, staff_id
            before = seen.get(key)
            same = before[1] if before and occurred_at - before[0] <= SAME else None
            if same is None:
                seen[key] = occurred_at, finding_id
            yield ScoreEvent(
                source=Finding.__audit_type__,
                source_id=finding_id,
                occurred_at=occurred_at,
                link=code,
                staff_id=staff_id,
                patrol_point_id=point_id,
                department_id=department_id,
                evidence=tuple(file.sha256 for file in files[finding_id]) if finding_id in files else (),
                same_as=(Finding.__audit_type__, same) if same else None,
            )
