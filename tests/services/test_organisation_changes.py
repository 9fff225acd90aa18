"""Centres, places and people are corrected, closed and reopened."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.core.errors import Invalid, NotAllowed, Stale
from app.db.uow import end_reading, unit_of_work
from app.extensions import db
from app.organisation import change_services, hours_services, list_queries, queries, services, setup_queries
from app.organisation.hours_rules import read
from app.organisation.models import Centre, Department, PatrolPoint, Posting, StaffMember, Zone
from app.organisation.rules import CentreLevel, DepartmentKind, Lack, PointKind, StaffKind
from app.permissions import Permission, system_actor
from tests.cast import NOW, OPENED, actor
from tests.factories import rectifications

pytestmark = pytest.mark.both_databases
TODAY, TOMORROW = date(2026, 11, 18), date(2026, 11, 19)


def do(verb: Any, *args: Any, **options: Any) -> int:
    with unit_of_work(system_actor("test"), NOW) as uow:
        row_id = verb(uow, *args, **options).id
    end_reading()
    return row_id


def refused(verb: Any, *args: Any, error: type[Exception] = Invalid, **options: Any) -> Any:
    """Return the refusal of a change, after which everything is as it was."""
    count = select(func.count()).select_from(AuditEntry)
    before = db.session.scalar(count)
    with pytest.raises(error) as found:
        do(verb, *args, **options)
    end_reading()
    assert db.session.scalar(count) == before
    return found.value


def last_entry() -> tuple[str, dict[str, Any]]:
    entry = db.session.scalars(
        select(AuditEntry).order_by(AuditEntry.at_us.desc(), AuditEntry.seq.desc())
    ).first()
    assert entry is not None
    return entry.action, json.loads(entry.payload)


def point(cast: Any, **changes: Any) -> PatrolPoint:
    values = {
        "centre_id": cast.centre,
        "zone_id": cast.zone,
        "kind": PointKind.WINDOW,
        "number": "A02",
        "name": "食品许可",
        "comprehensive": False,
        "walking_order": 5,
        "opened_on": TODAY,
    }
    return PatrolPoint(**{**values, **changes})


def staff(cast: Any, **changes: Any) -> StaffMember:
    values = {
        "centre_id": cast.centre,
        "kind": StaffKind.VOLUNTEER,
        "staff_number": "V1",
        "name": "林帮",
        "joined_on": TODAY,
    }
    return StaffMember(**{**values, **changes})


# --- names and numbers ----------------------------------------------------------------------------


def test_a_number_is_used_once_in_a_centre_and_a_closed_one_is_named(db_context, cast):
    error = refused(services.open_point, point(cast, number="a01"))
    assert (error.field, str(error)) == ("number", "“a01”已经有了：A01 企业开办。请换一个。")
    do(change_services.close_point, cast.point_shared, 1, TODAY)
    error = refused(services.open_point, point(cast, number="K01"))
    assert "2026-11-18 起停用" in str(error)
    assert refused(services.add_staff, staff(cast, staff_number="1002")).field == "staff_number"
    other = {"centre_id": cast.other_centre, "zone_id": cast.other_zone}
    do(services.open_point, point(cast, number="A01", **other))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "云栖市市场监督管理局"}, "name"),
        ({"short_name": "市场监管局"}, "short_name"),
        ({"opened_on": date(2036, 1, 1)}, "opened_on"),
    ],
)
def test_a_department_is_entered_once(db_context, cast, changes, field):
    values = {
        "centre_id": cast.centre,
        "kind": DepartmentKind.AUTHORITY,
        "name": "云栖市财政局",
        "short_name": "财政局",
        "opened_on": TODAY,
    }
    assert refused(services.add_department, Department(**{**values, **changes})).field == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"department_id": "other_department"}, None),
        ({"zone_id": "other_zone"}, None),
        ({"comprehensive": True, "department_id": "department_a"}, "department_id"),
        ({"comprehensive": True, "kind": PointKind.TERMINAL}, "comprehensive"),
        ({"opened_on": date(2023, 1, 1), "department_id": "department_a"}, "department_id"),
    ],
)
def test_a_window_that_cannot_be_is_refused(db_context, cast, changes, field):
    changes = {
        name: getattr(cast, value) if isinstance(value, str) and hasattr(cast, value) else value
        for name, value in changes.items()
    }
    assert refused(services.open_point, point(cast, **changes)).field == field


# --- corrections ----------------------------------------------------------------------------------


def test_a_correction_is_recorded_with_both_values_and_an_old_form_is_stale(db_context, cast):
    values = {"name": "何导航", "title": "组长", "joined_on": OPENED}
    do(change_services.change_staff, cast.guide_staff, 1, values)
    action, payload = last_entry()
    assert action == "staff_member.changed"
    assert payload["changes"]["name"] == ["何导", "何导航"]
    assert "initials" not in payload["changes"]  # they follow from the name
    refused(change_services.change_staff, cast.guide_staff, 1, values, error=Stale)
    found = list_queries.list_staff(actor("wang", Permission.ORGANISATION_READ), {"q": "hdh"}, TODAY)
    assert [row.name for row in found.page.rows] == ["何导航"]


def test_what_changes_nothing_is_not_recorded(db_context, cast):
    row = db.session.get_one(Zone, cast.zone)
    before = last_entry()
    values = {"name": row.name, "floor": row.floor, "position": row.position}
    do(change_services.change_zone, cast.zone, 1, values)
    assert last_entry() == before


def test_nobody_joins_after_his_first_posting(db_context, cast):
    values = {"joined_on": date(2025, 1, 1)}
    assert refused(change_services.change_staff, cast.window_a_staff, 1, values).field == "joined_on"


def test_a_window_stays_comprehensive_while_it_serves(db_context, cast):
    values = {"comprehensive": False}
    assert refused(change_services.change_point, cast.point_shared, 1, values).field == "comprehensive"
    basis = hours_services.basis_of(queries.served_by(db.session(), cast.point_shared))
    do(hours_services.change_served, cast.point_shared, basis, TODAY, [])
    do(change_services.change_point, cast.point_shared, 1, values)


def test_a_centre_never_stands_below_itself(db_context, cast):
    below = Centre(
        parent_id=cast.lower_centre,
        name="青坪区柳溪镇便民服务中心",
        short_name="柳溪镇",
        level=CentreLevel.TOWN,
        number_prefix="柳政服",
        opened_on=TODAY,
    )
    town = do(services.open_centre, below)
    for parent in (town, cast.lower_centre):
        error = refused(change_services.change_centre, cast.lower_centre, 1, {"parent_id": parent})
        assert error.field == "parent_id"
    do(change_services.change_centre, town, 1, {"parent_id": cast.centre})


# --- closing --------------------------------------------------------------------------------------


def test_a_window_with_people_names_them_or_ends_their_postings(db_context, cast):
    error = refused(change_services.close_point, cast.point_a, 1, TOMORROW)
    assert (error.field, "吴窗口" in str(error)) == ("end_terms", True)
    do(change_services.close_point, cast.point_a, 1, TOMORROW, end_terms=True)
    ((posting, _),) = queries.postings_of_staff(db.session(), cast.window_a_staff)
    assert posting.to_on == TODAY
    assert queries.postings_today(db.session(), [cast.point_a], TODAY)[cast.point_a]
    entries = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.seq.desc()).limit(2)).all()
    assert set(entries) == {"patrol_point.closed", "staff_member.posting_ended"}
    refused(change_services.close_point, cast.point_a, 2, TOMORROW, error=NotAllowed)


def test_a_posting_that_has_not_begun_never_was_when_its_window_closes(db_context, cast):
    with unit_of_work(system_actor("test"), NOW) as uow:
        row = uow.get(Posting, queries.postings_of_staff(db.session(), cast.window_a_staff)[0][0].id)
        row.from_on = date(2026, 12, 1)
        uow.record(change_services.rules.STAFF_POSTED, row.staff_member)
    do(change_services.close_point, cast.point_a, 1, TOMORROW, end_terms=True)
    for day in (TODAY, date(2026, 12, 1)):
        assert not queries.postings_today(db.session(), [cast.point_a], day)[cast.point_a]


def test_a_department_leaves_when_windows_people_and_duties_have(db_context, cast, site):
    assert "A01、K01" in str(refused(change_services.close_department, cast.department_a, 1, TODAY))
    do(change_services.close_point, cast.point_a, 1, TODAY, end_terms=True)
    do(change_services.close_point, cast.point_shared, 1, TODAY)
    error = refused(change_services.close_department, cast.department_a, 1, TODAY)
    assert "李首信、吴窗口" in str(error)
    rectifications.make_rectifications(site, 2)
    end_reading()
    for staff_id in (cast.chief_a_staff, cast.window_a_staff):
        do(change_services.leave_staff, staff_id, 1, TODAY, end_terms=True)
    assert "整改没有销号" in str(refused(change_services.close_department, cast.department_a, 1, TODAY))
    with unit_of_work(system_actor("test"), NOW) as uow:
        for row in uow.session.scalars(select(rectifications.Rectification)):
            row.status = rectifications.RectificationStatus.CLOSED
            uow.record(rectifications.RECTIFICATION_ISSUED, row, findings=[])
    do(change_services.close_department, cast.department_a, 1, TODAY)
    assert queries.chief_of(db.session(), cast.department_a, TODAY) is None


def test_whoever_leaves_hands_over_first(db_context, cast):
    error = refused(change_services.leave_staff, cast.chief_a_staff, 1, TODAY)
    assert (error.field, "市场监管局" in str(error)) == ("end_terms", True)
    do(change_services.leave_staff, cast.chief_a_staff, 1, TODAY, end_terms=True)
    yesterday = date(2026, 11, 17)
    assert queries.chief_of(db.session(), cast.department_a, yesterday) is not None
    assert queries.chief_of(db.session(), cast.department_a, TODAY) is None
    do(change_services.return_staff, cast.chief_a_staff, 2)
    assert queries.chief_of(db.session(), cast.department_a, TODAY) is None


def test_what_holds_others_is_closed_last(db_context, cast):
    assert "A01、B01、K01" in str(refused(change_services.close_zone, cast.zone, 1, TODAY))
    assert "A01" in str(refused(change_services.close_centre, cast.centre, 1, TODAY))
    for point_id in (cast.point_a, cast.point_b, cast.point_shared):
        do(change_services.close_point, point_id, 1, TODAY, end_terms=True)
    assert "青坪区中心" in str(refused(change_services.close_centre, cast.centre, 1, TODAY))
    do(change_services.close_zone, cast.zone, 1, TODAY)
    error = refused(change_services.reopen_point, cast.point_a, 2)
    assert error.field == "zone_id"
    do(change_services.reopen_zone, cast.zone, 2)
    do(change_services.reopen_point, cast.point_a, 2)
    refused(change_services.reopen_point, cast.point_a, 3, error=NotAllowed)


@pytest.mark.parametrize("day", [date(2023, 12, 31), date(2028, 1, 1)])
def test_nothing_closes_before_it_opened_or_in_years(db_context, cast, day):
    assert refused(change_services.close_section, cast.section, 1, day).field == "on"


# --- hours and departments served -----------------------------------------------------------------


def test_new_hours_begin_on_a_day_and_the_old_ones_stay_as_they_were(db_context, cast):
    def change(text: str, day: date) -> None:
        basis = hours_services.basis_of(queries.all_hours(db.session(), cast.point_a))
        do(hours_services.change_hours, cast.point_a, basis, day, read(text))

    def hours(on: date) -> list[tuple[int, str, bool]]:
        rows = queries.hours_of_point(db.session(), cast.point_a, on)
        return [(row.weekday, f"{row.opens_at:%H}-{row.closes_at:%H}", row.extended) for row in rows]

    change("周一至周二 9-17", date(2026, 1, 5))
    change("周一 9-17\n周二 9-16\n周六 9-12 延时", TODAY)
    assert hours(date(2026, 11, 17)) == [(0, "09-17", False), (1, "09-17", False)]
    assert hours(TODAY) == [(0, "09-17", False), (1, "09-16", False), (5, "09-12", True)]
    assert len(queries.all_hours(db.session(), cast.point_a)) == 4  # Monday goes on as it was
    change("周一 9-18", TODAY)
    assert hours(TODAY) == [(0, "09-18", False)]
    assert hours(date(2026, 11, 17)) == [(0, "09-17", False), (1, "09-17", False)]
    with pytest.raises(Invalid, match="没有变化"):
        change("周一 9-18", TOMORROW)
    error = refused(hours_services.change_hours, cast.point_a, "", TODAY, read("周一 9-10"), error=Stale)
    assert "刚被别人改动" in str(error)


def test_a_department_is_served_from_a_day_to_a_day(db_context, cast):
    basis = hours_services.basis_of(queries.served_by(db.session(), cast.point_shared))
    do(hours_services.change_served, cast.point_shared, basis, TODAY, [cast.department_b])
    row = db.session.get_one(PatrolPoint, cast.point_shared)
    for on, expected in ((date(2026, 11, 17), 2), (TODAY, 1)):
        assert len(queries.departments_of_point(db.session(), row, on)) == expected
    basis = hours_services.basis_of(queries.served_by(db.session(), cast.point_a))
    error = refused(hours_services.change_served, cast.point_a, basis, TODAY, [cast.department_b])
    assert error.field == "served"


# --- what is missing ------------------------------------------------------------------------------


def test_what_a_centre_lacks_is_counted_and_can_be_listed(db_context, cast):
    steps = {step.kind: step for step in setup_queries.steps(cast.centre, TODAY)}
    assert (steps["zones"].total, steps["points"].total, steps["staff"].total) == (1, 3, 5)
    assert dict(steps["points"].lacks) == {Lack.HOURS: 3, Lack.DEPARTMENT: 0}
    assert dict(steps["postings"].lacks) == {Lack.POSTING: 1}
    assert steps["chiefs"].done
    assert not steps["points"].done
    reader = actor("wang", Permission.ORGANISATION_READ)
    for lack, numbers in ((Lack.POSTING, ["K01"]), (Lack.HOURS, ["A01", "B01", "K01"])):
        listed = list_queries.list_points(reader, {"lack": lack.value}, TODAY)
        assert [row.number for row in listed.page.rows] == numbers
    empty = setup_queries.steps(cast.lower_centre, TODAY)
    assert [step.total for step in empty] == [0] * 6
