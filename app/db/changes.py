"""What a change of a row reads like in the audit log: plain values, protected ones never."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import inspect

from app.db.mixins import Audited

_PROTECTED = "***"


@cache
def _fields(model: Any) -> Mapping[str, bool]:
    """Return the fields of a model that the log keeps, each with whether it is protected."""
    return {
        attribute.key: bool(attribute.columns[0].info.get("protected"))
        for attribute in inspect(model).column_attrs
        if attribute.key not in ("id", "version") and not attribute.columns[0].info.get("derived")
    }


def of(row: Audited, *, new: bool) -> dict[str, list[Any]]:
    """Return {field: [before, after]} in plain values; protected fields say only that they changed."""
    state = inspect(row)
    found: dict[str, list[Any]] = {}
    for key, protected in _fields(state.mapper.class_).items():
        if new and getattr(row, key) is None:
            continue
        history = state.attrs[key].history
        if not new and not history.has_changes():
            continue
        before = None if new or not history.deleted else history.deleted[0]
        found[key] = _pair(before, getattr(row, key) if new else history.added[0], protected)
    return found


def between(
    model: Any, before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = ""
) -> dict[str, list[Any]]:
    """Return what `of` does for a row of plain values, `before`, in which `after` is set."""
    fields = _fields(model)
    if not before:
        return {
            prefix + key: [None, _hidden(value) if fields[key] else plain(value)]
            for key, value in after.items()
            if value is not None and key in fields
        }
    return {
        prefix + key: _pair(before.get(key), value, fields[key])
        for key, value in after.items()
        if key in fields and value != before.get(key)
    }


def _pair(before: Any, after: Any, protected: bool) -> list[Any]:
    return [_hidden(before), _hidden(after)] if protected else [plain(before), plain(after)]


def _hidden(value: Any) -> str | None:
    return None if value in (None, "", b"") else _PROTECTED


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it without loss of meaning."""
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date | time | Decimal):
        return str(value)
    if isinstance(value, frozenset | set | tuple | list):
        return [plain(item) for item in value]
    return value
