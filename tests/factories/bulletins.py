"""Bulletins in every state, each of a week of its own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from app import clock
from app.bulletins import figure_queries, services
from app.bulletins.models import Bulletin
from app.bulletins.rules import BULLETIN_DRAFTED, BulletinStatus
from app.db.uow import unit_of_work
from app.extensions import db
from app.inspections.plan_rules import WEEK, monday
from app.permissions import Permission
from tests.cast import actor
from tests.factories.base import Example, Ids, Ledger, Visit

FIRST_ON = date(2026, 11, 9)  # the last week that is over
PRACTICE = "三号窗口主动为老年人代填表格。"
REQUIREMENTS = "各窗口对照问题立即整改。"


def bulletin_of(bulletin_id: int) -> Bulletin:
    return db.session.get_one(Bulletin, bulletin_id, populate_existing=True)


def drafted(site: Any, week_on: date | None = None, by: str = "wang") -> int:
    """Draft the bulletin of a week: of the last one that has none yet."""
    if week_on is None:
        earliest = db.session.scalar(
            select(func.min(Bulletin.week_on)).where(Bulletin.centre_id == site.cast.centre)
        )
        week_on = min(FIRST_ON, earliest - WEEK) if earliest else FIRST_ON
    with unit_of_work(actor(by, Permission.BULLETIN_DRAFT), clock.now()) as uow:
        return services.draft(uow, site.cast.centre, week_on, PRACTICE, REQUIREMENTS).id


def reviewed(site: Any, week_on: date | None = None) -> int:
    bulletin_id = drafted(site, week_on)
    row = bulletin_of(bulletin_id)
    version = row.version
    content = figure_queries.content(actor("head"), row.centre_id, row.week_on, clock.now())
    with unit_of_work(actor("head", Permission.BULLETIN_REVIEW), clock.now()) as uow:
        services.review(uow, bulletin_id, version, content)
    return bulletin_id


def issued(site: Any, week_on: date | None = None) -> int:
    bulletin_id = reviewed(site, week_on)
    version = bulletin_of(bulletin_id).version
    with unit_of_work(actor("director", Permission.BULLETIN_ISSUE), clock.now()) as uow:
        services.issue(uow, bulletin_id, version, "https://example.test")
    return bulletin_id


def correction(site: Any, bulletin_id: int) -> int:
    version = bulletin_of(bulletin_id).version
    with unit_of_work(actor("wang", Permission.BULLETIN_DRAFT), clock.now()) as uow:
        return services.correct(uow, bulletin_id, version, "数字漏报").id


def many_bulletins(site: Any, n: int) -> None:
    """Draft n bulletins of weeks long ago."""
    with unit_of_work(actor("wang"), clock.now()) as uow:
        for number in range(n):
            row = Bulletin(
                centre_id=site.cast.centre,
                week_on=monday(date(1990, 1, 1)) + timedelta(weeks=number),
                edition=1,
                status=BulletinStatus.DRAFT,
                drafted_by_id=uow.actor.user_id or 0,
                drafted_at=uow.now,
            )
            uow.session.add(row)
            uow.session.flush()
            uow.record(BULLETIN_DRAFTED, row)


def _one(make: Any) -> Any:
    def prepare(site: Any) -> Ids:
        bulletin_id = make(site)
        return {"bulletin_id": bulletin_id, "_version": str(bulletin_of(bulletin_id).version)}

    return prepare


def _stamp(ids: Ids) -> dict[str, str]:
    return {"version": str(ids["_version"])}


RECORD = "bulletins.show"
EXAMPLES = [
    Example("bulletins.draft", "wang", data={"week": "2026-11-16"}, page="bulletins.index"),
    Example(
        "bulletins.change",
        "wang",
        _one(drafted),
        data=lambda ids: {
            **_stamp(ids),
            "good_practice": PRACTICE + "值得推广。",
            "requirements": REQUIREMENTS,
        },
        page=RECORD,
        shown=(RECORD,),
        text=("good_practice", "requirements"),
    ),
    Example("bulletins.review", "head", _one(drafted), data=_stamp, page=RECORD),
    Example(
        "bulletins.send_back",
        "director",
        _one(reviewed),
        data=lambda ids: {**_stamp(ids), "reason": "做法写得太简单"},
        page=RECORD,
        shown=(RECORD,),
        text=("reason",),
    ),
    Example("bulletins.issue", "director", _one(reviewed), data=_stamp, page=RECORD),
    Example(
        "bulletins.correct",
        "wang",
        _one(issued),
        data=lambda ids: {**_stamp(ids), "reason": "漏报一个窗口"},
        page=RECORD,
        text=("reason",),
    ),
]
VISITS = [
    Visit(RECORD, "wang", _one(reviewed), hidden_from=("outsider", "outside_head", "window_a", "chief_a")),
]
LEDGERS = [
    Ledger("bulletins.index", "wang", many_bulletins, queries=({"status": "draft"}, {"year": "2026"})),
]
