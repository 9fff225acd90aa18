"""What a clerk types instead of choosing: a number, a code, initials, the beginning of a name. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import TypeVar

from app.core.errors import Invalid
from app.core.i18n import N_

T = TypeVar("T")
SHOWN = 5
_NONE = N_("没有找到“%(typed)s”，请写编号、拼音首字母或名称。")
_SEVERAL = N_("“%(typed)s”可能是：%(names)s。请写得更完整些。")


def fold(text: str) -> str:
    """Return text as it is compared: full width and case do not matter, nor do blanks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def pick(typed: str, rows: Iterable[tuple[T, Sequence[str]]], field: str) -> T:
    """Return the row that one of whose names was typed: whole, else its beginning, else a part of it.

    Each row comes with its names, the first of which is shown. What a list offers ("A01 企业开办") is
    taken too. Raise Invalid, naming the candidates, unless there is exactly one.
    """
    wanted, known = fold(typed), [(row, names, [fold(name) for name in names if name]) for row, names in rows]
    for matches in (_whole, _beginning, _part):
        found = [(row, names) for row, names, folded in known if wanted and matches(wanted, folded)]
        if len(found) == 1:
            return found[0][0]
        if found:
            shown = "、".join(names[0] for _row, names in found[:SHOWN]) + ("…" if len(found) > SHOWN else "")
            raise Invalid(_SEVERAL, field=field, typed=typed, names=shown)
    raise Invalid(_NONE, field=field, typed=typed)


def _whole(wanted: str, names: Sequence[str]) -> bool:
    return wanted in names or wanted == "".join(names[:2])


def _beginning(wanted: str, names: Sequence[str]) -> bool:
    return any(name.startswith(wanted) for name in names)


def _part(wanted: str, names: Sequence[str]) -> bool:
    return any(wanted in name for name in names)
