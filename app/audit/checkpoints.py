"""Signed statements of where each chain stands, kept in the database and, as anchors, outside it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import clock
from app.audit.anchors import add_anchors
from app.audit.append import instant, microseconds
from app.audit.keys import Checkpoint, grouped, key_name, private_key, public_key, signed_text
from app.audit.models import AuditCheckpoint, AuditEntry, AuditHead
from app.config import Settings
from app.core.i18n import N_
from app.db.uow import end_reading, short_transaction
from app.extensions import db

MOST_UNSIGNED = 200
LONGEST_UNSIGNED = timedelta(minutes=4)  # the worker asks every minute: five at most


def sign(settings: Settings, now: datetime, *, only_due: bool = False) -> list[Checkpoint]:
    """Sign the head of every chain with new entries, first into the anchor file, then into the database.

    `only_due` leaves alone what is few and young: fewer than 200 entries, the oldest under four minutes.
    """
    key = private_key(settings)
    name = key_name(public_key(settings))
    at_us = microseconds(now)
    signed = []
    for centre_id, seq, entry_hash, last, oldest_us in _unsigned(db.session()):
        young = oldest_us is not None and now - instant(oldest_us) < LONGEST_UNSIGNED
        if only_due and young and seq - last < MOST_UNSIGNED:
            continue
        signature = key.sign(signed_text(centre_id, seq, entry_hash, at_us)).hex()
        signed.append(Checkpoint(centre_id, seq, entry_hash, at_us, name, signature))
    end_reading()
    if signed:
        add_anchors(settings.instance, signed)
        with short_transaction() as session:
            session.add_all(AuditCheckpoint(**checkpoint._asdict()) for checkpoint in signed)
    return signed


def _unsigned(session: Session) -> list[tuple[int, int, str, int, int | None]]:
    """Return (centre, head seq, head hash, last signed seq, time of the first unsigned entry) per chain."""
    # A row that claims a place beyond the head signs nothing and must not keep us from signing.
    last = func.coalesce(
        select(func.max(AuditCheckpoint.seq))
        .where(AuditCheckpoint.centre_id == AuditHead.centre_id, AuditCheckpoint.seq <= AuditHead.seq)
        .scalar_subquery(),
        -1,
    )
    oldest = (
        select(AuditEntry.at_us)
        .where(AuditEntry.centre_id == AuditHead.centre_id, AuditEntry.seq == last + 1)
        .correlate(AuditHead)
        .scalar_subquery()
    )
    rows = session.execute(
        select(AuditHead.centre_id, AuditHead.seq, AuditHead.hash, last, oldest)
        .where(AuditHead.seq > last)
        .order_by(AuditHead.centre_id)
    )
    return [tuple(row) for row in rows]


def foot_line(session: Session, centre_id: int) -> str:
    """Return the latest checkpoint of a centre as printed at the foot of papers; empty before the first."""
    row = session.scalar(
        select(AuditCheckpoint)
        .where(AuditCheckpoint.centre_id == centre_id)
        .order_by(AuditCheckpoint.seq.desc(), AuditCheckpoint.id.desc())
        .limit(1)
    )
    if row is None:
        return ""
    at = clock.local(instant(row.at_us)).strftime("%Y-%m-%d %H:%M")
    return N_("审计检查点 %(place)s · %(hash)s · %(at)s · 密钥 %(key)s") % {
        "place": f"{row.centre_id}/{row.seq}",
        "hash": grouped(row.hash[:20]),
        "at": at,
        "key": grouped(row.key_id),
    }
