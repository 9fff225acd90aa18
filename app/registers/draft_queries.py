from __future__ import annotations

from typing import Any

from app.db import drafts
from app.extensions import db
from app.permissions import Actor

DRAFT = "register"


def uploads(actor: Actor, entry_id: int) -> dict[str, Any]:
    """Return the files that came with one's form of an entry (0: a new one), by hash."""
    draft = drafts.find(db.session(), actor.user_id, DRAFT, entry_id)
    return draft.content["uploads"] if draft else {}
