"""State machines and what they stand on: actions and refusals."""

import pickle
from enum import StrEnum

import pytest

from app.core.actions import Action
from app.core.errors import DomainError, Invalid, NotAllowed, NotFound, Stale
from app.core.i18n import N_
from app.core.machine import NO_PERMISSION, WRONG_STATUS, Transition, allowed, explain, refusal, step
from app.core.workdays import UnknownYear


class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"
    LOCKED = "locked"


class Verb(StrEnum):
    SHUT = "shut"
    LOCK = "lock"
    OPEN = "open"


def with_key(facts):
    return None if facts else "没有钥匙。"


TABLE = {
    (Door.SHUT, Verb.OPEN): Transition(Door.OPEN, "door:use", Action("door.opened")),
    (Door.SHUT, Verb.LOCK): Transition(Door.LOCKED, "door:lock", Action("door.locked"), with_key),
    (Door.OPEN, Verb.SHUT): Transition(Door.SHUT, "door:use", Action("door.shut")),
}
GUEST, PORTER = frozenset({"door:use"}), frozenset({"door:use", "door:lock"})


@pytest.mark.parametrize(
    ("status", "granted", "key", "verbs"),
    [
        (Door.OPEN, GUEST, False, [Verb.SHUT]),
        (Door.OPEN, frozenset(), True, []),
        (Door.SHUT, GUEST, True, [Verb.OPEN]),
        (Door.SHUT, PORTER, False, [Verb.OPEN]),
        (Door.SHUT, PORTER, True, [Verb.OPEN, Verb.LOCK]),
        (Door.LOCKED, PORTER, True, []),
    ],
)
def test_allowed_lists_verbs_in_the_order_of_the_table(status, granted, key, verbs):
    assert allowed(TABLE, status, granted, key) == verbs


@pytest.mark.parametrize(
    ("status", "granted", "key", "refused"),
    [
        (Door.SHUT, PORTER, True, []),
        (Door.SHUT, PORTER, False, [(Verb.LOCK, "没有钥匙。")]),
        (Door.SHUT, GUEST, True, [(Verb.LOCK, NO_PERMISSION)]),
        (Door.SHUT, frozenset(), True, [(Verb.OPEN, NO_PERMISSION), (Verb.LOCK, NO_PERMISSION)]),
        (Door.LOCKED, PORTER, True, []),
    ],
)
def test_explain_gives_the_reason_of_every_refusal(status, granted, key, refused):
    assert explain(TABLE, status, granted, key) == refused


@pytest.mark.parametrize("status", Door)
@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("granted", [frozenset(), GUEST, PORTER])
@pytest.mark.parametrize("key", [True, False])
def test_step_agrees_with_what_the_button_shows(status, verb, granted, key):
    if verb in allowed(TABLE, status, granted, key):
        assert step(TABLE, status, verb, granted, key) is TABLE[status, verb]
        return
    reasons = dict(explain(TABLE, status, granted, key))
    with pytest.raises(NotAllowed) as caught:
        step(TABLE, status, verb, granted, key)
    assert str(caught.value) == reasons.get(verb, WRONG_STATUS)


def test_permission_is_asked_before_the_facts():
    def unreadable(facts):
        raise AssertionError("the guard must not see facts of someone without permission")

    guarded = Transition(Door.LOCKED, "door:lock", Action("door.locked"), unreadable)
    assert refusal(guarded, GUEST) == NO_PERMISSION


def test_a_guard_may_quote_a_percentage():
    table = {
        (Door.OPEN, Verb.SHUT): Transition(Door.SHUT, "p", Action("door.shut"), lambda facts: "只关了 50%。")
    }
    with pytest.raises(NotAllowed, match="50%"):
        step(table, Door.OPEN, Verb.SHUT, {"p"})


@pytest.mark.parametrize("name", ["finding.recorded", "staff_member.absence_granted"])
def test_an_action_is_named_noun_dot_verb(name):
    assert Action(name).name == name
    assert Action(name, frozenset({"reason"})).extra == {"reason"}


@pytest.mark.parametrize(
    "name", ["", "finding", "Finding.recorded", "finding.recorded.twice", "finding.recorded\n"]
)
def test_a_badly_named_action_is_refused(name):
    with pytest.raises(ValueError, match="noun"):
        Action(name)


def test_an_error_speaks_to_the_user_and_names_its_field():
    error = Invalid(N_("最多%(limit)s张照片。"), field="photos", limit=9)
    assert str(error) == "最多9张照片。"
    assert (error.message, error.field, error.params) == ("最多%(limit)s张照片。", "photos", {"limit": 9})
    assert str(Stale("完成 100%")) == "完成 100%"
    assert all(issubclass(kind, DomainError) for kind in (Invalid, NotAllowed, Stale, NotFound, UnknownYear))


@pytest.mark.parametrize("error", [Invalid("%(n)s", field="a", n=1), UnknownYear(2027)])
def test_an_error_survives_the_way_back_from_a_child_process(error):
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.field, copy.params) == (
        type(error),
        str(error),
        error.field,
        error.params,
    )
