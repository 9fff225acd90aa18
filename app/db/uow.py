"""One change: the only place that commits, and the guard that no change goes unrecorded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import event, func, select
from sqlalchemy.orm import ORMExecuteState, Session

from app.audit import append as audit
from app.audit.chain import Link
from app.core.actions import Action
from app.core.errors import NotFound, Stale
from app.core.i18n import N_
from app.db import changes, search, stories
from app.db.changes import plain
from app.db.mixins import Audited, Searchable
from app.db.rows import insert_mappings
from app.db.sqlite import WRITE, write_turn
from app.db.stories import Batch
from app.extensions import Model, db
from app.permissions import Actor

Row = TypeVar("Row", bound=Model)
_log = logging.getLogger(__name__)
_UOW = "uow"
_SHORT = "short_transaction"


class UnauditedChange(Exception):
    """An audited row was changed without a recorded action, or outside a unit of work."""


@dataclass
class _Recorded:
    action: Action
    subject: Audited | None
    extra: dict[str, Any]
    result: str


@dataclass
class UnitOfWork:
    """An open write transaction; services change rows through `session` and record what they did.

    Its entries go to one centre's chain. A service whose one change moves rows of several centres (a work
    calendar) sets `across_centres`: then each entry goes to the chain of its subject's centre.
    """

    session: Session
    actor: Actor
    now: datetime
    across_centres: bool = False
    recorded: list[_Recorded] = field(default_factory=list)
    touched: dict[int, tuple[Audited, dict[str, list[Any]]]] = field(default_factory=dict)
    told: list[Batch] = field(default_factory=list)
    _after: list[Callable[[], None]] = field(default_factory=list)

    def record(
        self, action: Action, subject: Audited | None = None, *, result: str = "ok", **extra: Any
    ) -> None:
        """Record an action on a subject; the keys beyond its changed fields must be those declared."""
        if set(extra) != action.extra:
            raise TypeError(f"{action.name} takes {sorted(action.extra)}, not {sorted(extra)}")
        self.recorded.append(_Recorded(action, subject, extra, result))

    def get(self, model: type[Row], row_id: int, version: int | None = None) -> Row:
        """Load a row to change it. Raise NotFound, or Stale if the form was made from an older version."""
        row = self.session.get(model, row_id)
        if row is None:
            raise NotFound(N_("记录不存在。"))
        if version is not None and isinstance(row, Audited) and row.version != version:
            raise Stale(N_("这条记录刚被别人改动，请核对后重新提交。"))
        return row

    def bulk_insert(self, model: type[Model], rows: Iterable[Mapping[str, Any]], *, subject: Audited) -> None:
        """Insert many rows at once; the recorded action of `subject` (an import, a run) answers for them."""
        self.session.flush()
        batch = list(rows)
        if batch:
            insert_mappings(self.session.connection(), model, batch)
        self.touched.setdefault(id(subject), (subject, {}))

    def tell(self, batch: Batch) -> None:
        """Insert many rows at once, each answered for by the entries of its own story."""
        self.session.flush()
        stories.write(self.session, batch)
        self.told.append(batch)

    def after_commit(self, run: Callable[[], None]) -> None:
        """Run something that must not happen unless the change is kept (wake the worker, clean files)."""
        self._after.append(run)


@contextmanager
def unit_of_work(actor: Actor, now: datetime) -> Iterator[UnitOfWork]:
    """Open the write transaction of one change; commit it with its audit entries, or nothing at all."""
    session = db.session()
    if _UOW in session.info or _SHORT in session.info:
        raise RuntimeError("units of work do not nest")
    session.rollback()  # ends the request's read transaction
    uow = UnitOfWork(session, actor, now)
    with write_turn(session):
        session.info[_UOW] = uow
        try:
            session.connection(execution_options={WRITE: True})
            yield uow
            session.flush()
            _index(uow)
            for links in _by_chain(_entries(uow)):
                audit.append(session, links)
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            del session.info[_UOW]
    for run in uow._after:
        try:
            run()
        except Exception:  # the change is kept: whoever made it must not be told otherwise
            _log.exception("after the commit of %s", [item.action.name for item in uow.recorded])


@contextmanager
def short_transaction(*, waiting: bool = True) -> Iterator[Session]:
    """Write rows that carry no ledger meaning: sessions, drafts, throttles, the state of jobs.

    Not `waiting` for others who write, it fails at once where it would have to.
    """
    session = db.session()
    if _UOW in session.info or _SHORT in session.info:
        raise RuntimeError("units of work do not nest")
    session.rollback()
    with write_turn(session, waiting=waiting):
        session.info[_SHORT] = True
        try:
            connection = session.connection(execution_options={WRITE: True})
            if not waiting and connection.dialect.name == "postgresql":
                connection.execute(select(func.set_config("lock_timeout", "50ms", True)))
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            del session.info[_SHORT]


def end_reading() -> None:
    """End the present read transaction, so that the next query sees what others have committed."""
    db.session().rollback()


def begin_reading() -> None:
    """Begin a read transaction that sees one moment throughout, for long reading before a change."""
    session = db.session()
    session.rollback()
    if session.get_bind().dialect.name == "postgresql":  # SQLite reads so by itself
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


# --- the guard ------------------------------------------------------------------------------------


@event.listens_for(db.session, "before_flush")
def _refuse_stray_writes(session: Session, *_: object) -> None:
    changed = [*session.new, *session.deleted, *(o for o in session.dirty if session.is_modified(o))]
    if not changed:
        return
    if _UOW not in session.info:
        stray = [o for o in changed if isinstance(o, Audited)]
        if stray or _SHORT not in session.info:
            raise UnauditedChange(f"written outside a unit of work: {stray or changed}")
    if any(isinstance(o, Audited) for o in session.deleted):
        raise UnauditedChange("ledger rows are never deleted")


@event.listens_for(db.session, "after_flush")
def _collect(session: Session, _context: object) -> None:
    uow: UnitOfWork | None = session.info.get(_UOW)
    if uow is None:
        return
    for row in (*session.new, *session.dirty):
        if isinstance(row, Audited):
            changed = changes.of(row, new=row in session.new)
            if not changed and row not in session.new:
                continue  # set to what it was
            kept = uow.touched.setdefault(id(row), (row, {}))[1]
            for name, (before, after) in changed.items():
                kept[name] = [kept[name][0] if name in kept else before, after]


@event.listens_for(db.session, "do_orm_execute")
def _refuse_bulk_statements(state: ORMExecuteState) -> None:
    if not (state.is_insert or state.is_update or state.is_delete):
        return
    table = state.statement.table  # type: ignore[attr-defined]
    # By name: of an ORM statement SQLAlchemy hands out an annotated copy of the table.
    audited = any(
        mapper.class_.__tablename__ == table.name and issubclass(mapper.class_, Audited)
        for mapper in Model.registry.mappers
    )
    if audited or (_UOW not in state.session.info and _SHORT not in state.session.info):
        raise UnauditedChange(f"a bulk statement on {table.name}; use rows, or uow.bulk_insert")


def _entries(uow: UnitOfWork) -> list[Link]:
    """Turn what was recorded into entries of their chains; raise UnauditedChange if a change is missing."""
    found: dict[int, dict[str, list[Any]]] = {}
    subjects: dict[int, Audited] = {}
    for row, changed in uow.touched.values():
        subject = row.audit_subject()
        subjects[id(subject)] = subject
        prefix = "" if subject is row else f"{row.__audit_type__}#{row.id}."
        found.setdefault(id(subject), {}).update({prefix + name: pair for name, pair in changed.items()})
    missing = set(subjects) - {id(r.subject) for r in uow.recorded}
    if missing:
        raise UnauditedChange(f"no recorded action for {[subjects[key] for key in missing]}")
    entries = [link for batch in uow.told for link in batch.entries]
    chain = _chain_of(uow)
    for item in uow.recorded:
        payload = {key: plain(value) for key, value in item.extra.items()}
        changed = found.pop(id(item.subject), {}) if item.subject is not None else {}
        if changed:
            payload["changes"] = changed
        entries.append(
            audit.draft(
                uow.actor,
                uow.now,
                (uow.across_centres and item.subject and item.subject.audit_centre_id) or chain,
                item.action.name,
                subject_type=item.subject.__audit_type__ if item.subject else None,
                subject_id=item.subject.id if item.subject else None,
                subject_name=item.subject.audit_name if item.subject else "",
                payload=payload,
                result=item.result,
            )
        )
    return entries


def _by_chain(entries: list[Link]) -> list[list[Link]]:
    """Return entries by chain, in the order of the centres, so that two changes never wait for each other."""
    found: dict[int, list[Link]] = {}
    for entry in entries:
        found.setdefault(entry.centre_id, []).append(entry)
    return [found[centre_id] for centre_id in sorted(found)]


def _chain_of(uow: UnitOfWork) -> int:
    """Return the centre whose chain grows: that of the subjects, else the actor's, else the root's."""
    subjects = [] if uow.across_centres else [item.subject for item in uow.recorded if item.subject]
    centres = {subject.audit_centre_id for subject in subjects if subject.audit_centre_id}
    centres |= {link.centre_id for batch in uow.told for link in batch.entries}
    if len(centres) > 1:
        raise UnauditedChange(f"one unit of work, one centre; these rows belong to {sorted(centres)}")
    if centres:
        return centres.pop()
    return uow.actor.centre_id or root_centre_id(uow.session)


def root_centre_id(session: Session) -> int:
    """Return the top centre, whose chain takes events without a centre; 0 before there is one."""
    centres = Model.metadata.tables["centres"]
    found = session.scalar(
        select(centres.c.id).where(centres.c.parent_id.is_(None)).order_by(centres.c.id).limit(1)
    )
    return found or 0


def _index(uow: UnitOfWork) -> None:
    for row, _ in uow.touched.values():
        if isinstance(row, Searchable):
            search.index(uow.session, row.__search_table__, row.id, row.search_text)
