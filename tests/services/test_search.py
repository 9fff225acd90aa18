"""Two-character search: nothing is missed, nothing false is found, the same on both databases."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.db import search
from app.db.search import fold, pieces, words
from app.db.uow import unit_of_work
from app.extensions import Model, db
from app.organisation import rules
from app.organisation.models import StaffMember
from app.permissions import system_actor
from app.registry import import_models
from tests.cast import NOW, OPENED

both = pytest.mark.both_databases
TABLE = "staff_members_search"
# Characters of the basic plane, of extensions A, B and beyond, compatibility forms, Latin, digits, marks.
ALPHABET = "李王窗口首席代表喆㛃𠮷𪚥\uf9fdAbＣ１2é-_%'\"*. "


def found(query: str) -> set[int]:
    statement = search.matching(db.session(), TABLE, query)
    return set() if statement is None else set(db.session.scalars(statement))


def add(cast: Any, names: list[str]) -> dict[int, str]:
    """Add staff of these names; return {id: the text each is found by}."""
    with unit_of_work(system_actor("factory"), NOW) as uow:
        rows = []
        for n, name in enumerate(names):
            row = StaffMember(
                centre_id=cast.centre,
                kind=rules.StaffKind.GUIDE,
                staff_number=f"q{n}",
                name=name,
                sort_key="q",
                initials="q",
                joined_on=OPENED,
            )
            uow.session.add(row)
            uow.session.flush()
            uow.record(rules.STAFF_ADDED, row)
            rows.append(row)
    return {row.id: row.search_text for row in rows}


def rename(row_id: int, name: str) -> None:
    with unit_of_work(system_actor("factory"), NOW) as uow:
        row = uow.get(StaffMember, row_id)
        row.name = name
        uow.record(rules.STAFF_ADDED, row)


@both
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("𠮷㛃", {"window_b_staff"}),
        ("㛃伟", {"window_b_staff"}),
        ("𠮷㛃伟", {"window_b_staff"}),
        ("伟", {"window_b_staff"}),
        ("吴窗口", {"window_a_staff"}),
        ("窗口", {"window_a_staff"}),
        ("口窗", set()),
        ("首", {"chief_a_staff", "chief_b_staff"}),
        ("LSX", {"chief_a_staff"}),
        ("ｌｓｘ", {"chief_a_staff"}),
        ("100", {"chief_a_staff", "window_a_staff"}),
        ("1001", {"chief_a_staff"}),
        ("李 1001", {"chief_a_staff"}),
        ("李 1002", set()),
        ("李，首", {"chief_a_staff"}),
        ("不存在", set()),
    ],
)
def test_people_are_found_by_any_part(db_context: Any, cast: Any, query: str, names: set[str]) -> None:
    assert found(query) == {getattr(cast, name) for name in names}


@both
@pytest.mark.parametrize("query", ["", " ", "%", "_", "'", '"*"', "\0", "…", "--", "()"])
def test_a_query_without_a_word_asks_for_nothing(db_context: Any, query: str) -> None:
    assert search.matching(db.session(), TABLE, query) is None


@both
def test_a_renamed_person_is_found_by_the_new_name_only(db_context: Any, cast: Any) -> None:
    rename(cast.guide_staff, "欧阳引")
    assert found("欧阳") == {cast.guide_staff}
    assert found("何导") == set()


def test_every_index_waits_to_be_asked_to_join(db_context: Any) -> None:
    import_models()
    names = {getattr(mapper.class_, "__search_table__", None) for mapper in Model.registry.mappers} - {None}
    assert TABLE in names
    for name in names:
        assert db.session.scalar(text(f"SELECT v FROM {name}_config WHERE k = 'automerge'")) == 0, name


def test_an_index_stays_joined_while_rows_come_one_by_one(db_context: Any, cast: Any) -> None:
    parts = text(f"SELECT count(DISTINCT segid) FROM {TABLE}_idx")
    counts = []
    for n in range(40):
        rename(cast.guide_staff, f"何{n}")
        counts.append(db.session.scalar(parts))
    assert max(counts) <= 8, counts  # left alone they would be sixteen before FTS5 joins them all at once
    assert found("何39") == {cast.guide_staff}


@both
def test_search_finds_what_reading_every_row_would_find(db_context: Any, cast: Any) -> None:
    chance = random.Random(7)
    texts = add(cast, ["".join(chance.choices(ALPHABET, k=chance.randint(1, 10))) or "x" for _ in range(150)])
    everyone = {**texts, **dict(_cast_texts())}
    for _ in range(200):
        query = "".join(chance.choices(ALPHABET, k=chance.randint(1, 5)))
        wanted = words(query)
        if not wanted:
            continue
        expected = {
            row_id
            for row_id, value in everyone.items()
            if all(any(word in each for each in words(value)) for word in wanted)
        }
        assert found(query) == expected, query


def _cast_texts() -> list[tuple[int, str]]:
    rows = db.session.scalars(select(StaffMember).where(StaffMember.initials != "q"))
    return [(row.id, row.search_text) for row in rows]


@both
def test_a_change_that_is_not_kept_is_not_found(db_context: Any, cast: Any) -> None:
    with pytest.raises(ZeroDivisionError), unit_of_work(system_actor("factory"), NOW) as uow:
        row = uow.get(StaffMember, cast.guide_staff)
        row.name = "欧阳引"
        uow.record(rules.STAFF_ADDED, row)
        uow.session.flush()
        search.index(uow.session, TABLE, row.id, row.search_text)
        raise ZeroDivisionError
    assert found("欧阳") == set()
    assert found("何导") == {cast.guide_staff}


@both
def test_a_long_query_is_cut_not_refused(db_context: Any, cast: Any) -> None:
    assert found("李首信 " * 500) == {cast.chief_a_staff}
    assert found("首" * 2000) == set()


# --- the pieces, without a database ---------------------------------------------------------------


@given(st.text(max_size=60))
def test_folding_is_settled_after_one_time(text: str) -> None:
    for word in words(text):
        assert words(word) == [word] or fold(word) != word


@given(st.text(min_size=1, max_size=20))
def test_every_part_of_a_word_is_among_its_pieces(text: str) -> None:
    for word in words(text):
        known = set(pieces(word))
        assert set(word) <= known
        assert {word[i : i + 2] for i in range(len(word) - 1)} <= known
