import logging
import os
import signal
import threading
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import make_url

from app import clock
from app.config import Settings
from app.core.errors import Invalid
from app.core.i18n import N_
from app.db.uow import end_reading, unit_of_work
from app.extensions import db
from app.jobs import bell, claims, queue, services, worker
from app.jobs.models import Job
from app.jobs.rules import LOST_AFTER, MAX_ATTEMPTS, JobState, retry_delay
from app.permissions import system_actor
from tests.cast import actor

pytestmark = pytest.mark.both_databases
KIND = "documents.render"
STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
wake = queue.wake


@pytest.fixture(autouse=True)
def _silent_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "wake", lambda url: None)


def ask(cast: Any, **args: Any) -> int:
    with unit_of_work(system_actor("test"), clock.now()) as uow:
        job = services.ask(uow, KIND, args, cast.centre)
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


def test_a_job_is_kept_with_the_change_that_asks_for_it(db_context, cast):
    with unit_of_work(actor("wang"), clock.now()) as uow:
        job = services.ask(uow, KIND, {"document_id": 7}, cast.centre)
    job = row(job.id)
    assert (job.state, job.args, job.attempts) == (JobState.WAITING, {"document_id": 7}, 0)
    assert job.asked_by_id == cast.users["wang"]
    with pytest.raises(ZeroDivisionError), unit_of_work(actor("wang"), clock.now()) as uow:
        services.ask(uow, KIND, {}, cast.centre)
        raise ZeroDivisionError
    assert db.session.query(Job).count() == 1


def test_the_bell_is_rung_after_the_commit_only(db_context, cast, monkeypatch):
    rung = []
    monkeypatch.setattr(queue, "wake", rung.append)
    with unit_of_work(system_actor("test"), clock.now()) as uow:
        services.ask(uow, KIND, {}, cast.centre)
        assert not rung
    assert len(rung) == 1


def test_a_job_is_claimed_once_by_two_workers(app, cast):
    with app.app_context():
        jobs = {ask(cast, n=n) for n in range(10)}
    claimed: list[int] = []
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        while True:
            with app.app_context():
                claim = claims.claim(clock.now())
            if claim is None:
                return
            claimed.append(claim.id)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert sorted(claimed) == sorted(jobs)


def test_a_row_that_another_worker_is_taking_is_passed_over(app, cast, site):
    with app.app_context():
        first, second = ask(cast), ask(cast)
    with app.app_context():
        db.session.execute(db.select(Job).where(Job.id == first).with_for_update()).one()
        with app.app_context():
            claim = claims.claim(clock.now())
    # SQLite has no row to lock: there whole write transactions take turns.
    assert claim and claim.id == (second if site.kind == "postgresql" else first)


def test_a_lost_job_is_taken_up_again_and_its_first_worker_cannot_finish_it(db_context, cast, clock):
    job_id = ask(cast)
    lost = claims.claim(clock.now)
    assert lost and claims.claim(clock.now) is None
    clock.now += LOST_AFTER - timedelta(seconds=1)
    assert claims.beat(lost, 1, 2, clock.now)
    clock.now += LOST_AFTER - timedelta(seconds=1)
    assert claims.claim(clock.now) is None, "it gave a sign of life"
    clock.tick(seconds=2)
    again = claims.claim(clock.now)
    assert again and again.id == job_id and again.attempt == 2
    assert not claims.beat(lost, 2, 2, clock.now)
    assert not claims.finish(lost, clock.now)
    assert not claims.fail(lost, "late", clock.now)
    assert row(job_id).state is JobState.RUNNING
    assert claims.finish(again, clock.now)
    assert row(job_id).state is JobState.DONE


def test_a_job_that_takes_its_worker_down_every_time_is_given_up(db_context, cast, clock):
    job_id = ask(cast)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        claim = claims.claim(clock.now)
        assert claim and claim.attempt == attempt
        clock.now += LOST_AFTER + timedelta(seconds=1)
    assert claims.claim(clock.now) is None
    job = row(job_id)
    assert (job.state, job.message) == (JobState.FAILED, claims.LOST)


def test_a_failed_job_rests_longer_each_time_and_is_given_up_at_last(app, cast, clock, handle):
    def fail(_task: worker.Task) -> None:
        raise Invalid(N_("照片 %(name)s 缺失"), name="a.jpg")

    handle(fail)
    with app.app_context():
        job_id = ask(cast)
    for attempt in range(1, MAX_ATTEMPTS):
        assert worker.run_due(app) == 1
        with app.app_context():
            job = row(job_id)
            assert (job.state, job.message, job.attempts) == (JobState.WAITING, "照片 a.jpg 缺失", attempt)
            assert job.run_after == clock.now + retry_delay(attempt)
        assert worker.run_due(app) == 0
        clock.now += retry_delay(attempt)
    assert worker.run_due(app) == 1
    clock.tick(days=1)
    assert worker.run_due(app) == 0
    with app.app_context():
        assert row(job_id).state is JobState.FAILED
        assert claims.retry_failed(clock.now) == 1
    handle(lambda task: None)
    assert worker.run_due(app) == 1
    with app.app_context():
        assert row(job_id).state is JobState.DONE


def test_an_unexpected_error_shows_its_kind_and_never_its_text(app, cast, handle):
    def leak(_task: worker.Task) -> None:
        raise ValueError("赵某某 13800000000")

    handle(leak)
    with app.app_context():
        job_id = ask(cast)
    worker.run_due(app)
    with app.app_context():
        assert row(job_id).message == "ValueError"


def test_progress_is_kept_and_tells_a_handler_that_it_was_replaced(app, cast, clock, handle):
    seen = []

    def slow(task: worker.Task) -> None:
        task.progress(1, 3)
        seen.append((row(task.claim.id).progress, row(task.claim.id).total))
        clock.now += LOST_AFTER + timedelta(seconds=1)
        claims.claim(clock.now)
        task.progress(2, 3)
        seen.append("went on")

    handle(slow)
    with app.app_context():
        job_id = ask(cast)
    worker.run_due(app)
    assert seen == [(1, 3)]
    with app.app_context():
        assert (row(job_id).state, row(job_id).attempts) == (JobState.RUNNING, 2)


def test_a_worker_that_is_told_to_stop_finishes_the_job_in_hand(app, cast, handle):
    stopping = threading.Event()
    handle(lambda task: stopping.set())
    with app.app_context():
        first, second = ask(cast), ask(cast)
    assert worker.run_due(app, stopping) == 1
    with app.app_context():
        assert [row(first).state, row(second).state] == [JobState.DONE, JobState.WAITING]


def test_the_worker_hears_the_bell_makes_its_rounds_and_stops_when_asked(
    app, cast, site, handle, monkeypatch
):
    monkeypatch.setattr(queue, "wake", wake)
    seen: list[str] = []

    def work(task: worker.Task) -> None:
        seen.append(task.args["name"])
        if task.args["name"] == "second":
            os.kill(os.getpid(), signal.SIGTERM)

    def make_round(_settings: Settings, _now: datetime) -> None:
        seen.append("round")
        ask(cast, name="second")  # the sweep is over: only the bell can tell

    handle(work)
    monkeypatch.setattr("app.documents.jobs.start", lambda settings: seen.append("start"))
    monkeypatch.setattr("app.documents.jobs.stop", lambda: seen.append("stop"))
    monkeypatch.setattr("app.documents.jobs.PERIODIC", ((1, make_round),), raising=False)
    monkeypatch.setattr("app.audit.jobs.PERIODIC", ())
    with app.app_context():
        ask(cast, name="first")
    handlers = {number: signal.getsignal(number) for number in STOP}
    began = time.monotonic()
    try:
        worker.work(app, lambda: seen.append("ready"))
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        queue._bell(make_url(site.settings.database_url)).huey.storage.close()
    # The first may be in the hands of either thread, so it has no fixed place.
    assert [word for word in seen if word != "first"] == ["start", "ready", "round", "second", "stop"]
    assert seen.count("first") == 1
    assert time.monotonic() - began < worker.SWEEP_EVERY
    with app.app_context():
        assert not db.session.query(Job).filter(Job.state != JobState.DONE).count()


def test_the_bell_reaches_a_consumer(app, site):
    url = make_url(site.settings.database_url)
    heard = []
    hearer = bell.open_bell(url, lambda: heard.append(1))
    hearer.huey.storage.flush_queue()
    sender = bell.open_bell(url, lambda: None)
    sender()
    hearer.huey.execute(hearer.huey.dequeue())
    assert heard == [1]
    for each in (hearer, sender):
        each.huey.storage.close()


def test_a_bell_that_cannot_be_rung_fails_nobody(site, tmp_path, caplog):
    missing = make_url(site.settings.database_url).set(database=str(tmp_path / "nowhere" / "duban.db"))
    with caplog.at_level(logging.WARNING, logger="app.jobs.queue"):
        wake(missing)
    assert "could not be woken" in caplog.text
