"""Months: what is scored, who sees it, objections, locking, corrections, and equal figures again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from app import clock as office
from app.audit.models import AuditEntry
from app.core.errors import NotAllowed, Stale
from app.db import uow as db_uow
from app.db.uow import unit_of_work
from app.evaluations import comparison_queries, month_queries, month_services, objection_services
from app.evaluations.models import EvaluationMonth, Objection, Score, ScoreLine, ScoreRun
from app.evaluations.month_rules import MonthState, MonthVerb, ObjectionStatus, Scored
from app.extensions import db
from app.organisation.models import PatrolPoint, Posting
from app.organisation.rules import PATROL_POINT_CHANGED, POSTING_ENDED
from app.permissions import Permission
from tests.cast import actor
from tests.factories.evaluations import (
    OCTOBER,
    computed,
    decided,
    line_of,
    locked,
    objected,
    published,
    score_of,
    seen,
    standing_rules,
    step,
)
from tests.factories.rulebooks import in_force

pytestmark = pytest.mark.both_databases


def month(month_id: int) -> EvaluationMonth:
    return db.session.get_one(EvaluationMonth, month_id, populate_existing=True)


def figures(site: Any, month_id: int) -> tuple[Decimal, Decimal, Decimal]:
    """Return what the person of window A, the window and its chief representative got."""
    staff, point = site.cast.window_a_staff, site.cast.point_a
    return (
        score_of(month_id, Scored.STAFF, staff).published,
        score_of(month_id, Scored.WINDOW, point).published,
        score_of(month_id, Scored.CHIEF_REP, site.cast.chief_a_staff).published,
    )


def again(site: Any) -> int:
    with unit_of_work(actor("head", Permission.EVALUATION_COMPUTE), office.now()) as uow:
        return month_services.compute_month(uow, site.cast.centre, OCTOBER).id


def test_person_window_and_chief_representative_lose_for_the_same_events(db_context: Any, site: Any) -> None:
    month_id = computed(site)
    assert figures(site, month_id) == (Decimal(96), Decimal("90.8"), Decimal(96))
    score = score_of(month_id, Scored.STAFF, site.cast.window_a_staff)
    lines = month_queries.lines_of(score)
    assert sum(line.worth for line in lines) == score.unrounded
    assert [(line.source, line.happened_on) for line in lines[1:]] == [
        ("finding", date(2026, 10, 12)),
        ("finding", date(2026, 10, 13)),
    ]


def test_computing_again_makes_no_new_run(db_context: Any, site: Any) -> None:
    month_id = computed(site)
    digest = month_queries.run_of(month(month_id)).digest  # type: ignore[union-attr]
    assert again(site) == month_id
    assert month(month_id).runs == 1
    assert comparison_queries.differences(month(month_id)) == []
    seen(site, datetime(2026, 10, 20, 2, 0, tzinfo=UTC))
    (person, window, chief) = comparison_queries.differences(month(month_id))[:3]
    assert {each.name for each in (person, window, chief)} >= {"吴窗口"}
    again(site)
    run = month_queries.run_of(month(month_id))
    assert run and run.number == 2 and run.digest != digest
    assert db.session.scalar(select(ScoreRun.id).where(ScoreRun.month_id == month_id, ScoreRun.number == 1))


def test_one_event_entered_twice_is_charged_once(db_context: Any, site: Any) -> None:
    standing_rules()
    seen(site, datetime(2026, 10, 12, 2, 0, tzinfo=UTC))
    seen(site, datetime(2026, 10, 12, 2, 20, tzinfo=UTC))
    month_id = again(site)
    score = score_of(month_id, Scored.STAFF, site.cast.window_a_staff)
    assert score.published == 98
    assert [line.worth for line in month_queries.lines_of(score)] == [100, -2, 0]
    assert "不重复计分" in month_queries.lines_of(score)[2].why


def test_everyone_sees_his_own_and_nothing_before_it_is_published(db_context: Any, site: Any) -> None:
    month_id = computed(site)
    own = lambda name: {  # noqa: E731
        (row.subject, row.name) for row in db.session.scalars(month_queries.visible_scores(actor(name)))
    }
    assert own("window_a") == own("chief_a") == set()
    step(month_id, "head", MonthVerb.PUBLISH)
    assert own("window_a") == {(Scored.STAFF, "吴窗口")}
    assert {name for _subject, name in own("chief_a")} == {"吴窗口", "A01 企业开办", "李首信"}
    assert not own("chief_b") & own("window_a")
    assert not own("outside_head")
    assert len(own("auditor")) > 3


def test_a_revoked_line_is_gone_for_person_window_and_chief_representative(
    db_context: Any, site: Any
) -> None:
    objection_id = objected(site)
    month_id = db.session.get_one(Objection, objection_id).month_id
    decided(objection_id, ObjectionStatus.REVOKED)
    assert figures(site, month_id) == (Decimal(98), Decimal("95.4"), Decimal(98))
    lines = month_queries.lines_of(score_of(month_id, Scored.STAFF, site.cast.window_a_staff))
    assert len([line for line in lines if line.source]) == 1


def test_a_changed_one_counts_what_was_decided_and_an_upheld_one_stays(db_context: Any, site: Any) -> None:
    objection_id = objected(site, "chief_a")
    month_id = db.session.get_one(Objection, objection_id).month_id
    decided(objection_id, ObjectionStatus.CHANGED, "0.5")
    assert figures(site, month_id)[0] == Decimal(97)
    other = line_of(site, month_id, 1)
    with unit_of_work(actor("window_a", Permission.OBJECTION_FILE), office.now()) as uow:
        second = objection_services.file_objection(uow, other, "不符").id
    decided(second, ObjectionStatus.UPHELD)
    assert month(month_id).runs == 2


def test_who_recorded_it_does_not_decide(db_context: Any, site: Any) -> None:
    objection_id = objected(site)
    row = db.session.get_one(Objection, objection_id)
    assert row.recorded_by_id == site.cast.users["wang"]
    assert "记录" in str(objection_services.refusal(actor("wang"), row))
    assert objection_services.refusal(actor("head"), row) is None


def test_an_objection_is_in_time_about_ones_own_and_filed_once(
    db_context: Any, site: Any, clock: Any
) -> None:
    objection_id = objected(site)
    row = db.session.get_one(Objection, objection_id)
    line_id, month_id = row.line_id, row.month_id
    for username, reason in (("chief_a", "已经提出过"), ("chief_b", "只有本人")):
        with pytest.raises(NotAllowed, match=reason), unit_of_work(actor(username), office.now()) as uow:
            objection_services.file_objection(uow, line_id, "不符")
    assert month(month_id).objections_until == date(2026, 11, 23)  # three working days over a weekend
    other = line_of(site, month_id, 1)
    clock.tick(days=6)
    with pytest.raises(NotAllowed, match="申诉期已"), unit_of_work(actor("window_a"), office.now()) as uow:
        objection_services.file_objection(uow, other, "不符")


def test_nothing_is_locked_while_somebody_may_still_object(db_context: Any, site: Any) -> None:
    month_id = published(site)
    with pytest.raises(NotAllowed, match="申诉期还没有结束"):
        step(month_id, "director", MonthVerb.LOCK)


def test_of_two_who_lock_one_wins(db_context: Any, site: Any) -> None:
    month_id = published(site, datetime(2026, 11, 2, 2, 0, tzinfo=UTC))
    version = month(month_id).version
    step(month_id, "director", MonthVerb.LOCK)
    with pytest.raises(Stale), unit_of_work(actor("director"), office.now()) as uow:
        month_services.take_step(uow, month_id, MonthVerb.LOCK, version)
    assert month(month_id).state is MonthState.LOCKED


def test_a_locked_month_is_not_computed_and_a_correction_enters_the_next(db_context: Any, site: Any) -> None:
    month_id = locked(site)
    with pytest.raises(NotAllowed):
        again(site)
    score = score_of(month_id, Scored.STAFF, site.cast.window_a_staff)
    with unit_of_work(actor("head", Permission.EVALUATION_CORRECT), office.now()) as uow:
        row = month_services.enter_correction(uow, score.id, Decimal(2), "当日系统故障", "once-only-key")
        next_id = row.month_id
    assert month(next_id).first_on == date(2026, 11, 1)
    with unit_of_work(actor("head", Permission.EVALUATION_COMPUTE), office.now()) as uow:
        month_services.compute_month(uow, site.cast.centre, date(2026, 11, 1))
    corrected = score_of(next_id, Scored.STAFF, site.cast.window_a_staff)
    assert corrected.published == 102
    line = next(each for each in month_queries.lines_of(corrected) if each.source == "score_correction")
    assert "2026-10" in line.why and "当日系统故障" in line.why
    assert figures(site, month_id)[0] == Decimal(96)


def test_reopening_keeps_the_old_figures(db_context: Any, site: Any) -> None:
    month_id = locked(site)
    old = score_of(month_id, Scored.STAFF, site.cast.window_a_staff).id
    step(month_id, "director", MonthVerb.REOPEN, reason="漏算")
    seen(site, datetime(2026, 10, 21, 2, 0, tzinfo=UTC))
    again(site)
    assert figures(site, month_id)[0] == Decimal(94)
    assert db.session.get_one(Score, old).published == Decimal(96)
    assert db.session.scalar(select(ScoreLine.id).where(ScoreLine.score_id == old).limit(1))


def test_nobody_publishes_before_the_month_is_over(db_context: Any, site: Any) -> None:
    standing_rules()
    with unit_of_work(actor("head", Permission.EVALUATION_COMPUTE), office.now()) as uow:
        month_id = month_services.compute_month(uow, site.cast.centre, date(2026, 11, 1)).id
    with pytest.raises(NotAllowed, match="还没有结束"):
        step(month_id, "head", MonthVerb.PUBLISH)


# --- computed beside everybody else ----------------------------------------------------------------


def drafted(site: Any) -> Any:
    db_uow.begin_reading()
    return month_services.drafted(site.cast.centre, OCTOBER)


def keep(site: Any, draft: Any) -> EvaluationMonth:
    with unit_of_work(actor("head", Permission.EVALUATION_COMPUTE), office.now()) as uow:
        return month_services.compute_month(uow, site.cast.centre, OCTOBER, draft)


def entries() -> int:
    return db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0


def test_nobody_waits_while_a_month_is_computed(db_context: Any, site: Any) -> None:
    standing_rules()
    draft = drafted(site)
    seen(site, datetime(2026, 10, 12, 2, 0, tzinfo=UTC))  # another writes between reading and keeping
    assert keep(site, draft).runs == 1
    assert figures(site, keep(site, draft).id)[0] == Decimal(100)
    again(site)
    assert month(keep(site, drafted(site)).id).runs == 2


def test_of_two_who_compute_at_once_one_makes_the_run(db_context: Any, site: Any) -> None:
    standing_rules()
    seen(site, datetime(2026, 10, 12, 2, 0, tzinfo=UTC))
    first, second = drafted(site), drafted(site)
    assert keep(site, first).runs == 1
    before = entries()
    assert keep(site, second).runs == 1
    assert entries() == before


def test_what_moved_while_it_was_computed_is_not_overwritten(db_context: Any, site: Any) -> None:
    standing_rules()
    old = drafted(site)
    seen(site, datetime(2026, 10, 12, 2, 0, tzinfo=UTC))
    keep(site, drafted(site))
    with pytest.raises(Stale, match="没有保存"):
        keep(site, old)
    assert figures(site, again(site))[0] == Decimal(98)


def test_scoring_twice_changes_nothing_and_makes_no_entry(db_context: Any, site: Any, figure: Any) -> None:
    month_id = computed(site)
    before = month(month_id).version, entries(), figures(site, month_id)
    kept = [(row.name, row.unrounded) for row in db.session.scalars(select(Score).order_by(Score.id))]
    again(site)
    rows = [(row.name, row.unrounded) for row in db.session.scalars(select(Score).order_by(Score.id))]
    changes = sum(1 for one, other in zip(kept, rows, strict=True) if one != other)
    more = entries() - before[1]
    assert (month(month_id).version, entries(), figures(site, month_id)) == before
    figure("R10", "a month scored twice: changed figures and new entries", changes + more, bar="0", held=True)


def test_people_without_a_post_are_named_and_nothing_is_lost(db_context: Any, site: Any) -> None:
    standing_rules()
    with unit_of_work(actor("head"), office.now()) as uow:
        post = db.session.scalars(
            select(Posting).where(Posting.staff_member_id == site.cast.window_a_staff)
        ).one()
        post.to_on = date(2026, 10, 9)
        uow.record(POSTING_ENDED, post.audit_subject())
    seen(site, datetime(2026, 10, 12, 2, 0, tzinfo=UTC))
    month_id = again(site)
    run = month_queries.run_of(month(month_id))
    assert run
    assert [False, "当日没有岗位安排，已计分，请核对", "吴窗口 × 1"] in run.problems
    with unit_of_work(actor("head"), office.now()) as uow:
        post.to_on = date(2026, 9, 30)
        uow.record(POSTING_ENDED, post.audit_subject())
    again(site)
    run = month_queries.run_of(month(month_id))
    assert run
    assert [False, "当月没有岗位安排，对本人不计分", "吴窗口 × 1"] in run.problems


def test_an_event_of_another_month_is_not_charged(db_context: Any, site: Any) -> None:
    standing_rules()
    seen(site, datetime(2026, 9, 30, 15, 59, tzinfo=UTC))  # 23:59 of the last of September at the office
    seen(site, datetime(2026, 10, 31, 16, 0, tzinfo=UTC))  # midnight of the first of November
    assert figures(site, again(site))[0] == Decimal(100)
    seen(site, datetime(2026, 10, 31, 15, 59, tzinfo=UTC))
    assert figures(site, again(site))[0] == Decimal(98)


def test_a_day_without_rules_is_said_and_keeps_the_month_unpublished(db_context: Any, site: Any) -> None:
    in_force(since=date(2026, 10, 15))
    seen(site, datetime(2026, 10, 12, 2, 0, tzinfo=UTC))
    month_id = again(site)
    run = month_queries.run_of(month(month_id))
    assert run
    (fault,) = [what for is_fault, what, whom in run.problems if is_fault and whom == "吴窗口"]
    assert "2026-10-12" in fault and "没有施行中的考核细则" in fault
    with pytest.raises(NotAllowed, match="无法计分"):
        step(month_id, "head", MonthVerb.PUBLISH)


def test_who_answers_for_several_windows_has_one_score(db_context: Any, site: Any) -> None:
    standing_rules()
    cast = site.cast
    with unit_of_work(actor("head"), office.now()) as uow:
        point = db.session.get_one(PatrolPoint, cast.point_b)
        point.department_id = cast.department_a
        uow.record(PATROL_POINT_CHANGED, point)
    for place in (cast.point_a, cast.point_b):
        seen(site, datetime(2026, 10, 12, 2, 0, tzinfo=UTC), patrol_point_id=place, staff_member_id=None)
    month_id = again(site)
    score = score_of(month_id, Scored.CHIEF_REP, cast.chief_a_staff)
    lines = month_queries.lines_of(score)
    assert [line.worth for line in lines] == [100, -2, -2]
    assert {line.why[:3] for line in lines[1:]} == {"A01", "B01"}
    assert score.published == 96
