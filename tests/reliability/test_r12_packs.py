"""R12: the worker is killed at random moments of a pack; every sheet comes once, with its number."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import Any

import pytest

from app import clock as office
from app.db.uow import end_reading, unit_of_work
from app.evaluations import print_services
from app.jobs.rules import LOST_AFTER, JobState
from app.permissions import Permission
from tests.cast import actor
from tests.factories.evaluations import locked
from tests.reliability.served import Served
from tests.services.paper_tools import check_whole, job

pytestmark = pytest.mark.both_databases
KILLS = 3  # of one pack: a job that was lost five times is given up
PATIENCE = 180  # seconds, on a busy machine


def test_a_pack_whose_worker_is_killed_is_whole_in_the_end(
    db_context: Any, site: Any, clock: Any, length: Any, tell: Any
) -> None:
    rng = random.Random()
    kills, packs = 0, length(1, 7)
    for _ in range(packs):
        month_id = locked(site)
        with unit_of_work(actor("head", Permission.EVALUATION_PACK), office.now()) as uow:
            job_id = print_services.ask_pack(uow, month_id)
        end_reading()
        with Served(site, worker=True) as served:
            for _ in range(KILLS):
                time.sleep(rng.uniform(1, 6))
                served.kill_worker()
                kills += 1
                served.turn_clock(clock.tick(seconds=LOST_AFTER.total_seconds() + 60))
                served.start_worker()
            until = time.monotonic() + PATIENCE
            while job(job_id).state is not JobState.DONE and time.monotonic() < until:
                end_reading()
                time.sleep(0.5)
            check_whole(site, month_id, job_id)
        left = [path.name for path in (served.folder / "tmp").glob("duban-renderer-*")]
        assert left == [], "the folder of a renderer is left"
        clock.tick(seconds=timedelta(minutes=10).total_seconds())
    what = f"{site.kind}: numbers lost or used twice, sheets missing in {packs} packs killed {kills} times"
    tell(what, 0, bar="0", held=True)
