"""Who is scored in a month: people by their days, windows by whether they were open, departments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import joinedload

from app.core.workdays import UnknownYear, weekend_rule
from app.evaluations.models import MonthInput, Score
from app.extensions import db
from app.inspections.models import Patrol, PatrolCheck
from app.inspections.queries import within
from app.inspections.rules import CheckResult, PatrolStatus
from app.organisation.models import Department, PatrolPoint, Posting, StaffMember
from app.organisation.rules import DepartmentKind, PointKind, StaffKind
from app.worktime import queries as worktime

# Traits in a rulebook.
COMPREHENSIVE, WITHOUT_BUSINESS, INTERMEDIARY = "comprehensive_window", "without_business", "intermediary"


@dataclass(frozen=True)
class Place:
    """One of those who are scored: a person, a window, a department."""

    id: int
    name: str
    order: Any  # how it is sorted among equals
    department_id: int | None = None
    days: int | None = None  # of a person: working days at a post
    traits: frozenset[str] = frozenset()
    staff_id: int | None = None  # the person, where it is one
    point_id: int | None = None  # the window, where it is one


@dataclass(frozen=True)
class Posts:
    """Who served where, by working days."""

    days: Mapping[int, int]  # of a person, at any post
    at_points: Mapping[int, tuple[tuple[int, int], ...]]  # of a window: person and days
    terms: Mapping[int, tuple[tuple[date, date | None], ...]] = field(default_factory=dict)  # of a person

    def at(self, point_id: int) -> tuple[tuple[int, int], ...]:
        return self.at_points.get(point_id, ())

    def had_one(self, staff_id: int, day: date) -> bool:
        """Return whether a person was at a post on a day, a working day or not."""
        return any(
            begin <= day and (end is None or day <= end) for begin, end in self.terms.get(staff_id, ())
        )


def working_days(first: date, last: date) -> list[date]:
    """Return the working days of a span; by the weekends where the year is not published."""
    calendar = worktime.calendar()
    found = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        try:
            is_work = calendar.is_workday(day)
        except UnknownYear:
            is_work = weekend_rule(day).is_work
        if is_work:
            found.append(day)
    return found


def posts(centre_id: int, first: date, last: date) -> Posts:
    """Return who served where in a month."""
    days = working_days(first, last)
    rows = db.session.scalars(
        select(Posting)
        .join(StaffMember, StaffMember.id == Posting.staff_member_id)
        .where(
            StaffMember.centre_id == centre_id,
            Posting.from_on <= last,
            or_(Posting.to_on.is_(None), Posting.to_on >= first),
        )
        .order_by(Posting.id)
    )
    at_posts: dict[int, set[date]] = {}
    at_points: dict[int, dict[int, set[date]]] = {}
    terms: dict[int, list[tuple[date, date | None]]] = {}
    for row in rows:
        terms.setdefault(row.staff_member_id, []).append((row.from_on, row.to_on))
        served = {day for day in days if row.from_on <= day and (row.to_on is None or day <= row.to_on)}
        at_posts.setdefault(row.staff_member_id, set()).update(served)
        if row.patrol_point_id:
            people = at_points.setdefault(row.patrol_point_id, {})
            people.setdefault(row.staff_member_id, set()).update(served)
    return Posts(
        {staff: len(served) for staff, served in at_posts.items()},
        {
            point: tuple((staff, len(served)) for staff, served in people.items())
            for point, people in at_points.items()
        },
        {staff: tuple(spans) for staff, spans in terms.items()},
    )


def staff_places(centre_id: int, served: Posts) -> list[Place]:
    """Return the people who were at a post on some day."""
    rows = select(StaffMember).where(StaffMember.centre_id == centre_id).order_by(StaffMember.sort_key)
    return [
        Place(
            row.id,
            row.name,
            (row.sort_key, row.id),
            row.department_id,
            served.days[row.id],
            frozenset({INTERMEDIARY} if row.kind is StaffKind.INTERMEDIARY else ()),
            staff_id=row.id,
        )
        for row in db.session.scalars(rows)
        if served.days.get(row.id)
    ]


def _open_in(
    model: type[PatrolPoint] | type[Department], first: date, last: date
) -> list[ColumnElement[bool]]:
    return [model.opened_on <= last, or_(model.closed_on.is_(None), model.closed_on > first)]


def window_places(centre_id: int, first: date, last: date) -> list[Place]:
    """Return the windows of a month; one that every round found closed was without business."""
    closed = _always_closed(centre_id, first, last)
    rows = (
        select(PatrolPoint)
        .options(joinedload(PatrolPoint.department))
        .where(
            PatrolPoint.centre_id == centre_id,
            PatrolPoint.kind == PointKind.WINDOW,
            *_open_in(PatrolPoint, first, last),
        )
    )
    return [
        Place(
            row.id,
            f"{row.number} {row.name}",
            (row.number, row.id),
            row.department_id,
            traits=frozenset(
                ({COMPREHENSIVE} if row.comprehensive else set())
                | ({WITHOUT_BUSINESS} if row.id in closed else set())
                | (_kind_of(row.department) if row.department else set())
            ),
            point_id=row.id,
        )
        for row in db.session.scalars(rows.order_by(PatrolPoint.number))
    ]


def _kind_of(row: Department) -> set[str]:
    return {INTERMEDIARY} if row.kind is DepartmentKind.INTERMEDIARY else set()


def _always_closed(centre_id: int, first: date, last: date) -> set[int]:
    rows = db.session.execute(
        select(PatrolCheck.patrol_point_id, PatrolCheck.result)
        .join(Patrol, Patrol.id == PatrolCheck.patrol_id)
        .where(
            Patrol.centre_id == centre_id,
            Patrol.status != PatrolStatus.VOID,
            *within(Patrol.started_at, first, last),
        )
        .distinct()
    )
    seen: dict[int, set[CheckResult]] = {}
    for point, result in rows:
        seen.setdefault(point, set()).add(result)
    return {point for point, results in seen.items() if results == {CheckResult.CLOSED}}


def department_places(centre_id: int, first: date, last: date) -> list[Place]:
    """Return the departments of a month."""
    rows = select(Department).where(Department.centre_id == centre_id, *_open_in(Department, first, last))
    return [
        Place(
            row.id,
            row.short_name or row.name,
            (row.sort_key, row.id),
            row.id,
            traits=frozenset(_kind_of(row)),
        )
        for row in db.session.scalars(rows.order_by(Department.sort_key))
    ]


def owner_of(score: Score | MonthInput) -> int:
    """Return whose it is: the person's, else the window's, else the department's."""
    return score.staff_member_id or score.patrol_point_id or score.department_id or 0
