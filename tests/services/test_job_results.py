"""Long work that someone waits for: its result, its files, cancelling, and a worker that dies half-way."""

from __future__ import annotations

import stat
from datetime import timedelta
from typing import Any

import pytest

from app import clock as office
from app.core.errors import NotAllowed, NotFound
from app.db.uow import end_reading, unit_of_work
from app.extensions import db
from app.jobs import claims, queries, results, services, worker
from app.jobs.models import Job
from app.jobs.rules import JOB_RETRIED, LOST_AFTER, MAX_ATTEMPTS, RESULTS_KEPT, JobState
from app.organisation import rules as organisation
from app.organisation.models import Zone
from app.permissions import system_actor
from tests.cast import actor

pytestmark = pytest.mark.both_databases
KIND = "documents.render"


class Killed(BaseException):
    """The worker is gone: nothing of it runs any more."""


def ask(cast: Any, title: str = "问题", **args: Any) -> int:
    with unit_of_work(actor("wang"), office.now()) as uow:
        job = services.ask(uow, KIND, args, cast.centre, title=title)
    return job.id


def row(job_id: int) -> Job:
    end_reading()
    return db.session.get_one(Job, job_id)


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a handler in the place of the real one."""

    def put(function: Any) -> None:
        monkeypatch.setattr("app.documents.jobs.HANDLERS", {KIND: function})

    return put


def open_zone(uow: Any, cast: Any, name: str) -> None:
    zone = Zone(centre_id=cast.centre, name=name, floor="2F", position=9)
    uow.session.add(zone)
    uow.session.flush()
    uow.record(organisation.ZONE_ADDED, zone)


def zones(name: str) -> int:
    end_reading()
    return db.session.query(Zone).filter(Zone.name == name).count()


# --- what comes of it -----------------------------------------------------------------------------


def test_what_a_handler_returns_is_kept_with_its_files(app, cast, site, handle):
    def work(task: worker.Task) -> dict[str, Any]:
        task.file("result.txt", "text/plain").write_text("结果")
        return {"rows": 2}

    handle(work)
    with app.app_context():
        job_id = ask(cast)
    worker.run_due(app)
    with app.app_context():
        job = row(job_id)
        assert (job.state, job.result) == (JobState.DONE, {"rows": 2})
        assert job.files == [{"name": "result.txt", "media_type": "text/plain", "size": 6}]
    path = results.path_of(site.settings, job_id, 1, "result.txt")
    assert path.read_text() == "结果"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_result_has_a_bare_name(site):
    for name in ("../secret", "a/b", "/etc/passwd", ".", ".."):
        with pytest.raises(ValueError, match="bare file name"):
            results.path_of(site.settings, 1, 1, name)


def test_files_are_removed_after_a_week_and_those_of_nobody_at_once(app, cast, site, handle, clock):
    handle(lambda task: task.file("result.txt", "text/plain").write_text("x") and None)
    with app.app_context():
        old = ask(cast)
    worker.run_due(app)
    clock.now += RESULTS_KEPT - timedelta(minutes=1)
    with app.app_context():
        young = ask(cast)
    worker.run_due(app)
    stray = results.make(site.settings, 999, 1, "result.txt")
    paths = {job_id: results.path_of(site.settings, job_id, 1, "result.txt") for job_id in (old, young)}
    with app.app_context():
        results.remove_old(site.settings, clock.now)
        assert paths[old].exists() and paths[young].exists() and not stray.exists()
        results.remove_old(site.settings, clock.tick(minutes=1))
        assert not paths[old].exists() and paths[young].exists()


def test_nothing_is_left_of_an_attempt_that_failed(app, cast, site, handle):
    def work(task: worker.Task) -> None:
        task.file("half.txt", "text/plain").write_text("half")
        raise ValueError

    handle(work)
    with app.app_context():
        job_id = ask(cast)
    worker.run_due(app)
    assert not results.path_of(site.settings, job_id, 1, "half.txt").parent.exists()
    with app.app_context():
        assert row(job_id).files == []


def test_one_sees_the_titled_work_that_one_asked_for(db_context, cast):
    mine, machine = ask(cast), ask(cast, title="")
    assert queries.get(actor("wang"), mine).id == mine
    for who, job_id in (("wang", machine), ("zhao", mine), ("auditor", mine), ("wang", 0), ("wang", 10**9)):
        with pytest.raises(NotFound):
            queries.get(actor(who), job_id)
    page, total = queries.list_jobs(actor("wang"), {})
    assert ([job.id for job in page.rows], total) == ([mine], 1)
    assert queries.list_jobs(actor("zhao"), {})[1] == 0


# --- cancelling and trying again ------------------------------------------------------------------


def cancel(job_id: int) -> None:
    with unit_of_work(actor("wang"), office.now()) as uow:
        services.cancel(uow, job_id)


def test_waiting_work_is_cancelled_at_once_and_only_once(app, cast, handle):
    handle(lambda task: pytest.fail("it ran"))
    with app.app_context():
        job_id = ask(cast)
        cancel(job_id)
        assert row(job_id).state is JobState.CANCELLED
        with pytest.raises(NotAllowed):
            cancel(job_id)
    assert worker.run_due(app) == 0


def test_running_work_stops_at_its_next_sign_of_life(app, cast, site, handle):
    went: list[int] = []

    def work(task: worker.Task) -> None:
        task.file("half.txt", "text/plain").write_text("half")
        task.progress(1, 3)
        cancel(task.claim.id)
        went.append(1)
        task.progress(2, 3)
        went.append(2)

    handle(work)
    with app.app_context():
        job_id = ask(cast)
    worker.run_due(app)
    with app.app_context():
        job = row(job_id)
        assert (job.state, job.message, went) == (JobState.CANCELLED, "", [1])
        assert job.finished_at is not None
    assert not results.path_of(site.settings, job_id, 1, "half.txt").exists()
    assert worker.run_due(app) == 0


def test_work_that_was_cancelled_before_it_is_kept_keeps_nothing(app, cast, handle):
    def work(task: worker.Task) -> None:
        cancel(task.claim.id)
        with unit_of_work(system_actor("test"), office.now()) as uow:
            open_zone(uow, cast, "三楼")
            task.done_with(uow)

    handle(work)
    with app.app_context():
        job_id = ask(cast)
    worker.run_due(app)
    with app.app_context():
        assert (row(job_id).state, zones("三楼")) == (JobState.CANCELLED, 0)


def test_cancelled_work_of_a_lost_worker_is_not_taken_up_again(app, cast, handle, clock):
    handle(lambda task: pytest.fail("it ran"))
    with app.app_context():
        job_id = ask(cast)
        assert claims.claim(clock.now)
        cancel(job_id)
    clock.now += LOST_AFTER + timedelta(seconds=1)
    assert worker.run_due(app) == 0
    with app.app_context():
        assert row(job_id).state is JobState.CANCELLED


def test_work_that_was_given_up_can_be_tried_again(app, cast, handle, clock):
    def fail(_task: worker.Task) -> None:
        raise ValueError

    handle(fail)
    with app.app_context():
        job_id = ask(cast)
        with pytest.raises(NotAllowed), unit_of_work(actor("wang"), clock.now) as uow:
            services.retry(uow, job_id)
    for _ in range(MAX_ATTEMPTS):
        worker.run_due(app)
        clock.tick(days=1)
    handle(lambda task: None)
    with app.app_context():
        assert row(job_id).state is JobState.FAILED
        with unit_of_work(actor("wang"), clock.now) as uow:
            services.retry(uow, job_id)
            assert [item.action for item in uow.recorded] == [JOB_RETRIED]
    worker.run_due(app)
    with app.app_context():
        assert row(job_id).state is JobState.DONE


# --- a worker that dies ---------------------------------------------------------------------------


def test_a_worker_killed_after_its_commit_does_nothing_twice(app, cast, handle, clock):
    def work(task: worker.Task) -> None:
        with unit_of_work(system_actor("test"), office.now()) as uow:
            open_zone(uow, cast, f"三楼 {task.claim.attempt}")
            task.done_with(uow, {"rows": 1})
        raise Killed

    handle(work)
    with app.app_context():
        job_id = ask(cast)
    with pytest.raises(Killed):
        worker.run_due(app)
    clock.now += LOST_AFTER + timedelta(seconds=1)
    assert worker.run_due(app) == 0
    with app.app_context():
        job = row(job_id)
        assert (job.state, job.attempts, job.result) == (JobState.DONE, 1, {"rows": 1})
        assert (zones("三楼 1"), zones("三楼 2")) == (1, 0)


def test_a_worker_killed_before_its_commit_leaves_nothing_and_another_does_it(app, cast, handle, clock):
    def work(task: worker.Task) -> None:
        with unit_of_work(system_actor("test"), office.now()) as uow:
            open_zone(uow, cast, f"三楼 {task.claim.attempt}")
            task.done_with(uow)
            if task.claim.attempt == 1:
                raise Killed

    handle(work)
    with app.app_context():
        job_id = ask(cast)
    with pytest.raises(Killed):
        worker.run_due(app)
    with app.app_context():
        assert (row(job_id).state, zones("三楼 1")) == (JobState.RUNNING, 0)
    clock.now += LOST_AFTER + timedelta(seconds=1)
    assert worker.run_due(app) == 1
    with app.app_context():
        assert (row(job_id).state, zones("三楼 1"), zones("三楼 2")) == (JobState.DONE, 0, 1)


def test_a_worker_that_comes_back_late_keeps_nothing(app, cast, handle, clock):
    def work(task: worker.Task) -> None:
        if task.claim.attempt == 1:
            clock.now += LOST_AFTER + timedelta(seconds=1)
            worker.run_due(app)  # another worker does the whole job meanwhile
        with unit_of_work(system_actor("test"), office.now()) as uow:
            open_zone(uow, cast, f"三楼 {task.claim.attempt}")
            task.done_with(uow)

    handle(work)
    with app.app_context():
        job_id = ask(cast)
    worker.run_due(app)
    with app.app_context():
        assert (row(job_id).state, row(job_id).attempts) == (JobState.DONE, 2)
        assert (zones("三楼 1"), zones("三楼 2")) == (0, 1)
