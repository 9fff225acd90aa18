"""Places, people and departments as workbooks; places and people with the columns that their imports take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, select

from app import clock
from app.core.i18n import N_
from app.db.listing import Order
from app.extensions import db
from app.organisation import hours_rules, queries
from app.organisation.list_queries import Listed, list_departments, list_points, list_staff
from app.organisation.models import (
    Centre,
    Department,
    OpeningHours,
    PatrolPoint,
    Posting,
    ServedDepartment,
    StaffMember,
    Zone,
)
from app.organisation.rules import DepartmentKind, Lack, PointKind, StaffKind
from app.permissions import Actor, Permission
from app.transfers.exporting import Export, Filter
from app.transfers.workbook import Column

_DAYS = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))
_WORDS = hours_rules.Words(_DAYS, N_("至"), N_("延时"))
_AND = N_("、")
_COMMON = {
    "centre": Filter(N_("中心"), Centre),
    "lack": Filter(N_("缺少"), Lack),
    "closed": Filter(N_("已停用")),
    "q": Filter(N_("查找"), typed=True),
}


def _rows(
    lister: Callable[[Actor, Mapping[str, str], date], Listed],
) -> Callable[[Actor, Mapping[str, str], datetime], Select[Any]]:
    """Return what gives the statement behind a list."""
    return lambda actor, filters, now: lister(actor, filters, clock.local(now).date()).rows


class _Point(NamedTuple):
    row: PatrolPoint
    hours: str
    served: str


def _point_lines(rows: Sequence[PatrolPoint], now: datetime) -> Iterator[_Point]:
    """Put the hours and the served departments of the day beside each place."""
    ids, today = [row.id for row in rows], clock.local(now).date()
    hours: dict[int, list[hours_rules.Hours]] = {}
    for slot in db.session.scalars(
        select(OpeningHours).where(
            OpeningHours.patrol_point_id.in_(ids),
            queries.in_force(OpeningHours.from_on, OpeningHours.to_on, today),
        )
    ):
        said = hours_rules.Hours(slot.weekday, slot.opens_at, slot.closes_at, slot.extended)
        hours.setdefault(slot.patrol_point_id, []).append(said)
    served: dict[int, list[str]] = {}
    for point_id, name in db.session.execute(
        select(ServedDepartment.patrol_point_id, Department.name)
        .join(Department, Department.id == ServedDepartment.department_id)
        .where(
            ServedDepartment.patrol_point_id.in_(ids),
            queries.in_force(ServedDepartment.from_on, ServedDepartment.to_on, today),
        )
        .order_by(Department.sort_key, Department.id)
    ):
        served.setdefault(point_id, []).append(name)
    for row in rows:
        yield _Point(row, hours_rules.write(hours.get(row.id, ()), _WORDS), _AND.join(served.get(row.id, ())))


class _Person(NamedTuple):
    row: StaffMember
    posting: Posting | None
    place: str
    others: str


def _staff_lines(rows: Sequence[StaffMember], now: datetime) -> Iterator[_Person]:
    """Put the postings of the day beside each person, the A-role first."""
    held: dict[int, list[tuple[Posting, str]]] = {}
    for posting, number in db.session.execute(
        select(Posting, PatrolPoint.number)
        .outerjoin(PatrolPoint, PatrolPoint.id == Posting.patrol_point_id)
        .where(
            Posting.staff_member_id.in_([row.id for row in rows]),
            queries.in_force(Posting.from_on, Posting.to_on, clock.local(now).date()),
        )
        .order_by(Posting.role, PatrolPoint.number, Posting.id)
    ):
        held.setdefault(posting.staff_member_id, []).append((posting, number or ""))
    for row in rows:
        first, *others = held.get(row.id, [(None, "")])
        said = _AND.join(number or posting.post for posting, number in others if posting)
        yield _Person(row, first[0], first[1], said)


def _department_lines(rows: Sequence[Department], now: datetime) -> Iterator[tuple[Department, str]]:
    chiefs = queries.chiefs_of(db.session(), [row.id for row in rows], clock.local(now).date())
    for row in rows:
        yield row, chiefs[row.id].name if row.id in chiefs else ""


EXPORTS = (
    Export(
        name="patrol_points",
        page="organisation.points",
        title=N_("巡查点"),
        permission=Permission.ORGANISATION_READ,
        rows=_rows(list_points),
        lines=_point_lines,
        order=Order(PatrolPoint.number, PatrolPoint.id, descending=False),
        columns=(
            Column(N_("编号"), lambda line: line.row.number, 10),
            Column(N_("名称"), lambda line: line.row.name, 20),
            Column(N_("区域"), lambda line: line.row.zone.name),
            Column(N_("楼层"), lambda line: line.row.zone.floor, 8),
            Column(N_("类别"), lambda line: line.row.kind, 12),
            Column(N_("进驻部门"), lambda line: line.row.department and line.row.department.name, 24),
            Column(N_("综合窗口"), lambda line: line.row.comprehensive, 10),
            Column(N_("受理部门"), lambda line: line.served, 30),
            Column(N_("巡查顺序"), lambda line: line.row.walking_order, 10),
            Column(N_("启用日期"), lambda line: line.row.opened_on, 12),
            Column(N_("停用日期"), lambda line: line.row.closed_on, 12),
            Column(N_("开放时间"), lambda line: line.hours, 40),
            Column(N_("中心"), lambda line: line.row.centre.short_name),
        ),
        filters={
            "zone": Filter(N_("区域"), Zone),
            "kind": Filter(N_("类别"), PointKind),
            "department": Filter(N_("进驻部门"), Department),
            **_COMMON,
        },
    ),
    Export(
        name="staff",
        page="organisation.staff",
        title=N_("人员"),
        permission=Permission.ORGANISATION_READ,
        rows=_rows(list_staff),
        lines=_staff_lines,
        order=Order(StaffMember.sort_key, StaffMember.id, descending=False),
        columns=(
            Column(N_("工号"), lambda line: line.row.staff_number, 10),
            Column(N_("姓名"), lambda line: line.row.name, 10),
            Column(N_("类别"), lambda line: line.row.kind),
            Column(N_("进驻部门"), lambda line: line.row.department and line.row.department.name, 24),
            Column(N_("职务"), lambda line: line.row.title, 12),
            Column(N_("到岗日期"), lambda line: line.row.joined_on, 12),
            Column(N_("离岗日期"), lambda line: line.row.left_on, 12),
            Column(N_("窗口"), lambda line: line.place, 10),
            Column(N_("岗位"), lambda line: line.posting and line.posting.post),
            Column(N_("角色"), lambda line: line.posting and line.posting.role, 8),
            Column(N_("岗位起始日期"), lambda line: line.posting and line.posting.from_on, 12),
            Column(N_("其他岗位安排"), lambda line: line.others),
            Column(N_("中心"), lambda line: line.row.centre.short_name),
        ),
        filters={
            "kind": Filter(N_("类别"), StaffKind),
            "department": Filter(N_("进驻部门"), Department),
            **_COMMON,
        },
    ),
    Export(
        name="departments",
        page="organisation.departments",
        title=N_("进驻部门"),
        permission=Permission.ORGANISATION_READ,
        rows=_rows(list_departments),
        lines=_department_lines,
        order=Order(Department.sort_key, Department.id, descending=False),
        columns=(
            Column(N_("名称"), lambda line: line[0].name, 28),
            Column(N_("简称"), lambda line: line[0].short_name),
            Column(N_("类别"), lambda line: line[0].kind, 12),
            Column(N_("首席代表"), lambda line: line[1], 10),
            Column(N_("资质"), lambda line: line[0].qualification, 24),
            Column(N_("资质有效期至"), lambda line: line[0].qualified_until, 12),
            Column(N_("进驻日期"), lambda line: line[0].opened_on, 12),
            Column(N_("停用日期"), lambda line: line[0].closed_on, 12),
            Column(N_("中心"), lambda line: line[0].centre.short_name),
        ),
        filters={"kind": Filter(N_("类别"), DepartmentKind), **_COMMON},
    ),
)
