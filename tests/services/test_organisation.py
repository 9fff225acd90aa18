from datetime import date, datetime, time
from typing import Any

import pytest
from sqlalchemy import select

from app import clock
from app.core.errors import Invalid
from app.db.uow import end_reading, unit_of_work
from app.extensions import db
from app.organisation import change_services, queries, services, term_services
from app.organisation.hours_rules import Hours
from app.organisation.models import (
    Absence,
    ChiefRepresentative,
    Department,
    OpeningHours,
    PatrolPoint,
    Posting,
    StaffMember,
    Zone,
)
from app.organisation.rules import AbsenceKind, DepartmentKind, PointKind, PostingRole, StaffKind
from app.permissions import Permission, system_actor
from tests.cast import NOW, actor

pytestmark = pytest.mark.both_databases
TODAY = date(2026, 11, 18)


def do(verb: Any, *args: Any) -> Any:
    with unit_of_work(system_actor("test"), NOW) as uow:
        row_id = verb(uow, *args).id
    end_reading()
    return row_id


def window(cast: Any, **changes: Any) -> PatrolPoint:
    values = {
        "centre_id": cast.centre,
        "zone_id": cast.zone,
        "kind": PointKind.WINDOW,
        "number": "A09",
        "name": "新窗口",
        "comprehensive": False,
        "department_id": cast.department_a,
        "walking_order": 0,
        "opened_on": TODAY,
    }
    return PatrolPoint(**{**values, **changes})


def at(day: int, hour: int) -> datetime:
    return clock.at_office(datetime(2026, 11, day, hour))


def people(point_id: int, on: date = TODAY) -> list[tuple[str, str, bool]]:
    posted = queries.postings_today(db.session(), [point_id], on)[point_id]
    return [(staff.name, role.value, absence is not None) for staff, role, absence in posted]


# --- places ---------------------------------------------------------------------------------------


def test_a_point_opens_with_its_hours_and_departments(db_context, cast):
    point = window(cast, comprehensive=True, department_id=None)
    hours = [Hours(0, time(9), time(17)), Hours(5, time(9), time(12), extended=True)]
    point_id = do(services.open_point, point, hours, [cast.department_b, cast.department_a])
    found = queries.hours_of_point(db.session(), point_id, TODAY)
    assert [(slot.weekday, slot.opens_at, slot.extended) for slot in found] == [
        (0, time(9), False),
        (5, time(9), True),
    ]
    point = db.session.get_one(PatrolPoint, point_id)
    served = queries.departments_of_point(db.session(), point, TODAY)
    assert {department.id for department in served} == {cast.department_a, cast.department_b}


@pytest.mark.parametrize(
    ("changes", "served"),
    [
        ({"comprehensive": True}, ()),
        ({}, ("department_b",)),
        ({"department_id": "other_department"}, ()),
        ({"zone_id": "other_zone"}, ()),
        ({"comprehensive": True, "department_id": None}, ("other_department",)),
    ],
)
def test_a_point_that_contradicts_itself_is_refused(db_context, cast, changes, served):
    changes = {
        key: getattr(cast, value) if isinstance(value, str) else value for key, value in changes.items()
    }
    with pytest.raises(Invalid):
        do(services.open_point, window(cast, **changes), (), [getattr(cast, name) for name in served])
    assert db.session.scalar(select(PatrolPoint).where(PatrolPoint.number == "A09")) is None
    assert db.session.scalar(select(OpeningHours)) is None


def test_a_zone_is_walked_in_order_without_what_is_closed(db_context, cast):
    do(services.open_point, window(cast))
    do(services.open_point, window(cast, number="A10", walking_order=9, opened_on=date(2026, 11, 19)))
    do(
        services.open_point,
        window(cast, number="A11", walking_order=9, opened_on=date(2026, 1, 5), closed_on=TODAY),
    )

    def walk(on: date) -> list[str]:
        return [point.number for point in queries.points_of_zone(db.session(), cast.zone, on)]

    assert walk(date(2026, 11, 17)) == ["A01", "B01", "K01", "A11"]
    assert walk(TODAY) == ["A09", "A01", "B01", "K01"]
    assert walk(date(2026, 11, 19)) == ["A09", "A01", "B01", "K01", "A10"]


def test_names_get_their_pinyin(db_context, cast):
    department = Department(
        centre_id=cast.centre,
        kind=DepartmentKind.AUTHORITY,
        name="区财政局",
        short_name="财政局",
        opened_on=TODAY,
    )
    department = db.session.get_one(Department, do(services.add_department, department))
    assert department.initials == "czj"
    assert department.sort_key.startswith("qu1")
    member = StaffMember(
        centre_id=cast.centre, kind=StaffKind.GUIDE, staff_number="7", name="区思", joined_on=TODAY
    )
    member = db.session.get_one(StaffMember, do(services.add_staff, member))
    assert (member.initials, member.sort_key[:3]) == ("os", "ou1")


# --- people ---------------------------------------------------------------------------------------


def post(cast: Any, staff: str, role: PostingRole, **changes: Any) -> Posting:
    values = {"staff_member_id": getattr(cast, staff), "patrol_point_id": cast.point_a, "role": role}
    return Posting(**{**values, "from_on": TODAY, **changes})


def test_the_a_role_comes_first_and_leave_is_marked(db_context, cast):
    do(term_services.post_staff, post(cast, "chief_a_staff", PostingRole.B))
    assert people(cast.point_a, date(2026, 11, 17)) == [("吴窗口", "A", False)]
    assert people(cast.point_a) == [("吴窗口", "A", False), ("李首信", "B", False)]
    leave = Absence(
        staff_member_id=cast.window_a_staff,
        kind=AbsenceKind.ERRAND,
        begins_at=at(18, 13),
        ends_at=at(18, 17),
        stand_in_id=cast.chief_a_staff,
    )
    do(term_services.grant_absence, leave)
    assert people(cast.point_a) == [("吴窗口", "A", True), ("李首信", "B", False)]
    assert people(cast.point_a, date(2026, 11, 19))[0] == ("吴窗口", "A", False)
    again = Absence(
        staff_member_id=cast.window_a_staff, kind=AbsenceKind.LEAVE, begins_at=at(18, 9), ends_at=at(18, 12)
    )
    do(term_services.grant_absence, again)
    assert len(people(cast.point_a)) == 2  # two absences of one day are still one person


def test_whoever_has_left_is_not_on_post(db_context, cast):
    member = StaffMember(
        centre_id=cast.centre,
        kind=StaffKind.GUIDE,
        staff_number="8",
        name="左离",
        joined_on=date(2026, 1, 5),
    )
    staff_id = do(services.add_staff, member)
    posting = Posting(
        staff_member_id=staff_id,
        patrol_point_id=cast.point_b,
        role=PostingRole.B,
        from_on=date(2026, 1, 5),
    )
    do(term_services.post_staff, posting)
    with unit_of_work(system_actor("test"), NOW) as uow:
        change_services.leave_staff(uow, staff_id, 1, TODAY, end_terms=True)
    assert "左离" in [name for name, *_ in people(cast.point_b, date(2026, 11, 17))]
    assert "左离" not in [name for name, *_ in people(cast.point_b)]


@pytest.mark.parametrize("changes", [{"patrol_point_id": None}, {"patrol_point_id": "other_point"}])
def test_a_posting_needs_a_place_of_the_same_centre(db_context, cast, changes):
    changes = {key: value and getattr(cast, value) for key, value in changes.items()}
    with pytest.raises(Invalid):
        do(term_services.post_staff, post(cast, "window_a_staff", PostingRole.A, **changes))


def test_a_post_may_be_without_a_window(db_context, cast):
    do(
        term_services.post_staff,
        post(cast, "guide_staff", PostingRole.A, patrol_point_id=None, post="值班律师"),
    )
    (posting, point), *_ = queries.postings_of_staff(db.session(), cast.guide_staff)
    assert (posting.post, point) == ("值班律师", None)


@pytest.mark.parametrize(
    "changes",
    [{"ends_at": at(18, 9)}, {"stand_in_id": "window_a_staff"}],
)
def test_an_absence_has_a_length_and_another_stands_in(db_context, cast, changes):
    changes = {
        key: getattr(cast, value) if isinstance(value, str) else value for key, value in changes.items()
    }
    values = {"staff_member_id": cast.window_a_staff, "kind": AbsenceKind.LEAVE, "begins_at": at(18, 9)}
    with pytest.raises(Invalid):
        do(term_services.grant_absence, Absence(**{**values, "ends_at": at(18, 12), **changes}))


def test_a_new_chief_representative_ends_the_term_before(db_context, cast):
    term = ChiefRepresentative(
        department_id=cast.department_a, staff_member_id=cast.window_a_staff, from_on=date(2026, 11, 23)
    )
    do(term_services.name_chief, term)
    for day, staff_id in ((22, cast.chief_a_staff), (23, cast.window_a_staff)):
        chief = queries.chief_of(db.session(), cast.department_a, date(2026, 11, day))
        assert chief is not None
        assert chief.id == staff_id
    again = ChiefRepresentative(
        department_id=cast.department_a, staff_member_id=cast.chief_a_staff, from_on=date(2026, 11, 20)
    )
    with pytest.raises(Invalid):
        do(term_services.name_chief, again)
    terms = queries.chief_terms(db.session(), cast.department_a)
    assert [member.id for _, member in terms] == [cast.window_a_staff, cast.chief_a_staff]
    assert queries.chief_of(db.session(), cast.department_b, date(2020, 1, 1)) is None


# --- who sees what --------------------------------------------------------------------------------


def test_rows_are_those_of_the_centre_and_below(db_context, cast):
    for username, expected in (("wang", {cast.zone}), ("lower", set()), ("outsider", {cast.other_zone})):
        visible = queries.visible_to(actor(username, Permission.ORGANISATION_READ), Zone)
        assert {zone.id for zone in db.session.scalars(visible)} == expected, username
