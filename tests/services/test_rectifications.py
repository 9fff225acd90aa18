"""From the notice to the close-out: each step by the person it belongs to, each number once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import clock as clocks
from app.accounts.models import RoleGrant, User
from app.attachments.models import Attachment
from app.audit.models import AuditEntry
from app.core.actions import Action
from app.core.errors import Invalid, NotAllowed, Stale
from app.db.drafts import Draft
from app.db.uow import end_reading, short_transaction, unit_of_work
from app.documents.models import Document
from app.extensions import db
from app.inspections.models import Finding
from app.inspections.rules import FindingStatus
from app.permissions import Permission, Role, system_actor
from app.rectifications import queries, services
from app.rectifications.models import Recheck, Rectification, Submission
from app.rectifications.rules import Deadline, Due, RecheckResult, RectificationStatus
from tests.cast import NOW, actor
from tests.factories.inspections import stored_photo, submitted
from tests.factories.rectifications import BASE_URL, REASON, answered, issued, received
from tests.services.test_inspections import begin, finish, in_parallel, note

pytestmark = pytest.mark.both_databases
S = RectificationStatus
TODAY = date(2026, 11, 18)


def command(cast: Any, *finding_ids: int, **over: Any) -> services.Issue:
    plain = services.Issue(
        form_key=f"key-{finding_ids}-{len(over)}",
        finding_ids=finding_ids,
        owner_id=cast.chief_a_staff,
        requirement="立即恢复值守。",
        rechecker_id=cast.users["zhao"],
        deadline=Deadline(issued_on=clocks.today(), workdays=3),
    )
    return replace(plain, **over)


def issue(wanted: services.Issue, who: str = "wang") -> Rectification:
    with unit_of_work(actor(who, Permission.RECTIFICATION_ISSUE), clocks.now()) as uow:
        return services.issue(uow, wanted, BASE_URL)


def take(
    who: str, verb: Callable[..., Any], row: Rectification, *args: Any, version: int | None = None
) -> Rectification:
    row_id = row.id
    with unit_of_work(actor(who), clocks.now()) as uow:
        verb(uow, row_id, version or row.version, *args)
    return reload(row_id)


def reload(row_id: int) -> Rectification:
    end_reading()
    return db.session.get_one(Rectification, row_id)


def answer(**over: Any) -> services.Answer:
    plain = services.Answer(
        form_key="answer-1", measures="已整改。", done_on=clocks.today(), no_photo_reason=REASON, files=()
    )
    return replace(plain, **over)


def told(kind: str, row_id: int) -> list[tuple[str, Any]]:
    end_reading()
    rows = db.session.execute(
        select(AuditEntry.action, AuditEntry.payload)
        .where(AuditEntry.subject_type == kind, AuditEntry.subject_id == row_id)
        .order_by(AuditEntry.seq)
    )
    return [(action, json.loads(payload)) for action, payload in rows]


def nothing_was_written(finding_ids: list[int]) -> None:
    end_reading()
    assert (db.session.query(Rectification).count(), db.session.query(Document).count()) == (0, 0)
    for finding_id in finding_ids:
        assert db.session.get_one(Finding, finding_id).status is FindingStatus.OPEN


# --- issuing --------------------------------------------------------------------------------------


def test_a_notice_is_numbered_in_the_change_that_issues_it(db_context, site, cast):
    row = issued(site)
    document = db.session.get_one(Document, row.document_id)
    assert row.number == document.number == "云政服督整〔2026〕1号"
    assert (document.subject_type, document.subject_id) == ("rectification", row.id)
    assert document.values["deadline"] == "2026年11月23日17时"
    assert (row.status, row.due_at, row.due_provisional) == (
        S.ISSUED,
        datetime(2026, 11, 23, 9, tzinfo=UTC),
        False,
    )
    finding = db.session.query(Finding).one()
    assert finding.status is FindingStatus.RECTIFY
    ((action, payload),) = told("rectification", row.id)
    assert (action, payload["findings"]) == ("rectification.issued", [finding.number])
    assert payload["changes"]["status"] == [None, "issued"]
    assert told("finding", finding.id)[-1] == (
        "finding.sent_to_rectify",
        {"rectification": row.number, "changes": {"status": ["open", "rectify"]}},
    )


def test_the_number_of_a_failed_notice_is_used_by_the_next(db_context, site, cast):
    finding_id = submitted(site)[1]
    with pytest.raises(ZeroDivisionError), unit_of_work(actor("wang"), clocks.now()) as uow:
        services.issue(uow, command(cast, finding_id), BASE_URL)
        raise ZeroDivisionError
    nothing_was_written([finding_id])
    assert issue(command(cast, finding_id)).number == "云政服督整〔2026〕1号"


@pytest.mark.parametrize(
    ("deadline", "field", "words"),
    [
        (Deadline(TODAY, fixed_on=TODAY - timedelta(days=1)), "deadline_on", "整改期限不能早于今天。"),
        (
            Deadline(TODAY, fixed_on=date(2026, 11, 22)),
            "deadline_on",
            "2026-11-22 是休息日（周末），请改为工作日。",
        ),
        (Deadline(TODAY, fixed_on=date(2027, 11, 20)), "deadline_on", "整改期限超过一年，请核对。"),
        (Deadline(TODAY, fixed_on=TODAY, hour=9), "deadline_hour", "整改期限已经过去，请往后推。"),
    ],
)
def test_a_deadline_that_cannot_stand_is_refused(db_context, site, cast, deadline, field, words):
    finding_id = submitted(site)[1]
    with pytest.raises(Invalid) as refused:
        issue(command(cast, finding_id, deadline=deadline))
    assert (refused.value.field, str(refused.value)) == (field, words)
    nothing_was_written([finding_id])


def test_a_deadline_over_the_year_end_is_provisional(db_context, site, cast, clock):
    clock.set(datetime(2026, 12, 30, 2, tzinfo=UTC))
    row = issue(command(cast, submitted(site)[1]))
    assert (row.due_at, row.due_provisional) == (datetime(2027, 1, 4, 9, tzinfo=UTC), True)


def two_findings(site: Any, cast: Any) -> list[int]:
    """Record a finding of department A and one of department B."""
    draft_id = begin(site).id
    note(cast, draft_id)
    note(cast, draft_id, point_id=cast.point_b, owner=f"department:{cast.department_b}", staff=None)
    finish(cast, draft_id)
    return [finding.id for finding in db.session.query(Finding).order_by(Finding.id)]


def test_findings_of_two_departments_are_refused(db_context, site, cast):
    both = two_findings(site, cast)
    with pytest.raises(Invalid, match="不同的责任单位") as refused:
        issue(command(cast, *both))
    assert refused.value.field == "findings"
    nothing_was_written(both)


def test_a_finding_already_in_rectification_is_refused(db_context, site, cast):
    issued(site)
    finding_id = db.session.query(Finding).one().id
    with pytest.raises(NotAllowed, match="20261118-1-1 已经处理"):
        issue(command(cast, finding_id, form_key="another"))
    assert db.session.query(Document).count() == 1


def test_no_finding_or_another_centres_is_refused(db_context, site, cast):
    with pytest.raises(Invalid, match="至少选择一个"):
        issue(command(cast))
    finding_id = submitted(site)[1]
    with pytest.raises(NotAllowed, match="不在您的中心"):
        issue(command(cast, finding_id), "outsider")
    nothing_was_written([finding_id])


def test_the_owner_is_not_named_to_re_check(db_context, site, cast):
    finding_id = submitted(site)[1]
    with pytest.raises(Invalid) as refused:
        issue(command(cast, finding_id, rechecker_id=cast.users["chief_a"]))
    assert refused.value.field == "rechecker"


# --- the way --------------------------------------------------------------------------------------


def test_the_whole_way_with_one_return(db_context, site, cast, clock):
    row = issued(site, photo=True)
    photo = stored_photo(site, "green")
    clock.tick(hours=1)
    row = take("chief_a", services.receive, row, "时间有误，当时在换班。")
    assert (row.status, row.receipt_statement, row.received_by_id) == (
        S.RECEIVED,
        "时间有误，当时在换班。",
        cast.users["chief_a"],
    )
    row = take("chief_a", services.submit, row, answer(files=(photo,), no_photo_reason=""))
    assert (row.status, row.handed_in_at) == (S.SUBMITTED, clock.now)
    clock.tick(hours=2)
    row = take("zhao", services.send_back, row, "照片看不清。")
    assert (row.status, row.closed_at, row.on_time) == (S.RETURNED, None, None)
    clock.tick(hours=3)
    row = take("chief_a", services.submit, row, answer(form_key="answer-2"))
    row = take("zhao", services.accept, row, "到位。")
    assert (row.status, row.closed_at, row.on_time) == (S.CLOSED, clock.now, True)
    rounds = queries.rounds_of(row.id)
    assert [(r.submission.round, len(r.files), r.recheck.result) for r in rounds] == [
        (1, 1, RecheckResult.RETURNED),
        (2, 0, RecheckResult.ACCEPTED),
    ]
    story = told("rectification", row.id)
    assert [action for action, _ in story] == [
        "rectification.issued",
        "rectification.received",
        "rectification.submitted",
        "rectification.returned",
        "rectification.submitted",
        "rectification.closed",
    ]
    assert story[3][1]["reason"] == "照片看不清。"
    assert photo.sha256 in json.dumps(story[2][1]), "the photo stands in the entry"
    assert [a.kind.value for a in db.session.query(Attachment).order_by(Attachment.id)] == [
        "finding",
        "measure",
    ]


@pytest.mark.parametrize(
    ("handed_in", "on_time"),
    [
        (datetime(2026, 11, 23, 9, tzinfo=UTC), True),  # 17:00 to the second
        (datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC), False),
    ],
)
def test_in_time_is_judged_by_the_hand_in_not_by_the_re_check(db_context, site, clock, handed_in, on_time):
    row = received(site)
    clock.set(handed_in)
    assert queries.clock_of(row, clocks.now()).due is (Due.DUE_SOON if on_time else Due.OVERDUE)
    row = take("chief_a", services.submit, row, answer(done_on=clocks.today()))
    assert queries.clock_of(row, clocks.now()).due is Due.WAITING
    clock.tick(days=9)
    row = take("zhao", services.accept, row, "")
    assert row.on_time is on_time


def test_what_came_back_is_late_if_the_last_answer_was(db_context, site, clock):
    row = take("zhao", services.send_back, answered(site), "不到位。")
    clock.tick(days=10)
    row = take("chief_a", services.submit, row, answer(form_key="late-answer", done_on=clocks.today()))
    assert take("zhao", services.accept, row, "").on_time is False


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"done_on": TODAY + timedelta(days=1)}, "done_on"),
        ({"done_on": TODAY - timedelta(days=1)}, "done_on"),
        ({"no_photo_reason": ""}, "photos"),
    ],
)
def test_an_answer_that_cannot_stand_is_refused(db_context, site, over, field):
    row = received(site)
    with pytest.raises(Invalid) as refused:
        take("chief_a", services.submit, row, answer(**over))
    assert refused.value.field == field
    assert reload(row.id).status is S.RECEIVED
    assert db.session.query(Submission).count() == 0


def test_a_return_needs_its_reason(db_context, site):
    row = answered(site)
    with pytest.raises(Invalid) as refused:
        take("zhao", services.send_back, row, "")
    assert refused.value.field == "note"
    assert (reload(row.id).status, db.session.query(Recheck).count()) == (S.SUBMITTED, 0)


def promote(user_id: int, role: Role) -> None:
    """Give somebody a second role."""
    with unit_of_work(system_actor("test"), clocks.now()) as uow:
        user = uow.get(User, user_id)
        uow.session.add(RoleGrant(user=user, role=role, granted_at=uow.now))
        uow.record(Action("test.promoted"), user)


@pytest.mark.parametrize("verb", [services.accept, services.send_back], ids=["accept", "return"])
def test_who_handed_in_does_not_re_check_whatever_his_roles(db_context, site, cast, verb):
    row = answered(site)
    promote(cast.users["chief_a"], Role.INSPECTOR)
    with pytest.raises(NotAllowed, match="不能自己复查"):
        take("chief_a", verb, row, "好")
    assert reload(row.id).status is S.SUBMITTED


def test_the_owner_does_not_re_check_what_another_handed_in(db_context, site, cast):
    row = issue(command(cast, submitted(site)[1], owner_id=cast.window_a_staff))
    row = take("chief_a", services.receive, row, "")
    row = take("chief_a", services.submit, row, answer())
    promote(cast.users["window_a"], Role.INSPECTOR)
    with pytest.raises(NotAllowed, match="责任人不能自己复查"):
        take("window_a", services.accept, row, "好")


@pytest.mark.parametrize(
    ("who", "verb", "args"),
    [
        ("chief_b", services.receive, ("",)),
        ("wang", services.receive, ("",)),
        ("window_a", services.receive, ("",)),
        ("chief_a", services.submit, (services.Answer("answer-1", "已整改。", NOW.date(), REASON, ()),)),
        ("zhao", services.accept, ("",)),
        ("zhao", services.send_back, ("不行",)),
    ],
)
def test_a_step_out_of_turn_or_by_the_wrong_person_is_refused(db_context, site, who, verb, args):
    row = issued(site)
    with pytest.raises(NotAllowed):
        take(who, verb, row, *args)
    assert [action for action, _ in told("rectification", row.id)] == ["rectification.issued"]


def test_a_form_older_than_the_row_is_stale(db_context, site):
    row = issued(site)
    version = row.version
    row = take("chief_a", services.receive, row, "")
    with pytest.raises(Stale):
        take("chief_a", services.submit, row, answer(), version=version)
    assert db.session.query(Submission).count() == 0


def test_the_draft_of_an_answer_goes_with_it(db_context, site):
    row = received(site)
    row_id = row.id
    with short_transaction() as session:
        services.keep_answer(session, actor("chief_a"), row, {"typed": {}, "uploads": {}}, clocks.now())
    assert db.session.query(Draft).count() == 1
    take("chief_a", services.submit, reload(row_id), answer())
    assert db.session.query(Draft).count() == 0


# --- several at once ------------------------------------------------------------------------------


def test_several_taps_at_once_issue_one_notice(site, cast):
    with site.app.app_context():
        finding_id = submitted(site)[1]
    wanted = []
    with site.app.app_context():
        wanted.append(command(cast, finding_id))
    failures = in_parallel(site, [lambda: issue(wanted[0])] * 4)
    assert [type(error) for error in failures] == [NotAllowed] * 3
    with site.app.app_context():
        assert [row.number for row in db.session.query(Rectification)] == ["云政服督整〔2026〕1号"]


def test_several_taps_at_once_hand_in_once(site):
    with site.app.app_context():
        row = received(site)
        row_id, version = row.id, row.version

    def hand_in() -> None:
        with short_transaction() as session:
            row = session.get_one(Rectification, row_id)
            services.keep_answer(session, actor("chief_a"), row, {"typed": {}, "uploads": {}}, clocks.now())
        with unit_of_work(actor("chief_a"), clocks.now()) as uow:
            services.submit(uow, row_id, version, answer())

    failures = in_parallel(site, [hand_in] * 4)
    assert [type(error) for error in failures] == [Stale] * 3
    with site.app.app_context():
        assert db.session.query(Submission).count() == 1
        assert [a for a, _ in told("rectification", row_id)][-1] == "rectification.submitted"


# --- the cache of the clock -----------------------------------------------------------------------


def test_the_cached_due_date_is_the_clocks_and_the_command_says_so(site):
    with site.app.app_context():
        issued(site)
    result = site.app.test_cli_runner().invoke(args=["rectifications", "clocks"])
    assert (result.exit_code, result.output) == (0, "不一致 0 件。\n")


def test_the_command_finds_and_mends_a_clock_that_has_moved(site):
    """A day of the calendar changes: what is open moves with it, what is closed stays as it was judged."""
    with site.app.app_context():
        open_row = issued(site)
        closed = answered(site)
        take("zhao", services.accept, closed, "好")
        row_id, closed_id = open_row.id, closed.id
        with unit_of_work(system_actor("test"), clocks.now()) as uow:
            for each in (row_id, closed_id):
                row = uow.get(Rectification, each)
                row.due_at += timedelta(days=1)
                uow.record(Action("test.moved"), row)
    run = site.app.test_cli_runner().invoke
    result = run(args=["rectifications", "clocks"])
    assert result.exit_code == 1
    assert result.output == (
        "云政服督整〔2026〕1号：台账 2026-11-24 17:00，应为 2026-11-23 17:00\n不一致 1 件。\n"
    )
    assert run(args=["rectifications", "clocks", "--rebuild"]).exit_code == 0
    assert run(args=["rectifications", "clocks"]).exit_code == 0
    with site.app.app_context():
        assert reload(row_id).due_at == datetime(2026, 11, 23, 9, tzinfo=UTC)
        assert reload(closed_id).due_at == datetime(2026, 11, 24, 9, tzinfo=UTC)
        assert told("rectification", row_id)[-1][0] == "rectification.due_moved"


# --- who sees what --------------------------------------------------------------------------------


def test_who_sees_a_rectification_and_its_findings(db_context, site, cast):
    row = issued(site)
    sees = {}
    for name in ("wang", "director", "chief_a", "window_a", "chief_b", "lower", "outsider"):
        who = actor(name)
        rows = db.session.scalars(queries.visible_to(who)).all()
        found = queries.inspections.get_findings(who, [db.session.query(Finding).one().id])
        link = queries.inspections.rectification_of(who, found[0].id) if found else None
        sees[name] = (bool(rows), bool(found), link is not None and link.id == row.id)
    every, nothing = (True, True, True), (False, False, False)
    assert sees == {
        "wang": every,
        "director": every,
        "chief_a": every,
        "window_a": (False, True, False),  # the person concerned, who need not mend it
        "chief_b": nothing,
        "lower": nothing,
        "outsider": nothing,
    }


def test_whoever_is_named_to_mend_sees_what_he_mends(db_context, site, cast):
    row = issue(command(cast, two_findings(site, cast)[1], owner_id=cast.window_a_staff))
    found = queries.inspections.get_findings(actor("window_a"), [queries.findings_of(row.id)[0].id])
    assert [finding.department_id for finding in found] == [cast.department_b]


def test_nothing_waits_beyond_the_calendar_by_another_rule(db_context, site, cast, clock):
    """On the last day of the published year the figure and the row still say the same."""
    clock.set(datetime(2026, 12, 31, 2, tzinfo=UTC))
    row = issue(command(cast, submitted(site)[1], deadline=Deadline(clocks.today(), workdays=1)))
    who = actor("wang")
    shown = queries.ledger(who, {"stands": "due_soon"}, clocks.now())
    page, total = shown.page, shown.total
    figures = queries.figures(who, clocks.now())
    assert (total, figures.due_soon, queries.clock_of(row, clocks.now()).due) == (1, 1, Due.DUE_SOON)
    assert page.rows == [row]
