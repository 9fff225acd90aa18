"""The auditor's ledger of entries: its filters, its pages, and what a filter's words may mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    false,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union_all,
)

from app import clock
from app.accounts.models import User
from app.audit.append import microseconds
from app.audit.models import AuditEntry
from app.audit.queries import Event, chains_of, event_of, with_names
from app.core.errors import Invalid, NotFound
from app.core.i18n import N_
from app.db.listing import COUNT_CAP, PAGE_SIZE, Page, unsteered
from app.db.scope import MISSING, OutOfScope
from app.db.search import fold
from app.extensions import db
from app.organisation.queries import name_initials
from app.permissions import Actor

RESULTS = ("ok", "refused")
MOST_OFFERED = 10
_PLACE = re.compile(r"(-?)(\d{1,18})\.(\d{1,9})\.(\d{1,18})")
_BRACKETS = str.maketrans("[]", "〔〕")
_initials = lru_cache(maxsize=8192)(name_initials)


@dataclass(frozen=True)
class Line:
    """One entry as the auditor sees it."""

    entry: AuditEntry
    event: Event


@dataclass(frozen=True)
class Filter:
    """The filters of the ledger; `person` and `name` are words that may mean one of several."""

    result: str = ""
    action: str = ""
    subject: str = ""
    subject_id: int | None = None
    name: str = ""
    person: str = ""
    person_id: int | None = None
    since: date | None = None
    until: date | None = None

    @classmethod
    def read(cls, args: Mapping[str, str], typed: Mapping[str, Any]) -> Filter:
        """Return the filters of an address; `typed` holds the fields that a form has read."""
        return cls(
            result=args["result"] if args.get("result") in RESULTS else "",
            action=_text(args.get("action", "")),
            subject=_text(args.get("subject", "")),
            subject_id=_number(args.get("subject_id", ""), 18),
            person_id=_number(args.get("person_id", ""), 9),
            name=typed.get("name") or "",
            person=typed.get("person") or "",
            since=typed.get("since"),
            until=typed.get("until"),
        )


def _text(value: str) -> str:
    # What no name contains (a NUL, half a character) no database has to be asked about.
    return value.strip()[:60] if value.isprintable() else ""


def _number(value: str, digits: int) -> int | None:
    return int(value) if re.fullmatch(f"[0-9]{{1,{digits}}}", value) else None


class Person(NamedTuple):
    id: int
    username: str
    name: str


class Subject(NamedTuple):
    kind: str
    id: int
    name: str


@dataclass(frozen=True)
class Meant:
    """A filter with its words made out; what they may mean besides, where that is more than one thing."""

    filter: Filter
    chains: frozenset[int]
    person: Person | None = None
    people: tuple[Person, ...] = ()
    subjects: tuple[Subject, ...] = ()

    @property
    def unclear(self) -> bool:
        return bool(self.people or self.subjects)


# --- what the words of a filter mean -------------------------------------------------------------------


def make_out(actor: Actor, wanted: Filter) -> Meant:
    """Return a filter with the person and the subject that its words mean, or all that they may mean."""
    meant = Meant(wanted, chains_of(actor))
    if wanted.person_id is not None:
        meant = replace(meant, person=_person(actor, wanted.person_id))
    elif wanted.person:
        people = _people(actor, wanted.person)
        if len(people) == 1:
            chosen = replace(wanted, person_id=people[0].id)
            meant = replace(meant, filter=chosen, person=people[0])
        else:
            meant = replace(meant, people=tuple(people))
    if wanted.name:
        subjects = _subjects(meant.chains, wanted)
        if len(subjects) == 1:
            only = subjects[0]
            meant = replace(meant, filter=replace(meant.filter, subject=only.kind, subject_id=only.id))
        else:
            meant = replace(meant, subjects=tuple(subjects))
    return meant


def _person(actor: Actor, user_id: int) -> Person | None:
    row = db.session.execute(_users(actor).where(User.id == user_id)).one_or_none()
    return Person(*row) if row else None


def _users(actor: Actor) -> Select[int, str, str]:
    return select(User.id, User.username, User.name).where(User.centre_id.in_(actor.centre_ids))


def _people(actor: Actor, typed: str) -> list[Person]:
    """Return the people whom a name, part of one, its initials or a user name may mean; exact ones first."""
    wanted = fold(typed)
    users = [Person(*row) for row in db.session.execute(_users(actor).order_by(User.sort_key, User.id))]
    exact = [each for each in users if wanted in (fold(each.name), each.username)]
    if exact:
        return exact[:MOST_OFFERED]
    found = (
        each
        for each in users
        if wanted in fold(each.name)
        or each.username.startswith(wanted)
        or (wanted.isascii() and _initials(each.name).startswith(wanted))
    )
    return [each for _, each in zip(range(MOST_OFFERED), found, strict=False)]


def _subjects(chains: frozenset[int], wanted: Filter) -> list[Subject]:
    """Return the records whose number or name is, or else begins with, what was typed."""
    typed = wanted.name.translate(_BRACKETS)
    rows = select(AuditEntry.subject_type, AuditEntry.subject_id, AuditEntry.subject_name).distinct()
    rows = rows.where(unsteered(AuditEntry.centre_id).in_(chains), AuditEntry.subject_type.is_not(None))
    if wanted.subject:
        rows = rows.where(AuditEntry.subject_type == wanted.subject)
    parts = (
        select(rows.where(condition).limit(MOST_OFFERED).subquery())
        for condition in (AuditEntry.subject_name == typed, _begins(typed))
    )
    found = {(row[0], row[1]): Subject(*row) for row in db.session.execute(union_all(*parts))}
    exact = [each for each in found.values() if each.name == typed]
    return exact or sorted(found.values())[:MOST_OFFERED]


def _begins(text: str) -> ColumnElement[bool]:
    """Return the condition that a subject's name begins with a text, as each database's index knows it."""
    if db.session().get_bind().dialect.name == "postgresql":
        return AuditEntry.subject_name.startswith(text, autoescape=True)
    return AuditEntry.subject_name.between(text, f"{text}\U0010ffff")


# --- the ledger ----------------------------------------------------------------------------------------


def filtered(meant: Meant) -> Select[AuditEntry]:
    """Return the entries in sight that a filter lets through; none while it is unclear."""
    rows = select(AuditEntry).where(unsteered(AuditEntry.centre_id).in_(meant.chains))
    return rows.where(false()) if meant.unclear else where(rows, meant.filter)


def list_entries(meant: Meant, cursor: str | None) -> tuple[Page[Line], int]:
    """Return one page of the log, newest first, and the capped number of entries; none while unclear."""
    rows = filtered(meant)
    page = _fetch(rows, cursor)
    lines = [Line(entry, event_of(entry)) for entry in page.rows]
    return Page(lines, page.next, page.previous), _count(rows)


def _count(rows: Select[AuditEntry]) -> int:
    """Return the capped number, counted in the order of the page: left alone a planner walks the chain."""
    bare = rows.with_only_columns(literal(1), maintain_column_froms=True)
    limited = bare.order_by(AuditEntry.at_us.desc()).limit(COUNT_CAP + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(limited)) or 0


def where(rows: Select[AuditEntry], wanted: Filter) -> Select[AuditEntry]:
    """Return the entries that a filter lets through."""
    named: dict[Any, Any] = {
        AuditEntry.action: wanted.action or None,
        AuditEntry.subject_type: wanted.subject or None,
        AuditEntry.subject_id: wanted.subject_id,
        AuditEntry.subject_name: (wanted.subject_id is None and wanted.name) or None,
        AuditEntry.actor_id: wanted.person_id,
    }
    held = [(column, value) for column, value in named.items() if value is not None]
    if wanted.result == "refused":
        held = [(_unindexed(column), value) for column, value in held]
    rows = rows.where(*(column == value for column, value in held))
    if wanted.result:
        # Spelt out: refusals are few and have an index of their own, which a bound value would not find.
        rows = rows.where(AuditEntry.result == literal_column(f"'{wanted.result}'"))
    if wanted.person and wanted.person_id is None:  # nobody's account: a command, the worker
        rows = rows.where(AuditEntry.actor_id.is_(None), AuditEntry.actor_name == wanted.person)
    if wanted.since:
        rows = rows.where(AuditEntry.at_us >= _midnight(wanted.since))
    if wanted.until:
        rows = rows.where(AuditEntry.at_us < _midnight(wanted.until + timedelta(days=1)))
    return rows


def _unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column whose own index no planner takes instead of the far smaller one of the refusals."""
    return column.concat("") if isinstance(column.type, String) else column + 0


def _midnight(day: date) -> int:
    return microseconds(clock.at_office(datetime.combine(day, time())))


def _fetch(rows: Select[AuditEntry], cursor: str | None) -> Page[AuditEntry]:
    """Return the page at a cursor `[-]time.centre.seq`. The log has no single key, so not `listing.fetch`."""
    backwards, place = _read_cursor(cursor) if cursor else (False, None)
    keys = (AuditEntry.at_us, AuditEntry.centre_id, AuditEntry.seq)
    if place:
        rows = rows.where(tuple_(*keys) > tuple_(*place) if backwards else tuple_(*keys) < tuple_(*place))
    order = [key.asc() if backwards else key.desc() for key in keys]
    found = list(db.session.scalars(rows.order_by(*order).limit(PAGE_SIZE + 1)))
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if backwards:
        found.reverse()
    if not found:
        return Page([], None, None)
    has_next, has_previous = (True, more) if backwards else (more, cursor is not None)
    return Page(
        found,
        _cursor(found[-1]) if has_next else None,
        f"-{_cursor(found[0])}" if has_previous else None,
    )


def _cursor(entry: AuditEntry) -> str:
    return f"{entry.at_us}.{entry.centre_id}.{entry.seq}"


def _read_cursor(cursor: str) -> tuple[bool, tuple[int, int, int]]:
    parts = _PLACE.fullmatch(cursor)
    if parts is None:
        raise Invalid(N_("翻页位置无效，请回到第一页。"), field="cursor")
    return bool(parts[1]), (int(parts[2]), int(parts[3]), int(parts[4]))


def get_entry(actor: Actor, centre_id: int, seq: int) -> Line:
    """Return one entry. Raise NotFound, or its out-of-scope kind for a chain of another centre."""
    entry = db.session.get(AuditEntry, (centre_id, seq))
    if entry is None:
        raise NotFound(MISSING)
    if centre_id not in chains_of(actor):
        raise OutOfScope  # an entry has no page of its own to name
    return Line(entry, with_names([event_of(entry)], entry.subject_type)[0])
