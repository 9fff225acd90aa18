"""Centres, places and people are entered; each verb takes a new row and records it.

What changes of them later is in `place_services` and `people_services`; who serves where and when, in
`term_services`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from app.core.actions import Action
from app.core.errors import Invalid
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.organisation import checks, pinyin, queries, rules
from app.organisation.hours_rules import Hours
from app.organisation.models import (
    Centre,
    Department,
    OpeningHours,
    PatrolPoint,
    Section,
    ServedDepartment,
    StaffMember,
    Zone,
)

Row = TypeVar("Row", Centre, Section, Department, Zone, PatrolPoint, StaffMember)


def _add(
    uow: UnitOfWork,
    action: Action,
    row: Row,
    check: Callable[[UnitOfWork, Row], None],
) -> Row:
    checks.take_turn(uow, row.parent_id if isinstance(row, Centre) else row.centre_id)
    check(uow, row)
    spell(row)
    uow.session.add(row)
    uow.session.flush()
    uow.record(action, row)
    return row


def spell(row: Centre | Section | Department | Zone | PatrolPoint | StaffMember) -> None:
    """Set what a row is sorted and found by from its name."""
    if isinstance(row, StaffMember):
        row.sort_key = queries.name_key(row.name)
        row.initials = pinyin.initials(row.name, person=True)
        return
    if isinstance(row, Department):
        row.sort_key = pinyin.sort_key(row.name)
    row.initials = pinyin.initials(checks.name_of(row) if isinstance(row, Centre | Department) else row.name)


def open_centre(uow: UnitOfWork, centre: Centre) -> Centre:
    """Open a centre, the root of the tree or below another one."""
    if centre.parent_id and uow.get(Centre, centre.parent_id).closed_on:
        raise Invalid(N_("上级中心已经停用。"), field="parent_id")
    return _add(uow, rules.CENTRE_OPENED, centre, checks.check_centre)


def open_section(uow: UnitOfWork, section: Section) -> Section:
    """Open a section of the centre itself."""
    return _add(uow, rules.SECTION_OPENED, section, checks.check_section)


def add_department(uow: UnitOfWork, department: Department) -> Department:
    """Add a body that sends people to windows."""
    return _add(uow, rules.DEPARTMENT_ADDED, department, checks.check_department)


def add_zone(uow: UnitOfWork, zone: Zone) -> Zone:
    """Add a part of the hall that is patrolled in one walk."""
    return _add(uow, rules.ZONE_ADDED, zone, checks.check_zone)


def open_point(
    uow: UnitOfWork, point: PatrolPoint, hours: Iterable[Hours] = (), served: Iterable[int] = ()
) -> PatrolPoint:
    """Open a window or another place, with its hours and the departments a comprehensive window serves."""
    departments = list(served)
    if departments and not point.comprehensive:
        raise Invalid(N_("只有综合窗口才填受理部门。"), field="served")
    checks.check_served(uow, point, departments, point.opened_on, "served")
    _add(uow, rules.PATROL_POINT_OPENED, point, checks.check_point)
    uow.session.add_all(
        OpeningHours(patrol_point=point, from_on=point.opened_on, **slot._asdict()) for slot in hours
    )
    uow.session.add_all(
        ServedDepartment(patrol_point=point, department_id=department_id, from_on=point.opened_on)
        for department_id in departments
    )
    return point


def add_staff(uow: UnitOfWork, member: StaffMember) -> StaffMember:
    """Add a person who serves in the hall."""
    return _add(uow, rules.STAFF_ADDED, member, checks.check_staff)
