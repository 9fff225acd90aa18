"""Write entries to the end of one centre's chain, as the last thing before a commit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, bindparam, func, inspect, select
from sqlalchemy.orm import Session

from app.audit.chain import ALGORITHM, GENESIS_ACTION, ZERO, Link, link_hash
from app.audit.models import AuditEntry, AuditHead
from app.db.rows import insert_rows
from app.db.types import canonical
from app.permissions import Actor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BATCH = 1000


def microseconds(instant: datetime) -> int:
    """Return the instant as whole microseconds since 1970, without a float in between."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def instant(at_us: int) -> datetime:
    """Return the UTC instant of an entry's time."""
    return _EPOCH + timedelta(microseconds=at_us)


def _printable(text: str) -> str:
    # An address somebody made up must not keep its refusal out of the log: no database takes a NUL.
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def draft(
    actor: Actor,
    now: datetime,
    centre_id: int,
    action: str,
    *,
    subject_type: str | None = None,
    subject_id: int | None = None,
    subject_name: str = "",
    payload: dict[str, Any] | None = None,
    result: str = "ok",
) -> Link:
    """Return an entry that has no place in the chain yet."""
    return Link(
        centre_id=centre_id,
        seq=-1,
        at_us=microseconds(now),
        actor_id=actor.user_id,
        actor_name=actor.name,
        role=actor.role.value if actor.role else None,
        session_id=actor.origin.session_id,
        address=_printable(actor.origin.address),
        route=_printable(actor.origin.route),
        request_id=actor.origin.request_id,
        action=action,
        result=result,
        subject_type=subject_type,
        subject_id=subject_id,
        subject_name=subject_name,
        payload=canonical(payload or {}),
        algorithm=ALGORITHM,
        previous="",
        hash="",
    )


def _genesis(first: Link) -> Link:
    return first._replace(
        actor_id=None,
        actor_name="duban",
        role=None,
        session_id=None,
        address="",
        route="",
        request_id="",
        action=GENESIS_ACTION,
        result="ok",
        subject_type=None,
        subject_id=None,
        subject_name="",
        payload="{}",
    )


def append(session: Session, drafts: list[Link]) -> None:
    """Append entries of one centre in the session's open write transaction, opening its chain if new."""
    if not drafts:
        return
    if session.get_bind().dialect.name == "postgresql":
        for start in range(0, len(drafts), _BATCH):
            # One round trip: the function locks the head, hashes, inserts and moves the head.
            rows = [link._asdict() for link in [_genesis(drafts[0]), *drafts[start : start + _BATCH]]]
            given: BindParameter[str] = bindparam("e", canonical(rows))
            session.execute(select(func.audit_append(drafts[0].centre_id, given)))
        return
    head = session.execute(
        select(AuditHead.seq, AuditHead.hash).where(AuditHead.centre_id == drafts[0].centre_id)
    ).one_or_none()
    seq, previous = head if head else (-1, ZERO)
    if head is None:
        drafts = [_genesis(drafts[0]), *drafts]
    links = []
    for link in drafts:
        seq += 1
        link = link._replace(seq=seq, previous=previous)
        previous = link_hash(link)
        links.append(link._replace(hash=previous))
    insert_rows(session.connection(), inspect(AuditEntry).local_table, links)
