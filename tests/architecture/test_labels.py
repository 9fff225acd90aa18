"""Whatever is stored as a name has a word for the reader."""

from __future__ import annotations

from enum import Enum
from types import ModuleType

import pytest

from app.core.actions import Action
from app.db.mixins import Audited
from app.extensions import Model
from app.permissions import Role
from app.registry import FEATURES, find_room, import_models
from tests.architecture.source import modules

import_models()
RULES = [name for name in modules() if name.endswith((".rules", "_rules"))]
LABELS = [room for feature in FEATURES if (room := find_room(feature.name, "labels"))]
AUDITED = [m.class_ for m in Model.registry.mappers if issubclass(m.class_, Audited)]


def rules() -> list[ModuleType]:
    import importlib

    return [importlib.import_module(name) for name in RULES]


def words(kind: str) -> dict[object, object]:
    return {key: value for room in LABELS for key, value in getattr(room, kind, {}).items()}


@pytest.mark.parametrize(
    "kind",
    [
        Role,
        *dict.fromkeys(
            value
            for room in rules()
            for value in vars(room).values()
            if isinstance(value, type) and issubclass(value, Enum) and value.__module__ == room.__name__
        ),
    ],
    ids=lambda kind: kind.__name__,
)
def test_every_member_has_a_word(kind: type[Enum]) -> None:
    assert set(words("LABELS").get(kind, {})) == set(kind)  # type: ignore[call-overload]


def test_every_action_has_a_word() -> None:
    actions = {value.name for room in rules() for value in vars(room).values() if isinstance(value, Action)}
    tables = [
        value
        for room in rules()
        for value in vars(room).values()
        if isinstance(value, dict) and value and hasattr(next(iter(value.values())), "permission")
    ]
    actions |= {step.action.name for table in tables for step in table.values()} | {"chain.opened"}
    assert not actions - words("ACTIONS").keys()
    assert not words("ACTIONS").keys() - actions, "words for actions that nobody takes"


def test_every_subject_has_a_word() -> None:
    types = {model.__audit_type__ for model in AUDITED}
    assert not types - words("SUBJECTS").keys()
    assert len(types) == len(AUDITED), "two tables share a name in the log"


def test_every_field_has_a_word() -> None:
    fields = {
        column.key
        for model in AUDITED
        for column in model.__mapper__.column_attrs
        if column.key not in ("id", "version") and not column.columns[0].info.get("derived")
    }
    fields |= {
        key
        for room in rules()
        for value in vars(room).values()
        if isinstance(value, Action)
        for key in value.extra
    }
    assert not fields - words("FIELDS").keys()


def test_one_name_has_one_word() -> None:
    """Labels of different features are merged; the same name must mean the same."""
    for kind in ("ACTIONS", "SUBJECTS", "FIELDS"):
        seen: dict[object, object] = {}
        for room in LABELS:
            for key, value in getattr(room, kind, {}).items():
                assert seen.setdefault(key, value) == value, f"{kind} {key}: {value} and {seen[key]}"
