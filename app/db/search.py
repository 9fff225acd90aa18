"""Two-character search: text is cut into single characters and neighbouring pairs.

The engines' own trigram indexes find nothing for a two-character Chinese name. Every ledger that is
searched has a table `<ledger>_search` made by its migration: FTS5 on SQLite, a text array with GIN
on PostgreSQL. Pieces narrow the rows down; the folded body is then checked for the whole word, so
both databases give the same answer.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    cast,
    exists,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session

_WORDS = re.compile(r"[^\W_]+")
_MAX_WORDS = 8
FEW = 500  # matches that are named in the statement that reads their rows
GATHERED = 20_000  # matches that are looked up one by one and sorted within a tenth of a second
_JOINED = 16  # pages of the index that each new row joins with older ones; its own take two or three


def fold(value: str) -> str:
    """Return text as it is compared: compatibility forms unified, lower case. For search keys only."""
    return unicodedata.normalize("NFKC", value).casefold()


def words(value: str) -> list[str]:
    """Return the runs of letters, digits and Han characters of a folded text."""
    return _WORDS.findall(fold(value))


def pieces(word: str) -> list[str]:
    """Return the single characters and neighbouring pairs of one word."""
    return [*word, *(word[i : i + 2] for i in range(len(word) - 1))]


@lru_cache(maxsize=65536)  # a ledger writes with a few thousand characters
def _key(piece: str) -> str:
    # ASCII tokens do not depend on which Unicode version the engine's tokenizer knows.
    return "x" + "x".join(f"{ord(char):x}" for char in piece)


@cache
def _table(name: str, postgresql: bool) -> Table:
    # Not the models' metadata: autogenerate leaves search tables alone.
    rowid, body = Column("rowid", BigInteger, primary_key=True), Column("body", Text)
    if postgresql:
        return Table(name, MetaData(), rowid, body, Column("tokens", ARRAY(Text)))
    # FTS5 takes commands as rows: a word in a column of the table's own name, a number in another.
    command, number = Column(name, Text), Column("rank", BigInteger)
    return Table(name, MetaData(), rowid, body, Column("tokens", Text), command, number)


class Indexed(NamedTuple):
    """A row's place in its ledger's index; `tokens` as SQLite takes them, separated by spaces."""

    row_id: int
    body: str
    tokens: str


def indexed(row_id: int, value: str) -> Indexed:
    """Return what the index keeps of a text."""
    found = words(value)
    return Indexed(row_id, " ".join(found), " ".join(sorted(frozenset().union(*map(_keys, found)))))


def index(session: Session, name: str, row_id: int, value: str) -> None:
    """Put the text a row is found by into its ledger's index, inside the row's own transaction."""
    connection = session.connection()
    table = _table(name, connection.dialect.name == "postgresql")
    connection.execute(table.delete().where(table.c.rowid == row_id))
    index_many(session, name, [indexed(row_id, value)])


def index_many(session: Session, name: str, found: Iterable[Indexed]) -> None:
    """Put new rows into their ledger's index, inside the rows' own transaction."""
    connection = session.connection()
    postgresql = connection.dialect.name == "postgresql"
    rows = [
        {"rowid": row_id, "body": body, "tokens": tokens.split() if postgresql else tokens}
        for row_id, body, tokens in found
    ]
    table = _table(name, postgresql)
    connection.execute(table.insert(), rows)
    if not postgresql:  # left to itself, FTS5 does this for every 64th change, and all that wait stand still
        connection.execute(table.insert(), {name: "merge", "rank": _JOINED * len(rows)})


@lru_cache(maxsize=4096)
def _keys(word: str) -> frozenset[str]:
    return frozenset(_key(piece) for piece in pieces(word))  # most words of a ledger return in every row


def found(
    session: Session, name: str, key: InstrumentedAttribute[int], query: str
) -> ColumnElement[bool] | None:
    """Return the condition that a row contains every word of the query; None if it has no word.

    Few matches are named, some gathered. Of many, a page and a capped count need only the first: these are
    recognised while the ledger is walked in its order.
    """
    wanted = words(query)[:_MAX_WORDS]
    if not wanted:
        return None
    table = _table(name, session.get_bind().dialect.name == "postgresql")
    narrowed = select(table.c.rowid).where(_narrowed(session, table, wanted))
    exact = narrowed.where(*_exactly(session, table, wanted, 3))
    few = session.scalars(exact.limit(FEW + 1)).all()
    if len(few) <= FEW:  # named: of a mere condition a planner may think that it holds often, and walk for it
        return key.in_(few)
    likely = session.scalar(select(func.count()).select_from(narrowed.limit(GATHERED + 1).subquery())) or 0
    if likely <= GATHERED:
        return key.in_(exact)
    return exists().where(table.c.rowid == key, *_exactly(session, table, wanted, 1))


def matching(session: Session, name: str, query: str) -> Select[int] | None:
    """Return a select of the row ids that contain every word of the query; None if it has no word."""
    wanted = words(query)[:_MAX_WORDS]
    if not wanted:
        return None
    table = _table(name, session.get_bind().dialect.name == "postgresql")
    return select(table.c.rowid).where(
        _narrowed(session, table, wanted), *_exactly(session, table, wanted, 3)
    )


def _narrowed(session: Session, table: Table, wanted: list[str]) -> ColumnElement[bool]:
    """Return the condition that a row has all pieces of the words."""
    tokens = sorted({_key(piece) for word in wanted for piece in (pieces(word)[len(word) :] or pieces(word))})
    if session.get_bind().dialect.name == "postgresql":
        return table.c.tokens.contains(cast(tokens, ARRAY(Text)))
    return literal_column(table.name).op("MATCH")(" ".join(tokens))


def _exactly(session: Session, table: Table, wanted: list[str], least: int) -> list[ColumnElement[bool]]:
    """Return the conditions that a row contains the words of so many characters as they stand."""
    position = func.strpos if session.get_bind().dialect.name == "postgresql" else func.instr
    return [position(table.c.body, word) > 0 for word in wanted if len(word) >= least]


def begins_with(session: Session, column: InstrumentedAttribute[str], start: str) -> ColumnElement[bool]:
    """Return the condition that a text begins so, in the form that each database has an index for."""
    if session.get_bind().dialect.name == "postgresql":
        return column.startswith(start, autoescape=True)
    return and_(column >= start, column < start + chr(0x10FFFF))
