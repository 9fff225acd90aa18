"""Which verbs a security administrator may take on an account: the whole table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.accounts.admin_rules import (
    LAST_OF,
    USERNAME,
    AccountFacts,
    AccountState,
    AccountVerb,
    refusal,
    state_of,
)
from app.permissions import Role

S, V = AccountState, AccountVerb
NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
LAST = frozenset({Role.SECURITY_ADMINISTRATOR})
USABLE = [V.CHANGE, V.SET_ROLES, V.RESET, V.END_SESSIONS, V.DISABLE]
# (state, own, last of a role): the verbs that may be taken.
ALLOWED = {
    (S.NORMAL, False, False): USABLE,
    (S.MUST_CHANGE, False, False): USABLE,
    (S.LOCKED, False, False): [V.CHANGE, V.SET_ROLES, V.RESET, V.UNLOCK, V.END_SESSIONS, V.DISABLE],
    (S.DISABLED, False, False): [V.CHANGE, V.SET_ROLES, V.END_SESSIONS, V.ENABLE],
    (S.NORMAL, False, True): [V.CHANGE, V.SET_ROLES, V.RESET, V.END_SESSIONS],
    (S.MUST_CHANGE, False, True): [V.CHANGE, V.SET_ROLES, V.RESET, V.END_SESSIONS],
    (S.LOCKED, False, True): [V.CHANGE, V.SET_ROLES, V.RESET, V.UNLOCK, V.END_SESSIONS],
    (S.DISABLED, False, True): [V.CHANGE, V.SET_ROLES, V.END_SESSIONS, V.ENABLE],
    (S.NORMAL, True, False): [V.CHANGE],
    (S.MUST_CHANGE, True, False): [V.CHANGE],
    (S.LOCKED, True, False): [V.CHANGE, V.UNLOCK],
    (S.DISABLED, True, False): [V.CHANGE, V.ENABLE],
    (S.NORMAL, True, True): [V.CHANGE],
    (S.MUST_CHANGE, True, True): [V.CHANGE],
    (S.LOCKED, True, True): [V.CHANGE, V.UNLOCK],
    (S.DISABLED, True, True): [V.CHANGE, V.ENABLE],
}


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("state", S)
def test_the_whole_table(state, own, last):
    facts = AccountFacts(own, state, LAST if last else frozenset())
    assert [verb for verb in V if refusal(verb, facts) is None] == ALLOWED[state, own, last]


def test_the_last_administrators_are_told_apart():
    assert set(LAST_OF) == {Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR}
    for role, why in LAST_OF.items():
        assert refusal(V.DISABLE, AccountFacts(False, S.NORMAL, frozenset({role}))) == why


@pytest.mark.parametrize(
    ("disabled", "locked", "must_change", "state"),
    [
        (NOW, NOW + timedelta(minutes=1), True, S.DISABLED),
        (None, NOW + timedelta(minutes=1), True, S.LOCKED),
        (None, NOW, True, S.MUST_CHANGE),
        (None, None, True, S.MUST_CHANGE),
        (None, NOW - timedelta(minutes=1), False, S.NORMAL),
    ],
)
def test_how_an_account_stands(disabled, locked, must_change, state):
    assert state_of(disabled, locked, must_change, NOW) is state


@pytest.mark.parametrize("name", ["wang", "chief_a", "l.si-2", "a1"])
def test_a_user_name(name):
    assert USERNAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", "a", "王巡", "Wang", "a b", "-x", "a" * 61, "a/b", "a\n"])
def test_no_user_name(name):
    assert not USERNAME.fullmatch(name)
