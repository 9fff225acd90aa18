"""The rulebooks of the demo centres: their own three in force, and the four real ones as drafts to try."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

from app.config import ROOT
from app.db.uow import unit_of_work
from app.evaluations import rulebook_services
from app.extensions import db
from app.organisation.models import Centre
from app.permissions import Actor

OWN = ROOT / "seeds/demo/rulebooks"
SHIPPED = ROOT / "seeds/rulebooks"


def plant(actor: Actor, at: datetime) -> None:
    """Bring the rulebooks into every centre; its own are in force since the January before last."""
    since = date(at.year - 1, 1, 1)
    for centre_id in list(db.session.scalars(select(Centre.id).order_by(Centre.id))):
        with unit_of_work(actor, at) as uow:
            for path in sorted(OWN.glob("*.yaml")):
                text = path.read_text(encoding="utf-8")
                row = rulebook_services.import_rulebook(uow, centre_id, text)
                rulebook_services.put_in_force(uow, row.id, since)
            for path in sorted(SHIPPED.glob("*.yaml")):
                rulebook_services.import_rulebook(uow, centre_id, path.read_text(encoding="utf-8"))
