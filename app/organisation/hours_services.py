"""When a place is open and whom it serves, from a day on; what held before stays as it was."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select

from app.core.errors import Invalid, Stale
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.organisation import checks, rules
from app.organisation.hours_rules import Hours
from app.organisation.models import OpeningHours, PatrolPoint, ServedDepartment
from app.organisation.term_rules import Standing, follow


def change_hours(
    uow: UnitOfWork, point_id: int, basis: str, from_on: date, hours: Iterable[Hours]
) -> PatrolPoint:
    """Let a place be open at other hours from a day on. `basis` names the rows the change was made from."""
    point = _point(uow, point_id, from_on)
    rows = uow.session.scalars(select(OpeningHours).where(OpeningHours.patrol_point_id == point.id)).all()
    _unchanged(rows, basis)
    standing = [
        Standing(row, (row.weekday, row.opens_at), (row.closes_at, row.extended), row.from_on, row.to_on)
        for row in rows
    ]
    wanted = {(slot.weekday, slot.opens_at): (slot.closes_at, slot.extended) for slot in hours}
    plan = follow(standing, wanted, from_on)
    if not plan:
        raise Invalid(N_("与现在登记的一样，没有变化。"), field="hours")
    for row, (closes_at, extended), to_on in plan.changes:
        row.closes_at, row.extended, row.to_on = closes_at, extended, to_on
    for (weekday, opens_at), (closes_at, extended) in plan.additions.items():
        slot = Hours(weekday, opens_at, closes_at, extended)
        uow.session.add(OpeningHours(patrol_point=point, from_on=from_on, **slot._asdict()))
    uow.record(rules.PATROL_POINT_HOURS_CHANGED, point)
    return point


def change_served(
    uow: UnitOfWork, point_id: int, basis: str, from_on: date, departments: Iterable[int]
) -> PatrolPoint:
    """Let a comprehensive window serve other departments from a day on."""
    point = _point(uow, point_id, from_on)
    wanted = dict.fromkeys(departments, ())
    if wanted and not point.comprehensive:
        raise Invalid(N_("只有综合窗口才填受理部门。"), field="served")
    rows = uow.session.scalars(
        select(ServedDepartment).where(ServedDepartment.patrol_point_id == point.id)
    ).all()
    _unchanged(rows, basis)
    checks.check_served(uow, point, list(wanted), from_on, "served")
    standing = [Standing(row, row.department_id, (), row.from_on, row.to_on) for row in rows]
    plan = follow(standing, wanted, from_on)
    if not plan:
        raise Invalid(N_("与现在登记的一样，没有变化。"), field="served")
    for row, _, to_on in plan.changes:
        row.to_on = to_on
    for department_id in plan.additions:
        uow.session.add(ServedDepartment(patrol_point=point, department_id=department_id, from_on=from_on))
    uow.record(rules.PATROL_POINT_SERVED_CHANGED, point)
    return point


def slot_of(row: OpeningHours) -> Hours:
    """Return what a row says, without its dates."""
    return Hours(row.weekday, row.opens_at, row.closes_at, row.extended)


def basis_of(rows: Iterable[OpeningHours | ServedDepartment]) -> str:
    """Return what a form keeps of the rows it was made from, so that a change in between is noticed."""
    return ",".join(f"{row.id}.{row.version}" for row in sorted(rows, key=lambda row: row.id))


def _unchanged(rows: Iterable[OpeningHours | ServedDepartment], basis: str) -> None:
    if basis_of(rows) != basis:
        raise Stale(N_("这条记录刚被别人改动，请核对后重新提交。"))


def _point(uow: UnitOfWork, point_id: int, from_on: date) -> PatrolPoint:
    point = uow.get(PatrolPoint, point_id)
    checks.take_turn(uow, point.centre_id)
    rules.check_day(from_on, checks.today(uow), "from_on")
    if from_on < point.opened_on:
        raise Invalid(N_("早于启用日期 %(day)s。"), field="from_on", day=str(point.opened_on))
    if point.closed_on:
        raise Invalid(N_("这个巡查点 %(day)s 起停用。"), field="from_on", day=str(point.closed_on))
    return point
