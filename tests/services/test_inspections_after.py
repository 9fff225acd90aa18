"""What becomes of patrols and findings: released, voided, confirmed, by hand; rosters and editions."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import clock
from app.audit.models import AuditEntry
from app.core.errors import Invalid, NotAllowed, Stale
from app.db.scope import OutOfScope
from app.db.uow import end_reading, short_transaction, unit_of_work
from app.extensions import db
from app.inspections import (
    checklist_rules,
    checklist_services,
    figure_queries,
    finding_services,
    plan_queries,
    plan_services,
    queries,
    services,
    walk_queries,
)
from app.inspections.finding_services import ByHand
from app.inspections.models import Checklist, ChecklistItem, Finding, Patrol, PatrolCheck
from app.inspections.plan_rules import RoundState
from app.inspections.rules import (
    Answer,
    Confirmation,
    Doubt,
    Finder,
    FindingSource,
    FindingStatus,
    Followed,
    PatrolMode,
    PatrolStatus,
)
from app.organisation.models import Absence, PatrolPoint, StaffMember
from app.organisation.rules import ABSENCE_GRANTED, AbsenceKind
from app.permissions import Permission, system_actor
from tests.cast import NOW, actor
from tests.factories.inspections import begin, checklist_draft, completed, disputed, submitted
from tests.factories.rectifications import issued

pytestmark = pytest.mark.both_databases
WEEK = date(2026, 11, 16)


def version(model: Any, row_id: int) -> int:
    end_reading()
    return db.session.get_one(model, row_id).version


def seen_by(who: str, finding_id: int) -> bool:
    end_reading()
    return finding_id in set(db.session.scalars(queries.visible_to(actor(who)).with_only_columns(Finding.id)))


def actions(subject: str, subject_id: int) -> list[str]:
    end_reading()
    rows = select(AuditEntry.action).where(
        AuditEntry.subject_type == subject, AuditEntry.subject_id == subject_id
    )
    return list(db.session.scalars(rows.order_by(AuditEntry.seq)))


# --- mystery visits -------------------------------------------------------------------------------


def test_a_mystery_visit_is_hidden_from_the_inspected_until_it_is_released(db_context, site):
    patrol_id, finding_id = submitted(site, mode=PatrolMode.MYSTERY)
    assert [seen_by(who, finding_id) for who in ("wang", "director", "chief_a", "window_a")] == [
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(OutOfScope):
        queries.get_finding(actor("chief_a"), finding_id)
    with pytest.raises(NotAllowed, match="没有公开"), unit_of_work(actor("head"), clock.now()) as uow:
        services.send_to_rectify(uow, [finding_id], "督整1号")
    with unit_of_work(actor("head"), clock.now()) as uow:
        services.release(uow, patrol_id, version(Patrol, patrol_id))
    assert seen_by("chief_a", finding_id)
    assert seen_by("window_a", finding_id)
    assert actions("patrol", patrol_id) == ["patrol.submitted", "patrol.released"]
    with pytest.raises(NotAllowed), unit_of_work(actor("head"), clock.now()) as uow:
        services.release(uow, patrol_id, version(Patrol, patrol_id))


def test_only_a_mystery_visit_is_released(db_context, site):
    patrol_id, _finding = submitted(site)
    with pytest.raises(NotAllowed), unit_of_work(actor("head"), clock.now()) as uow:
        services.release(uow, patrol_id, version(Patrol, patrol_id))


# --- voiding --------------------------------------------------------------------------------------


def test_a_void_patrol_takes_its_findings_with_it(db_context, site):
    patrol_id, finding_id = submitted(site)
    with unit_of_work(actor("head"), clock.now()) as uow:
        services.void(uow, patrol_id, version(Patrol, patrol_id), "区域选错")
    end_reading()
    assert db.session.get_one(Patrol, patrol_id).status is PatrolStatus.VOID
    finding = db.session.get_one(Finding, finding_id)
    assert (finding.status, finding.void_reason) == (FindingStatus.VOID, "区域选错")
    assert actions("finding", finding_id) == ["finding.recorded", "finding.voided"]


def test_what_is_being_mended_is_not_voided(db_context, site):
    patrol_id, finding_id = submitted(site)
    with unit_of_work(actor("wang"), clock.now()) as uow:
        services.send_to_rectify(uow, [finding_id], "督整1号")
    number = db.session.get_one(Finding, finding_id).number
    with pytest.raises(NotAllowed) as refused, unit_of_work(actor("head"), clock.now()) as uow:
        services.void(uow, patrol_id, version(Patrol, patrol_id), "区域选错")
    assert str(refused.value) == f"问题 {number} 已经转入整改，不能作废。"
    with pytest.raises(NotAllowed), unit_of_work(actor("head"), clock.now()) as uow:
        finding_services.void_finding(uow, finding_id, version(Finding, finding_id), "重复")
    assert db.session.get_one(Patrol, patrol_id).status is PatrolStatus.SUBMITTED


def test_a_stale_form_voids_nothing(db_context, site):
    patrol_id, finding_id = submitted(site)
    with pytest.raises(Stale), unit_of_work(actor("head"), clock.now()) as uow:
        services.void(uow, patrol_id, 0, "区域选错")
    with pytest.raises(Stale), unit_of_work(actor("head"), clock.now()) as uow:
        finding_services.void_finding(uow, finding_id, 0, "重复")


# --- confirmation ---------------------------------------------------------------------------------


def say(who: str, finding_id: int, outcome: Confirmation, text: str = "") -> None:
    with unit_of_work(actor(who, Permission.FINDING_CONFIRM), clock.now()) as uow:
        finding_services.say(uow, finding_id, version(Finding, finding_id), outcome, text)


@pytest.mark.parametrize("who", ["chief_a", "window_a"])
def test_the_person_or_the_chief_confirms_once(db_context, site, who):
    _patrol, finding_id = submitted(site)
    say(who, finding_id, Confirmation.CONFIRMED)
    statement = queries.statement_of(finding_id)
    assert statement is not None
    assert statement.said_by.username == who
    with pytest.raises(NotAllowed, match="已经确认过"):
        say(who, finding_id, Confirmation.DISPUTED, "不认可")


def test_nobody_else_confirms(db_context, site):
    _patrol, finding_id = submitted(site)
    for who in ("chief_b", "head"):
        with pytest.raises(NotAllowed):
            say(who, finding_id, Confirmation.CONFIRMED)
    with pytest.raises(Invalid):
        say("chief_a", finding_id, Confirmation.DISPUTED)


def test_a_refusal_names_a_witness_once(db_context, site):
    finding_id = disputed(site)
    for names in (("何导",), ("别人",)):
        refused = names == ("别人",)
        try:
            with unit_of_work(actor("wang"), clock.now()) as uow:
                finding_services.name_witness(uow, finding_id, version(Finding, finding_id), names[0])
            assert not refused
        except NotAllowed:
            assert refused
    statement = queries.statement_of(finding_id)
    assert statement is not None
    assert (statement.witness, statement.text) == ("何导", "当时在接待群众。")
    assert actions("finding", finding_id) == ["finding.recorded", "finding.disputed", "finding.witnessed"]


# --- by hand --------------------------------------------------------------------------------------


def by_hand(cast: Any, form_key: str = "entry-0001", **over: Any) -> int:
    more = ByHand(
        form_key, cast.centre, **{"source": FindingSource.SELF_CHECK, "finder": Finder.INTERNAL, **over}
    )
    kept = {
        "point_id": cast.point_a,
        "owner": f"department:{cast.department_a}",
        "staff": cast.window_a_staff,
        "occurred_at": (clock.now() - timedelta(hours=1)).isoformat(),
        "ended_at": clock.now().isoformat(),
        "note": "自查发现",
        "disposition": "rectify",
        "photos": [],
        "doubts": ["double"],
    }
    with unit_of_work(actor("wang"), clock.now()) as uow:
        item = uow.get(ChecklistItem, cast.items["A-01"])
        return finding_services.record_by_hand(uow, item, kept, {}, more).id


def test_a_finding_by_hand_says_where_it_comes_from(db_context, site, cast):
    finding_id = by_hand(
        cast,
        source=FindingSource.MEDIA,
        finder=Finder.EXTERNAL,
        on_behalf_name="林记者",
        on_behalf_capacity="云栖晚报记者",
    )
    finding = db.session.get_one(Finding, finding_id)
    assert (finding.patrol_id, finding.number, finding.doubts) == (None, "20261118-L-1", ["double"])
    assert finding.represented == ("林记者", "云栖晚报记者")
    assert finding.ended_at - finding.occurred_at == timedelta(hours=1)
    today = clock.today()
    board = plan_queries.board(cast.centre, today, today, clock.now())
    assert board.windows_seen == 0, "what others find covers nothing"


@pytest.mark.parametrize(
    ("names", "field"),
    [
        ({}, "on_behalf_name"),
        ({"on_behalf_name": "林记者"}, "on_behalf_capacity"),
    ],
)
def test_what_comes_from_outside_names_a_person_and_a_capacity(db_context, cast, names, field):
    with pytest.raises(Invalid) as refused:
        by_hand(cast, source=FindingSource.MEDIA, finder=Finder.EXTERNAL, **names)
    assert refused.value.field == field


def test_54_self_found_against_4_exposed(db_context, site, cast):
    for n in range(54):
        by_hand(cast, f"self-{n:04}")
    for n in range(4):
        by_hand(
            cast,
            f"press-{n:04}",
            source=(FindingSource.MEDIA, FindingSource.MYSTERY)[n % 2],
            finder=Finder.EXTERNAL,
            on_behalf_name="林记者",
            on_behalf_capacity="记者",
        )
    span = figure_queries.Span(cast.centre, date(2026, 11, 1), date(2026, 11, 30))
    found = figure_queries.figures(actor("director"), span, clock.now())
    assert (found.self_found.numerator, found.self_found.denominator) == (54, 4)
    assert found.self_found.printed == "13.5"
    for rows, number in ((found.self_found.rows, 54), (found.self_found.base, 4)):
        assert rows is not None
        assert queries.list_findings(actor("director"), rows.query)[1] == number, (
            "each number leads to its rows"
        )
    shares = {figure.name: figure.printed for figure in found.sources}
    assert (shares["self_check"], shares["media"], shares["mystery"], shares["patrol"]) == (
        "93.1%",
        "3.4%",
        "3.4%",
        "0.0%",
    )


# --- doubts ---------------------------------------------------------------------------------------


def doubts(cast: Any, at: datetime, staff: int | None = None, point: int | None = None) -> set[Doubt]:
    end_reading()
    place = db.session.get_one(PatrolPoint, point or cast.point_a)
    item = db.session.get_one(ChecklistItem, cast.items["A-01"])
    return set(walk_queries.doubts(place, item, staff or cast.window_a_staff, at).kinds)


def test_the_same_person_and_item_within_half_an_hour(db_context, site, cast):
    by_hand(cast)
    at = clock.now() - timedelta(hours=1)
    assert doubts(cast, at + timedelta(minutes=30)) == {Doubt.DOUBLE}
    assert doubts(cast, at + timedelta(minutes=31)) == set()
    assert doubts(cast, at, cast.window_b_staff, cast.point_b) == set()


def test_a_seat_left_with_permission_is_no_empty_post(db_context, cast):
    with unit_of_work(system_actor("test"), NOW) as uow:
        member = uow.get(StaffMember, cast.window_a_staff)
        row = Absence(
            staff_member_id=member.id,
            staff_member=member,
            kind=AbsenceKind.ERRAND,
            begins_at=NOW - timedelta(hours=1),
            ends_at=NOW + timedelta(hours=1),
        )
        uow.session.add(row)
        uow.record(ABSENCE_GRANTED, member)
    assert doubts(cast, NOW) == {Doubt.ABSENT}
    assert doubts(cast, NOW + timedelta(hours=2)) == set()
    assert doubts(cast, NOW, point=cast.point_b) == {Doubt.ABSENT, Doubt.MOVED}


# --- open rectifications --------------------------------------------------------------------------


def test_an_open_rectification_has_to_be_looked_at(db_context, site, cast, clock):
    issued(site)
    clock.tick(minutes=5)
    draft_id = begin(site, "zhao").id
    number = walk_queries.open_rectifications([cast.point_a], clock.now)[cast.point_a][0].number
    ok = dict.fromkeys(cast.items, Answer.OK)

    def answer(seen: dict[str, str]) -> None:
        for point_id in (cast.point_a, cast.point_b, cast.point_shared):
            with short_transaction() as session:
                mine = seen if point_id == cast.point_a else {}
                services.answer_point(session, actor("zhao"), draft_id, point_id, ok, False, clock.now, mine)

    answer({})
    with pytest.raises(NotAllowed, match="A01"), unit_of_work(actor("zhao"), clock.now) as uow:
        services.submit(uow, draft_id, "")
    answer({number: Followed.NOT_MENDED.value})
    with unit_of_work(actor("zhao"), clock.now) as uow:
        patrol_id = services.submit(uow, draft_id, "").id
    checks = db.session.query(PatrolCheck).filter_by(patrol_id=patrol_id, patrol_point_id=cast.point_a).one()
    assert checks.followed == {number: "not_mended"}


# --- the plan -------------------------------------------------------------------------------------


def test_a_missed_round_is_seen_the_same_day_and_stays(db_context, site, cast, clock):
    draft_id = completed(site)
    draft = walk_queries.get_draft(actor("wang"), draft_id)
    rounds = plan_queries.rounds_of(cast.centre)
    with short_transaction() as session:
        row = session.get_one(type(draft), draft_id)
        row.content = {**row.content, "plan": {"round_on": "2026-11-18", "round_name": rounds[1].name}}
    with unit_of_work(actor("wang"), clock.now) as uow:
        services.submit(uow, draft_id, "")
    today = date(2026, 11, 18)
    board = plan_queries.board(cast.centre, today, today, clock.now)
    states = {name: one.cell.state for name, one in board.days[0].cells.items()}
    assert states == {
        rounds[0].name: RoundState.MISSED,
        rounds[1].name: RoundState.DONE,
        rounds[2].name: RoundState.AHEAD,
    }
    clock.tick(days=9)
    board = plan_queries.board(cast.centre, date(2026, 11, 18), date(2026, 11, 18), clock.now)
    assert (board.done, board.expected) == (1, 3)
    assert board.windows_seen == 3


def plan_of(cast: Any, mode: PatrolMode, **given: str) -> dict[str, str]:
    empty = {"round_name": "", "companions": "", "on_behalf_name": "", "on_behalf_capacity": ""}
    return services.plan_of(mode, {**empty, **given}, plan_queries.rounds_of(cast.centre), clock.now())


def test_what_a_mode_asks_for(db_context, cast):
    first = plan_queries.rounds_of(cast.centre)[0].name
    assert plan_of(cast, PatrolMode.DAILY, round_name=first)["round_on"] == "2026-11-18"
    assert plan_of(cast, PatrolMode.MYSTERY, round_name=first)["round_name"] == ""
    assert plan_of(cast, PatrolMode.ACCOMPANIED, companions="市纪委二室")["companions"] == "市纪委二室"
    for mode, given, field in (
        (PatrolMode.ACCOMPANIED, {}, "companions"),
        (PatrolMode.LEADER, {}, "on_behalf_name"),
        (PatrolMode.LEADER, {"on_behalf_name": "孙任"}, "on_behalf_capacity"),
    ):
        with pytest.raises(Invalid) as refused:
            plan_of(cast, mode, **given)
        assert refused.value.field == field


def roster(cast: Any, cells: Any, seen: int = 0, week: date = WEEK) -> int:
    with unit_of_work(actor("head"), clock.now()) as uow:
        return plan_services.save_roster(uow, cast.centre, week, seen, cells).id


def test_a_roster_is_kept_changed_and_copied(db_context, cast):
    name = plan_queries.rounds_of(cast.centre)[0].name
    day, wang, zhao = date(2026, 11, 18), cast.users["wang"], cast.users["zhao"]
    roster_id = roster(cast, {(day, name): wang})
    with pytest.raises(Stale):
        roster(cast, {(day, name): zhao})
    first = plan_queries.find_roster(cast.centre, WEEK)
    roster(cast, {(day, name): zhao}, first.version)
    assert plan_queries.duties_of(roster_id) == {(day, name): zhao}
    with unit_of_work(actor("head"), clock.now()) as uow:
        copied = plan_services.copy_last_week(uow, cast.centre, WEEK + timedelta(days=7), 0).id
    assert plan_queries.duties_of(copied) == {(day + timedelta(days=7), name): zhao}
    with pytest.raises(NotAllowed), unit_of_work(actor("head"), clock.now()) as uow:
        plan_services.copy_last_week(uow, cast.centre, WEEK + timedelta(days=28), 0)
    with pytest.raises(Invalid):
        roster(cast, {(day, name): cast.users["director"]}, week=WEEK + timedelta(days=21))


# --- editions -------------------------------------------------------------------------------------


def publish(draft_id: int, on: date) -> int:
    with unit_of_work(actor("head"), clock.now()) as uow:
        return checklist_services.publish_draft(uow, draft_id, on).id


def test_a_new_edition_retires_the_former_and_patrols_keep_theirs(db_context, site, cast):
    patrol_id, _finding = submitted(site)
    draft_id = checklist_draft(site)
    with short_transaction() as session:
        checklist_services.change_draft(
            session,
            actor("head"),
            draft_id,
            lambda content: checklist_rules.without_item(content, "A-02"),
            clock.now(),
        )
    new_id = publish(draft_id, date(2026, 11, 23))
    end_reading()
    former, new = db.session.get_one(Checklist, cast.checklist), db.session.get_one(Checklist, new_id)
    assert (former.retired_on, new.effective_on, new.edition) == (date(2026, 11, 23), date(2026, 11, 23), 2)
    assert [item.code for item in queries.items_of(new_id)] == ["A-01", "R-01"]
    assert queries.current_checklist(cast.centre, date(2026, 11, 22)).id == cast.checklist
    assert queries.current_checklist(cast.centre, date(2026, 11, 23)).id == new_id
    assert db.session.get_one(Patrol, patrol_id).checklist_id == cast.checklist


def test_two_drafts_do_not_overwrite_each_other(db_context, site, cast):
    draft_id = checklist_draft(site)
    with short_transaction() as session:
        base = session.get_one(Checklist, cast.checklist)
        other = checklist_services.begin_draft(session, actor("outside_head"), base, clock.now()).id
    with pytest.raises(Invalid):
        publish(draft_id, date(2026, 11, 17))
    publish(draft_id, date(2026, 11, 18))
    with pytest.raises(NotAllowed, match="重新起草"), unit_of_work(actor("outside_head"), clock.now()) as uow:
        checklist_services.publish_draft(uow, other, date(2026, 11, 20))
