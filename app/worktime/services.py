"""Editions of a year's calendar: published once, replaced by the next, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import Invalid, NotAllowed, Stale
from app.core.i18n import N_
from app.core.workdays import DayKind, YearTable
from app.db import drafts
from app.db.uow import UnitOfWork
from app.organisation.models import Centre
from app.permissions import Actor
from app.worktime import effects, queries, rules
from app.worktime.entry_rules import write_days
from app.worktime.models import CalendarDay, CalendarYear

NOT_THE_TOP = N_("工作日历由全站各中心共用，只有最上级中心的系统管理员可以录入和修改。")
CHANGED = N_("预览之后，工作日历或受影响的期限有了变化，请再核对一遍。")
NOTHING_NEW = N_("与现行的工作日历完全相同，没有可以应用的改动。")


def require_top(actor: Actor) -> None:
    """Raise NotAllowed unless the actor's centre is the top one."""
    if not queries.manages(actor):
        raise NotAllowed(NOT_THE_TOP)


def publish_year(uow: UnitOfWork, table: YearTable, *, edition: int = 1, moved: int = 0) -> CalendarYear:
    """Enter an edition of a year; `moved` is how many open clocks it moves."""
    row = CalendarYear(
        year=table.year,
        edition=edition,
        notice=table.notice,
        source=table.source,
        note=table.note,
        published_at=uow.now,
    )
    uow.session.add(row)
    uow.session.flush()
    days = [
        {"calendar_year_id": row.id, "version": 1, "day": day, "kind": kind, "name": name}
        for kind, found in ((DayKind.HOLIDAY, table.holidays), (DayKind.MAKEUP, table.makeups))
        for day, name in sorted(found.items())
    ]
    uow.bulk_insert(CalendarDay, days, subject=row)
    uow.record(
        rules.CALENDAR_PUBLISHED,
        row,
        holidays=write_days(table.holidays).splitlines(),
        makeups=write_days(table.makeups).splitlines(),
        moved=moved,
    )
    return row


def apply_year(uow: UnitOfWork, year: int, seen: str) -> CalendarYear:
    """Publish the edition that the actor prepared, and move the open clocks that it moves.

    `seen` is the digest of the effect that was previewed. Raise Stale if it is another one by now.
    """
    require_top(uow.actor)
    # Editions take turns: the top centre's row stands for the calendars of the site.
    uow.session.execute(select(Centre.id).where(Centre.id == uow.actor.centre_id).with_for_update())
    draft = queries.draft_of(uow.session, uow.actor, year)
    if draft is None:
        raise Stale(CHANGED)
    effect = effects.effect_of(uow.session, queries.from_content(draft.content))
    if effect.empty:
        raise Invalid(NOTHING_NEW)
    if effect.digest != seen:
        raise Stale(CHANGED)
    uow.across_centres = True  # the clocks of every centre follow the one calendar
    row = publish_year(uow, effect.table, edition=effect.edition + 1, moved=len(effect.moved))
    effects.move(uow, effect)
    uow.session.delete(draft)
    return row


def keep_draft(session: Session, actor: Actor, table: YearTable, now: datetime) -> None:
    """Keep an edition that was typed or imported, to be looked at before it is applied."""
    content = queries.to_content(table)
    draft = queries.draft_of(session, actor, table.year)
    if draft is None:
        draft = drafts.Draft(
            kind=queries.DRAFT,
            user_id=actor.user_id,
            centre_id=actor.centre_id,
            subject_id=table.year,
            begun_at=now,
            saved_at=now,
            content=content,
        )
        session.add(draft)
    drafts.save(session, draft, content, now)
