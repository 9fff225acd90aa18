"""One success of every form that changes places, people and their terms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from secrets import token_hex
from typing import Any

from app import clock
from app.db.uow import UnitOfWork, unit_of_work
from app.extensions import db
from app.organisation import change_services, hours_services, queries, rules, services, term_services
from app.organisation.models import (
    Absence,
    Centre,
    Department,
    PatrolPoint,
    Posting,
    Section,
    StaffMember,
    Zone,
)
from app.permissions import system_actor
from tests.cast import NOW, OPENED
from tests.factories.base import Example, Ids, Prepare

MODELS = {
    "centres": Centre,
    "sections": Section,
    "departments": Department,
    "zones": Zone,
    "patrol-points": PatrolPoint,
    "staff": StaffMember,
}
TODAY = "2026-11-18"


def _ids(kind: str, row: Any) -> Ids:
    return {"kind": kind, "row_id": row.id, "_version": str(row.version)}


def cast_row(kind: str, name: str) -> Prepare:
    """Return how to prepare the address of a row of the cast, with its version."""
    return lambda site: _ids(kind, db.session.get_one(MODELS[kind], getattr(site.cast, name)))


def fresh(kind: str, *, closed: bool = False) -> Prepare:
    """Return how to prepare a row of its own, on which nothing depends; it may be closed already."""

    def prepare(site: Any) -> Ids:
        with unit_of_work(system_actor("factory"), NOW) as uow:
            row = MAKERS[kind](uow, site.cast, token_hex(4))
        row_id = row.id
        if closed:
            with unit_of_work(system_actor("factory"), NOW) as uow:
                CLOSERS[kind](uow, row_id, 1, clock.today())
        return _ids(kind, db.session.get_one(MODELS[kind], row_id))

    return prepare


def _member(uow: UnitOfWork, cast: Any, mark: str) -> StaffMember:
    kind = rules.StaffKind.GUIDE
    row = StaffMember(centre_id=cast.centre, kind=kind, staff_number=mark, name="何帮办", joined_on=OPENED)
    return services.add_staff(uow, row)


def _window(uow: UnitOfWork, cast: Any, mark: str) -> PatrolPoint:
    row = PatrolPoint(
        centre_id=cast.centre,
        zone_id=cast.zone,
        kind=rules.PointKind.WINDOW,
        number=mark,
        name="帮办",
        comprehensive=False,
        walking_order=90,
        opened_on=OPENED,
    )
    return services.open_point(uow, row)


MAKERS: dict[str, Callable[[UnitOfWork, Any, str], Any]] = {
    "centres": lambda uow, cast, mark: services.open_centre(
        uow,
        Centre(
            parent_id=cast.centre,
            name=f"{mark}中心",
            short_name=mark,
            level=rules.CentreLevel.TOWN,
            number_prefix=mark,
            opened_on=OPENED,
        ),
    ),
    "sections": lambda uow, cast, mark: services.open_section(
        uow, Section(centre_id=cast.centre, kind=rules.SectionKind.GENERAL, name=mark, opened_on=OPENED)
    ),
    "departments": lambda uow, cast, mark: services.add_department(
        uow,
        Department(
            centre_id=cast.centre,
            kind=rules.DepartmentKind.AUTHORITY,
            name=f"{mark}局",
            short_name=mark,
            opened_on=OPENED,
        ),
    ),
    "zones": lambda uow, cast, mark: services.add_zone(
        uow, Zone(centre_id=cast.centre, name=mark, floor="3F", position=9)
    ),
    "patrol-points": _window,
    "staff": _member,
}
CLOSERS: dict[str, Callable[..., Any]] = {
    "centres": change_services.close_centre,
    "sections": change_services.close_section,
    "departments": change_services.close_department,
    "zones": change_services.close_zone,
    "patrol-points": change_services.close_point,
    "staff": change_services.leave_staff,
}


def of(kind: str) -> Any:
    return lambda site: {
        "kind": kind,
        "_zone": str(site.cast.zone),
        "_department": str(site.cast.department_a),
        "_centre": str(site.cast.centre),
    }


def _on(site_ids: Ids) -> dict[str, Any]:
    return {"version": site_ids["_version"], "on": TODAY}


def _all_on(ids: Ids) -> dict[str, Any]:
    return {**_on(ids), "end_terms": "y"}


def _again(ids: Ids) -> dict[str, Any]:
    return {"version": ids["_version"]}


def _zone_data(_ids: Ids) -> dict[str, Any]:
    return {"name": "二楼大厅", "floor": "2F", "position": "2"}


def _section_data(_ids: Ids) -> dict[str, Any]:
    return {"name": "政务公开科", "kind": "disclosure", "opened_on": TODAY}


def _department_data(_ids: Ids) -> dict[str, Any]:
    return {
        "name": "云栖市恒直工程咨询有限公司",
        "short_name": "恒直咨询",
        "kind": "intermediary",
        "qualification": "工程咨询乙级资信",
        "qualified_until": "2027-06-30",
        "opened_on": TODAY,
    }


def _centre_data(ids: Ids) -> dict[str, Any]:
    return {
        "parent_id": ids["_centre"],
        "name": "云栖市柳溪镇便民服务中心",
        "short_name": "柳溪镇中心",
        "level": "town",
        "number_prefix": "柳政服",
        "opened_on": TODAY,
    }


def _point_data(ids: Ids) -> dict[str, Any]:
    return {
        "centre": ids["_centre"],
        "zone_id": ids["_zone"],
        "kind": "window",
        "number": "A02",
        "name": "食品经营许可",
        "department_id": ids["_department"],
        "walking_order": "20",
        "opened_on": TODAY,
        "hours": "周一至周五 09:00-12:00 13:30-17:00",
    }


def _staff_data(ids: Ids) -> dict[str, Any]:
    return {
        "name": "严明夏",
        "staff_number": "1003",
        "kind": "window_staff",
        "department_id": ids["_department"],
        "title": "受理员",
        "joined_on": TODAY,
    }


def _but(data: Any, **changes: Any) -> Any:
    return lambda ids: {**data(ids), **changes, "version": ids["_version"]}


def _changed_staff(ids: Ids) -> dict[str, Any]:
    return {
        "version": ids["_version"],
        "name": "何导航",
        "staff_number": "9001",
        "kind": "guide",
        "title": "组长",
        "joined_on": "2024-01-02",
    }


def of_posting(site: Any) -> Ids:
    """Prepare a posting of a person of its own."""
    with unit_of_work(system_actor("factory"), NOW) as uow:
        member = _member(uow, site.cast, token_hex(4))
        posting = Posting(staff_member_id=member.id, post="导询", role=rules.PostingRole.A, from_on=OPENED)
        row = term_services.post_staff(uow, posting)
    return {"kind": "postings", "term_id": row.id, "posting_id": row.id, "_version": "1"}


def of_chief(site: Any) -> Ids:
    """Prepare the term of department A's chief representative."""
    (row, _), *_others = queries.chief_terms(db.session(), site.cast.department_a)
    return {"kind": "chief-representatives", "term_id": row.id, "_version": str(row.version)}


def of_absence(site: Any) -> Ids:
    """Prepare an absence under way of a person of its own."""
    with unit_of_work(system_actor("factory"), NOW) as uow:
        member = _member(uow, site.cast, token_hex(4))
        absence = Absence(
            staff_member_id=member.id,
            kind=rules.AbsenceKind.LEAVE,
            begins_at=NOW - timedelta(hours=1),
            ends_at=NOW + timedelta(hours=5),
        )
        row = term_services.grant_absence(uow, absence)
    return {"kind": "absences", "term_id": row.id, "_version": "1"}


def _of_hours(site: Any) -> Ids:
    rows = queries.all_hours(db.session(), site.cast.point_a)
    return {"point_id": site.cast.point_a, "_basis": hours_services.basis_of(rows)}


def _of_served(site: Any) -> Ids:
    rows = queries.served_by(db.session(), site.cast.point_shared)
    return {
        "point_id": site.cast.point_shared,
        "_basis": hours_services.basis_of(rows),
        "_department": str(site.cast.department_b),
    }


def _department_of(site: Any) -> Ids:
    return {"_department": str(site.cast.department_a)}


NEW, EDIT = "organisation.structure.new", "organisation.structure.edit"
CLOSE, REOPEN = "organisation.structure.close", "organisation.structure.reopen"
ADD, CHANGE = "organisation.structure.add", "organisation.structure.change"
CLOSING, REOPENING = "organisation.structure.closing", "organisation.structure.reopening"
END, WITHDRAW = "organisation.terms.end", "organisation.terms.withdraw"
ENDING, WITHDRAWING = "organisation.terms.ending", "organisation.terms.withdrawing"


def _withdrawn(ids: Ids) -> dict[str, Any]:
    return {"version": ids["_version"], "reason": "登记有误"}


EXAMPLES = [
    Example(
        ADD, "sysadmin", of("patrol-points"), _point_data, page=NEW, text=("name", "number"), note="point"
    ),
    Example(ADD, "sysadmin", of("zones"), _zone_data, page=NEW, text=("name", "floor"), note="zone"),
    Example(ADD, "sysadmin", of("sections"), _section_data, page=NEW, text=("name",), note="section"),
    Example(
        ADD,
        "sysadmin",
        of("departments"),
        _department_data,
        page=NEW,
        text=("name", "short_name", "qualification"),
        note="department",
    ),
    Example(
        ADD, "sysadmin", of("centres"), _centre_data, page=NEW, text=("name", "short_name"), note="centre"
    ),
    Example(
        ADD,
        "sysadmin",
        of("staff"),
        _staff_data,
        page=NEW,
        text=("name", "staff_number", "title"),
        note="staff",
    ),
    Example(
        CHANGE,
        "sysadmin",
        cast_row("staff", "guide_staff"),
        _changed_staff,
        page=EDIT,
        text=("title",),
        note="staff",
    ),
    Example(
        CHANGE,
        "sysadmin",
        lambda site: {**of("patrol-points")(site), **cast_row("patrol-points", "point_a")(site)},
        lambda ids: {
            **{k: v for k, v in _point_data(ids).items() if k not in ("hours", "centre")},
            "number": "A01",
            "opened_on": str(OPENED),
            "version": ids["_version"],
        },
        page=EDIT,
        note="point",
    ),
    Example(
        CHANGE,
        "sysadmin",
        cast_row("zones", "zone"),
        _but(_zone_data, name="一楼东区"),
        page=EDIT,
        text=("floor",),
        note="zone",
    ),
    Example(
        CHANGE,
        "sysadmin",
        lambda site: {**of("centres")(site), **cast_row("centres", "lower_centre")(site)},
        _but(_centre_data, number_prefix="青服"),
        page=EDIT,
        note="centre",
    ),
    Example(CLOSE, "sysadmin", cast_row("patrol-points", "point_a"), _all_on, page=CLOSING, note="point"),
    Example(CLOSE, "sysadmin", cast_row("staff", "chief_a_staff"), _all_on, page=CLOSING, note="staff"),
    Example(CLOSE, "sysadmin", fresh("centres"), _on, page=CLOSING, note="centre"),
    Example(
        CLOSE,
        "sysadmin",
        fresh("departments"),
        _on,
        page=CLOSING,
        note="department",
    ),
    Example(REOPEN, "sysadmin", fresh("patrol-points", closed=True), _again, page=REOPENING, note="point"),
    Example(REOPEN, "sysadmin", fresh("staff", closed=True), _again, page=REOPENING, note="staff"),
    Example(
        "organisation.terms.post",
        "head",
        data={"person": "9001", "post": "项目代办", "role": "A", "from_on": TODAY},
        page="organisation.terms.new_posting",
        text=("post",),
        note="post",
    ),
    Example(
        "organisation.terms.post",
        "sysadmin",
        data={"person": "吴窗口", "point": "b01", "role": "A", "from_on": TODAY, "end_former": "y"},
        page="organisation.terms.new_posting",
        note="from another window",
    ),
    Example(
        "organisation.terms.move",
        "head",
        of_posting,
        lambda ids: {"version": ids["_version"], "point": "K01", "from_on": TODAY},
        page="organisation.terms.moving",
    ),
    Example(
        "organisation.terms.name_chief",
        "head",
        _department_of,
        lambda ids: {"department_id": ids["_department"], "person": "1002", "from_on": TODAY},
        page="organisation.terms.new_chief",
    ),
    Example(
        "organisation.terms.grant",
        "head",
        data={
            "person": "1002",
            "kind": "leave",
            "begins_at": "2026-11-19T09:00",
            "ends_at": "2026-11-19T17:00",
            "stand_in": "lsx",
            "note": "体检",
        },
        page="organisation.terms.new_absence",
        text=("note",),
    ),
    Example(
        END,
        "head",
        of_chief,
        lambda ids: {"version": ids["_version"], "to_on": TODAY},
        page=ENDING,
        note="chief",
    ),
    Example(
        END,
        "head",
        of_absence,
        lambda ids: {"version": ids["_version"], "ends_at": "2026-11-18T10:00"},
        page=ENDING,
        note="absence",
    ),
    Example(WITHDRAW, "head", of_posting, _withdrawn, page=WITHDRAWING, text=("reason",), note="posting"),
    Example(WITHDRAW, "head", of_chief, _withdrawn, page=WITHDRAWING, note="chief"),
    Example(
        "organisation.timetable.change_hours",
        "sysadmin",
        _of_hours,
        lambda ids: {
            "basis": ids["_basis"],
            "from_on": TODAY,
            "hours": "周一至周五 9:00-17:00\n周六 9-12 延时",
        },
        page="organisation.timetable.hours",
        shown=("organisation.point",),
    ),
    Example(
        "organisation.timetable.change_served",
        "sysadmin",
        _of_served,
        lambda ids: {"basis": ids["_basis"], "from_on": TODAY, "served": [ids["_department"]]},
        page="organisation.timetable.served",
        shown=("organisation.point",),
    ),
]
