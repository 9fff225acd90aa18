"""A round from the first tap to the ledger: saved at each step, written once, whole or not at all."""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app import clock
from app.attachments.models import Attachment
from app.audit.models import AuditEntry
from app.core.actions import Action
from app.core.errors import NotAllowed, NotFound
from app.db.drafts import Draft
from app.db.scope import OutOfScope
from app.db.uow import end_reading, short_transaction, unit_of_work
from app.extensions import db
from app.inspections import queries, services, walk_queries
from app.inspections.models import Finding, Patrol, PatrolCheck
from app.inspections.rules import Answer, CheckResult, FindingStatus, PatrolMode
from app.organisation.models import PatrolPoint, Zone
from app.permissions import system_actor
from tests.cast import actor
from tests.factories.inspections import begin, stored_photo

pytestmark = pytest.mark.both_databases
OK = dict.fromkeys(("A-01", "A-02", "R-01"), Answer.OK)


def count(model: Any) -> int:
    end_reading()
    return db.session.query(model).count()


def answer(
    draft_id: int, point_id: int, given: dict[str, Answer] = OK, closed: bool = False, who: str = "wang"
) -> None:
    with short_transaction() as session:
        services.answer_point(session, actor(who), draft_id, point_id, given, closed, clock.now())


def note(cast: Any, draft_id: int, key: str | None = None, **over: Any) -> None:
    finding = {
        "point_id": cast.point_a,
        "item": "A-01",
        "owner": f"department:{cast.department_a}",
        "staff": cast.window_a_staff,
        "occurred_at": clock.now().isoformat(),
        "note": "𠮷㛃伟不在岗 🙂",
        "disposition": "rectify",
        "photos": [],
        **over,
    }
    with short_transaction() as session:
        services.save_finding(session, actor("wang"), draft_id, key, finding, clock.now())


def finish(cast: Any, draft_id: int, who: str = "wang") -> int:
    for point_id in (cast.point_a, cast.point_b, cast.point_shared):
        answer(draft_id, point_id, who=who)
    return submit(draft_id, who)


def submit(draft_id: int, who: str = "wang") -> int:
    with unit_of_work(actor(who), clock.now()) as uow:
        return services.submit(uow, draft_id, "如常。").id


def content(draft_id: int) -> Any:
    end_reading()
    return db.session.get_one(Draft, draft_id).content


def entries() -> list[tuple[str, str, dict[str, Any]]]:
    end_reading()
    rows = db.session.execute(
        select(AuditEntry.action, AuditEntry.subject_name, AuditEntry.payload)
        .where(AuditEntry.action.like("patrol.%") | AuditEntry.action.like("finding.%"))
        .order_by(AuditEntry.seq)
    )
    return [(action, name, json.loads(payload)) for action, name, payload in rows]


# --- the draft ------------------------------------------------------------------------------------


def test_a_round_begun_twice_is_one_and_another_persons_is_another(db_context, site, clock):
    first = begin(site).id
    clock.tick(minutes=5)
    assert begin(site).id == first
    assert begin(site, "zhao").id != first
    assert count(Draft) == 2


def test_two_devices_that_save_different_points_lose_nothing(db_context, site, cast):
    draft_id = begin(site).id
    answer(draft_id, cast.point_a)
    answer(draft_id, cast.point_b, {"A-01": Answer.NOT_APPLICABLE})
    note(cast, draft_id, point_id=cast.point_shared)
    kept = content(draft_id)
    assert sorted(kept["points"]) == sorted(map(str, (cast.point_a, cast.point_b, cast.point_shared)))
    assert kept["points"][str(cast.point_a)]["answers"] == dict.fromkeys(OK, "ok")
    assert list(kept["findings"]) == ["f1"]


def test_devices_that_save_at_the_same_moment_take_turns(site, cast):
    with site.app.app_context():
        draft_id = begin(site).id
    points = (cast.point_a, cast.point_b, cast.point_shared) * 2
    failures = in_parallel(site, [lambda p=p: answer(draft_id, p) for p in points])
    assert failures == []
    with site.app.app_context():
        assert len(content(draft_id)["points"]) == 3


def test_a_form_tapped_twice_is_one_finding(db_context, site, cast):
    draft_id = begin(site).id
    note(cast, draft_id, form_key="once-0001")
    note(cast, draft_id, form_key="once-0001", note="改过的")
    note(cast, draft_id, form_key="once-0002")
    kept = content(draft_id)["findings"]
    assert [finding["note"] for finding in kept.values()] == ["改过的", "𠮷㛃伟不在岗 🙂"]


def test_a_point_with_a_finding_cannot_be_closed(db_context, site, cast):
    draft_id = begin(site).id
    note(cast, draft_id)
    with pytest.raises(NotAllowed):
        answer(draft_id, cast.point_a, {}, closed=True)


def test_nobody_touches_anothers_draft(db_context, site, cast):
    draft_id = begin(site).id
    for step in (
        lambda: answer(draft_id, cast.point_a, who="zhao"),
        lambda: submit(draft_id, "zhao"),
        lambda: walk_queries.get_draft(actor("zhao"), draft_id),
    ):
        with pytest.raises(NotFound):
            step()
    assert content(draft_id)["points"] == {}


def test_a_finding_that_is_gone_cannot_be_changed(db_context, site, cast):
    draft_id = begin(site).id
    note(cast, draft_id)
    with short_transaction() as session:
        services.remove_finding(session, actor("wang"), draft_id, "f1", clock.now())
    with pytest.raises(NotFound):
        note(cast, draft_id, key="f1")


def test_leaving_a_round_leaves_nothing(db_context, site, cast):
    draft_id = begin(site).id
    note(cast, draft_id)
    with short_transaction() as session:
        services.discard(session, actor("wang"), draft_id)
    assert (count(Draft), count(Patrol), count(Finding)) == (0, 0, 0)
    assert entries() == []
    with pytest.raises(NotFound):
        submit(draft_id)


def test_another_centres_zone_is_not_there(db_context, cast):
    with pytest.raises(OutOfScope):
        walk_queries.get_zone(actor("wang"), cast.other_zone)
    with pytest.raises(OutOfScope):
        walk_queries.get_zone(actor("lower"), cast.zone)
    assert walk_queries.get_zone(actor("wang"), cast.zone).id == cast.zone


def test_a_centre_without_a_checklist_is_told_so(db_context, cast):
    with short_transaction() as session, pytest.raises(NotAllowed, match="还没有生效的巡查清单"):
        zone = session.get_one(Zone, cast.other_zone)
        services.begin_patrol(session, actor("outsider"), zone, PatrolMode.DAILY, clock.now())


# --- submitting -----------------------------------------------------------------------------------


def test_submitting_writes_exactly_the_rows_and_one_entry_each(db_context, site, cast, clock):
    draft_id = begin(site).id
    photo = stored_photo(site)
    with short_transaction() as session:
        services.keep_uploads(session, actor("wang"), draft_id, [photo], clock.now)
    note(cast, draft_id, photos=[photo.sha256])
    note(
        cast,
        draft_id,
        point_id=cast.point_shared,
        item="A-02",
        staff=None,
        disposition="corrected_on_spot",
        owner=f"section:{cast.section}",
    )
    answer(draft_id, cast.point_b, {}, closed=True)
    clock.tick(minutes=10)
    for point_id in (cast.point_a, cast.point_shared):
        answer(draft_id, point_id)
    patrol = db.session.get_one(Patrol, submit(draft_id))
    assert (patrol.number, patrol.points_checked, patrol.points_closed, patrol.findings_count) == (
        "20261118-1",
        2,
        1,
        2,
    )
    assert patrol.submitted_at - patrol.started_at == timedelta(minutes=10)
    checks = {c.patrol_point_id: c for c in db.session.query(PatrolCheck)}
    assert {key: check.result for key, check in checks.items()} == {
        cast.point_a: CheckResult.FINDINGS,
        cast.point_b: CheckResult.CLOSED,
        cast.point_shared: CheckResult.FINDINGS,
    }
    assert checks[cast.point_a].answers == {"A-01": "finding", "A-02": "ok", "R-01": "ok"}
    first, second = db.session.query(Finding).order_by(Finding.id)
    assert (first.number, first.status, first.department_id, first.photos) == (
        "20261118-1-1",
        FindingStatus.OPEN,
        cast.department_a,
        1,
    )
    assert first.note == "𠮷㛃伟不在岗 🙂"
    assert (second.number, second.status, second.section_id, second.staff_member_id) == (
        "20261118-1-2",
        FindingStatus.CORRECTED_ON_SPOT,
        cast.section,
        None,
    )
    assert [a.sha256 for a in db.session.query(Attachment)] == [photo.sha256]
    assert count(Draft) == 0
    told = entries()
    assert [(action, name) for action, name, _ in told] == [
        ("finding.recorded", "20261118-1-1"),
        ("finding.recorded", "20261118-1-2"),
        ("patrol.submitted", "20261118-1"),
    ]
    assert told[0][2]["changes"]["attachment#1.sha256"] == [None, photo.sha256]
    assert (told[2][2]["points"], told[2][2]["findings"]) == (3, 2)


def test_numbers_follow_one_another_without_a_gap(db_context, site, cast):
    numbers = []
    for who in ("wang", "zhao", "head"):
        draft_id = begin(site, who).id
        patrol_id = finish(cast, draft_id, who)
        numbers.append(db.session.get_one(Patrol, patrol_id).number)
    assert numbers == ["20261118-1", "20261118-2", "20261118-3"]


def test_a_round_on_new_years_morning_takes_the_numbers_of_the_new_year(db_context, site, cast, clock):
    draft_id = begin(site).id
    note(cast, draft_id)
    finish(cast, draft_id)
    clock.set(datetime(2026, 12, 31, 23, 30, tzinfo=UTC))  # 07:30 of the 1st at the office
    draft_id = begin(site).id
    note(cast, draft_id)
    patrol = db.session.get_one(Patrol, finish(cast, draft_id))
    finding = db.session.query(Finding).filter_by(patrol_id=patrol.id).one()
    assert (patrol.number, finding.number) == ("20270101-1", "20270101-1-1")


def test_an_unfinished_round_is_refused_and_nothing_is_written(db_context, site, cast):
    draft_id = begin(site).id
    answer(draft_id, cast.point_a)
    with pytest.raises(NotAllowed) as refused:
        submit(draft_id)
    assert str(refused.value) == "还有 2 个巡查点没有查完：B01、K01。"
    assert (count(Patrol), count(PatrolCheck), count(Draft)) == (0, 0, 1)
    assert entries() == []
    assert db.session.get_one(Patrol, finish(cast, draft_id)).number == "20261118-1", "no number was lost"


def test_a_failure_at_the_end_leaves_no_number_behind(db_context, site, cast):
    draft_id = begin(site).id
    for point_id in (cast.point_a, cast.point_b, cast.point_shared):
        answer(draft_id, point_id)
    with pytest.raises(ZeroDivisionError), unit_of_work(actor("wang"), clock.now()) as uow:
        services.submit(uow, draft_id, "")
        raise ZeroDivisionError
    assert (count(Patrol), count(Draft)) == (0, 1)
    assert db.session.get_one(Patrol, submit(draft_id)).number == "20261118-1"


def test_what_was_submitted_is_not_submitted_again(db_context, site, cast):
    draft_id = begin(site).id
    key = content(draft_id)["form_key"]
    patrol_id = finish(cast, draft_id)
    with pytest.raises(NotFound):
        submit(draft_id)
    assert walk_queries.submitted_patrol(key) == patrol_id
    assert count(Patrol) == 1


def test_a_closed_point_is_not_asked_for(db_context, site, cast):
    draft_id = begin(site).id
    with unit_of_work(system_actor("test"), clock.now()) as uow:
        row = uow.get(PatrolPoint, cast.point_b)
        row.closed_on = date(2026, 11, 18)
        uow.record(Action("patrol_point.closed"), row)
    for point_id in (cast.point_a, cast.point_shared):
        answer(draft_id, point_id)
    patrol_id = submit(draft_id)
    points = {check.patrol_point_id for check in queries.checks_of(patrol_id)}
    assert points == {cast.point_a, cast.point_shared}


def test_a_finding_goes_into_one_rectification_only(db_context, site, cast):
    draft_id = begin(site).id
    note(cast, draft_id)
    finish(cast, draft_id)
    finding_id = db.session.query(Finding).one().id
    with unit_of_work(actor("wang"), clock.now()) as uow:
        services.send_to_rectify(uow, [finding_id], "督整1号")
    with pytest.raises(NotAllowed, match="已经处理"), unit_of_work(actor("wang"), clock.now()) as uow:
        services.send_to_rectify(uow, [finding_id], "督整2号")


def in_parallel(site: Any, tasks: list[Any]) -> list[BaseException]:
    """Run every task in a thread of its own, all at once; return what went wrong."""
    gate, failures = threading.Barrier(len(tasks)), []

    def run(task: Any) -> None:
        with site.app.app_context():
            gate.wait()
            try:
                task()
            except BaseException as error:
                failures.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return failures


def test_several_taps_at_once_begin_one_round_and_submit_it_once(site, cast):
    assert in_parallel(site, [lambda: begin(site)] * 4) == []
    with site.app.app_context():
        (draft,) = db.session.query(Draft).all()
        draft_id = draft.id
        for point_id in (cast.point_a, cast.point_b, cast.point_shared):
            answer(draft_id, point_id)
    failures = in_parallel(site, [lambda: submit(draft_id)] * 4)
    assert [type(error) for error in failures] == [NotFound] * 3
    with site.app.app_context():
        assert count(Patrol) == 1
        assert Counter(action for action, *_ in entries()) == {"patrol.submitted": 1}


def test_who_sees_which_finding(db_context, site, cast):
    draft_id = begin(site).id
    note(cast, draft_id)
    finish(cast, draft_id)
    sees = {
        name: bool(db.session.scalars(queries.visible_to(actor(name))).all())
        for name in ("wang", "director", "auditor", "chief_a", "window_a", "chief_b", "lower", "outsider")
    }
    assert sees == {
        "wang": True,
        "director": True,
        "auditor": True,
        "chief_a": True,
        "window_a": True,
        "chief_b": False,
        "lower": False,
        "outsider": False,
    }
