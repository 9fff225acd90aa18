"""The board in the hall: what is being mended, for clients to see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from app.extensions import db
from app.inspections.models import ChecklistItem, Finding
from app.organisation.models import PatrolPoint
from app.permissions import Actor
from app.rectifications import queries, rules
from app.rectifications.models import Rectification, RectifiedFinding
from app.rectifications.rules import RectificationStatus

BOARD_KEEPS = timedelta(days=30)


@dataclass(frozen=True)
class BoardLine:
    """One line of the hall board: no person is named, and nothing that somebody typed is repeated."""

    row: Rectification
    places: str
    items: str


def hall_board(actor: Actor, now: datetime, limit: int = 300) -> list[BoardLine]:
    """Return what is being mended and what was struck off in the last thirty days, in this order."""
    shown = or_(
        Rectification.status.not_in(rules.ENDED),
        and_(Rectification.status == RectificationStatus.CLOSED, Rectification.closed_at > now - BOARD_KEEPS),
    )
    rows = db.session.scalars(
        queries.with_names(queries.visible_to(actor).where(shown))
        .order_by(Rectification.closed_at.is_not(None), Rectification.due_at, Rectification.id)
        .limit(limit)
    ).all()
    found = db.session.execute(
        select(RectifiedFinding.rectification_id, PatrolPoint.number, PatrolPoint.name, ChecklistItem.wording)
        .join(Finding, Finding.id == RectifiedFinding.finding_id)
        .join(PatrolPoint, PatrolPoint.id == Finding.patrol_point_id)
        .join(ChecklistItem, ChecklistItem.id == Finding.item_id)
        .where(RectifiedFinding.rectification_id.in_([row.id for row in rows]))
        .order_by(Finding.occurred_at, Finding.id)
    ).all()
    return [
        BoardLine(
            row,
            "、".join(dict.fromkeys(f"{each.number} {each.name}" for each in found if each[0] == row.id)),
            "；".join(dict.fromkeys(each.wording for each in found if each[0] == row.id)),
        )
        for row in rows
    ]
