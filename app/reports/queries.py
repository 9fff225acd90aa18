"""What the home page gathers from the ledgers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.db.drafts import Draft
from app.inspections import plan_queries
from app.inspections import walk_queries as inspections
from app.inspections.plan_queries import Board
from app.organisation.models import Zone
from app.permissions import Actor, Permission
from app.rectifications import queries as rectifications
from app.rectifications.models import Rectification

SHOWN = 6


@dataclass(frozen=True)
class Waiting:
    """One kind of work that waits for the reader: how much of it, and the most urgent rows."""

    kind: str
    total: int
    rows: list[Rectification]


@dataclass(frozen=True)
class Home:
    drafts: list[tuple[Draft, Zone]]
    figures: rectifications.Figures | None
    waiting: list[Waiting]
    clocks: dict[int, rectifications.Clock]
    rounds: Board | None = None  # of today, for who reads patrols


_ASKS = (
    ("receive", Permission.RECTIFICATION_RECEIVE),
    ("answer", Permission.RECTIFICATION_SUBMIT),
    ("recheck", Permission.RECTIFICATION_RECHECK),
    ("decide", Permission.RECTIFICATION_DECIDE),
)


def home(actor: Actor, now: datetime) -> Home:
    """Return what waits for the actor, what is due and what is overdue."""
    drafts = inspections.own_drafts(actor) if actor.can(Permission.PATROL_CONDUCT) else []
    rounds = (
        plan_queries.today(actor.centre_id, now)
        if actor.centre_id and actor.can(Permission.PATROL_READ)
        else None
    )
    if not actor.can(Permission.RECTIFICATION_READ):
        return Home(drafts, None, [], {})
    figures = rectifications.figures(actor, now)
    waiting = [
        Waiting(kind, total, rectifications.waiting(actor, kind, SHOWN))
        for kind, permission in _ASKS
        if actor.can(permission) and (total := getattr(figures, kind))
    ]
    if figures.overdue and actor.centre_wide:
        waiting.append(Waiting("overdue", figures.overdue, rectifications.overdue(actor, now, SHOWN)))
    clocks = rectifications.clocks_of([row for group in waiting for row in group.rows], now)
    return Home(drafts, figures, waiting, clocks, rounds)
