"""Who serves where and when: postings, chief representatives, leave and errands."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from app import clock
from app.audit.models import AuditEntry
from app.core.errors import Invalid, Stale
from app.extensions import db
from app.organisation import change_services, find_queries, queries, services, term_services
from app.organisation.models import Absence, ChiefRepresentative, Posting, StaffMember
from app.organisation.rules import AbsenceKind, PostingRole, StaffKind
from app.permissions import Permission
from tests.cast import OPENED, actor
from tests.services.test_organisation_changes import do, last_entry, refused

pytestmark = pytest.mark.both_databases
A, B = PostingRole.A, PostingRole.B


def day(month: int, number: int, year: int = 2026) -> date:
    return date(year, month, number)


def at(number: int, hour: int) -> datetime:
    return clock.at_office(datetime(2026, 11, number, hour))


def posting(cast: Any, staff: str, place: str, role: PostingRole = A, **changes: Any) -> Posting:
    at_point = hasattr(cast, place)
    values = {
        "staff_member_id": getattr(cast, staff),
        "patrol_point_id": getattr(cast, place) if at_point else None,
        "post": "" if at_point else place,
        "role": role,
        "from_on": day(11, 18),
    }
    return Posting(**{**values, **changes})


def guide(centre_id: int, number: str, name: str) -> StaffMember:
    kind = StaffKind.GUIDE
    return StaffMember(centre_id=centre_id, kind=kind, staff_number=number, name=name, joined_on=OPENED)


def history(cast: Any, staff: str = "window_a_staff") -> list[tuple[str, date, date | None]]:
    rows = queries.postings_of_staff(db.session(), getattr(cast, staff))
    return [(point.number if point else row.post, row.from_on, row.to_on) for row, point in rows]


def posting_of(cast: Any, staff: str = "window_a_staff") -> Posting:
    return queries.postings_of_staff(db.session(), getattr(cast, staff))[0][0]


# --- two places at once ---------------------------------------------------------------------------


def test_two_a_roles_at_once_are_refused_and_the_former_can_be_ended_with_it(db_context, cast):
    error = refused(term_services.post_staff, posting(cast, "window_a_staff", "point_b"))
    assert error.field == "point"
    assert "2024-01-02 起是 A01 企业开办 的 A 角" in str(error)
    do(term_services.post_staff, posting(cast, "window_a_staff", "point_b"), end_former=True)
    assert history(cast) == [("B01", day(11, 18), None), ("A01", OPENED, day(11, 17))]
    assert last_entry()[0] == "staff_member.posted"


def test_b_roles_may_overlap_and_nobody_is_twice_at_one_place(db_context, cast):
    do(term_services.post_staff, posting(cast, "window_a_staff", "point_b", B))
    do(term_services.post_staff, posting(cast, "window_a_staff", "point_shared", B))
    error = refused(term_services.post_staff, posting(cast, "window_a_staff", "point_b", B))
    assert "已经安排在这里" in str(error)
    error = refused(term_services.post_staff, posting(cast, "window_a_staff", "后台审核"))
    assert "A 角" in str(error)


def test_what_begins_later_is_not_ended_but_said(db_context, cast):
    do(term_services.post_staff, posting(cast, "guide_staff", "point_shared", from_on=day(12, 1)))
    later = posting(cast, "guide_staff", "导询")
    error = refused(term_services.post_staff, later, end_former=True)
    assert (error.field, "2026-12-01" in str(error)) == ("to_on", True)
    until = posting(cast, "guide_staff", "导询", to_on=day(11, 30))
    do(term_services.post_staff, until)
    assert history(cast, "guide_staff") == [("K01", day(12, 1), None), ("导询", day(11, 18), day(11, 30))]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to_on": day(11, 17)}, "to_on"),
        ({"from_on": day(1, 1, 2023)}, "from_on"),
        ({"from_on": day(11, 20, 2027)}, "from_on"),
        ({"patrol_point_id": None, "post": ""}, "point"),
        ({"post": "值班"}, "post"),
    ],
)
def test_a_posting_that_cannot_be_is_refused(db_context, cast, changes, field):
    row = posting(cast, "guide_staff", "point_shared", **changes)
    assert refused(term_services.post_staff, row).field == field


def test_nobody_is_posted_beyond_his_time_or_that_of_the_window(db_context, cast):
    do(change_services.close_point, cast.point_shared, 1, day(12, 1))
    assert refused(term_services.post_staff, posting(cast, "guide_staff", "point_shared")).field == "point"
    do(term_services.post_staff, posting(cast, "guide_staff", "point_shared", to_on=day(11, 30)))
    do(change_services.leave_staff, cast.chief_b_staff, 1, day(12, 1), end_terms=True)
    assert refused(term_services.post_staff, posting(cast, "chief_b_staff", "point_b", B)).field == "to_on"
    late = posting(cast, "chief_b_staff", "point_b", B, from_on=day(12, 2))
    assert refused(term_services.post_staff, late).field == "from_on"


# --- moved, ended, withdrawn ----------------------------------------------------------------------


def test_a_person_moves_in_one_step(db_context, cast):
    row = posting_of(cast)
    move = {"point_id": cast.point_b, "post": "", "from_on": day(11, 23)}
    do(term_services.move_posting, row.id, 1, **move)
    assert history(cast) == [("B01", day(11, 23), None), ("A01", OPENED, day(11, 22))]
    refused(term_services.move_posting, row.id, 1, error=Stale, **move)
    error = refused(term_services.move_posting, posting_of(cast).id, 1, **{**move, "from_on": day(11, 23)})
    assert "才开始" in str(error)


def test_a_posting_ends_on_a_day_within_it(db_context, cast):
    row = posting_of(cast)
    assert refused(term_services.end_posting, row.id, 1, day(12, 31, 2023)).field == "to_on"
    assert refused(term_services.end_posting, row.id, 1, day(12, 31, 2027)).field == "to_on"
    do(term_services.end_posting, row.id, 1, day(11, 30))
    assert history(cast) == [("A01", OPENED, day(11, 30))]
    assert "已经结束" in str(refused(term_services.end_posting, row.id, 2, day(12, 1)))


def test_a_withdrawn_posting_never_was_and_its_story_stays(db_context, cast):
    row = posting_of(cast)
    do(term_services.withdraw_posting, row.id, 1, "登记错了人")
    assert not queries.postings_today(db.session(), [cast.point_a], day(11, 1))[cast.point_a]
    assert "已经撤销" in str(refused(term_services.withdraw_posting, row.id, 2, "再来"))
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "staff_member.posting_withdrawn")
    ).one()
    assert "登记错了人" in entry.payload
    do(term_services.post_staff, posting(cast, "window_a_staff", "point_b"))


# --- chief representatives ------------------------------------------------------------------------


def test_a_chief_is_followed_ended_and_withdrawn(db_context, cast):
    chief = {"department_id": cast.department_a, "from_on": day(11, 23)}
    same = ChiefRepresentative(staff_member_id=cast.chief_a_staff, **chief)
    assert refused(term_services.name_chief, same).field == "person"
    new = do(term_services.name_chief, ChiefRepresentative(staff_member_id=cast.window_a_staff, **chief))
    do(term_services.withdraw_chief, new, 1, "人选有变")
    assert queries.chief_of(db.session(), cast.department_a, day(11, 24)) is None
    do(term_services.name_chief, ChiefRepresentative(staff_member_id=cast.chief_a_staff, **chief))
    (row, _), *_others = queries.chief_terms(db.session(), cast.department_a)
    do(term_services.end_chief, row.id, 1, day(11, 30))
    assert queries.chief_of(db.session(), cast.department_a, day(12, 1)) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from_on": day(1, 1, 2023)}, "from_on"),
        ({"to_on": day(11, 22)}, "to_on"),
        ({"staff_member_id": "other_staff"}, None),
    ],
)
def test_a_chief_who_cannot_be_is_refused(db_context, cast, changes, field):
    if "staff_member_id" in changes:
        changes = {"staff_member_id": do(services.add_staff, guide(cast.other_centre, "1", "韩外"))}
    values = {
        "department_id": cast.department_a,
        "staff_member_id": cast.window_a_staff,
        "from_on": day(11, 23),
    }
    assert refused(term_services.name_chief, ChiefRepresentative(**{**values, **changes})).field == field


# --- leave and errands ----------------------------------------------------------------------------


def absence(cast: Any, staff: str = "window_a_staff", **changes: Any) -> Absence:
    values = {
        "staff_member_id": getattr(cast, staff),
        "kind": AbsenceKind.LEAVE,
        "begins_at": at(19, 9),
        "ends_at": at(19, 17),
    }
    return Absence(**{**values, **changes})


def test_nobody_is_away_twice_or_covers_while_he_is_away(db_context, cast):
    do(term_services.grant_absence, absence(cast, stand_in_id=cast.chief_a_staff))
    overlapping = absence(cast, begins_at=at(19, 16), ends_at=at(19, 18))
    assert refused(term_services.grant_absence, overlapping).field == "begins_at"
    do(term_services.grant_absence, absence(cast, begins_at=at(19, 17), ends_at=at(19, 18)))
    covered = absence(cast, "chief_a_staff", stand_in_id=cast.window_a_staff)
    error = refused(term_services.grant_absence, covered)
    assert (error.field, "吴窗口" in str(error)) == ("stand_in", True)
    own = absence(cast, "guide_staff", stand_in_id=cast.guide_staff)
    assert refused(term_services.grant_absence, own).field == "stand_in"


def test_whoever_was_to_stand_in_is_said(db_context, cast):
    do(term_services.grant_absence, absence(cast, stand_in_id=cast.chief_a_staff))
    row_id = do(term_services.grant_absence, absence(cast, "chief_a_staff"))
    assert find_queries.covers_for(db.session.get_one(Absence, row_id)) == ["吴窗口"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends_at": at(19, 9)}, "ends_at"),
        ({"ends_at": clock.at_office(datetime(2029, 1, 1))}, "ends_at"),
        (
            {
                "begins_at": clock.at_office(datetime(2029, 1, 1, 9)),
                "ends_at": clock.at_office(datetime(2029, 1, 1, 10)),
            },
            "begins_at",
        ),
        (
            {
                "begins_at": clock.at_office(datetime(2023, 1, 1, 9)),
                "ends_at": clock.at_office(datetime(2023, 1, 1, 10)),
            },
            "begins_at",
        ),
    ],
)
def test_an_absence_that_cannot_be_is_refused(db_context, cast, changes, field):
    assert refused(term_services.grant_absence, absence(cast, **changes)).field == field


def test_whoever_is_back_early_is_on_post_again(db_context, cast):
    row_id = do(term_services.grant_absence, absence(cast, begins_at=at(18, 8), ends_at=at(20, 17)))
    assert refused(term_services.end_absence, row_id, 1, at(21, 9)).field == "ends_at"
    do(term_services.end_absence, row_id, 1, at(18, 12))
    (on_post,) = queries.postings_today(db.session(), [cast.point_a], day(11, 19))[cast.point_a]
    assert on_post.absence is None
    do(term_services.withdraw_absence, row_id, 2, "没有请假")
    (on_post,) = queries.postings_today(db.session(), [cast.point_a], day(11, 18))[cast.point_a]
    assert on_post.absence is None
    assert "已经撤销" in str(refused(term_services.withdraw_absence, row_id, 3, "再来"))


# --- found by what is typed -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "found"),
    [("1002", "吴窗口"), ("吴窗口", "吴窗口"), ("WCK", "吴窗口"), ("zs", None), ("", None), ("吴", None)],
)
def test_a_person_is_found_by_number_name_or_initials(db_context, cast, typed, found):
    reader = actor("head", Permission.POSTING_MANAGE)
    if found:
        assert find_queries.find_person(reader, typed, day(11, 18)).name == found
    else:
        with pytest.raises(Invalid, match="没有找到"):
            find_queries.find_person(reader, typed, day(11, 18))


def test_people_of_one_name_are_told_apart_by_number(db_context, cast):
    for number in ("Z1", "Z2"):
        do(services.add_staff, guide(cast.centre, number, "何导"))
    with pytest.raises(Invalid, match="3 人：何导 9001、何导 Z1、何导 Z2。请填写工号"):
        find_queries.find_person(actor("head", Permission.POSTING_MANAGE), "何导", day(11, 18))
