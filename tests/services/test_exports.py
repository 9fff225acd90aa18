"""Lists taken out: the rows of the list, recorded; long ones by the worker, as whoever asked for them."""

from __future__ import annotations

import io
import json
from contextlib import closing
from typing import Any

import pytest
from openpyxl import load_workbook

from app import clock as office
from app.accounts.models import RoleGrant, User
from app.audit.models import AuditEntry
from app.core.errors import NotAllowed
from app.db.listing import Order, walk
from app.db.uow import end_reading, unit_of_work
from app.extensions import db
from app.inspections.models import Finding
from app.jobs import results, worker
from app.jobs.models import Job
from app.jobs.rules import JobState
from app.permissions import GRANTS
from app.transfers import exporting, services
from tests.cast import NOW, USERS, actor
from tests.factories.inspections import make_findings

pytestmark = pytest.mark.both_databases


def rows_of(file: Any, sheet: int = 0) -> list[tuple[Any, ...]]:
    with closing(load_workbook(file, read_only=True)) as book:
        return list(book.worksheets[sheet].iter_rows(values_only=True))


def taken_out(who: str, **filters: str) -> list[tuple[Any, ...]]:
    file = io.BytesIO()
    exporting.write(file, exporting.every()["findings"], actor(who), filters, NOW)
    return rows_of(file)


def test_walking_gives_every_row_once_in_order(db_context, site):
    make_findings(site, 25)
    order = Order(Finding.occurred_at, Finding.id)
    chunks = list(walk(db.session(), db.select(Finding), order, size=10))
    assert [len(chunk) for chunk in chunks] == [10, 10, 5]
    ids = [row.id for chunk in chunks for row in chunk]
    wanted = db.select(Finding.id).order_by(Finding.occurred_at.desc(), Finding.id.desc())
    assert ids == list(db.session.scalars(wanted))
    assert list(walk(db.session(), db.select(Finding).where(Finding.id < 0), order)) == []


def test_only_rows_in_sight_go_out(db_context, site):
    make_findings(site, 3)
    assert len(taken_out("wang")) == 4
    assert len(taken_out("outsider")) == 1


def test_the_list_goes_out_as_it_is_filtered(db_context, site):
    make_findings(site, 3)
    assert len(taken_out("wang", status="void")) == 1
    assert len(taken_out("wang", status="nonsense")) == 4
    given = {"status": "open", "q": "", "cursor": "x", "csrf_token": "y"}
    assert exporting.every()["findings"].chosen(given) == {"status": "open"}
    file = io.BytesIO()
    filters = {"status": "open", "point": str(site.cast.point_a), "q": "空岗"}
    exporting.write(file, exporting.every()["findings"], actor("wang"), filters, NOW)
    notes = dict(row[:2] for row in rows_of(file, 1))
    assert notes["导出人"] == "王巡"
    assert notes["筛选条件"] == "状态：待处理；巡查点：A01 企业开办；查找：空岗"
    assert notes["数据截至"].isoformat() == "2026-11-18T10:00:00"


def test_a_filter_does_not_name_rows_out_of_sight(db_context, site):
    file = io.BytesIO()
    exporting.write(
        file, exporting.every()["findings"], actor("wang"), {"point": str(site.cast.other_point)}, NOW
    )
    assert "综合纳税" not in str(rows_of(file, 1))


def ask(who: str = "wang", **filters: str) -> int:
    with unit_of_work(actor(who), office.now()) as uow:
        return services.ask_export(uow, exporting.every()["findings"], filters)


def row(job_id: int) -> Job:
    end_reading()
    return db.session.get_one(Job, job_id)


def test_a_long_list_is_written_by_the_worker_and_recorded_with_its_hash(app, site, cast):
    with app.app_context():
        make_findings(site, 5)
        job_id = ask(q="空岗")
    worker.run_due(app)
    with app.app_context():
        job = row(job_id)
        assert (job.state, job.result, job.title) == (JobState.DONE, {"rows": 5}, "问题")
        (file,) = job.files
        assert file["name"] == "问题-20261118-1000.xlsx"
        path = results.path_of(site.settings, job_id, 1, file["name"])
        assert len(rows_of(path)) == 6
        entry = db.session.scalars(db.select(AuditEntry).where(AuditEntry.action == "list.exported")).one()
        assert (entry.actor_id, entry.route) == (cast.users["wang"], "transfers.export")
        assert json.loads(entry.payload) == {
            "ledger": "findings",
            "filter": {"q": "***"},
            "rows": 5,
            "sha256": exporting.sha256_of(path),
        }


def withdraw(user: User) -> None:
    for grant in db.session.query(RoleGrant).filter_by(user_id=user.id):
        grant.withdrawn_at = NOW


@pytest.mark.parametrize("lost", [lambda user: setattr(user, "disabled_at", NOW), withdraw])
def test_whoever_may_no_longer_read_gets_nothing(app, site, cast, lost):
    from app.accounts.rules import USER_ADDED

    with app.app_context():
        make_findings(site, 1)
        job_id = ask()
        with unit_of_work(actor("secadmin"), NOW) as uow:
            user = uow.get(User, cast.users["wang"])
            lost(user)
            uow.record(USER_ADDED, user, roles=[])
    worker.run_due(app)
    with app.app_context():
        job = row(job_id)
        assert (job.state, job.attempts, job.files) == (JobState.FAILED, 1, [])
        assert "不再有这项权限" in job.message
        assert not db.session.query(AuditEntry).filter_by(action="list.exported").count()


def test_every_list_that_goes_out_belongs_to_those_who_read_it(app):
    """The button and the list ask for the same permission."""
    for export in exporting.every().values():
        assert app.view_functions[export.page].permission is export.permission
        assert any(export.permission in GRANTS[role] for role, *_ in USERS.values())
        assert len({column.label for column in export.columns}) == len(export.columns)


def test_the_asker_of_a_job_is_somebody(app, site):
    from app.transfers.jobs import HANDLERS

    class Claim:
        id, kind, attempt, asked_by_id = 1, "transfers.export", 1, None
        args = {"list": "findings", "filters": {}}  # noqa: RUF012

    with app.app_context(), pytest.raises(NotAllowed):
        HANDLERS["transfers.export"](worker.Task(Claim, site.settings))  # type: ignore[arg-type]
