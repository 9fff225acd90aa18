"""The small ledgers: what each kind asks for, and who may take which step."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import machine
from app.core.errors import Invalid
from app.core.on_behalf import Represented
from app.permissions import GRANTS, Role
from app.registers.rules import (
    ASKED,
    BACKDATING,
    KINDS,
    TRANSITIONS,
    Content,
    EntryStatus,
    Facts,
    Kind,
    Register,
    Unit,
    Verb,
    check,
    join_shown,
    kinds_of,
    split_shown,
)

TODAY = date(2026, 11, 18)
S, V, R = EntryStatus, Verb, Role
OTHER = Facts(user_id=2, writers=frozenset({1, None}))


def content(kind: Kind = Kind.LETTER, **said: Any) -> Content:
    return Content(**{"kind": kind, "happened_on": TODAY, "staff_member_id": 7, "text": "热心。", **said})


def fault(said: Content, files: int = 1) -> str | None:
    """Return the field that a check refuses, None if it refuses nothing."""
    try:
        check(said, TODAY, files)
    except Invalid as error:
        return error.field
    return None


def test_every_kind_has_its_line() -> None:
    assert set(KINDS) == set(Kind)
    assert [kind for register in Register for kind in kinds_of(register)] == list(KINDS)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_kind_asks_for_known_fields_each_once(kind: Kind) -> None:
    rule = KINDS[kind]
    assert rule.required | rule.optional <= set(ASKED)
    assert not rule.required & rule.optional
    assert rule.about == (rule.asks("staff") or rule.asks("department"))
    assert rule.asks("quantity") or rule.most == 1


def test_only_a_meeting_is_about_nobody() -> None:
    nobody = {kind for kind in Kind if fault(content(kind, staff_member_id=None)) != "staff"}
    assert nobody == {Kind.STAFF_MEETING}


def test_numbers_are_read_as_people_write_them() -> None:
    assert split_shown(" 20261117-12-31、20261118-L-32， 20261117-12-31;7 ") == [
        "20261117-12-31",
        "20261118-L-32",
        "7",
    ]
    assert split_shown("") == []
    assert split_shown(join_shown(["1", "2"])) == ["1", "2"]


def test_what_needs_a_file_is_refused_without_one() -> None:
    needed = {kind for kind in Kind if fault(content(kind), files=0) == "photos"}
    assert needed == {Kind.LETTER, Kind.BANNER, Kind.CARD, Kind.PERSONAL_HONOUR, Kind.COLLECTIVE_HONOUR}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, None),
        ({"happened_on": TODAY + timedelta(days=1)}, "happened_on"),
        ({"happened_on": TODAY - BACKDATING}, None),
        ({"happened_on": TODAY - BACKDATING - timedelta(days=1)}, "happened_on"),
        ({"ended_on": TODAY - timedelta(days=1)}, "ended_on"),
        ({"ended_on": TODAY + timedelta(days=1)}, "ended_on"),
        ({"staff_member_id": None}, "staff"),
        ({"staff_member_id": None, "department_id": 3}, None),
        ({"staff_member_id": None, "patrol_point_id": 3}, None),
        ({"text": ""}, "text"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": 2}, "quantity"),
        ({"represented": Represented("谈秉正", "")}, "on_behalf_capacity"),
        ({"represented": Represented("", "监督员")}, "on_behalf_name"),
        ({"represented": Represented("谈秉正", "监督员")}, None),
    ],
)
def test_what_an_entry_may_not_say(said: dict[str, Any], field: str | None) -> None:
    assert fault(content(**said)) == field


@pytest.mark.parametrize(
    ("kind", "most", "unit"),
    [(Kind.ABSENT, 2, Unit.HALF_DAYS), (Kind.LATE, 4, Unit.TIMES), (Kind.AT_HOME, 999, Unit.CASES)],
)
def test_an_entry_counts_no_more_than_its_kind_can(kind: Kind, most: int, unit: Unit) -> None:
    assert KINDS[kind].unit is unit
    assert fault(content(kind, quantity=most)) is None
    assert fault(content(kind, quantity=most + 1)) == "quantity"


# --- who may take which step ------------------------------------------------------------------------

HEADS = {R.SECTION_HEAD, R.DIRECTOR}
WRITERS = {R.INSPECTOR, R.SECTION_HEAD}
TABLE = {
    (S.RECORDED, V.CONFIRM): (S.CONFIRMED, HEADS),
    (S.RECORDED, V.REFUSE): (S.REFUSED, HEADS),
    (S.RECORDED, V.CORRECT): (S.RECORDED, WRITERS),
    (S.RECORDED, V.VOID): (S.VOID, HEADS),
    (S.REFUSED, V.CORRECT): (S.RECORDED, WRITERS),
    (S.CONFIRMED, V.VOID): (S.VOID, HEADS),
}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("verb", list(Verb))
@pytest.mark.parametrize("status", list(EntryStatus))
def test_the_whole_table(status: EntryStatus, verb: Verb, role: Role) -> None:
    to, roles = TABLE.get((status, verb), (None, set()))
    found = verb in machine.allowed(TRANSITIONS, status, GRANTS[role], OTHER)
    assert found == (role in roles)
    if found:
        assert TRANSITIONS[status, verb].to is to


def test_every_status_is_reached_and_void_leads_nowhere() -> None:
    assert {step.to for step in TRANSITIONS.values()} == set(S)
    assert not [verb for status, verb in TRANSITIONS if status is S.VOID]


@given(
    user=st.integers(1, 4),
    recorder=st.integers(1, 4),
    corrector=st.none() | st.integers(1, 4),
    own=st.none() | st.integers(1, 4),
    concerned=st.none() | st.integers(1, 4),
    role=st.sampled_from(Role),
)
def test_whoever_confirms_is_a_second_person(
    user: int, recorder: int, corrector: int | None, own: int | None, concerned: int | None, role: Role
) -> None:
    facts = Facts(user, own, frozenset({recorder, corrector}), concerned)
    verbs = machine.allowed(TRANSITIONS, S.RECORDED, GRANTS[role], facts)
    stranger = user not in (recorder, corrector) and (concerned is None or concerned != own)
    assert (V.CONFIRM in verbs) == (V.REFUSE in verbs) == (role in HEADS and stranger)
