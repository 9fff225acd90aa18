"""The figures of rectifications and instructions, each with its definition and the way to its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, distinct, func

from app import clock
from app.accounts.models import User
from app.core.figures import Figure, Form, Rows
from app.core.i18n import N_
from app.db.listing import tally
from app.extensions import db
from app.inspections.models import Finding
from app.organisation.models import Centre, Department, PatrolPoint, Section, StaffMember
from app.permissions import Actor
from app.rectifications import filter_queries, instruction_queries, queries
from app.rectifications.models import Instruction, Rectification, RectifiedFinding
from app.rectifications.rules import ENDED, Due, InstructionKind, RectificationStatus
from app.worktime.queries import calendar

LEDGER, INSTRUCTIONS = "rectifications.index", "rectifications.instructions.index"


@dataclass(frozen=True)
class Owed:
    """What one body, window or person has still to mend (R16); `query` leads to its rows."""

    name: str  # empty: nobody is named
    query: Mapping[str, str]
    open: int
    overdue: int
    waiting: int  # handed in, not yet re-checked


@dataclass(frozen=True)
class OfSpan:
    """The figures of a span of days."""

    close_out: list[Figure]
    instructions: list[Figure]
    days: list[Figure]  # that an instruction took


@dataclass(frozen=True)
class InHand:
    """Who has what in hand at this moment."""

    bodies: list[Owed]
    points: list[Owed]
    people: list[Owed]


def of_span(actor: Actor, centre_id: int, first: date, last: date, now: datetime) -> OfSpan:
    """Return the figures of what a centre issued and received, of rows that the actor may see."""
    received = instructions(actor, centre_id, first, last)
    return OfSpan(close_out(actor, centre_id, first, last, now), *received)


# --- R14: closed out by a deadline --------------------------------------------------------------------


def close_out(actor: Actor, centre_id: int, first: date, last: date, now: datetime) -> list[Figure]:
    """Return how what was issued in a span was struck off, and what was struck off in it (R14)."""
    days = calendar()
    here, closed = {"centre": str(centre_id)}, {"stands": Due.CLOSED.value}
    issued = {**here, "from": first.isoformat(), "to": last.isoformat()}
    ended = {**here, **closed, "closed_from": first.isoformat(), "closed_to": last.isoformat()}
    is_closed = Rectification.status == RectificationStatus.CLOSED
    of_issued = tally(
        db.session(),
        queries.filtered(actor, {**issued, "valid": "1"}, now, days),
        {
            "issued": Rectification.id.is_not(None),
            "closed": is_closed,
            "on_time": is_closed & Rectification.on_time.is_(True),
            "third": is_closed & filter_queries.by_third_person(),
        },
    )
    of_ended = tally(
        db.session(),
        queries.filtered(actor, ended, now, days),
        {"closed": is_closed, "on_time": Rectification.on_time.is_(True)},
    )
    closed_of_issued = Rows(LEDGER, {**issued, **closed})
    return [
        _share(
            N_("限时销号"),
            N_("期内下发的整改中已销号的件数 ÷ 期内下发的件数；撤销的不计。"),
            (of_issued["closed"], closed_of_issued),
            (of_issued["issued"], Rows(LEDGER, {**issued, "valid": "1"})),
        ),
        _share(
            N_("按期销号率"),
            N_("在期限内提交并通过复查的件数 ÷ 期内下发并已销号的件数。"),
            (of_issued["on_time"], Rows(LEDGER, {**issued, **closed, "on_time": "1"})),
            (of_issued["closed"], closed_of_issued),
        ),
        _share(
            N_("由第三人销号"),
            N_("复查人既不是整改责任人也不是提交人的件数 ÷ 期内下发并已销号的件数。"),
            (of_issued["third"], Rows(LEDGER, {**issued, **closed, "third": "1"})),
            (of_issued["closed"], closed_of_issued),
        ),
        _share(
            N_("期内销号的按期率"),
            N_("在期限内提交的件数 ÷ 期内销号的件数，不论何时下发。"),
            (of_ended["on_time"], Rows(LEDGER, {**ended, "on_time": "1"})),
            (of_ended["closed"], Rows(LEDGER, ended)),
        ),
    ]


def _share(name: str, definition: str, part: tuple[int, Rows], base: tuple[int, Rows]) -> Figure:
    return Figure("R14", name, definition, Form.SHARE, part[0], part[1], base[0], base[1])


# --- R16: open by owner ---------------------------------------------------------------------------------


def in_hand(actor: Actor, centre_id: int, now: datetime) -> InHand:
    """Return what a centre's notices leave to be mended, by body, by window and by person (R16)."""
    days = calendar()
    standing = [filter_queries.stands(due, now, days) for due in (Due.OPEN, Due.OVERDUE, Due.WAITING)]
    counts = [func.count(distinct(case((held, Rectification.id)))) for held in standing]
    rows = queries.visible_to(actor).where(Rectification.centre_id == centre_id, standing[0] | standing[2])
    bodies = rows.outerjoin(Rectification.department).outerjoin(Rectification.section)
    bodies = bodies.outerjoin(Centre, Centre.id == Rectification.to_centre_id)
    points = rows.join(RectifiedFinding, RectifiedFinding.rectification_id == Rectification.id)
    points = points.join(Finding, Finding.id == RectifiedFinding.finding_id)
    points = points.join(PatrolPoint, PatrolPoint.id == Finding.patrol_point_id)
    people = rows.outerjoin(Rectification.owner)
    people = people.outerjoin(User, User.id == Rectification.owner_user_id)
    here = {"centre": str(centre_id)}
    return InHand(
        [
            Owed(row[0], {**here, **_body(*row[1:4])}, *row[4:])
            for row in _grouped(bodies, (_BODY_NAME, *_BODY), counts)
        ],
        [
            Owed(f"{number} {name}", {**here, "point": str(point_id)}, *held)
            for number, name, point_id, *held in _grouped(
                points, (PatrolPoint.number, PatrolPoint.name, PatrolPoint.id), counts
            )
        ],
        [
            Owed(name or "", {**here, "owner": _owner(staff_id, user_id)}, *held)
            for name, staff_id, user_id, *held in _grouped(
                people,
                (_PERSON_NAME, Rectification.owner_id, Rectification.owner_user_id),
                counts,
            )
        ],
    )


_BODY_NAME = func.coalesce(Department.name, Section.name, Centre.name)
_BODY = (Rectification.department_id, Rectification.section_id, Rectification.to_centre_id)
_PERSON_NAME = func.coalesce(StaffMember.name, User.name)


def _grouped(rows: Select[Any], by: tuple[Any, ...], counts: Sequence[ColumnElement[int]]) -> list[Any]:
    """Return the groups with their counts, the one with most overdue on top."""
    grouped = rows.with_only_columns(*by, *counts, maintain_column_froms=True).group_by(*by)
    return sorted(db.session.execute(grouped), key=lambda row: (-row[-2], -row[-3], str(row[0])))


def _body(department_id: int | None, section_id: int | None, centre_id: int | None) -> dict[str, str]:
    """Return the filter of the ledger that one body answers to."""
    found = {"department": department_id, "section": section_id, "to_centre": centre_id}
    return {name: str(row_id) for name, row_id in found.items() if row_id}


def _owner(staff_id: int | None, user_id: int | None) -> str:
    if staff_id:
        return f"staff:{staff_id}"
    return f"user:{user_id}" if user_id else filter_queries.NOBODY


# --- R18: instructions and exposures --------------------------------------------------------------------


def instructions(actor: Actor, centre_id: int, first: date, last: date) -> tuple[list[Figure], list[Figure]]:
    """Return of each kind how many of those received in a span are closed, and in how many days (R18)."""
    span = {"centre": str(centre_id), "from": first.isoformat(), "to": last.isoformat()}
    rows = instruction_queries.filtered(actor, span)
    rows = rows.outerjoin(Rectification, Rectification.instruction_id == Instruction.id)
    told = db.session.execute(
        rows.with_only_columns(
            Instruction.kind,
            Instruction.given_on,
            func.max(case((Rectification.status == RectificationStatus.CLOSED, Rectification.closed_at))),
            func.sum(case((Rectification.status.not_in(ENDED), 1), else_=0)),
            maintain_column_froms=True,
        ).group_by(Instruction.id, Instruction.kind, Instruction.given_on)
    ).all()
    shares, days = [], []
    for kind in InstructionKind:
        of_kind = {**span, "kind": kind.value}
        closed = Rows(INSTRUCTIONS, {**of_kind, "state": "closed"})
        received = [row for row in told if row[0] is kind]
        took = [
            (clock.local(closed_at).date() - given_on).days
            for _kind, given_on, closed_at, unended in received
            if closed_at is not None and not unended
        ]
        shares.append(
            Figure(
                "R18",
                kind.value,
                N_("办结的件数 ÷ 期内收到的件数；由它下发的整改全部了结、且至少一件已销号，才算办结。"),
                Form.SHARE,
                len(took),
                closed,
                len(received),
                Rows(INSTRUCTIONS, of_kind),
            )
        )
        days.append(
            Figure(
                "R18",
                kind.value,
                N_("从批示日期到最后一件整改销号的天数之和 ÷ 办结的件数，单位天。"),
                Form.RATIO,
                sum(took),
                closed,
                len(took),
                closed,
            )
        )
    return shares, days
