"""Editions of a year: what the preview says is what applying does, in every centre, or nothing happens."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.core.errors import Invalid, NotAllowed, Stale
from app.core.workdays import DayKind, YearTable
from app.db.uow import unit_of_work
from app.extensions import db
from app.permissions import Permission
from app.rectifications import clocks
from app.rectifications.models import Rectification
from app.rectifications.rules import RECTIFICATION_ISSUED, RectificationStatus
from app.worktime import effects, queries, services
from app.worktime.models import CalendarDay, CalendarYear
from tests.cast import actor
from tests.factories.worktime import prepare, published, table
from tests.services.audit_tools import verify

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("db_context")]


def rectify(
    cast: Any,
    issued_on: date,
    workdays: int,
    *,
    centre: str = "centre",
    status: RectificationStatus = RectificationStatus.RECEIVED,
) -> int:
    """Enter a rectification counted in working days, its deadline as the present calendar gives it."""
    now = datetime(2026, 11, 18, 2, tzinfo=UTC)
    with unit_of_work(actor("wang"), now) as uow:
        key = secrets.token_hex(8)
        row = Rectification(
            centre_id=getattr(cast, centre),
            number=f"试{key}号",
            form_key=key,
            status=status,
            department_id=cast.department_a,
            requirement="立即恢复窗口值守。",
            issued_on=issued_on,
            issued_at=now,
            rechecker_id=cast.users["zhao"],
            issued_by_id=cast.users["wang"],
            deadline_workdays=workdays,
            deadline_hour=17,
            due_at=now,
        )
        row.due_at, row.due_provisional = clocks.due_of(row, queries.calendar())
        uow.session.add(row)
        uow.session.flush()
        uow.record(RECTIFICATION_ISSUED, row, findings=[])
        return row.id


def due(row_id: int) -> tuple[datetime, bool]:
    db.session.expire_all()
    row = db.session.get_one(Rectification, row_id)
    return row.due_at, row.due_provisional


def apply(year: int, seen: str, now: datetime, username: str = "sysadmin") -> None:
    with unit_of_work(actor(username, Permission.CALENDAR_MANAGE), now) as uow:
        services.apply_year(uow, year, seen)


def test_applying_does_what_the_preview_says_in_every_centre(site: Any, cast: Any, clock: Any) -> None:
    over_new_year = rectify(cast, date(2026, 12, 28), 5)
    below = rectify(cast, date(2026, 12, 29), 8, centre="lower_centre")
    elsewhere = rectify(cast, date(2026, 12, 30), 3, centre="other_centre")
    before = rectify(cast, date(2026, 11, 18), 5)
    closed = rectify(cast, date(2026, 12, 28), 6, status=RectificationStatus.CLOSED)
    untouched = {row_id: due(row_id) for row_id in (before, closed)}
    assert due(over_new_year)[1]

    seen = prepare(table())
    effect = effects.effect_of(db.session(), table())
    assert [moved.row_id for moved in effect.moved] == [over_new_year, below, elsewhere]
    assert not any(moved.provisional for moved in effect.moved)
    assert len(effect.days) == 3 + 8 + 5 + 7 + 3
    apply(2027, seen, clock.now)

    for moved in effect.moved:
        assert due(moved.row_id) == (moved.after, False)
    assert {row_id: due(row_id) for row_id in untouched} == untouched
    assert clocks.moved_clocks(db.session(), queries.calendar()) == []
    entries = db.session.execute(
        select(AuditEntry.centre_id, AuditEntry.subject_id).where(
            AuditEntry.action == "rectification.due_moved"
        )
    ).all()
    assert sorted(tuple(entry) for entry in entries) == sorted(
        [(cast.centre, over_new_year), (cast.lower_centre, below), (cast.other_centre, elsewhere)]
    )
    assert verify(site).ok  # three chains grew in one transaction


def test_an_edition_replaces_the_one_before_which_stays_as_it_was(site: Any, cast: Any, clock: Any) -> None:
    old = published(2026)
    holidays = {**old.holidays, date(2026, 11, 23): "停电调休"}
    new = YearTable(2026, holidays, old.makeups, "修改通知", "云栖市人民政府办公室")
    moved = rectify(cast, date(2026, 11, 18), 5)
    assert due(moved)[0] == datetime(2026, 11, 25, 9, tzinfo=UTC)
    seen = prepare(new)
    effect = effects.effect_of(db.session(), new)
    (change,) = effect.days
    assert (change.day, change.before, change.after) == (date(2026, 11, 23), DayKind.WORKING, DayKind.HOLIDAY)
    apply(2026, seen, clock.now)
    assert due(moved)[0] == datetime(2026, 11, 26, 9, tzinfo=UTC)
    editions = queries.editions(2026)
    assert [(row.edition, row.notice) for row in editions] == [(2, "修改通知"), (1, old.notice)]
    assert queries.table_of(editions[1]) == old
    assert queries.calendar().years[2026] == new
    assert queries.draft_of(db.session(), actor("sysadmin"), 2026) is None


def test_what_changed_after_the_preview_is_looked_at_again(site: Any, cast: Any, clock: Any) -> None:
    seen = prepare(table())
    late = rectify(cast, date(2026, 12, 28), 5)
    with pytest.raises(Stale):
        apply(2027, seen, clock.now)
    assert due(late)[1]
    assert 2027 not in queries.calendar().years
    apply(2027, prepare(table()), clock.now)
    assert not due(late)[1]
    with pytest.raises(Stale):  # a second tap: the draft is gone
        apply(2027, seen, clock.now)
    assert db.session.scalar(select(func.count()).select_from(CalendarYear)) == 3


def test_an_edition_that_says_nothing_new_is_refused(site: Any, clock: Any) -> None:
    with pytest.raises(Invalid):
        apply(2026, prepare(published(2026)), clock.now)
    assert [row.edition for row in queries.editions(2026)] == [1]


@pytest.mark.parametrize("username", ["lower", "outsider"])
def test_only_the_top_centre_applies(site: Any, cast: Any, clock: Any, username: str) -> None:
    seen = prepare(table(), username)
    with pytest.raises(NotAllowed):
        apply(2027, seen, clock.now, username)
    assert db.session.scalar(select(func.count()).select_from(CalendarDay)) == sum(
        len(published(year).holidays) + len(published(year).makeups) for year in (2025, 2026)
    )


def test_years_before_the_first_and_far_ones_can_be_added(site: Any, cast: Any, clock: Any) -> None:
    for year, line in ((2015, "抗战胜利70周年纪念日 0903-0905"), (2099, "元旦 0101")):
        old = table(year, line, "")
        apply(year, prepare(old), clock.now)
        clock.tick(minutes=1)
        assert queries.calendar().years[year] == old
    assert queries.calendar().kind(date(2015, 9, 4)) is DayKind.HOLIDAY


def test_the_calendar_is_put_together_again_only_when_an_edition_comes(site: Any, clock: Any) -> None:
    first = queries.calendar()
    assert queries.calendar() is first
    apply(2027, prepare(table()), clock.now + timedelta(minutes=1))
    assert queries.calendar() is not first
