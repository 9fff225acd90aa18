"""Places and people in numbers; their screens only read so far."""

from __future__ import annotations

from typing import Any

from app.db.uow import unit_of_work
from app.organisation import rules
from app.organisation.models import Department, PatrolPoint, Posting, StaffMember
from app.permissions import system_actor
from tests.cast import NOW, OPENED
from tests.factories.base import Ids, Ledger, Visit


def make_departments(site: Any, n: int) -> None:
    with unit_of_work(system_actor("factory"), NOW) as uow:
        for i in range(n):
            row = Department(
                centre_id=site.cast.centre,
                kind=rules.DepartmentKind.AUTHORITY,
                name=f"云栖市第{i}局",
                short_name=f"第{i}局",
                sort_key=f"d{i:04}",
                initials=f"d{i}j",
                opened_on=OPENED,
            )
            uow.session.add(row)
            uow.record(rules.DEPARTMENT_ADDED, row)


def make_points(site: Any, n: int) -> None:
    """Add n windows, each with someone posted at it today."""
    cast = site.cast
    with unit_of_work(system_actor("factory"), NOW) as uow:
        for i in range(n):
            row = PatrolPoint(
                centre_id=cast.centre,
                zone_id=cast.zone,
                kind=rules.PointKind.WINDOW,
                number=f"N{i:03}",
                name=f"窗口{i}",
                comprehensive=False,
                department_id=cast.department_a if i % 2 else cast.department_b,
                walking_order=10 + i,
                opened_on=OPENED,
            )
            uow.session.add(row)
            uow.session.flush()
            uow.record(rules.PATROL_POINT_OPENED, row)
            member = _member(cast, i)
            uow.session.add(member)
            uow.session.add(
                Posting(
                    staff_member=member,
                    patrol_point_id=row.id,
                    role=rules.PostingRole.A,
                    from_on=OPENED,
                )
            )
            uow.record(rules.STAFF_ADDED, member)


def make_staff(site: Any, n: int) -> None:
    with unit_of_work(system_actor("factory"), NOW) as uow:
        for i in range(n):
            member = _member(site.cast, i)
            uow.session.add(member)
            uow.record(rules.STAFF_ADDED, member)


def _member(cast: Any, i: int) -> StaffMember:
    return StaffMember(
        centre_id=cast.centre,
        department_id=cast.department_a if i % 2 else cast.department_b,
        kind=rules.StaffKind.WINDOW_STAFF,
        staff_number=f"S{i:04}",
        name=f"人员{i}",
        sort_key=f"ry{i:04}",
        initials=f"ry{i}",
        joined_on=OPENED,
    )


def _point(site: Any) -> Ids:
    return {"point_id": site.cast.point_shared}


def _staff_member(site: Any) -> Ids:
    return {"staff_member_id": site.cast.window_a_staff}


def _department(site: Any) -> Ids:
    return {"department_id": site.cast.department_a}


VISITS = [
    Visit("organisation.point", "wang", _point),
    Visit("organisation.staff_member", "wang", _staff_member),
    Visit("organisation.department", "wang", _department),
]
LEDGERS = [
    Ledger("organisation.departments", "wang", make_departments, ({}, {"q": "云栖"})),
    Ledger("organisation.points", "wang", make_points, ({}, {"q": "窗口"})),
    Ledger("organisation.staff", "wang", make_staff, ({}, {"q": "人员"})),
]
