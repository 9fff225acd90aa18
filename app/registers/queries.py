"""Reads of the small ledgers: who sees which entry, lists, records, and what is offered to be scored."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, joinedload

from app import clock
from app.attachments import queries as attachments
from app.attachments.models import Attachment
from app.core.events import FactValue, ScoreEvent
from app.db import scope, search
from app.db.listing import Order, Page, capped_counts, fetch, walk
from app.db.scope import row_id
from app.extensions import db
from app.organisation.models import Department, PatrolPoint, StaffMember
from app.permissions import Actor
from app.registers import rules
from app.registers.models import RegisterEntry
from app.registers.rules import KINDS, EntryStatus, Facts, Kind, Level, Register

# What a form or a table says of an entry; its person without an account aside.
CONTENT = (
    "happened_on",
    "ended_on",
    "staff_member_id",
    "patrol_point_id",
    "department_id",
    "giver",
    "matter",
    "awarded_by",
    "honour_level",
    "quantity",
    "minutes",
    "clause",
    "shown",
    "text",
)


def visible_to(actor: Actor) -> Select[RegisterEntry]:
    """Return the entries in sight: the centre's for its roles, else what is confirmed of one's own."""
    rows = select(RegisterEntry).where(RegisterEntry.centre_id.in_(actor.centre_ids))
    if actor.centre_wide:
        return rows
    own: list[ColumnElement[bool]] = [RegisterEntry.department_id.in_(actor.department_ids)]
    if actor.staff_member_id:
        own.append(RegisterEntry.staff_member_id == actor.staff_member_id)
    return rows.where(RegisterEntry.status == EntryStatus.CONFIRMED, or_(*own))


def facts(actor: Actor, row: RegisterEntry) -> Facts:
    """Return what decides whether the actor may take a step."""
    writers = frozenset({row.recorded_by_id, row.corrected_by_id})
    return Facts(actor.user_id, actor.staff_member_id, writers, row.staff_member_id)


# --- lists ----------------------------------------------------------------------------------------

Member = TypeVar("Member", bound=StrEnum)


def _member(kinds: type[Member], value: str | None) -> Member | None:
    return kinds(value) if value in {kind.value for kind in kinds} else None


def month_span(value: str | None) -> tuple[date, date] | None:
    """Return the first and the last day of a month written as 2026-11; None if it is none."""
    try:
        first = date.fromisoformat(f"{value}-01")
    except ValueError:
        return None
    if not 1900 < first.year < 2200:
        return None
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _read_day(value: str | None) -> date | None:
    try:
        day = date.fromisoformat(value or "")
    except ValueError:
        return None
    return day if 1900 < day.year < 2200 else None


@dataclass(frozen=True)
class EntryFilter:
    """The filters of the ledger as they stand in its address; what does not parse is left out."""

    register: Register | None = None
    kind: Kind | None = None
    status: EntryStatus | None = None
    honour_level: Level | None = None
    first: date | None = None
    last: date | None = None
    staff_id: int | None = None
    point_id: int | None = None
    department_id: int | None = None
    batch_id: int | None = None
    to_confirm: bool = False  # what waits for the reader
    words: str = ""

    @classmethod
    def read(cls, args: Mapping[str, str]) -> EntryFilter:
        first, last = month_span(args.get("month")) or (
            _read_day(args.get("from")),
            _read_day(args.get("to")),
        )
        return cls(
            register=_member(Register, args.get("register")),
            kind=_member(Kind, args.get("kind")),
            status=_member(EntryStatus, args.get("status")),
            honour_level=_member(Level, args.get("level")),
            first=first,
            last=last,
            staff_id=row_id(args.get("staff")),
            point_id=row_id(args.get("point")),
            department_id=row_id(args.get("department")),
            batch_id=row_id(args.get("batch")),
            to_confirm=args.get("mine") == "confirm",
            words=args.get("q", "")[:60],
        )


def filtered(actor: Actor, wanted: EntryFilter) -> Select[RegisterEntry]:
    """Return the visible entries that pass the filters."""
    rows = visible_to(actor)
    for column, value in (
        (RegisterEntry.register, wanted.register),
        (RegisterEntry.kind, wanted.kind),
        (RegisterEntry.status, wanted.status),
        (RegisterEntry.honour_level, wanted.honour_level),
        (RegisterEntry.staff_member_id, wanted.staff_id),
        (RegisterEntry.patrol_point_id, wanted.point_id),
        (RegisterEntry.department_id, wanted.department_id),
        (RegisterEntry.batch_id, wanted.batch_id),
    ):
        if value is not None:
            rows = rows.where(column == value)
    if wanted.first:
        rows = rows.where(RegisterEntry.happened_on >= wanted.first)
    if wanted.last:
        rows = rows.where(RegisterEntry.happened_on <= wanted.last)
    if wanted.to_confirm:
        rows = rows.where(_waits_for(actor))
    found = search.found(db.session(), RegisterEntry.__search_table__, RegisterEntry.id, wanted.words)
    return rows if found is None else rows.where(found)


def _waits_for(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that an entry waits for a second person, and the actor is one."""
    corrector = RegisterEntry.corrected_by_id
    return (
        (RegisterEntry.status == EntryStatus.RECORDED)
        & (RegisterEntry.recorded_by_id != actor.user_id)
        & (corrector.is_(None) | (corrector != actor.user_id))
    )


# A line of the ledger as plain columns; outer joins leave the database no choice but to walk the entries.
_LINES = cast(
    "Select[Any]",
    select(
        RegisterEntry.id,
        RegisterEntry.version,
        RegisterEntry.number,
        RegisterEntry.register,
        RegisterEntry.kind,
        RegisterEntry.status,
        RegisterEntry.happened_on,
        RegisterEntry.matter,
        RegisterEntry.honour_level,
        RegisterEntry.quantity,
        RegisterEntry.minutes,
        RegisterEntry.text,
        RegisterEntry.files,
        RegisterEntry.recorded_by_id,
        RegisterEntry.corrected_by_id,
        RegisterEntry.staff_member_id,
        PatrolPoint.number.label("point_number"),
        PatrolPoint.name.label("point_name"),
        Department.short_name.label("department_name"),
        StaffMember.name.label("staff_name"),
    )
    .select_from(RegisterEntry)
    .outerjoin(RegisterEntry.staff_member)
    .outerjoin(RegisterEntry.patrol_point)
    .outerjoin(RegisterEntry.department),
)
ORDER = Order(RegisterEntry.happened_on, RegisterEntry.id, centre=RegisterEntry.centre_id)


@dataclass(frozen=True)
class Ledger:
    """One page of the ledger with its capped numbers: what is listed, what waits, what the month brought."""

    page: Page[Any]
    total: int
    to_confirm: int
    month: dict[Register, int]


def ledger(actor: Actor, args: Mapping[str, str], today: date) -> Ledger:
    """Return what the ledger's page shows, the latest first."""
    wanted = EntryFilter.read(args)
    rows = filtered(actor, wanted)
    lines = _LINES.where(rows.whereclause) if rows.whereclause is not None else _LINES
    searched = bool(wanted.words) or wanted.batch_id is not None
    page = fetch(db.session(), lines, ORDER, args.get("cursor"), centres=actor.centre_ids, searched=searched)
    first = today.replace(day=1)
    of_month = visible_to(actor).where(
        RegisterEntry.status == EntryStatus.CONFIRMED, RegisterEntry.happened_on >= first
    )
    counted = {each.value: of_month.where(RegisterEntry.register == each) for each in Register}
    counted |= {"listed": rows, "to_confirm": waiting_for(actor)}
    counts = capped_counts(db.session(), counted)
    return Ledger(
        page, counts["listed"], counts["to_confirm"], {each: counts[each.value] for each in Register}
    )


def waiting_for(actor: Actor) -> Select[RegisterEntry]:
    """Return what waits for the actor as a second person."""
    return visible_to(actor).where(_waits_for(actor))


# --- one entry ------------------------------------------------------------------------------------


def get(actor: Actor, entry_id: int) -> RegisterEntry:
    """Return an entry in sight with its names. Raise OutOfScope or NotFound."""
    names = (
        RegisterEntry.staff_member,
        RegisterEntry.patrol_point,
        RegisterEntry.department,
        RegisterEntry.recorded_by,
        RegisterEntry.corrected_by,
        RegisterEntry.decided_by,
    )
    rows = visible_to(actor).options(*map(joinedload, names))
    return scope.load(db.session(), rows, RegisterEntry, entry_id)


def files_of(session: Session, entry_id: int) -> list[Attachment]:
    return attachments.list_for(session, RegisterEntry.__audit_type__, [entry_id])[entry_id]


def hashes_of(session: Session, entry_id: int) -> set[str]:
    """Return the hashes of the files that an entry has."""
    return {file.sha256 for file in files_of(session, entry_id)}


def recorded_already(form_key: str) -> RegisterEntry | None:
    """Return the entry made with this one-time key (a second tap)."""
    if not form_key:
        return None
    return db.session.scalar(select(RegisterEntry).where(RegisterEntry.form_key == form_key))


def standing_like(row: RegisterEntry) -> str | None:
    """Return the number of an entry that stands for the same person, kind and day, where one is enough."""
    if not KINDS[row.kind].single:
        return None
    same = select(RegisterEntry.number).where(
        RegisterEntry.staff_member_id == row.staff_member_id,
        RegisterEntry.happened_on == row.happened_on,
        RegisterEntry.kind == row.kind,
        RegisterEntry.status.in_(rules.STANDING),
    )
    if row.id is not None:
        same = same.where(RegisterEntry.id != row.id)
    with db.session.no_autoflush:
        return db.session.scalar(same.limit(1))


def search_words(session: Session, row: RegisterEntry) -> str:
    """Return what an entry is found by besides its number and words: place, person, department."""
    words = []
    if row.patrol_point_id:
        words.append(session.get_one(PatrolPoint, row.patrol_point_id).audit_name)
    if row.staff_member_id:
        words.append(session.get_one(StaffMember, row.staff_member_id).name)
    if row.department_id:
        words.append(session.get_one(Department, row.department_id).name)
    return " ".join(words)


# --- to be scored -----------------------------------------------------------------------------------


def score_events(
    centre_id: int, first: date, last: date, links: Collection[str] | None = None
) -> Iterator[ScoreEvent]:
    """Yield every confirmed entry of a centre within these days, the earliest first; of some kinds only."""
    rows = select(RegisterEntry).where(
        RegisterEntry.centre_id == centre_id,
        RegisterEntry.status == EntryStatus.CONFIRMED,
        RegisterEntry.happened_on.between(first, last),
    )
    if links is not None:
        rows = rows.where(RegisterEntry.kind.in_([kind for kind in Kind if kind.value in links]))
    order = Order(RegisterEntry.happened_on, RegisterEntry.id, descending=False)
    for chunk in walk(db.session(), rows, order):
        evidence = _evidence_of([row.id for row in chunk])
        yield from (_event(row, evidence[row.id]) for row in chunk)


def _evidence_of(ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    files = attachments.list_for(db.session(), RegisterEntry.__audit_type__, ids)
    return {entry_id: tuple(file.sha256 for file in kept) for entry_id, kept in files.items()}


def _event(row: RegisterEntry, evidence: tuple[str, ...]) -> ScoreEvent:
    said: dict[str, FactValue] = {"register": row.register.value}
    if row.honour_level:
        said["level"] = row.honour_level.value
    if row.minutes is not None:
        said["minutes"] = Decimal(row.minutes)
    return ScoreEvent(
        source=RegisterEntry.__audit_type__,
        source_id=row.id,
        occurred_at=noon(row.happened_on),
        link=row.kind.value,
        quantity=Decimal(row.quantity),
        staff_id=row.staff_member_id,
        patrol_point_id=row.patrol_point_id,
        department_id=row.department_id,
        facts=said,
        evidence=evidence,
    )


def noon(day: date) -> datetime:
    """Return the instant that stands for a day of which no time is known."""
    return clock.at_office(datetime.combine(day, time(12)))
