"""Places and people are added, posted and named; each verb takes a new row and records it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time, timedelta
from typing import NamedTuple, TypeVar

from sqlalchemy import or_, select

from app.core.actions import Action
from app.core.errors import Invalid
from app.core.i18n import N_
from app.db.mixins import Audited
from app.db.uow import UnitOfWork
from app.organisation import pinyin, queries, rules
from app.organisation.models import (
    Absence,
    Centre,
    ChiefRepresentative,
    Department,
    OpeningHours,
    PatrolPoint,
    Posting,
    Section,
    ServedDepartment,
    StaffMember,
    Zone,
)

Row = TypeVar("Row", bound=Audited)
OTHER_CENTRE = N_("所选的部门、区域或人员不属于这个中心。")


class Hours(NamedTuple):
    """When a place is open on one weekday; 0 is Monday."""

    weekday: int
    opens_at: time
    closes_at: time
    extended: bool = False


def _add(uow: UnitOfWork, action: Action, row: Row) -> Row:
    uow.session.add(row)
    uow.session.flush()
    uow.record(action, row.audit_subject())
    return row


def _same_centre(centre_id: int | None, *rows: Department | Zone | PatrolPoint | StaffMember) -> None:
    if any(row.centre_id != centre_id for row in rows):
        raise Invalid(OTHER_CENTRE)


def open_centre(uow: UnitOfWork, centre: Centre) -> Centre:
    """Open a centre, the root of the tree or below another one."""
    return _add(uow, rules.CENTRE_OPENED, centre)


def open_section(uow: UnitOfWork, section: Section) -> Section:
    """Open a section of the centre itself."""
    return _add(uow, rules.SECTION_OPENED, section)


def add_department(uow: UnitOfWork, department: Department) -> Department:
    """Add a body that sends people to windows."""
    department.sort_key = pinyin.sort_key(department.name)
    department.initials = pinyin.initials(department.short_name)
    return _add(uow, rules.DEPARTMENT_ADDED, department)


def add_zone(uow: UnitOfWork, zone: Zone) -> Zone:
    """Add a part of the hall that is patrolled in one walk."""
    return _add(uow, rules.ZONE_ADDED, zone)


def open_point(
    uow: UnitOfWork, point: PatrolPoint, hours: Iterable[Hours] = (), served: Iterable[int] = ()
) -> PatrolPoint:
    """Open a window or another place, with its hours and the departments a comprehensive window serves."""
    departments = [uow.get(Department, department_id) for department_id in served]
    if point.department_id and point.comprehensive:
        raise Invalid(N_("综合窗口不单属一个部门，请改填受理部门。"), field="department_id")
    if departments and not point.comprehensive:
        raise Invalid(N_("只有综合窗口才填受理部门。"), field="served")
    own = [uow.get(Department, point.department_id)] if point.department_id else []
    _same_centre(point.centre_id, uow.get(Zone, point.zone_id), *departments, *own)
    uow.session.add(point)
    uow.session.flush()
    uow.session.add_all(
        OpeningHours(patrol_point=point, from_on=point.opened_on, **slot._asdict()) for slot in hours
    )
    uow.session.add_all(
        ServedDepartment(patrol_point=point, department_id=department.id, from_on=point.opened_on)
        for department in departments
    )
    uow.record(rules.PATROL_POINT_OPENED, point)
    return point


def add_staff(uow: UnitOfWork, member: StaffMember) -> StaffMember:
    """Add a person who serves in the hall."""
    if member.department_id:
        _same_centre(member.centre_id, uow.get(Department, member.department_id))
    member.sort_key = queries.name_key(member.name)
    member.initials = pinyin.initials(member.name, person=True)
    return _add(uow, rules.STAFF_ADDED, member)


def post_staff(uow: UnitOfWork, posting: Posting) -> Posting:
    """Post a person to a window, or to a post without one."""
    member = uow.get(StaffMember, posting.staff_member_id)
    if posting.patrol_point_id:
        _same_centre(member.centre_id, uow.get(PatrolPoint, posting.patrol_point_id))
    elif not posting.post:
        raise Invalid(N_("请填写巡查点或岗位名称。"), field="patrol_point_id")
    return _add(uow, rules.STAFF_POSTED, posting)


def name_chief(uow: UnitOfWork, chief: ChiefRepresentative) -> ChiefRepresentative:
    """Name a department's chief representative; the term of the one before ends the day before."""
    department = uow.get(Department, chief.department_id)
    _same_centre(department.centre_id, uow.get(StaffMember, chief.staff_member_id))
    in_office = select(ChiefRepresentative).where(
        ChiefRepresentative.department_id == department.id,
        or_(ChiefRepresentative.to_on.is_(None), ChiefRepresentative.to_on >= chief.from_on),
    )
    for former in uow.session.scalars(in_office):
        if former.from_on >= chief.from_on:
            raise Invalid(N_("这一天以后已有首席代表，请核对起始日期。"), field="from_on")
        former.to_on = chief.from_on - timedelta(days=1)
    return _add(uow, rules.CHIEF_NAMED, chief)


def grant_absence(uow: UnitOfWork, absence: Absence) -> Absence:
    """Grant leave or an errand, so that the empty seat is not an empty post."""
    if absence.ends_at <= absence.begins_at:
        raise Invalid(N_("结束时间应当晚于开始时间。"), field="ends_at")
    member = uow.get(StaffMember, absence.staff_member_id)
    if absence.stand_in_id == member.id:
        raise Invalid(N_("顶岗人员不能是本人。"), field="stand_in_id")
    if absence.stand_in_id:
        _same_centre(member.centre_id, uow.get(StaffMember, absence.stand_in_id))
    return _add(uow, rules.ABSENCE_GRANTED, absence)
