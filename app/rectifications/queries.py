"""Reads of rectifications: the ledger, its figures, one record with its story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, literal, or_, select, union_all
from sqlalchemy.orm import Session, joinedload

from app import clock
from app.accounts.models import User
from app.attachments import queries as attachments
from app.attachments.models import Attachment
from app.attachments.rules import FileKind
from app.core.workdays import WorkCalendar
from app.db import scope
from app.db.listing import Order, Page, capped_counts, fetch, unsteered
from app.documents.models import Document
from app.extensions import db
from app.inspections import queries as inspections
from app.inspections.models import Finding
from app.inspections.queries import owner_name
from app.organisation.models import Centre, StaffMember
from app.permissions import Actor
from app.rectifications import filter_queries, rules
from app.rectifications.filter_queries import MINE, soon_ends
from app.rectifications.models import Recheck, Rectification, RectifiedFinding, Submission
from app.rectifications.rules import Due, RectificationStatus
from app.rectifications.stand_in_queries import answered_by
from app.worktime.queries import calendar


def visible_to(actor: Actor) -> Select[Rectification]:
    """Return the rectifications in sight: the centre's for its roles, else those one answers for."""
    # Of a centre's many, a department's few are found by who answers for them.
    centre = Rectification.centre_id if actor.centre_wide else unsteered(Rectification.centre_id)
    own: ColumnElement[bool] = centre.in_(actor.centre_ids)
    if actor.upper_centre_id is not None:  # only a lower centre is ever addressed by another
        own = or_(own, Rectification.to_centre_id.in_(actor.centre_ids))
    rows = select(Rectification).where(own)
    return rows if actor.centre_wide else rows.where(answered_by(actor))


def filtered(
    actor: Actor, args: Mapping[str, str], now: datetime, days: WorkCalendar
) -> Select[Rectification]:
    """Return the visible rows that pass the filters of the address."""
    return visible_to(actor).where(*filter_queries.conditions(actor, args, now, days))


@dataclass(frozen=True)
class Ledger:
    """One page of the ledger with its capped number, its clocks and the figures above it."""

    page: Page[Rectification]
    total: int
    clocks: dict[int, Clock]
    figures: Figures


def ledger(actor: Actor, args: Mapping[str, str], now: datetime) -> Ledger:
    """Return what the ledger's page shows, newest first; the calendar is asked for once."""
    days = calendar()
    rows = filtered(actor, args, now, days)
    # The rows of a year, or of some days, are those closed in them, so that is what they are sorted by.
    by = Rectification.closed_at if any(filter_queries.closed_between(args)) else Rectification.issued_at
    order = Order(by, Rectification.id, centre=Rectification.centre_id)
    shown, cursor, searched = with_names(rows), args.get("cursor"), bool(args.get("q"))
    centres = actor.centre_ids if actor.centre_wide else ()
    page = fetch(db.session(), shown, order, cursor, centres=centres, searched=searched and actor.centre_wide)
    counted = figures(actor, now, days, rows)
    return Ledger(page, counted.listed, clocks_of(page.rows, now, days), counted)


def with_names(rows: Select[Rectification]) -> Select[Rectification]:
    names = (
        Rectification.department,
        Rectification.section,
        Rectification.to_centre,
        Rectification.owner,
        Rectification.owner_user,
    )
    return rows.options(*map(joinedload, names))


def most_urgent(wanted: Mapping[str, Select[Rectification]], limit: int) -> dict[str, list[Rectification]]:
    """Return the first rows of several lists, the nearest deadline on top, in one statement."""
    if not wanted:
        return {}
    firsts = union_all(
        *(
            select(literal(name).label("name"), first.c.id)
            for name, rows in wanted.items()
            for first in [
                rows.with_only_columns(Rectification.id)
                .order_by(Rectification.due_at, Rectification.id)
                .limit(limit)
                .subquery()
            ]
        )
    ).subquery()
    rows = with_names(select(Rectification)).add_columns(firsts.c.name)
    rows = rows.join(firsts, firsts.c.id == Rectification.id)
    found: dict[str, list[Rectification]] = {name: [] for name in wanted}
    for row, name in db.session.execute(rows.order_by(Rectification.due_at, Rectification.id)):
        found[name].append(row)
    return found


@dataclass(frozen=True)
class Figures:
    """Capped numbers of the ledger; closed ones are those of the year, by the day they were struck off."""

    open: int
    due_soon: int
    overdue: int
    waiting: int
    closed: int
    on_time: int
    receive: int
    answer: int
    recheck: int
    decide: int
    listed: int = 0  # of the rows that a page lists


def figures(
    actor: Actor,
    now: datetime,
    days: WorkCalendar | None = None,
    listed: Select[Rectification] | None = None,
) -> Figures:
    """Count the ledger in one statement, each figure no further than one above the cap."""
    days, year = days or calendar(), str(clock.local(now).year)
    closed = filtered(actor, {"stands": Due.CLOSED.value, "year": year}, now, days)
    counted = {
        **{due.value: in_hand(actor, due.value, now, days) for due in _COUNTED},
        **{kind: in_hand(actor, kind, now, days) for kind in MINE},
        "closed": closed,
        "on_time": closed.where(Rectification.on_time.is_(True)),
    }
    if listed is not None:
        counted["listed"] = listed
    return Figures(**capped_counts(db.session(), counted))


_COUNTED = (Due.OPEN, Due.DUE_SOON, Due.OVERDUE, Due.WAITING)


def in_hand(actor: Actor, kind: str, now: datetime, days: WorkCalendar) -> Select[Rectification]:
    """Return the visible rows that stand so (a value of Due), or that wait for the actor (a key of MINE)."""
    return filtered(actor, {"mine" if kind in MINE else "stands": kind}, now, days)


def get(actor: Actor, rectification_id: int) -> Rectification:
    rows = with_names(visible_to(actor)).options(
        joinedload(Rectification.issued_by),
        joinedload(Rectification.rechecker),
        joinedload(Rectification.received_by),
        joinedload(Rectification.document),
        joinedload(Rectification.instruction),
    )
    return scope.load(db.session(), rows, Rectification, rectification_id)


def findings_of(rectification_id: int) -> list[Finding]:
    """Return the findings that a rectification answers, with the names that are shown."""
    statement = (
        select(Finding)
        .join(RectifiedFinding, RectifiedFinding.finding_id == Finding.id)
        .where(RectifiedFinding.rectification_id == rectification_id)
    )
    return list(db.session.scalars(_named(statement)))


def papers_taken_back(session: Session, finding_ids: Sequence[int]) -> list[Document]:
    """Return the void notices of cancelled rectifications of these findings that have no successor."""
    statement = (
        select(Document)
        .join(Rectification, Rectification.document_id == Document.id)
        .join(RectifiedFinding, RectifiedFinding.rectification_id == Rectification.id)
        .where(
            RectifiedFinding.finding_id.in_(finding_ids),
            Rectification.status == RectificationStatus.CANCELLED,
            Document.superseded_by_id.is_(None),
        )
        .order_by(Document.id)
    )
    return list(session.scalars(statement).unique())


def findings_for_notice(session: Session, finding_ids: Sequence[int]) -> list[Finding]:
    return list(session.scalars(_named(select(Finding).where(Finding.id.in_(finding_ids)))))


def _named(statement: Select[Finding]) -> Select[Finding]:
    return statement.options(
        joinedload(Finding.item), joinedload(Finding.patrol_point), joinedload(Finding.staff_member)
    ).order_by(Finding.occurred_at, Finding.id)


def evidence_of(findings: Sequence[Finding]) -> list[tuple[Attachment, str]]:
    """Return the photos of findings with the caption they are printed with: finding and time."""
    files = attachments.list_for(db.session(), "finding", [finding.id for finding in findings])
    return [
        (
            photo,
            f"{finding.patrol_point.number} {clock.local(photo.taken_at or finding.occurred_at):%m-%d %H:%M}",
        )
        for finding in findings
        for photo in files[finding.id]
        if photo.file_kind is FileKind.PHOTO
    ]


@dataclass(frozen=True)
class Round:
    """One answer of the department with its files and what the re-check said, if it has been."""

    submission: Submission
    files: list[Attachment]
    recheck: Recheck | None


def rounds_of(rectification_id: int) -> list[Round]:
    """Return the answers to a rectification in their order."""
    session = db.session()
    submissions = session.scalars(
        select(Submission)
        .where(Submission.rectification_id == rectification_id)
        .options(joinedload(Submission.submitted_by))
        .order_by(Submission.round)
    ).all()
    rechecks = {
        recheck.submission_id: recheck
        for recheck in session.scalars(
            select(Recheck)
            .where(Recheck.rectification_id == rectification_id)
            .options(joinedload(Recheck.checked_by))
        )
    }
    files = attachments.list_for(session, "submission", [row.id for row in submissions])
    return [Round(row, files[row.id], rechecks.get(row.id)) for row in submissions]


def last_submission(session: Session, rectification_id: int) -> Submission | None:
    statement = select(Submission).where(Submission.rectification_id == rectification_id)
    return session.scalar(statement.order_by(Submission.round.desc()).limit(1))


def last_submitter(session: Session, rectification_id: int) -> int | None:
    found = last_submission(session, rectification_id)
    return found.submitted_by_id if found else None


def submitted_already(form_key: str) -> bool:
    """Return whether an answer with this one-time key has been handed in (a second tap)."""
    return (
        bool(form_key)
        and db.session.scalar(select(Submission.id).where(Submission.form_key == form_key)) is not None
    )


def issued_already(form_key: str) -> int | None:
    """Return the rectification issued with this one-time key (a second tap)."""
    return (
        db.session.scalar(select(Rectification.id).where(Rectification.form_key == form_key))
        if form_key
        else None
    )


def findings_in_sight(actor: Actor, finding_ids: Sequence[int]) -> list[Finding]:
    """Return findings that the actor may see. Raise NotFound, or OutOfScope, if one of them is not there."""
    found = inspections.get_findings(actor, finding_ids)
    for missing in set(finding_ids) - {finding.id for finding in found}:
        inspections.get_finding(actor, missing)
    return found


@dataclass(frozen=True)
class Clock:
    """How a rectification stands, for a page: the word, the working days left, and the day it ends."""

    due: Due
    days_left: int | None
    due_on: date


def clock_of(row: Rectification, now: datetime) -> Clock:
    return clocks_of([row], now)[row.id]


def clocks_of(
    rows: Iterable[Rectification], now: datetime, days: WorkCalendar | None = None
) -> dict[int, Clock]:
    """Return how each of several rectifications stands; one statement for all of them."""
    days = days or calendar()
    today, soon = clock.local(now).date(), soon_ends(now, days)
    found = {}
    for row in rows:
        due_on = clock.local(row.due_at).date()
        stands = rules.standing(row.status, row.due_at, now, soon)
        found[row.id] = Clock(stands, rules.days_left(due_on, today, days), due_on)
    return found


def addressee_name(session: Session, row: Rectification) -> str:
    """Return the name of the body that has to mend it."""
    if row.to_centre_id:
        return session.get_one(Centre, row.to_centre_id).name
    return owner_name(session, row.department_id, row.section_id)


def owner_of(session: Session, row: Rectification) -> str:
    """Return the name of the person who has to mend it; empty where none is named."""
    if row.owner_user_id:
        return session.get_one(User, row.owner_user_id).name
    return session.get_one(StaffMember, row.owner_id).name if row.owner_id else ""


def search_words(session: Session, row: Rectification, findings: Sequence[Finding]) -> str:
    """Return what a rectification is found by besides its number and requirement."""
    words = [addressee_name(session, row)]
    for finding in findings:
        words += [finding.patrol_point.number, finding.patrol_point.name, finding.item.wording]
        words += [finding.staff_member.name] if finding.staff_member else []
    return " ".join(dict.fromkeys(words))
