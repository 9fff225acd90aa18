"""Editions of checklists: a new one retires the former; patrols keep the edition they used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.core.errors import Invalid, NotAllowed, NotFound
from app.core.i18n import N_
from app.db import drafts
from app.db.drafts import Draft
from app.db.uow import UnitOfWork
from app.inspections.models import Checklist, ChecklistItem
from app.inspections.rules import CHECKLIST_PUBLISHED, CHECKLIST_RETIRED, ChecklistPurpose, Severity
from app.organisation.rules import PointKind
from app.permissions import Actor

DRAFT = "checklist"

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
    former = _newest(uow.session, centre_id, data["code"])
    if former and former.edition >= data["edition"]:
        same = _content(uow, former) == (data["name"], data["source"], items)
        if former.edition == data["edition"] and same:
            return None
        raise Invalid(N_("清单第 %(edition)d 版已经发布；内容有改动时请升一版。"), edition=former.edition)
    if former and former.retired_on is None:
        former.retired_on = today
        uow.record(CHECKLIST_RETIRED, former)
    checklist = Checklist(
        centre_id=centre_id,
        code=data["code"],
        purpose=ChecklistPurpose(data.get("purpose", ChecklistPurpose.ROUTINE)),
        edition=data["edition"],
        name=data["name"],
        source=data["source"],
        effective_on=today,
    )
    return _publish(uow, checklist, items)


def _publish(uow: UnitOfWork, checklist: Checklist, items: list[dict[str, Any]]) -> Checklist:
    uow.session.add(checklist)
    uow.session.flush()
    rows = [{**item, "checklist_id": checklist.id, "version": 1} for item in items]
    uow.bulk_insert(ChecklistItem, rows, subject=checklist)
    uow.record(CHECKLIST_PUBLISHED, checklist, items=len(items))
    return checklist


# --- new editions, drafted on screen --------------------------------------------------------------


def begin_draft(session: Session, actor: Actor, checklist: Checklist, now: datetime) -> Draft:
    """Begin a new edition from a present one, or go on with the one begun from it."""
    found = drafts.find(session, actor.user_id, DRAFT, checklist.id)
    if found:
        return found
    draft = Draft(
        kind=DRAFT,
        user_id=actor.user_id,
        centre_id=checklist.centre_id,
        subject_id=checklist.id,
        content={
            "name": checklist.name,
            "source": checklist.source,
            "items": [_plain(item) for item in _items(session, checklist)],
        },
        begun_at=now,
        saved_at=now,
    )
    session.add(draft)
    session.flush()
    return draft


def change_draft(
    session: Session, actor: Actor, draft_id: int, change: Callable[[Any], dict[str, Any]], now: datetime
) -> None:
    """Keep what a rule makes of one's own draft."""
    draft = _own(session, actor, draft_id)
    drafts.save(session, draft, change(draft.content), now)


def discard_draft(session: Session, actor: Actor, draft_id: int) -> None:
    session.delete(_own(session, actor, draft_id))


def _own(session: Session, actor: Actor, draft_id: int) -> Draft:
    draft = session.scalar(
        select(Draft)
        .where(Draft.id == draft_id, Draft.user_id == actor.user_id, Draft.kind == DRAFT)
        .with_for_update()
    )
    if draft is None:
        raise NotFound(N_("这份清单草稿已经发布或放弃。"))
    return draft


def publish_draft(uow: UnitOfWork, draft_id: int, effective_on: date) -> Checklist:
    """Publish a draft as the next edition, from a day on; the edition before retires that day."""
    draft = _own(uow.session, uow.actor, draft_id)
    base = uow.session.get_one(Checklist, draft.subject_id)
    newest = _newest(uow.session, base.centre_id, base.code)
    if newest is None or newest.id != base.id:
        raise NotAllowed(N_("起草以后已经发布了新的一版，请在新版上重新起草。"))
    if effective_on < clock.local(uow.now).date():
        raise Invalid(N_("生效日期不能早于今天。"), field="effective_on")
    if effective_on < base.effective_on:
        raise Invalid(
            N_("现有一版 %(day)s 才生效，新版不能更早。"), field="effective_on", day=base.effective_on
        )
    items = draft.content["items"]
    if not items:
        raise NotAllowed(N_("清单里没有项目，不能发布。"))
    base.retired_on = effective_on
    uow.record(CHECKLIST_RETIRED, base)
    checklist = Checklist(
        centre_id=base.centre_id,
        code=base.code,
        purpose=base.purpose,
        edition=base.edition + 1,
        name=draft.content["name"],
        source=draft.content["source"],
        effective_on=effective_on,
    )
    uow.session.delete(draft)
    uow.session.add(checklist)
    uow.session.flush()
    for position, item in enumerate(items, 1):  # rows of their own: the log tells what each of them says
        asked = {**item, "severity": Severity(item["severity"])}
        uow.session.add(
            ChecklistItem(checklist_id=checklist.id, checklist=checklist, position=position, **asked)
        )
    uow.record(CHECKLIST_PUBLISHED, checklist, items=len(items))
    return checklist


def _plain(item: ChecklistItem) -> dict[str, Any]:
    kept = {name: getattr(item, name) for name in _FIELDS if name != "position"}
    return {**kept, "severity": item.severity.value}


def _newest(session: Session, centre_id: int, code: str) -> Checklist | None:
    return session.scalar(
        select(Checklist)
        .where(Checklist.centre_id == centre_id, Checklist.code == code)
        .order_by(Checklist.edition.desc())
        .limit(1)
        .with_for_update()
    )


def _items(session: Session, checklist: Checklist) -> list[ChecklistItem]:
    rows = select(ChecklistItem).where(ChecklistItem.checklist_id == checklist.id)
    return list(session.scalars(rows.order_by(ChecklistItem.position)))


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
    rows = _items(uow.session, checklist)
    items = [{name: getattr(row, name) for name in _FIELDS} for row in rows]
    return checklist.name, checklist.source, items
