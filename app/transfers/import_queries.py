from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from app.db import scope
from app.extensions import db
from app.permissions import Actor
from app.transfers import importing
from app.transfers.models import Batch

RECENT = 10


def visible_to(actor: Actor) -> Select[Batch]:
    """Return the imports in sight: of one's centre and those below, of the kinds one may take in."""
    rows = select(Batch).where(
        Batch.centre_id.in_(actor.centre_ids), Batch.kind.in_(importing.allowed(actor))
    )
    return rows.options(joinedload(Batch.applied_by))


def recent(actor: Actor, kind: str) -> Sequence[Batch]:
    """Return the last imports of a kind, newest first."""
    rows = visible_to(actor).where(Batch.kind == kind)
    return db.session.scalars(rows.order_by(Batch.applied_at.desc(), Batch.id.desc()).limit(RECENT)).all()


def same_file(actor: Actor, kind: str, sha256: str) -> Batch | None:
    """Return the last time that the very same file was taken in."""
    rows = visible_to(actor).where(Batch.kind == kind, Batch.sha256 == sha256)
    return db.session.scalar(rows.order_by(Batch.applied_at.desc(), Batch.id.desc()).limit(1))


def get(actor: Actor, batch_id: int) -> Batch:
    """Return an import in sight. Raise OutOfScope or NotFound."""
    return scope.load(db.session(), visible_to(actor), Batch, batch_id)
