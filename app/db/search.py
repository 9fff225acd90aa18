"""Two-character search: text is cut into single characters and neighbouring pairs.

The engines' own trigram indexes find nothing for a two-character Chinese name. Every ledger that is
searched has a table `<ledger>_search` made by its migration: FTS5 on SQLite, a text array with GIN
on PostgreSQL. Pieces narrow the rows down; the folded body is then checked for the whole word, so
both databases give the same answer.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from sqlalchemy import (
    BigInteger,
    Column,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

_WORDS = re.compile(r"[^\W_]+")
_MAX_WORDS = 8


def fold(value: str) -> str:
    """Return text as it is compared: compatibility forms unified, lower case. For search keys only."""
    return unicodedata.normalize("NFKC", value).casefold()


def words(value: str) -> list[str]:
    """Return the runs of letters, digits and Han characters of a folded text."""
    return _WORDS.findall(fold(value))


def pieces(word: str) -> list[str]:
    """Return the single characters and neighbouring pairs of one word."""
    return [*word, *(word[i : i + 2] for i in range(len(word) - 1))]


def _key(piece: str) -> str:
    # ASCII tokens do not depend on which Unicode version the engine's tokenizer knows.
    return "x" + "x".join(f"{ord(char):x}" for char in piece)


@cache
def _table(name: str, postgresql: bool) -> Table:
    # Not the models' metadata: autogenerate leaves search tables alone.
    tokens = Column("tokens", ARRAY(Text) if postgresql else Text)
    return Table(
        name, MetaData(), Column("rowid", BigInteger, primary_key=True), Column("body", Text), tokens
    )


def index(session: Session, name: str, row_id: int, value: str) -> None:
    """Put the text a row is found by into its ledger's index, inside the row's own transaction."""
    found = words(value)
    tokens = sorted({_key(piece) for word in found for piece in pieces(word)})
    body = " ".join(found)
    connection = session.connection()
    postgresql = connection.dialect.name == "postgresql"
    table = _table(name, postgresql)
    connection.execute(table.delete().where(table.c.rowid == row_id))
    values = {"rowid": row_id, "body": body, "tokens": tokens if postgresql else " ".join(tokens)}
    connection.execute(table.insert().values(values))


def matching(session: Session, name: str, query: str) -> Select[int] | None:
    """Return a select of the row ids that contain every word of the query; None if it has no word."""
    wanted = words(query)[:_MAX_WORDS]
    if not wanted:
        return None
    postgresql = session.get_bind().dialect.name == "postgresql"
    table = _table(name, postgresql)
    tokens = sorted({_key(piece) for word in wanted for piece in (pieces(word)[len(word) :] or pieces(word))})
    if postgresql:
        narrowed = table.c.tokens.contains(cast(tokens, ARRAY(Text)))
    else:
        narrowed = literal_column(name).op("MATCH")(" ".join(tokens))
    exact = [
        func.strpos(table.c.body, word) > 0 if postgresql else func.instr(table.c.body, word) > 0
        for word in wanted
        if len(word) > 2
    ]
    return select(table.c.rowid).where(and_(narrowed, *exact))
