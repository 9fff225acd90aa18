"""R13: a stop asked for under load lets every form in hand finish, and is over soon."""

from __future__ import annotations

import signal
import time
from typing import Any

import pytest

from tests.reliability.load import Load, creations, verdict
from tests.reliability.served import Served

pytestmark = pytest.mark.both_databases
MOST_SECONDS = 10


def test_a_stop_under_load_fails_nothing_that_was_acknowledged(site: Any, length: Any, tell: Any) -> None:
    plays = creations(site)
    acknowledged: list[str] = []
    longest, strange = 0.0, []
    stops = length(1, 10)
    for _ in range(stops):
        with Served(site) as server, Load(server.url, plays) as load:
            assert load.wait_for(20), load.strange
            start = time.monotonic()
            server.web.send_signal(signal.SIGTERM)
            server.web.wait(60)
            longest = max(longest, time.monotonic() - start)
            load.stop()
            acknowledged += load.acknowledged
            strange += load.strange
    after = verdict(site, acknowledged)
    what = f"{site.kind}: of {len(acknowledged)} acknowledged before {stops} SIGTERM, lost or doubled"
    tell(what, after.lost + after.doubled, bar="0", held=after.clean)
    tell(f"{site.kind}: forms answered with an error while it stopped", len(strange), bar="0",
         held=not strange, seen=strange)  # fmt: skip
    tell(f"{site.kind}: longest stop, in seconds", round(longest, 1), bar=f"≤ {MOST_SECONDS}",
         held=longest <= MOST_SECONDS)  # fmt: skip
