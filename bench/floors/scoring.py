"""The smallest honest scoring of a month: rows by Core, Decimal sums in Python, lines by executemany.

One rulebook written as code, two categories with a maximum, no repeats, no versions, no objections, no
windows, no audit. It says of each line what the reader is told, as ours does.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    select,
)

NAMES = ("迟到", "早退", "离岗", "旷工", "着装", "用语", "环境", "设备")
POINTS = tuple(map(Decimal, ("1", "1", "2", "3", "0.5", "2", "0.5", "1")))
CODES = tuple(f"Z{number}" for number in range(1, 9))
MAXIMA = {"conduct": Decimal(40), "work": Decimal(30)}
BASE = Decimal(100)
_SCALE = 10

meta = MetaData()
scores = Table(
    "floor_scores",
    meta,
    Column("id", Integer, primary_key=True),
    Column("run", Integer),
    Column("staff_member_id", Integer),
    Column("name", String(60)),
    Column("published", BigInteger),
)
lines = Table(
    "floor_lines",
    meta,
    Column("id", Integer, primary_key=True),
    Column("score_id", Integer),
    Column("place", Integer),
    Column("item", String(40)),
    Column("item_name", String(120)),
    Column("count", BigInteger),
    Column("worth", BigInteger),
    Column("why", Text),
    Column("happened_on", String(10)),
    Column("patrol_point_id", Integer),
    Column("source", String(40)),
    Column("source_id", Integer),
)


def category_of(code: str) -> str:
    return "conduct" if CODES.index(code) < 4 else "work"


def plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def run(
    engine: Engine, tables: dict[str, Table], centre_id: int, first: datetime, after: datetime, number: int
) -> dict[int, Decimal]:
    """Score the people of a centre by the findings of a span and keep it; return {person: score}."""
    findings, items, staff = (tables[name] for name in ("findings", "checklist_items", "staff_members"))
    with engine.begin() as connection:
        events: dict[int, list[Any]] = {}
        wanted = (
            select(
                findings.c.id,
                findings.c.staff_member_id,
                findings.c.patrol_point_id,
                findings.c.occurred_at,
                items.c.code,
            )
            .join(items, items.c.id == findings.c.item_id)
            .where(
                findings.c.centre_id == centre_id,
                findings.c.occurred_at >= first,
                findings.c.occurred_at < after,
            )
            .order_by(findings.c.occurred_at, findings.c.id)
        )
        for row in connection.execute(wanted):
            events.setdefault(row.staff_member_id, []).append(row)
        people = connection.execute(select(staff.c.id, staff.c.name).where(staff.c.centre_id == centre_id))
        done = [(person, name, *_score(events.get(person, []))) for person, name in people]
        start = connection.scalar(select(func.coalesce(func.max(scores.c.id), 0))) or 0
        connection.execute(
            insert(scores),
            [
                {
                    "id": place,
                    "run": number,
                    "staff_member_id": person,
                    "name": name,
                    "published": int(total.scaleb(_SCALE)),
                }
                for place, (person, name, total, _lines) in enumerate(done, start + 1)
            ],
        )
        connection.execute(
            insert(lines),
            [
                {"score_id": score, **line}
                for score, (_person, _name, _total, found) in enumerate(done, start + 1)
                for line in found
            ],
        )
    return {person: total for person, _name, total, _lines in done}


def _score(events: list[Any]) -> tuple[Decimal, list[dict[str, Any]]]:
    found = [_line(1, "base", "", Decimal(1), BASE, "基础分")]
    total = BASE
    for category, most in MAXIMA.items():
        taken = Decimal()
        for code, name, points in zip(CODES, NAMES, POINTS, strict=True):
            if category_of(code) != category:
                continue
            for event in events:
                if event.code == code:
                    taken += points
                    why = f"{name} 1 次 × {plain(points)} 分"
                    found.append(_line(len(found) + 1, code, name, Decimal(1), -points, why, event))
        if taken > most:
            why = f"{category}共扣 {plain(taken)} 分，满分 {plain(most)} 分，扣完为止"
            found.append(_line(len(found) + 1, category, category, Decimal(1), taken - most, why))
            taken = most
        total -= taken
    return total, found


def _line(
    place: int, item: str, name: str, count: Decimal, worth: Decimal, why: str, event: Any = None
) -> dict[str, Any]:
    return {
        "place": place,
        "item": item,
        "item_name": name,
        "count": int(count.scaleb(_SCALE)),
        "worth": int(worth.scaleb(_SCALE)),
        "why": why,
        "happened_on": event.occurred_at.date().isoformat() if event else None,
        "patrol_point_id": event.patrol_point_id if event else None,
        "source": "finding" if event else "",
        "source_id": event.id if event else None,
    }
