"""Reads of bulletins: those in sight, the weeks that still want one, what waits for somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, false, literal, or_, select
from sqlalchemy.orm import Session, joinedload

from app import clock
from app.accounts.models import User
from app.bulletins import rules
from app.bulletins.models import Bulletin
from app.bulletins.rules import PUBLIC, BulletinFacts, BulletinStatus
from app.core.figures import Figure, Form, Rows
from app.core.i18n import N_
from app.db import scope
from app.db.listing import Order, Page, capped_count, fetch
from app.db.scope import row_id
from app.documents.models import Document
from app.extensions import db
from app.inspections import plan_queries
from app.inspections.models import Patrol
from app.inspections.plan_rules import WEEK, monday
from app.inspections.rules import PatrolStatus
from app.permissions import Actor, Permission
from app.worktime.queries import calendar

ORDER = Order(Bulletin.week_on, Bulletin.id, centre=Bulletin.centre_id)
LIST = "bulletins.index"


def visible_to(actor: Actor) -> Select[Bulletin]:
    """Return the bulletins in sight; the hall reads them once they are issued."""
    rows = select(Bulletin).where(Bulletin.centre_id.in_(actor.centre_ids))
    return rows if actor.centre_wide else rows.where(Bulletin.status.in_(PUBLIC))


def filtered(actor: Actor, args: Mapping[str, str]) -> Select[Bulletin]:
    """Return the bulletins in sight that pass the filters `status`, `year`, `centre` and `mine`."""
    rows = visible_to(actor)
    if args.get("status") in set(BulletinStatus):
        rows = rows.where(Bulletin.status == BulletinStatus(args["status"]))
    year, centre_id = row_id(args.get("year")), row_id(args.get("centre"))
    if year is not None and 2000 <= year < 2100:
        rows = rows.where(Bulletin.week_on.between(*rules.weeks_of(year)))
    if centre_id is not None:
        rows = rows.where(Bulletin.centre_id == centre_id)
    return rows.where(_waits_for(actor)) if args.get("mine") == "1" else rows


def _waits_for(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the next step of a bulletin is the actor's."""
    others = Bulletin.drafted_by_id != actor.user_id
    to_review = and_(
        Bulletin.status == BulletinStatus.DRAFT, Bulletin.week_on <= clock.today() - WEEK, others
    )
    to_issue = and_(
        Bulletin.status == BulletinStatus.REVIEWED, others, Bulletin.reviewed_by_id != actor.user_id
    )
    steps = ((Permission.BULLETIN_REVIEW, to_review), (Permission.BULLETIN_ISSUE, to_issue))
    return or_(false(), *(step for permission, step in steps if actor.can(permission)))


def list_bulletins(actor: Actor, args: Mapping[str, str]) -> tuple[Page[Bulletin], int]:
    """Return one page of bulletins, the latest week first, filtered, and their capped number."""
    rows = filtered(actor, args)
    author = joinedload(Bulletin.drafted_by).lazyload(User.roles)
    shown = rows.options(joinedload(Bulletin.centre), author)
    page = fetch(db.session(), shown, ORDER, args.get("cursor"), centres=actor.centre_ids)
    return page, capped_count(db.session(), rows)


def get_bulletin(actor: Actor, bulletin_id: int) -> Bulletin:
    """Return a bulletin in sight. Raise NotFound, OutOfScope."""
    people = (Bulletin.centre, Bulletin.drafted_by, Bulletin.reviewed_by, Bulletin.issued_by)
    rows = visible_to(actor).options(*map(joinedload, people))
    return scope.load(db.session(), rows, Bulletin, bulletin_id)


def latest_edition(session: Session, centre_id: int, week_on: date) -> Bulletin | None:
    """Return the last bulletin of a week, locked for whoever writes."""
    rows = select(Bulletin).where(Bulletin.centre_id == centre_id, Bulletin.week_on == week_on)
    return session.scalar(rows.order_by(Bulletin.edition.desc()).limit(1).with_for_update())


def edition_before(session: Session, row: Bulletin) -> Bulletin | None:
    """Return the bulletin that this one corrects."""
    rows = select(Bulletin).where(
        Bulletin.centre_id == row.centre_id,
        Bulletin.week_on == row.week_on,
        Bulletin.edition == row.edition - 1,
    )
    return session.scalar(rows)


def paper_of(session: Session, bulletin_id: int) -> Document | None:
    """Return the document of an issued bulletin."""
    rows = select(Document).where(
        Document.subject_type == Bulletin.__audit_type__, Document.subject_id == bulletin_id
    )
    return session.scalar(rows.order_by(Document.id.desc()).limit(1))


def facts_of(actor: Actor, row: Bulletin, today: date) -> BulletinFacts:
    """Return what the guards of a bulletin ask."""
    return BulletinFacts(today, row.last_on, actor.user_id, row.drafted_by_id, row.reviewed_by_id)


# --- one bulletin a week (R01) --------------------------------------------------------------------


@dataclass(frozen=True)
class Cadence:
    """How a year's weeks were told: the figure, the weeks that still want a bulletin, the running one."""

    figure: Figure
    missing: list[date]


def cadence(centre_id: int, year: int, today: date) -> Cadence:
    """Return how many weeks of a year have an issued bulletin (R01), and the Mondays that have none.

    A week counts from the centre's first patrol on, once it is over, if it has a working day.
    """
    first, last = rules.weeks_of(year)
    began, told = _told(centre_id, first, last)
    first = max(first, monday(clock.local(began).date())) if began else last + WEEK
    weeks = _worked(first, min(last, monday(today) - WEEK))
    issued = {week_on for week_on, status in told if status is BulletinStatus.ISSUED} & set(weeks)
    query = {"centre": str(centre_id), "year": str(year)}
    figure = Figure(
        "R01",
        N_("一周一通报"),
        N_("已签发通报的周数 ÷ 已结束的周数（自首次巡查起，全周休假的不计）。"),
        Form.SHARE,
        len(issued),
        Rows(LIST, {**query, "status": BulletinStatus.ISSUED.value}),
        len(weeks),
        Rows(LIST, query),
    )
    begun = {week_on for week_on, _status in told}
    return Cadence(figure, [week for week in reversed(weeks) if week not in begun])


def _told(
    centre_id: int, first: date, last: date
) -> tuple[datetime | None, list[tuple[date, BulletinStatus]]]:
    """Return when a centre's first patrol began, and the bulletins of a span of weeks, in one statement."""
    began = (
        select(Patrol.started_at)
        .where(Patrol.centre_id == centre_id, Patrol.status != PatrolStatus.VOID)
        .order_by(Patrol.started_at)
        .limit(1)
        .scalar_subquery()
    )
    one = select(literal(1).label("one")).subquery()
    theirs = and_(Bulletin.centre_id == centre_id, Bulletin.week_on.between(first, last))
    rows = select(began, Bulletin.week_on, Bulletin.status).select_from(one).outerjoin(Bulletin, theirs)
    found = db.session.execute(rows).all()
    return found[0][0], [(week_on, status) for _began, week_on, status in found if week_on]


def _worked(first: date, last: date) -> list[date]:
    """Return the Mondays from one to another whose weeks have a working day."""
    days = calendar()
    weeks = [first + WEEK * number for number in range(max(0, (last - first) // WEEK + 1))]
    return [
        week for week in weeks if any(plan_queries.works(week + timedelta(days=n), days) for n in range(7))
    ]
