"""Editions of checklists: a new one retires the former; patrols keep the edition they used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app import clock
from app.core.errors import Invalid
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.inspections.models import Checklist, ChecklistItem
from app.inspections.rules import CHECKLIST_PUBLISHED, CHECKLIST_RETIRED, Severity
from app.organisation.rules import PointKind

_FIELDS = (
    "position",
    "group_code",
    "group_name",
    "code",
    "wording",
    "clause",
    "severity",
    "red_line",
    "applies_to",
    "photo_required",
    "note_required",
    "deadline_workdays",
    "deadline_hours",
)


def publish_checklist(uow: UnitOfWork, centre_id: int, data: Mapping[str, Any]) -> Checklist | None:
    """Publish an edition for a centre, in force from today, and retire the one before.

    `data` is a seed file's content: code, edition, name, source, groups = [{code, name, items}].
    Return None if this very edition stands already. Raise Invalid if an edition of that number or a
    later one says something else.
    """
    items = [
        _item(position, group, raw)
        for position, (group, raw) in enumerate(
            ((group, raw) for group in data["groups"] for raw in group["items"]), 1
        )
    ]
    today = clock.local(uow.now).date()
    former = uow.session.scalar(
        select(Checklist)
        .where(Checklist.centre_id == centre_id, Checklist.code == data["code"])
        .order_by(Checklist.edition.desc())
        .limit(1)
    )
    if former and former.edition >= data["edition"]:
        if former.edition == data["edition"] and _content(uow, former) == (
            data["name"],
            data["source"],
            items,
        ):
            return None
        raise Invalid(N_("清单第 %(edition)d 版已经发布；内容有改动时请升一版。"), edition=former.edition)
    if former and former.retired_on is None:
        former.retired_on = today
        uow.record(CHECKLIST_RETIRED, former)
    checklist = Checklist(
        centre_id=centre_id,
        code=data["code"],
        edition=data["edition"],
        name=data["name"],
        source=data["source"],
        effective_on=today,
    )
    uow.session.add(checklist)
    uow.session.flush()
    rows = [{**item, "checklist_id": checklist.id, "version": 1} for item in items]
    uow.bulk_insert(ChecklistItem, rows, subject=checklist)
    uow.record(CHECKLIST_PUBLISHED, checklist, items=len(items))
    return checklist


def _item(position: int, group: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of one item as its file states it. Raise Invalid, naming the item."""
    try:
        item = {
            "position": position,
            "group_code": group["code"],
            "group_name": group["name"],
            "code": raw["code"],
            "wording": raw["wording"],
            "clause": raw.get("clause", ""),
            "severity": Severity(raw["severity"]),
            "red_line": raw.get("red_line", 0),
            "applies_to": [PointKind(kind).value for kind in raw["applies_to"]],
            "photo_required": raw.get("photo_required", False),
            "note_required": raw.get("note_required", False),
            "deadline_workdays": raw.get("deadline_workdays"),
            "deadline_hours": raw.get("deadline_hours"),
        }
    except (KeyError, ValueError) as error:
        raise Invalid(
            N_("检查项 %(code)s 写法有误：%(reason)s"), code=raw.get("code", position), reason=error
        ) from None
    if (item["deadline_workdays"] is None) == (item["deadline_hours"] is None):
        raise Invalid(N_("检查项 %(code)s 的整改时限应当写工作日数或小时数之一。"), code=item["code"])
    return item


def _content(uow: UnitOfWork, checklist: Checklist) -> tuple[str, str, list[dict[str, Any]]]:
    rows = uow.session.scalars(
        select(ChecklistItem)
        .where(ChecklistItem.checklist_id == checklist.id)
        .order_by(ChecklistItem.position)
    )
    items = [{name: getattr(row, name) for name in _FIELDS} for row in rows]
    return checklist.name, checklist.source, items
