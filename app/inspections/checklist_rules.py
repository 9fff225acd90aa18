"""A new edition of a checklist as its draft keeps it: plain values, one change after another. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.core.errors import Invalid, NotFound
from app.core.i18n import N_

# content = {name, source, items: [{group_code, group_name, code, wording, clause, severity, red_line,
#            applies_to, photo_required, note_required, deadline_workdays, deadline_hours}]}
Content = Mapping[str, Any]
Item = Mapping[str, Any]

CODE = re.compile(r"[A-Za-z0-9-]{1,20}")
GONE = N_("这个项目已经不在草稿里。")


def find(content: Content, code: str) -> dict[str, Any]:
    """Return an item of the draft. Raise NotFound."""
    for item in content["items"]:
        if item["code"] == code:
            return dict(item)
    raise NotFound(GONE)


def grouped(items: Sequence[Item]) -> list[tuple[str, list[Item]]]:
    """Return the items by group, the groups in the order of their first item."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item["group_name"], []).append(item)
    return list(groups.items())


def with_item(content: Content, former: str | None, item: Item) -> dict[str, Any]:
    """Return the content with an item added to its group, or put in the place of the one coded `former`.

    Raise Invalid if another item has its code, NotFound if the former one is gone.
    """
    if not CODE.fullmatch(item["code"]):
        raise Invalid(N_("代码只能用字母、数字和短横线。"), field="code")
    if any(other["code"] == item["code"] != former for other in content["items"]):
        raise Invalid(N_("代码 %(code)s 已经有了。"), field="code", code=item["code"])
    placed = {**item, "group_code": _group_code(content["items"], item["group_name"])}
    if former is not None:
        before = find(content, former)
        if before["group_name"] == placed["group_name"]:
            items = [placed if other["code"] == former else other for other in content["items"]]
            return {**content, "items": items}
        content = without_item(content, former)
    return {**content, "items": _beside_its_group(content["items"], placed)}


def _beside_its_group(items: Sequence[Item], item: Item) -> list[Item]:
    """Return the items with one more behind the last of its group, at the end if the group is new."""
    places = [i for i, other in enumerate(items) if other["group_name"] == item["group_name"]]
    at = places[-1] + 1 if places else len(items)
    return [*items[:at], item, *items[at:]]


def _group_code(items: Sequence[Item], name: str) -> str:
    codes = {item["group_name"]: item["group_code"] for item in items}
    number = 1
    while f"g{number}" in codes.values():
        number += 1
    return str(codes.get(name, f"g{number}"))


def without_item(content: Content, code: str) -> dict[str, Any]:
    """Return the content without an item; the editions before keep it. Raise NotFound."""
    find(content, code)
    return {**content, "items": [item for item in content["items"] if item["code"] != code]}


def moved(content: Content, code: str, step: int) -> dict[str, Any]:
    """Return the content with an item one place up (-1) or down (1) inside its group."""
    item, items = find(content, code), list(content["items"])
    places = [i for i, other in enumerate(items) if other["group_name"] == item["group_name"]]
    here = next(place for place, i in enumerate(places) if items[i]["code"] == code)
    there = here + step
    if 0 <= there < len(places):
        a, b = places[here], places[there]
        items[a], items[b] = items[b], items[a]
    return {**content, "items": items}


def item_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as the draft keeps it, out of what a form says. Raise Invalid without one deadline."""
    if (given["deadline_workdays"] is None) == (given["deadline_hours"] is None):
        raise Invalid(N_("整改期限请填工作日数或小时数之一。"), field="deadline_workdays")
    return {**given, "severity": str(given["severity"]), "clause": given["clause"] or ""}
