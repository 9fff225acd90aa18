"""What is asked before a place or a person is entered or changed; every refusal names its field."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app import clock
from app.core.errors import Invalid
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.organisation import rules
from app.organisation.models import (
    Centre,
    Department,
    PatrolPoint,
    Section,
    StaffMember,
    Zone,
)

Body = Centre | Section | Department | Zone | PatrolPoint | StaffMember
OTHER_CENTRE = N_("所选的部门、区域或人员不属于这个中心。")
SHOWN = 5  # how many names a refusal says before it counts the rest


def take_turn(uow: UnitOfWork, centre_id: int | None) -> None:
    """Let changes of one centre's places and people follow each other: no constraint sees two terms meet."""
    row = select(Centre.id).where(Centre.id == centre_id)
    uow.session.execute(row.with_for_update(key_share=True))


def today(uow: UnitOfWork) -> date:
    """Return the day of the change at the office."""
    return clock.local(uow.now).date()


def same_centre(centre_id: int | None, *rows: Department | Zone | PatrolPoint | StaffMember) -> None:
    """Refuse rows of another centre."""
    if any(row.centre_id != centre_id for row in rows):
        raise Invalid(OTHER_CENTRE)


def closed(row: Body) -> date | None:
    """Return the first day on which a row is no longer there."""
    return row.left_on if isinstance(row, StaffMember) else row.closed_on


def name_of(row: Body) -> str:
    """Return what people call a row."""
    return row.short_name if isinstance(row, Centre | Department) else row.audit_name


def unique(uow: UnitOfWork, row: Body, field: str, *where: ColumnElement[bool]) -> None:
    """Refuse a name or number that another row has, or once had: an old finding still says it."""
    model: Any = type(row)
    column: InstrumentedAttribute[str] = getattr(model, field)
    value: str = getattr(row, field)
    same = select(model).where(func.lower(column) == value.lower(), *where)
    other = uow.session.scalars(same.where(model.id != row.id) if row.id else same).first()
    if other is None:
        return
    said = {"value": value, "name": name_of(other)}
    if closed(other):
        raise Invalid(
            N_("“%(value)s”用过了：%(name)s，%(day)s 起停用。请换一个，或者恢复原来的记录。"),
            field=field,
            day=str(closed(other)),
            **said,
        )
    raise Invalid(N_("“%(value)s”已经有了：%(name)s。请换一个。"), field=field, **said)


def listed(names: Sequence[str]) -> str:
    """Return the first names of several as a refusal says them; of more, how many there are."""
    shown = "、".join(names[:SHOWN])
    return f"{shown} … ({len(names)})" if len(names) > SHOWN else shown


def none_left(names: Sequence[str], message: str, field: str = "on") -> None:
    """Refuse to close something while there are still names of what depends on it."""
    if names:
        raise Invalid(message, field=field, names=listed(names))


def still_open(rows: Select[Any], column: InstrumentedAttribute[date | None], on: date) -> Select[Any]:
    """Return those rows that are still there on a day."""
    return rows.where(or_(column.is_(None), column > on))


# --- each kind ------------------------------------------------------------------------------------


def check_centre(uow: UnitOfWork, row: Centre) -> None:
    rules.check_day(row.opened_on, today(uow), "opened_on")
    for field in ("name", "short_name", "number_prefix"):
        unique(uow, row, field)
    above = row.parent_id
    while above is not None:
        if above == row.id:
            raise Invalid(N_("上级中心不能是它自己或它下面的中心。"), field="parent_id")
        above = uow.get(Centre, above).parent_id


def check_section(uow: UnitOfWork, row: Section) -> None:
    rules.check_day(row.opened_on, today(uow), "opened_on")
    unique(uow, row, "name", Section.centre_id == row.centre_id)


def check_department(uow: UnitOfWork, row: Department) -> None:
    rules.check_day(row.opened_on, today(uow), "opened_on")
    for field in ("name", "short_name"):
        unique(uow, row, field, Department.centre_id == row.centre_id)


def check_zone(uow: UnitOfWork, row: Zone) -> None:
    unique(uow, row, "name", Zone.centre_id == row.centre_id)


def check_point(uow: UnitOfWork, row: PatrolPoint) -> None:
    rules.check_day(row.opened_on, today(uow), "opened_on")
    if row.comprehensive and row.kind is not rules.PointKind.WINDOW:
        raise Invalid(N_("只有窗口才能是综合窗口。"), field="comprehensive")
    if row.department_id and row.comprehensive:
        raise Invalid(N_("综合窗口不单属一个部门，请改填受理部门。"), field="department_id")
    unique(uow, row, "number", PatrolPoint.centre_id == row.centre_id)
    zone = uow.get(Zone, row.zone_id)
    same_centre(row.centre_id, zone)
    if zone.closed_on:
        raise Invalid(N_("这个区域已经停用。"), field="zone_id")
    if row.department_id:
        check_served(uow, row, [row.department_id], row.opened_on, "department_id")


def check_served(
    uow: UnitOfWork, point: PatrolPoint, department_ids: Sequence[int], on: date, field: str
) -> None:
    """Refuse departments that are not of the centre, or not there from that day on."""
    for department_id in department_ids:
        department = uow.get(Department, department_id)
        same_centre(point.centre_id, department)
        if department.closed_on:
            raise Invalid(
                N_("%(name)s 已于 %(day)s 撤出。"),
                field=field,
                name=department.short_name,
                day=str(department.closed_on),
            )
        if department.opened_on > on:
            raise Invalid(
                N_("%(name)s %(day)s 才进驻。"),
                field=field,
                name=department.short_name,
                day=str(department.opened_on),
            )


def check_staff(uow: UnitOfWork, row: StaffMember) -> None:
    rules.check_day(row.joined_on, today(uow), "joined_on")
    if row.left_on and row.left_on < row.joined_on:
        raise Invalid(N_("离岗日期早于到岗日期。"), field="joined_on")
    if row.staff_number:
        unique(uow, row, "staff_number", StaffMember.centre_id == row.centre_id)
    if row.department_id:
        department = uow.get(Department, row.department_id)
        same_centre(row.centre_id, department)
        if department.closed_on and not row.left_on:
            raise Invalid(
                N_("%(name)s 已于 %(day)s 撤出。"),
                field="department_id",
                name=department.short_name,
                day=str(department.closed_on),
            )
