"""Reads of the log: the ledger an auditor turns over, and the story of one record."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Enum, select
from sqlalchemy.orm import ColumnProperty

from app.accounts.models import User
from app.audit.append import instant
from app.audit.models import AuditCheckpoint, AuditEntry, AuditHead
from app.db.mixins import Audited
from app.db.types import Instant
from app.db.uow import root_centre_id
from app.extensions import Model, db
from app.permissions import Actor, Role

PROTECTED = "***"  # what the log keeps in the place of a protected value
_PART = re.compile(r"([a-z_]+)#(\d+)\.([a-z_0-9]+)")


@dataclass(frozen=True)
class Change:
    """One field before and after, typed as its column is; `part` names the child row it stands in."""

    field: str
    before: Any
    after: Any
    part: str = ""
    part_id: int | None = None


@dataclass(frozen=True)
class Event:
    """One entry as it may be shown to whoever may see its subject: no address, no session, no hash."""

    at: datetime
    actor_name: str
    role: Role | None
    action: str
    result: str
    changes: tuple[Change, ...]
    extra: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class ChainState:
    """Where one chain stands: its head, its last checkpoint, and how many entries came after that."""

    centre_id: int
    seq: int
    hash: str
    checkpoint: AuditCheckpoint | None

    @property
    def signed_at(self) -> datetime | None:
        return instant(self.checkpoint.at_us) if self.checkpoint else None

    @property
    def unsigned(self) -> int:
        return self.seq - (self.checkpoint.seq if self.checkpoint else -1)


# --- the record's own history ------------------------------------------------------------------------


def history_of(subject_type: str, subject_id: int | Collection[int], limit: int = 50) -> list[Event]:
    """Return what happened to a record (or several), newest first; rows named by id are given their names.

    The caller has loaded the record within the reader's scope. Refusals stay with the auditor.
    """
    ids = [subject_id] if isinstance(subject_id, int) else subject_id
    entries = (
        select(AuditEntry)
        .where(
            AuditEntry.subject_type == subject_type,
            AuditEntry.subject_id.in_(ids),
            AuditEntry.result == "ok",
        )
        .order_by(AuditEntry.at_us.desc(), AuditEntry.seq.desc())
        .limit(limit)
    )
    return with_names([event_of(entry) for entry in db.session.scalars(entries)], subject_type)


def with_names(events: list[Event], kind: str | None) -> list[Event]:
    """Put names in the place of ids that lead to another row: one statement for each table they lead to."""
    wanted: dict[type[Audited], set[int]] = {}
    for event in events:
        for change in event.changes:
            target = _targets().get((change.part or kind or "", change.field))
            if target:
                wanted.setdefault(target, set()).update(
                    value for value in (change.before, change.after) if isinstance(value, int)
                )
    names = {
        (model, row.id): row.name if isinstance(row, User) else row.audit_name
        for model, ids in wanted.items()
        for row in (db.session.scalars(select(model).where(model.id.in_(ids))) if ids else ())
    }

    def named(change: Change) -> Change:
        target = _targets().get((change.part or kind or "", change.field))
        if target is None:
            return change
        before, after = (names.get((target, value), value) for value in (change.before, change.after))
        return replace(change, before=before, after=after)

    return [replace(event, changes=tuple(map(named, event.changes))) for event in events]


@cache
def _targets() -> dict[tuple[str, str], type[Audited]]:
    """Return the table that each audited field leads to by its foreign key."""
    models = {mapper.local_table: mapper.class_ for mapper in Model.registry.mappers}
    return {
        (mapper.class_.__audit_type__, prop.key): models[key.column.table]
        for mapper in Model.registry.mappers
        if issubclass(mapper.class_, Audited)
        for prop in mapper.iterate_properties
        if isinstance(prop, ColumnProperty)
        for key in prop.columns[0].foreign_keys  # type: ignore[attr-defined]
        if issubclass(models[key.column.table], Audited)
    }


def event_of(entry: AuditEntry) -> Event:
    """Return an entry with its changes as typed values."""
    payload = json.loads(entry.payload)
    changes = payload.pop("changes", {})
    return Event(
        at=instant(entry.at_us),
        actor_name=entry.actor_name,
        role=Role(entry.role) if entry.role in list(Role) else None,
        action=entry.action,
        result=entry.result,
        changes=tuple(_change(entry.subject_type, name, pair) for name, pair in changes.items()),
        extra=tuple((name, _said(name, value)) for name, value in payload.items()),
    )


def _said(name: str, value: Any) -> Any:
    """Turn what an action says beyond its changes back into what it was."""
    if name in ("roles", "roles_granted", "roles_withdrawn") and isinstance(value, list):
        return [Role(each) if each in list(Role) else each for each in value]
    return value


def _change(kind: str | None, name: str, pair: list[Any]) -> Change:
    part = _PART.fullmatch(name)
    field = part[3] if part else name
    column = _columns().get((part[1] if part else kind or "", field))
    before, after = (_typed(column, value) for value in pair)
    return Change(field, before, after, part[1] if part else "", int(part[2]) if part else None)


@cache
def _columns() -> dict[tuple[str, str], Any]:
    """Return the column type of every audited field, by audit type and field name."""
    return {
        (mapper.class_.__audit_type__, prop.key): prop.columns[0].type
        for mapper in Model.registry.mappers
        if issubclass(mapper.class_, Audited)
        for prop in mapper.iterate_properties
        if isinstance(prop, ColumnProperty)
    }


def _typed(column: Any, value: Any) -> Any:
    """Turn a logged value back into what it was; what no longer fits stays as it was written."""
    try:
        if isinstance(column, Enum) and column.enum_class and isinstance(value, str):
            return column.enum_class(value)
        if isinstance(column, Instant) and isinstance(value, str):
            return datetime.fromisoformat(value)
    except ValueError:
        pass
    return value


# --- chains ------------------------------------------------------------------------------------------


def chains_of(actor: Actor) -> frozenset[int]:
    """Return the chains an auditor reads: his centres', and what came before any centre at the top."""
    root = root_centre_id(db.session())
    return actor.centre_ids | {0} if root in actor.centre_ids else actor.centre_ids


def chain_states(actor: Actor) -> list[ChainState]:
    """Return where each chain in sight stands, in one statement besides the scope's."""
    last = (
        select(AuditCheckpoint.id)
        .where(AuditCheckpoint.centre_id == AuditHead.centre_id, AuditCheckpoint.seq <= AuditHead.seq)
        .order_by(AuditCheckpoint.seq.desc(), AuditCheckpoint.id.desc())
        .limit(1)
        .correlate(AuditHead)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(AuditHead.centre_id, AuditHead.seq, AuditHead.hash, AuditCheckpoint)
        .outerjoin(AuditCheckpoint, AuditCheckpoint.id == last)
        .where(AuditHead.centre_id.in_(chains_of(actor)))
        .order_by(AuditHead.centre_id)
    )
    return [ChainState(*row) for row in rows]


def centre_names(centre_ids: set[int]) -> Mapping[int, str]:
    """Return the short names of centres."""
    centres = Model.metadata.tables["centres"]
    rows = db.session.execute(select(centres.c.id, centres.c.short_name).where(centres.c.id.in_(centre_ids)))
    return {row.id: row.short_name for row in rows}
