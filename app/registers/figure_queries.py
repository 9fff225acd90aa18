"""What the small ledgers brought in a span of days: entries and quantities by kind, honours by level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from app.core.i18n import N_
from app.extensions import db
from app.permissions import Actor
from app.registers import rules
from app.registers.models import RegisterEntry
from app.registers.queries import month_span, visible_to
from app.registers.rules import KINDS, EntryStatus, Kind, Level, Register, Unit

MOST_DAYS = 800


@dataclass(frozen=True)
class Span:
    """Days of which the figures are; both ends count."""

    first: date
    last: date

    @property
    def query(self) -> dict[str, str]:
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}


@dataclass(frozen=True)
class Line:
    """One kind (or level of honours): confirmed entries, what they count together, and what still waits."""

    member: Kind | Level
    query: dict[str, str]  # the filters of its rows
    entries: int
    quantity: int
    waiting: int
    unit: Unit | None = None


@dataclass(frozen=True)
class Group:
    register: Register
    lines: list[Line]

    @property
    def entries(self) -> int:
        return sum(line.entries for line in self.lines if isinstance(line.member, Kind))

    @property
    def waiting(self) -> int:
        return sum(line.waiting for line in self.lines if isinstance(line.member, Kind))


def read_span(args: Mapping[str, str], today: date) -> Span:
    """Return the span that an address names, this month by default."""
    try:
        span = Span(date.fromisoformat(args.get("from", "")), date.fromisoformat(args.get("to", "")))
    except ValueError:
        return this_month(today)
    return span if 0 <= (span.last - span.first).days <= MOST_DAYS else this_month(today)


def this_month(today: date) -> Span:
    return Span(*(month_span(f"{today:%Y-%m}") or (today, today)))


def usual_spans(today: date) -> list[tuple[str, Span]]:
    """Return the spans that people ask for: this month and the last one, this quarter, this year."""
    first = today.replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    quarter = first.replace(month=3 * ((today.month - 1) // 3) + 1)
    ends = (quarter + timedelta(days=95)).replace(day=1) - timedelta(days=1)
    return [
        (N_("本月"), this_month(today)),
        (N_("上月"), Span(before, first - timedelta(days=1))),
        (N_("本季度"), Span(quarter, ends)),
        (N_("本年"), Span(date(today.year, 1, 1), date(today.year, 12, 31))),
    ]


Key = tuple[Kind | Level, EntryStatus]


def figures(actor: Actor, span: Span) -> list[Group]:
    """Return the figures of each ledger in sight, and of honours also by level."""
    seen = visible_to(actor).where(
        RegisterEntry.status.in_(rules.STANDING), RegisterEntry.happened_on.between(span.first, span.last)
    )
    entry = seen.subquery()
    rows = db.session.execute(
        select(
            entry.c.kind, entry.c.honour_level, entry.c.status, func.count(), func.sum(entry.c.quantity)
        ).group_by(entry.c.kind, entry.c.honour_level, entry.c.status)
    )
    entries, quantity = Counter[Key](), Counter[Key]()
    for kind, level, status, count, total in rows:
        for member in (kind, level):
            if member is not None:
                entries[member, status] += count
                quantity[member, status] += int(total)
    return [
        Group(register, [_line(member, span, entries, quantity) for member in _members(register)])
        for register in Register
    ]


def _members(register: Register) -> list[Kind | Level]:
    kinds: list[Kind | Level] = [kind for kind, rule in KINDS.items() if rule.register is register]
    return [*kinds, *Level] if register is Register.HONOUR else kinds


def _line(member: Kind | Level, span: Span, entries: Counter[Key], quantity: Counter[Key]) -> Line:
    name = "kind" if isinstance(member, Kind) else "level"
    confirmed, recorded = (member, EntryStatus.CONFIRMED), (member, EntryStatus.RECORDED)
    return Line(
        member,
        {name: member.value, **span.query},
        entries[confirmed],
        quantity[confirmed],
        entries[recorded],
        KINDS[member].unit if isinstance(member, Kind) else None,
    )
