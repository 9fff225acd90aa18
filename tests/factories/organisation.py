"""Places and people in numbers and looked at; the forms that change them are in `organisation_entry`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.db.uow import unit_of_work
from app.organisation import rules
from app.organisation.models import (
    Absence,
    Centre,
    ChiefRepresentative,
    Department,
    PatrolPoint,
    Posting,
    Section,
    StaffMember,
    Zone,
)
from app.permissions import system_actor
from tests.cast import NOW, OPENED
from tests.factories.base import Ids, Ledger, Visit
from tests.factories.organisation_entry import (
    CLOSING,
    EDIT,
    ENDING,
    EXAMPLES,
    NEW,
    REOPENING,
    WITHDRAWING,
    cast_row,
    fresh,
    of,
    of_absence,
    of_chief,
    of_posting,
)

__all__ = ["EXAMPLES", "LEDGERS", "VISITS"]


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
            member = _member(cast, i, "W")
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


def _member(cast: Any, i: int, prefix: str = "S") -> StaffMember:
    return StaffMember(
        centre_id=cast.centre,
        department_id=cast.department_a if i % 2 else cast.department_b,
        kind=rules.StaffKind.WINDOW_STAFF,
        staff_number=f"{prefix}{i:04}",
        name=f"人员{i}",
        sort_key=f"ry{i:04}",
        initials=f"ry{i}",
        joined_on=OPENED,
    )


def make_zones(site: Any, n: int) -> None:
    with unit_of_work(system_actor("factory"), NOW) as uow:
        for i in range(n):
            row = Zone(centre_id=site.cast.centre, name=f"区域{i}", floor="2F", position=10 + i)
            uow.session.add(row)
            uow.record(rules.ZONE_ADDED, row)


def make_sections(site: Any, n: int) -> None:
    with unit_of_work(system_actor("factory"), NOW) as uow:
        for i in range(n):
            kind = rules.SectionKind.GENERAL
            row = Section(centre_id=site.cast.centre, kind=kind, name=f"科室{i}", opened_on=OPENED)
            uow.session.add(row)
            uow.record(rules.SECTION_OPENED, row)


def make_centres(site: Any, n: int) -> None:
    """Open n centres below the first one; each begins a chain of its own."""
    for i in range(n):
        with unit_of_work(system_actor("factory"), NOW) as uow:
            row = Centre(
                parent_id=site.cast.centre,
                name=f"第{i}镇便民服务中心",
                short_name=f"第{i}镇",
                level=rules.CentreLevel.TOWN,
                number_prefix=f"镇{i}",
                opened_on=OPENED,
            )
            uow.session.add(row)
            uow.session.flush()
            uow.record(rules.CENTRE_OPENED, row)


def make_absences(site: Any, n: int) -> None:
    with unit_of_work(system_actor("factory"), NOW) as uow:
        for i in range(n):
            member = _member(site.cast, i)
            absence = Absence(
                staff_member=member,
                kind=list(rules.AbsenceKind)[i % 2],
                begins_at=NOW,
                ends_at=NOW + timedelta(hours=1 + i),
                stand_in_id=site.cast.guide_staff,
            )
            uow.session.add_all([member, absence])
            uow.record(rules.STAFF_ADDED, member)


def make_chiefs(site: Any, n: int) -> None:
    with unit_of_work(system_actor("factory"), NOW) as uow:
        department = uow.get(Department, site.cast.department_a)
        for i in range(n):
            member = _member(site.cast, i)
            uow.session.add(member)
            uow.record(rules.STAFF_ADDED, member)
            uow.session.flush()
            chief = ChiefRepresentative(
                department=department, staff_member_id=member.id, from_on=OPENED + timedelta(days=i)
            )
            uow.session.add(chief)
        uow.record(rules.CHIEF_NAMED, department)


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
    Visit("organisation.zone", "wang", lambda site: {"zone_id": site.cast.zone}),
    Visit("organisation.section", "wang", lambda site: {"section_id": site.cast.section}),
    Visit("organisation.centre", "wang", lambda site: {"centre_id": site.cast.centre}),
    Visit(NEW, "sysadmin", of("staff"), hidden_from=()),
    Visit(EDIT, "sysadmin", cast_row("staff", "guide_staff")),
    Visit(CLOSING, "sysadmin", cast_row("patrol-points", "point_a")),
    Visit(REOPENING, "sysadmin", fresh("staff", closed=True)),
    Visit("organisation.terms.moving", "head", of_posting),
    Visit(ENDING, "head", of_chief),
    Visit(WITHDRAWING, "head", of_absence),
    Visit("organisation.timetable.hours", "sysadmin", _point),
    Visit("organisation.timetable.served", "sysadmin", _point),
]
SHUT = {"closed": "1"}
LEDGERS = [
    Ledger(
        "organisation.departments", "wang", make_departments, ({}, {"q": "云栖"}, SHUT, {"lack": "chief"})
    ),
    Ledger(
        "organisation.points",
        "wang",
        make_points,
        ({}, {"q": "窗口"}, SHUT, {"lack": "hours"}, {"lack": "posting"}, {"lack": "department"}),
    ),
    Ledger("organisation.staff", "wang", make_staff, ({}, {"q": "人员"}, SHUT, {"lack": "posting"})),
    Ledger("organisation.zones", "wang", make_zones, ({}, {"q": "区域"}, SHUT)),
    Ledger("organisation.sections", "wang", make_sections, ({}, {"q": "科室"}, SHUT)),
    Ledger("organisation.centres", "sysadmin", make_centres, ({}, {"q": "镇"}, SHUT)),
    Ledger("organisation.absences", "wang", make_absences, ({}, {"kind": "leave"}, SHUT)),
    Ledger("organisation.chiefs", "wang", make_chiefs, ({}, {"q": "人员"}, SHUT)),
]
