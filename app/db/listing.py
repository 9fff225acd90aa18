"""Keyset pages and capped counts: a list costs the same on its first and on its last page."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Date,
    Integer,
    Select,
    UnaryExpression,
    case,
    column,
    func,
    literal,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.types import TypeEngine

from app.core.errors import Invalid
from app.core.i18n import N_
from app.db.types import Instant

T = TypeVar("T")
PAGE_SIZE = 50
COUNT_CAP = 1000
CHUNK = 1000


@dataclass(frozen=True)
class Order:
    """A sort of a ledger: a column without NULLs, with the id as tie-break in the same direction.

    A ledger of many rows names its `centre` column: its indexes begin with it.
    """

    column: InstrumentedAttribute[Any]
    key: InstrumentedAttribute[int]
    descending: bool = True
    centre: Any = None


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of rows and the cursors of its neighbours; a missing cursor means there is none."""

    rows: Sequence[T]
    next: str | None
    previous: str | None


def fetch(
    session: Session,
    statement: Select[T],
    order: Order,
    cursor: str | None = None,
    size: int = PAGE_SIZE,
    centres: Collection[int] = (),
    searched: bool = False,
) -> Page[T]:
    """Return the page that the cursor points to, or the first one. Raise Invalid on a broken cursor.

    Rows are objects, or plain rows if the statement names columns; among these the two of the order.
    `centres` are those in the reader's sight, where the order names their column. What is `searched` is
    sorted by itself before the rest of its rows is read.
    """
    backwards, position = _decode(order, cursor) if cursor else (False, None)
    descending = order.descending != backwards
    pair = tuple_(order.column, order.key)
    if position is not None:
        statement = statement.where(pair < tuple_(*position) if descending else pair > tuple_(*position))
    columns: list[ColumnElement[Any]] = [
        c.desc() if descending else c.asc()
        for c in (order.column, order.key)  # type: ignore[misc]
    ]
    if order.centre is not None and (searched or len(centres) > 1):
        statement = statement.where(order.key.in_(_first_of_each(statement, order, columns, size, centres)))
    found = session.execute(statement.order_by(*columns).limit(size + 1))
    rows: list[Any] = list(found.scalars() if len(found.keys()) == 1 else found)
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page(rows, None, None)
    # Whoever pages backwards came from a next page; whoever holds a cursor left a page behind.
    has_next, has_previous = (True, more) if backwards else (more, cursor is not None)
    return Page(
        rows,
        _encode(order, rows[-1], backwards=False) if has_next else None,
        _encode(order, rows[0], backwards=True) if has_previous else None,
    )


def _first_of_each(
    statement: Select[T],
    order: Order,
    columns: Sequence[ColumnElement[Any]],
    size: int,
    centres: Collection[int],
) -> CompoundSelect[Any]:
    """Return the ids of each centre's first rows: of several at once a database would sort all there are."""
    condition: Any = statement.whereclause
    rows = select(order.key) if condition is None else select(order.key).where(condition)
    each = (
        rows.where(order.centre == centre).order_by(*columns).limit(size + 1).subquery()
        for centre in sorted(centres)
    )
    key = column(order.key.key, order.key.type)  # each.c would look at the whole entity to name the same
    return union_all(*(select(key).select_from(first) for first in each))


def unsteered(column: InstrumentedAttribute[int]) -> ColumnElement[int]:
    """Return a column as a mere filter: no index is chosen for its sake, so that the order can choose."""
    return UnaryExpression(column.expression, operator=custom_op("+"), type_=column.type)


def walk(session: Session, statement: Select[T], order: Order, size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Yield all rows in their order, chunk by chunk; each asks anew, so that none is held open in between."""
    pair = tuple_(order.column, order.key)
    columns: list[ColumnElement[Any]] = [
        c.desc() if order.descending else c.asc()
        for c in (order.column, order.key)  # type: ignore[misc]
    ]
    ordered = statement.order_by(*columns).limit(size)
    following = ordered
    while True:
        found = session.execute(following)
        rows: list[Any] = list(found.scalars() if len(found.keys()) == 1 else found)
        position = rows and tuple(getattr(rows[-1], c.key) for c in (order.column, order.key))
        if rows:
            yield rows
        if len(rows) < size:
            return
        following = ordered.where(pair < tuple_(*position) if order.descending else pair > tuple_(*position))


def capped_count(session: Session, statement: Select[Any], cap: int = COUNT_CAP) -> int:
    """Return how many rows there are, counting no further than one above the cap."""
    return session.scalar(_capped(statement, cap)) or 0


def capped_counts(session: Session, wanted: Mapping[str, Select[Any]]) -> dict[str, int]:
    """Return how many rows each of several selections has, counted in one statement up to the cap."""
    if not wanted:
        return {}
    parts = [
        _capped(statement, COUNT_CAP).scalar_subquery().label(name) for name, statement in wanted.items()
    ]
    return dict(session.execute(select(*parts)).one()._mapping)


def _capped(statement: Select[Any], cap: int) -> Select[int]:
    bare = statement.with_only_columns(literal(1), maintain_column_froms=True)
    limited = bare.order_by(None).limit(cap + 1).subquery()
    return select(func.count()).select_from(limited)


def tally(session: Session, rows: Select[Any], wanted: Mapping[Any, ColumnElement[bool]]) -> dict[Any, int]:
    """Count in one pass how many of the rows meet each of several conditions; for a few thousand rows."""
    sums = [func.sum(case((condition, 1), else_=0)) for condition in wanted.values()]
    counted = session.execute(rows.with_only_columns(*sums, maintain_column_froms=True)).one()
    return {key: count or 0 for key, count in zip(wanted, counted, strict=True)}


def _encode(order: Order, row: Any, *, backwards: bool) -> str:
    value = getattr(row, order.column.key)
    plain = value.isoformat() if isinstance(value, date) else value
    text = json.dumps([int(backwards), plain, getattr(row, order.key.key)], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(order: Order, cursor: str) -> tuple[bool, tuple[Any, int]]:
    try:
        backwards, value, key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return bool(backwards), (_value(order.column.type, value), _integer(key))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise Invalid(N_("翻页位置无效，请回到第一页。"), field="cursor") from None


def _value(kind: TypeEngine[Any], value: Any) -> Any:
    if isinstance(kind, Instant):
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise ValueError
        return instant
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    if isinstance(kind, Integer):
        return _integer(value)
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    value.encode()  # a lone surrogate is refused here, not by the driver
    return value


def _integer(value: Any) -> int:
    if type(value) is not int or abs(value) > 2**62:
        raise ValueError
    return value
