"""Keyset pages: every row once, the same from both ends, on both databases."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.core.errors import Invalid
from app.db.listing import COUNT_CAP, Order, capped_count, fetch
from app.db.uow import unit_of_work
from app.extensions import db
from app.organisation import rules
from app.organisation.models import Centre, Posting, StaffMember, Zone
from app.permissions import system_actor
from tests.cast import NOW, OPENED

pytestmark = pytest.mark.both_databases
BY_POSITION = Order(Zone.position, Zone.id, descending=False)


def zones(cast: Any, positions: list[int]) -> None:
    rows = [
        {"centre_id": cast.centre, "name": f"Z{n}", "floor": "1", "position": position, "version": 1}
        for n, position in enumerate(positions)
    ]
    with unit_of_work(system_actor("factory"), NOW) as uow:
        centre = uow.get(Centre, cast.centre)
        uow.bulk_insert(Zone, rows, subject=centre)
        uow.record(rules.CENTRE_OPENED, centre)


def walk(order: Order, size: int) -> tuple[list[list[int]], list[list[int]]]:
    """Return the pages from first to last, and from last to first."""
    statement = select(Zone).where(Zone.name.like("Z%"))
    there, back = [], []
    page = fetch(db.session(), statement, order, None, size)
    assert page.previous is None
    there.append([row.id for row in page.rows])
    while page.next:
        page = fetch(db.session(), statement, order, page.next, size)
        there.append([row.id for row in page.rows])
    back.append([row.id for row in page.rows])
    while page.previous:
        page = fetch(db.session(), statement, order, page.previous, size)
        back.append([row.id for row in page.rows])
    return there, back


@pytest.mark.parametrize("descending", [False, True])
def test_pages_show_every_row_once_in_order_from_both_ends(
    db_context: Any, cast: Any, descending: bool
) -> None:
    zones(cast, [n // 7 for n in range(60)])  # many ties
    order = Order(Zone.position, Zone.id, descending)
    expected = db.session.scalars(
        select(Zone.id)
        .where(Zone.name.like("Z%"))
        .order_by(*((Zone.position.desc(), Zone.id.desc()) if descending else (Zone.position, Zone.id)))
    ).all()
    there, back = walk(order, 7)
    assert [row for page in there for row in page] == list(expected)
    assert back[::-1] == there


@pytest.mark.parametrize("rows", [0, 1, 6, 7, 8, 14])
def test_there_is_no_empty_page_at_the_end(db_context: Any, cast: Any, rows: int) -> None:
    zones(cast, list(range(rows)))
    there, back = walk(BY_POSITION, 7)
    assert [len(page) for page in there] == ([7] * (rows // 7) + [rows % 7] * bool(rows % 7) or [0])
    assert back[::-1] == there


def test_a_row_that_arrives_meanwhile_moves_no_page(db_context: Any, cast: Any) -> None:
    zones(cast, list(range(10, 24)))
    statement = select(Zone).where(Zone.name.like("Z%"))
    first = fetch(db.session(), statement, BY_POSITION, None, 7)
    expected = [row.id for row in fetch(db.session(), statement, BY_POSITION, first.next, 7).rows]
    with unit_of_work(system_actor("factory"), NOW) as uow:
        row = Zone(centre_id=cast.centre, name="ZZ", floor="1", position=0)
        uow.session.add(row)
        uow.record(rules.ZONE_ADDED, row)
    assert [row.id for row in fetch(db.session(), statement, BY_POSITION, first.next, 7).rows] == expected


def test_columns_of_text_dates_and_instants_carry_their_place(db_context: Any, cast: Any) -> None:
    for order, model in (
        (Order(StaffMember.sort_key, StaffMember.id, descending=False), StaffMember),
        (Order(Posting.from_on, Posting.id), Posting),
    ):
        first = fetch(db.session(), select(model), order, None, 1)
        second = fetch(db.session(), select(model), order, first.next, 1)
        assert first.rows[0].id != second.rows[0].id
        assert fetch(db.session(), select(model), order, second.previous, 1).rows == first.rows


@pytest.mark.parametrize(
    "place",
    [
        None,
        [],
        [0],
        [0, 1],
        [0, 1, 1, 1],
        [0, "1", 1],
        [0, 1, "1"],
        [0, 1.5, 1],
        [0, True, 1],
        [0, 2**63, 1],
        [0, None, 1],
        {"a": 1},
        "text",
    ],
    ids=str,
)
def test_a_broken_cursor_is_said_to_be_broken(db_context: Any, cast: Any, place: Any) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
    with pytest.raises(Invalid):
        fetch(db.session(), select(Zone), BY_POSITION, cursor)


@settings(max_examples=300)
@given(st.one_of(st.text(max_size=40), st.binary(max_size=30).map(lambda b: base64.b64encode(b).decode())))
def test_no_cursor_reaches_the_database_unchecked(db_context: Any, cursor: str) -> None:
    for order in (
        BY_POSITION,
        Order(StaffMember.sort_key, StaffMember.id),
        Order(Posting.from_on, Posting.id),
    ):
        model = order.key.class_
        try:
            fetch(db.session(), select(model), order, cursor or None)
        except Invalid:
            assert cursor


def test_a_count_goes_no_further_than_its_cap(db_context: Any, cast: Any) -> None:
    assert capped_count(db.session(), select(Zone)) == 2
    zones(cast, list(range(COUNT_CAP + 50)))
    assert capped_count(db.session(), select(Zone).order_by(Zone.name)) == COUNT_CAP + 1


def test_staff_kinds_sort_the_same_on_both_databases(db_context: Any, cast: Any) -> None:
    """Text is ordered by code point everywhere: a list's order must not hang on the server's locale."""
    with unit_of_work(system_actor("factory"), NOW) as uow:
        for key in ("a", "B", "Ä", "中", "𠮷", "_", "1"):
            row = StaffMember(
                centre_id=cast.centre,
                kind=rules.StaffKind.GUIDE,
                staff_number=f"T{key}",
                name=key,
                sort_key=key,
                initials="t",
                joined_on=OPENED,
            )
            uow.session.add(row)
            uow.record(rules.STAFF_ADDED, row)
    statement = select(StaffMember).where(StaffMember.initials == "t")
    page = fetch(db.session(), statement, Order(StaffMember.sort_key, StaffMember.id, descending=False))
    assert [row.name for row in page.rows] == sorted(("a", "B", "Ä", "中", "𠮷", "_", "1"))
