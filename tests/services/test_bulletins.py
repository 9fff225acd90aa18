"""Weekly bulletins: what they count, who takes which step, corrections, one a week (R01)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app import clock as office
from app.bulletins import figure_queries, queries, services
from app.bulletins.models import Bulletin
from app.bulletins.rules import BulletinStatus, Content
from app.core.errors import Invalid, NotAllowed, Stale
from app.db.uow import unit_of_work
from app.documents import queries as documents
from app.documents.models import Document
from app.documents.rules import DocumentKind, DocumentStatus
from app.extensions import db
from app.inspections import services as inspections
from app.inspections.models import Patrol
from app.inspections.rules import PATROL_SUBMITTED, FindingStatus, PatrolMode
from app.permissions import Permission
from tests.cast import actor
from tests.factories.bulletins import FIRST_ON, bulletin_of, correction, drafted, issued, reviewed
from tests.factories.evaluations import seen
from tests.factories.inspections import submitted

pytestmark = pytest.mark.both_databases
THIS_WEEK = date(2026, 11, 16)


def at(day: date, hour: int = 2) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def told(site: Any, week_on: date = FIRST_ON) -> Content:
    return figure_queries.content(actor("head"), site.cast.centre, week_on, office.now())


def basic(content: Content, name: str) -> tuple[int, int]:
    pair = next(pair for pair in content.basic if pair.now.name == name)
    return pair.now.numerator, pair.before.numerator


def test_what_was_found_is_told_by_item_place_and_body(db_context: Any, site: Any) -> None:
    cast, day = site.cast, FIRST_ON + timedelta(days=1)
    seen(site, at(day))
    seen(site, at(day, 3), patrol_point_id=cast.point_b, department_id=cast.department_b)
    seen(site, at(day, 4), status=FindingStatus.CORRECTED_ON_SPOT)
    seen(site, at(day, 5), status=FindingStatus.VOID, void_reason="重复")
    seen(site, at(FIRST_ON - timedelta(days=1)))  # the Sunday before
    content = told(site)
    assert basic(content, "发现问题") == (3, 1)
    assert basic(content, "当场整改") == (1, 0)
    for rows, name in ((content.items, "count"), (content.points, "count"), (content.bodies, "found")):
        assert sum(getattr(row, name) for row in rows) == content.found == 3
    assert [(row.count, row.repeated) for row in content.points] == [(2, 2), (1, 0)]


def test_repeated_is_what_was_found_there_in_the_ninety_days_before(db_context: Any, site: Any) -> None:
    seen(site, at(FIRST_ON), patrol_point_id=site.cast.point_b)
    assert told(site).repeated == 0
    seen(site, at(FIRST_ON - timedelta(days=91)), patrol_point_id=site.cast.point_b)
    seen(site, at(FIRST_ON - timedelta(days=5)), patrol_point_id=site.cast.point_a)
    voided = {"status": FindingStatus.VOID, "void_reason": "误报"}
    seen(site, at(FIRST_ON - timedelta(days=5)), patrol_point_id=site.cast.point_b, **voided)
    assert told(site).repeated == 0
    seen(site, at(FIRST_ON - timedelta(days=89)), patrol_point_id=site.cast.point_b)
    assert told(site).repeated == 1


def test_a_mystery_visit_is_not_told_before_it_is_released(db_context: Any, site: Any) -> None:
    before = told(site, THIS_WEEK)
    patrol_id, _finding_id = submitted(site, mode=PatrolMode.MYSTERY)
    now = told(site, THIS_WEEK)
    assert (now.basic[3:], now.items, now.bodies) == (before.basic[3:], before.items, before.bodies)
    version = db.session.get_one(Patrol, patrol_id).version
    with unit_of_work(actor("head", Permission.PATROL_RELEASE), office.now()) as uow:
        inspections.release(uow, patrol_id, version)
    after = told(site, THIS_WEEK)
    assert (after.found, basic(after, "巡查次数")[0]) == (before.found + 1, basic(before, "巡查次数")[0] + 1)


def test_figures_stay_as_they_were_reviewed(db_context: Any, site: Any) -> None:
    seen(site, at(FIRST_ON))
    bulletin_id = reviewed(site, FIRST_ON)
    seen(site, at(FIRST_ON, 3))
    kept = Content.read(bulletin_of(bulletin_id).figures)
    assert (kept.found, told(site).found) == (1, 2)
    row = bulletin_of(bulletin_id)
    with unit_of_work(actor("director", Permission.BULLETIN_REVIEW), office.now()) as uow:
        services.send_back(uow, row.id, row.version, "数字漏报")
    row = bulletin_of(bulletin_id)
    assert (row.status, row.figures, row.returned_reason) == (BulletinStatus.DRAFT, None, "数字漏报")


def test_a_week_has_one_bulletin(db_context: Any, site: Any) -> None:
    drafted(site, FIRST_ON)
    with pytest.raises(NotAllowed, match="已经有通报"):
        drafted(site, FIRST_ON + timedelta(days=3), by="zhao")
    with pytest.raises(Invalid, match="还没有开始"):
        drafted(site, THIS_WEEK + timedelta(days=7))


def test_a_running_week_is_not_reviewed_and_old_forms_change_nothing(db_context: Any, site: Any) -> None:
    row = bulletin_of(drafted(site, THIS_WEEK))
    content, known = told(site, THIS_WEEK), (row.id, row.version)
    with (
        pytest.raises(NotAllowed, match="还没有结束"),
        unit_of_work(actor("head", Permission.BULLETIN_REVIEW), office.now()) as uow,
    ):
        services.review(uow, *known, content)
    with unit_of_work(actor("zhao", Permission.BULLETIN_DRAFT), office.now()) as uow:
        services.change(uow, *known, "预约服务", "")
    with (
        pytest.raises(Stale),
        unit_of_work(actor("wang", Permission.BULLETIN_DRAFT), office.now()) as uow,
    ):
        services.change(uow, *known, "另一种写法", "")
    assert bulletin_of(row.id).good_practice == "预约服务"


def paper(bulletin_id: int) -> Document:
    found = queries.paper_of(db.session(), bulletin_id)
    assert found
    return found


def test_a_correction_supersedes_what_it_corrects(db_context: Any, site: Any) -> None:
    first_id = issued(site, FIRST_ON)
    second_id = correction(site, first_id)
    with pytest.raises(NotAllowed, match="更正已经起草"):
        correction(site, first_id)
    assert bulletin_of(first_id).status is BulletinStatus.ISSUED, "until the correction is issued"
    row = bulletin_of(second_id)
    known, content = (row.id, row.version), told(site)
    with unit_of_work(actor("head", Permission.BULLETIN_REVIEW), office.now()) as uow:
        services.review(uow, *known, content)
    known = (second_id, bulletin_of(second_id).version)
    with unit_of_work(actor("director", Permission.BULLETIN_ISSUE), office.now()) as uow:
        services.issue(uow, *known, "https://example.test")
    assert (bulletin_of(first_id).status, bulletin_of(second_id).status) == (
        BulletinStatus.SUPERSEDED,
        BulletinStatus.ISSUED,
    )
    old, new = paper(first_id), paper(second_id)
    assert (old.status, old.superseded_by_id, old.reason) == (DocumentStatus.SUPERSEDED, new.id, "数字漏报")
    assert new.kind is DocumentKind.WEEKLY_BULLETIN
    assert (new.values["corrects"], new.values["reason"]) == (old.number, "数字漏报")
    with pytest.raises(NotAllowed):
        correction(site, first_id)


def test_the_hall_reads_what_was_issued(db_context: Any, site: Any) -> None:
    draft_id, issued_id = drafted(site, FIRST_ON), issued(site, FIRST_ON - timedelta(days=7))
    for who in ("window_a", "chief_a"):
        rows, total = queries.list_bulletins(actor(who), {})
        assert ([row.id for row in rows.rows], total) == ([issued_id], 1)
        shown = db.session.scalars(documents.visible_to(actor(who))).all()
        assert [document.id for document in shown] == [paper(issued_id).id]
    assert {row.id for row in queries.list_bulletins(actor("auditor"), {})[0].rows} == {draft_id, issued_id}
    assert queries.list_bulletins(actor("outsider"), {})[1] == 0


def test_who_is_waited_for(db_context: Any, site: Any) -> None:
    drafted(site, THIS_WEEK)  # it runs: nobody can review it yet
    to_review, to_issue = drafted(site, FIRST_ON), reviewed(site, FIRST_ON - timedelta(days=7))

    def mine(who: str) -> set[int]:
        return {row.id for row in db.session.scalars(queries.filtered(actor(who), {"mine": "1"}))}

    assert mine("head") == {to_review}
    assert mine("director") == {to_review, to_issue}, "he may review where the head has drafted"
    assert mine("wang") == mine("chief_a") == set()


def test_one_bulletin_a_week_is_counted_from_the_first_patrol_on(db_context: Any, site: Any) -> None:
    """R01: bulletins issued ÷ ISO weeks in service."""
    centre, today = site.cast.centre, office.today()
    assert queries.cadence(centre, 2026, today).figure.denominator == 0
    submitted(site)
    patrol = db.session.query(Patrol).one()
    with unit_of_work(actor("head"), office.now()) as uow:
        patrol.started_at = at(date(2026, 9, 24))  # a Thursday, five full weeks of work before November
        uow.record(PATROL_SUBMITTED, patrol, points=3, findings=1)
    issued(site, FIRST_ON)
    issued(site, date(2026, 9, 21))
    drafted(site, date(2026, 10, 19))
    found = queries.cadence(centre, 2026, today)
    # Eight weeks from 21 September to 9 November; that of 28 September has Monday to Wednesday.
    assert (found.figure.numerator, found.figure.denominator) == (2, 8)
    assert found.figure.printed == "25.0%"
    assert found.missing == [
        date(2026, 11, 2),
        date(2026, 10, 26),
        date(2026, 10, 12),
        date(2026, 10, 5),
        date(2026, 9, 28),
    ]
    assert queries.cadence(centre, 2025, today).figure.denominator == 0
    assert db.session.query(Bulletin).count() == 3
