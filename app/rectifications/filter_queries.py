"""What the address of the ledger of rectifications may ask for, as conditions on its rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select

from app import clock
from app.accounts.models import User
from app.core.workdays import WorkCalendar
from app.db import search
from app.db.scope import row_id
from app.extensions import db
from app.inspections.models import Finding
from app.inspections.queries import read_day, within
from app.permissions import Actor
from app.rectifications import rules
from app.rectifications.models import Extension, Recheck, Rectification, RectifiedFinding, Submission
from app.rectifications.rules import OPEN_STATUSES, Due, RecheckResult, RectificationStatus
from app.rectifications.stand_in_queries import taken_by

# The actor's own work: what waits for him rather than what he may see.
MINE = {
    "receive": (RectificationStatus.ISSUED,),
    "answer": (RectificationStatus.RECEIVED, RectificationStatus.RETURNED),
    "recheck": (RectificationStatus.SUBMITTED,),
    "decide": (*OPEN_STATUSES, RectificationStatus.PARKED),
}
NOBODY = "none"  # of `owner`: no person is named


def conditions(
    actor: Actor, args: Mapping[str, str], now: datetime, days: WorkCalendar
) -> list[ColumnElement[bool]]:
    """Return what the filters of an address ask for; what does not parse is left out."""
    asked = [
        *within(Rectification.issued_at, read_day(args.get("from")), read_day(args.get("to"))),
        *within(Rectification.closed_at, *closed_between(args)),
        *_whose(args),
    ]
    if args.get("stands") in set(Due):
        asked.append(stands(Due(args["stands"]), now, days))
    if args.get("on_time") in ("1", "0"):
        asked.append(Rectification.on_time.is_(args["on_time"] == "1"))
    if args.get("valid") == "1":
        asked.append(Rectification.status != RectificationStatus.CANCELLED)
    if args.get("third") == "1":
        asked.append(by_third_person())
    if args.get("mine") in MINE:
        asked.append(mine(actor, args["mine"]))
    found = search.found(db.session(), "rectifications_search", Rectification.id, args.get("q", "")[:60])
    return asked if found is None else [*asked, found]


def closed_between(args: Mapping[str, str]) -> tuple[date | None, date | None]:
    """Return the days of the close-out that an address names: a year, or from a day to a day."""
    year = row_id(args.get("year"))
    if year is not None and 2000 <= year < 2100:
        return date(year, 1, 1), date(year, 12, 31)
    return read_day(args.get("closed_from")), read_day(args.get("closed_to"))


def _whose(args: Mapping[str, str]) -> list[ColumnElement[bool]]:
    """Return what the filters ask of the one who has to mend it: his body, his window, himself."""
    asked: list[ColumnElement[bool]] = [
        column == wanted
        for name, column in (
            ("centre", Rectification.centre_id),
            ("department", Rectification.department_id),
            ("section", Rectification.section_id),
            ("to_centre", Rectification.to_centre_id),
        )
        if (wanted := row_id(args.get(name))) is not None
    ]
    point = row_id(args.get("point"))
    if point is not None:
        there = select(RectifiedFinding.rectification_id).join(Finding)
        asked.append(Rectification.id.in_(there.where(Finding.patrol_point_id == point)))
    kind, _, number = args.get("owner", "").partition(":")
    person = row_id(number)
    if kind == NOBODY:
        asked += [Rectification.owner_id.is_(None), Rectification.owner_user_id.is_(None)]
    elif person is not None and kind in ("staff", "user"):
        asked.append((Rectification.owner_id if kind == "staff" else Rectification.owner_user_id) == person)
    return asked


def stands(due: Due, now: datetime, days: WorkCalendar) -> ColumnElement[bool]:
    """Return the condition that a rectification stands so against its deadline; rules.standing in SQL."""
    pending = Rectification.status.in_(OPEN_STATUSES)
    return {
        Due.OPEN: pending,
        Due.DUE_SOON: and_(pending, Rectification.due_at >= now, Rectification.due_at < soon_ends(now, days)),
        Due.OVERDUE: and_(pending, Rectification.due_at < now),
        Due.WAITING: Rectification.status == RectificationStatus.SUBMITTED,
        Due.PARKED: Rectification.status == RectificationStatus.PARKED,
        Due.CLOSED: Rectification.status == RectificationStatus.CLOSED,
        Due.CANCELLED: Rectification.status == RectificationStatus.CANCELLED,
    }[due]


def soon_ends(now: datetime, days: WorkCalendar) -> datetime:
    """Return the midnight after the last day that counts as due soon."""
    soon = rules.soon_until(clock.local(now).date(), days)
    return clock.at_office(datetime.combine(soon + timedelta(days=1), time()))


def mine(actor: Actor, kind: str) -> ColumnElement[bool]:
    """Return the condition that a rectification waits for the actor in one of the ways of MINE."""
    if kind == "decide":
        return _undecided()
    whose = Rectification.rechecker_id == actor.user_id if kind == "recheck" else taken_by(actor)
    return and_(Rectification.status.in_(MINE[kind]), whose)


def _undecided() -> ColumnElement[bool]:
    """Return the condition that the centre has to decide: more time is asked for, or a parked plan is due."""
    asked = exists().where(Extension.rectification_id == Rectification.id, Extension.granted.is_(None))
    parked, pending = RectificationStatus.PARKED, Rectification.status.in_(OPEN_STATUSES)
    return or_(
        and_(pending, asked), and_(Rectification.status == parked, Rectification.review_on <= clock.today())
    )


def by_third_person() -> ColumnElement[bool]:
    """Return the condition that whoever accepted it neither had to mend it nor handed it in (R14)."""
    return exists().where(
        Recheck.rectification_id == Rectification.id,
        Recheck.result == RecheckResult.ACCEPTED,
        Submission.id == Recheck.submission_id,
        Submission.submitted_by_id != Recheck.checked_by_id,
        User.id == Recheck.checked_by_id,
        or_(Rectification.owner_user_id.is_(None), Rectification.owner_user_id != User.id),
        or_(
            Rectification.owner_id.is_(None),
            User.staff_member_id.is_(None),
            Rectification.owner_id != User.staff_member_id,
        ),
    )
