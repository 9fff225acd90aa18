"""Reads of editions of checklists and of their drafts."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Select, select

from app.core.errors import NotFound
from app.core.i18n import N_
from app.db import scope
from app.db.drafts import Draft
from app.db.listing import Order, Page, capped_count, fetch
from app.extensions import db
from app.inspections.models import Checklist
from app.permissions import Actor

DRAFT = "checklist"


def visible_to(actor: Actor) -> Select[Checklist]:
    """Return the editions in sight: those of the actor's centre and of the centres below."""
    return select(Checklist).where(Checklist.centre_id.in_(actor.centre_ids))


def list_checklists(actor: Actor, args: Mapping[str, str]) -> tuple[Page[Checklist], int]:
    """Return one page of editions, the latest in force first, and their capped number."""
    rows = visible_to(actor)
    order = Order(Checklist.effective_on, Checklist.id)
    return fetch(db.session(), rows, order, args.get("cursor")), capped_count(db.session(), rows)


def get_checklist(actor: Actor, checklist_id: int) -> Checklist:
    """Return an edition in sight. Raise NotFound, OutOfScope."""
    return scope.load(db.session(), visible_to(actor), Checklist, checklist_id)


def editions_of(checklist: Checklist) -> list[Checklist]:
    """Return all editions of a checklist, the latest first."""
    rows = select(Checklist).where(
        Checklist.centre_id == checklist.centre_id, Checklist.code == checklist.code
    )
    return list(db.session.scalars(rows.order_by(Checklist.edition.desc())))


def own_drafts(actor: Actor) -> list[tuple[Draft, Checklist]]:
    """Return the new editions that the actor is drafting, with those they began from."""
    rows = db.session.execute(
        select(Draft, Checklist)
        .join(Checklist, Checklist.id == Draft.subject_id)
        .where(Draft.user_id == actor.user_id, Draft.kind == DRAFT)
        .order_by(Draft.saved_at.desc())
    )
    return [(draft, checklist) for draft, checklist in rows]


def get_draft(actor: Actor, draft_id: int) -> Draft:
    """Return one's own draft of an edition. Raise NotFound."""
    draft = db.session.get(Draft, draft_id)
    if draft is None or draft.kind != DRAFT or draft.user_id != actor.user_id:
        raise NotFound(N_("这份清单草稿已经发布或放弃，或者是别人的草稿。"))
    return draft
