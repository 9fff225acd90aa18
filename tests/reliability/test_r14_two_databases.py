"""R14: two databases, one answer: every list, filter, sort and search shows the same rows in one order."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import Column, String, select, update

from app.extensions import db
from app.jobs import queue
from tests.client import Client, signed_in
from tests.factories.base import Ledger, ledgers
from tests.pages import Form, Page
from tests.sweeps import audited_tables
from tests.web.test_sweep_pages import url_of

ROWS = 70  # more than a page
# What databases like to sort, fold and compare each in its own way.
WORDS = (
    "张伟",
    "赵 伟",
    "Zebra",
    "apple",
    "Äpfel",
    "",
    "１２号",
    "12",
    "9",
    "a_b",
    "100%",
    "𠮷野",
    "﨑",
    "ｅ",
    "e",
)
Query = tuple[tuple[str, str], ...]


@dataclass
class Side:
    """One of the two: a ledger filled on its database, and somebody who reads it."""

    site: Any
    url: str
    client: Client

    def rows(self, query: Query) -> tuple[Any, ...]:
        """Return what a query shows: the status, and the rows of all its pages in their order."""
        response = self.client.get(self.url, query_string=list(query))
        if response.status_code != 200:
            return (response.status_code,)
        found: list[Any] = []
        for _ in range(4):
            page = Page(response)
            found += [identity(row) for row in page.all("tbody tr")]
            following = page.all("a[rel=next]")
            if not following:
                break
            response = self.client.get(str(following[0]["href"]))
        return (200, *found)


def identity(row: Any) -> Any:
    """Return what tells a row from any other on both databases: where its links lead, or what it says."""
    links = tuple(str(link["href"]).partition("?")[0] for link in row.select("a[href]"))
    return links or " ".join(row.get_text(" ", strip=True).split())


@pytest.fixture
def same_secrets(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let what is drawn by lot be the same after each call."""

    def again() -> None:
        lot = random.Random(1)
        monkeypatch.setattr(secrets, "token_hex", lambda size=32: lot.randbytes(size).hex())
        monkeypatch.setattr(secrets, "choice", lot.choice)

    return again


@pytest.fixture
def pair(
    _sites: Callable[[str], Any],
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
    same_secrets: Callable[[], None],
) -> Iterator[Callable[[Ledger], list[Side]]]:
    """Fill a ledger alike on both databases."""
    monkeypatch.setattr(queue, "wake", lambda url: None)
    sites = [_sites("sqlite"), _sites("postgresql")]

    def pair(ledger: Ledger) -> list[Side]:
        sides = []
        for site in sites:
            site.reset()
            same_secrets()
            with site.app.app_context():
                ledger.fill(site, ROWS)
                db.session.remove()
            sprinkle(site)
            sides.append(Side(site, url_of(site, ledger), signed_in(site.app, ledger.actor)))
        return sides

    yield pair
    for site in sites:
        site.let_go()


def sprinkle(site: Any) -> None:
    """Put words that sort and fold in surprising ways, and nothing at all, into whatever many rows have."""
    with site.app.app_context(), db.engine.begin() as connection:
        for _, model in sorted(audited_tables().items()):
            table: Any = model.__table__
            ids = list(connection.scalars(select(table.c.id).order_by(table.c.id)))
            if len(ids) < ROWS:
                continue
            for column in table.columns:
                if not free(column):
                    continue
                for row_id in ids:
                    word: str | None = WORDS[(row_id * 7 + len(column.name)) % len(WORDS)][
                        : column.type.length
                    ]
                    if column.nullable and row_id % 5 == 0:
                        word = None
                    elif row_id % 3:
                        continue
                    connection.execute(update(table).where(table.c.id == row_id).values({column.name: word}))


def free(column: Column[Any]) -> bool:
    """Say whether a column holds words of people: no choice of ours, no key, nothing enciphered."""
    plain = type(column.type) is String and not column.foreign_keys and not column.unique
    alone = any(column.name in index.columns for index in column.table.indexes if index.unique)
    bound = any(
        column.name in constraint.columns
        for constraint in column.table.constraints
        if type(constraint).__name__ in ("UniqueConstraint", "CheckConstraint")
    )
    return plain and not alone and not bound and not column.info.get("protected")


def queries_of(page: Page, ledger: Ledger, lot: random.Random, count: int) -> list[Query]:
    """Return what can be asked of a list: each filter for each of its choices, each sort, words that stand
    in its rows; then some of these together.
    """
    singles: set[Query] = {tuple(sorted(query.items())) for query in ledger.queries}
    for form in page.all("form[method=get]"):
        filters = Form(page, form)
        for name in filters.names:
            singles |= {((name, choice),) for choice in filters.choices(name) or ()}
    for link in page.all("a[href*='?']"):
        address = str(link["href"])
        if address.startswith(page.address + "?") and "cursor" not in address:
            singles.add(tuple(parse(address)))
    said = [cell for row in page.rows("main table:not(.figure-table)")[1:12] for cell in row if len(cell) > 1]
    starts = [(cell, lot.randrange(len(cell) - 1)) for cell in lot.sample(said, min(len(said), 8))]
    singles |= {(("q", cell[start : start + 2]),) for cell, start in starts}
    singles |= {(("q", word[:2]),) for word in WORDS if word}
    ordered = sorted(singles)
    together = {tuple(sum(lot.sample(ordered, min(2, len(ordered))), ())) for _ in range(count)}
    return lot.sample(ordered, len(ordered)) + sorted(together)


def parse(address: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(address).query, keep_blank_values=True)


def test_both_databases_show_the_same_rows(pair: Any, length: Any, tell: Any) -> None:
    lot = random.Random(20261118)
    asked, different, shown = 0, [], 0
    for ledger in length.some(ledgers(), 14.0):
        sides = pair(ledger)
        first = Page(sides[0].client.get(sides[0].url))
        queries = queries_of(first, ledger, lot, length(3, 60))
        for query in queries[: length(8, len(queries))]:
            left, right = (side.rows(query) for side in sides)
            asked += 1
            shown += len(left) - 1
            if left != right:
                different.append(f"{ledger.endpoint}?{query}: {first_difference(left, right)}")
    assert shown > asked, "the lists were all but empty"
    tell(f"of {asked} lists, filters, sorts and searches, those that differ ({shown} rows compared)",
         len(different), bar="0", held=not different, seen=different[:12])  # fmt: skip


def first_difference(left: tuple[Any, ...], right: tuple[Any, ...]) -> str:
    for place, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return f"{one} and {other} at {place} of {len(left)} and {len(right)}"
    return f"{len(left)} and {len(right)} rows"
