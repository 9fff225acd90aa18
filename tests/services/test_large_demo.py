"""The large demo in small: every row answered for, the chain whole, the numbers going on where it ends."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from app.audit import verification
from app.audit.models import AuditCheckpoint, AuditEntry
from app.core.errors import NotAllowed
from app.db import migrate, search
from app.db.uow import end_reading, unit_of_work
from app.documents.models import Document
from app.documents.services import next_serial
from app.extensions import db
from app.inspections.models import Finding, Patrol, PatrolCheck
from app.inspections.rules import FindingStatus
from app.organisation.models import Centre
from app.permissions import system_actor
from app.rectifications.models import Rectification
from app.rectifications.queries import findings_of, search_words
from app.rectifications.rules import RectificationStatus
from app.seeding import demo, demo_story, large, large_hall
from tests.cast import NOW

WANTED = 400


@pytest.fixture
def large_site(site: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    site.let_go()
    site.base.empty()
    migrate.upgrade(site.settings)
    monkeypatch.setattr(demo_story, "run", lambda _settings, _now: None)
    return site


def load(site: Any) -> list[large.Progress]:
    said: list[large.Progress] = []
    large.run(site.settings, NOW, said.append, WANTED)
    end_reading()
    return said


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.both_databases
def test_every_row_is_answered_for(large_site: Any) -> None:
    with large_site.app.app_context():
        said = load(large_site)
        for model, action in (
            (Patrol, "patrol.submitted"),
            (Finding, "finding.recorded"),
            (Rectification, "rectification.issued"),
            (Document, "document.issued"),
        ):
            told = select(AuditEntry.subject_id).where(AuditEntry.action == action)
            assert sorted(db.session.scalars(told)) == sorted(db.session.scalars(select(model.id))), model
        assert count(Finding) >= WANTED
        assert (said[-1].findings, said[-1].day) == (count(Finding), NOW.date())
        assert said[-1].entries > 2 * WANTED
        assert {*db.session.scalars(select(Finding.status).distinct())} == {*FindingStatus}
        assert RectificationStatus.CLOSED in {*db.session.scalars(select(Rectification.status).distinct())}
        end_reading()
        report = verification.verify(db.engine, large_site.settings)
        assert report.ok
        assert report.documents == count(Document)
        # Of each centre: after a quarter of a year of walks, and at the end.
        assert count(AuditCheckpoint) == 2 * len(demo.CENTRES)
        db.session.remove()


@pytest.mark.both_databases
def test_the_demo_goes_on_where_the_past_ends(large_site: Any) -> None:
    with large_site.app.app_context():
        load(large_site)
        centre_id = db.session.scalars(select(Centre.id).where(Centre.parent_id.is_(None))).one()
        for kind, model in (("patrol", Patrol), ("finding", Finding)):
            used = db.session.scalars(select(model.number).where(model.number.like("2025%"))).all()
            highest = max(int(number.split("-")[-1]) for number in used)
            with unit_of_work(system_actor("test"), NOW) as uow:
                assert next_serial(uow, centre_id, kind, 2025) == highest + 1
        row = db.session.scalars(select(Finding).order_by(Finding.id.desc())).first()
        assert row is not None
        found = search.matching(db.session(), "findings_search", row.number)
        assert found is not None
        assert row.id in db.session.scalars(found).all()
        notice = db.session.scalars(select(Rectification).order_by(Rectification.id)).first()
        assert notice is not None
        assert notice.search_words == search_words(db.session(), notice, findings_of(notice.id))
        patrol = db.session.scalars(select(Patrol).order_by(Patrol.id)).first()
        assert patrol is not None
        checks = select(func.count()).select_from(PatrolCheck).where(PatrolCheck.patrol_id == patrol.id)
        assert db.session.scalar(checks) == patrol.points_checked + patrol.points_closed
        db.session.remove()


def test_a_database_with_a_centre_is_refused(site: Any, db_context: Any) -> None:
    with pytest.raises(NotAllowed):
        large.run(site.settings, NOW, lambda _: None, WANTED)


def test_the_weeks_are_the_same_every_time(large_site: Any) -> None:
    with large_site.app.app_context():
        load(large_site)
        hall = large_hall.load(date(2026, 1, 2), date(2026, 3, 1))
        db.session.remove()
    first, second = (list(large.tell(hall, WANTED, "http://here", "sqlite")) for _ in range(2))
    assert first == second
    assert sum(week.findings for week in first) >= WANTED
