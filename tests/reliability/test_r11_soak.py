"""R11: mixed load for a long time: memory, open files and the write-ahead log stay, nothing fails."""

from __future__ import annotations

import http.client
import os
import re
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.client import signed_in
from tests.reliability.load import Load, creations
from tests.reliability.served import HOST, Served, cookie_of
from tests.web.test_sweep_access import HOLDERS, addresses

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("quick_photos")]
MOST_LOG = 64 << 20
READERS = 2


class Reading:
    """People who open one page after the other."""

    def __init__(self, server: Served, urls: list[str], cookies: list[str]) -> None:
        self.server, self.urls, self.cookies = server, urls, cookies
        self.statuses: Counter[int] = Counter()
        self.failed: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(READERS)]

    def __enter__(self) -> Reading:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        while not self._stop.is_set():
            number += READERS
            url = self.urls[number % len(self.urls)]
            status = self._get(url, self.cookies[(number // len(self.urls)) % len(self.cookies)])
            self.statuses[status] += 1
            if status == 0 or status >= 500:
                self.failed.append(f"{url}: {status}")

    def _get(self, url: str, cookie: str) -> int:
        try:
            line = http.client.HTTPConnection(HOST, self.server.port, timeout=60)
            line.request("GET", url, headers={"Cookie": cookie})
            answer = line.getresponse()
            answer.read()
            line.close()
        except (OSError, http.client.HTTPException):
            return 0
        return answer.status


def weight(pids: list[int]) -> tuple[float, int]:
    """Return the memory of the workers in MB, without what they share, and how many files they hold open."""
    memory, files = 0, 0
    for pid in pids:
        found = re.search(
            r"^Private_Dirty:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE
        )
        memory += int(found[1]) if found else 0
        files += len(os.listdir(f"/proc/{pid}/fd"))
    return memory / 1024, files


def test_mixed_load_leaves_nothing_behind(site: Any, length: Any, tell: Any) -> None:
    seconds = length(8, 1800)
    urls = list(addresses(site).values())
    plays = creations(site)
    cookies = [cookie_of(signed_in(site.app, name)) for name in sorted(set(HOLDERS.values()))]
    with Served(site) as server, Load(server.url, plays, clients=1) as load:
        with Reading(server, urls, cookies) as reading:
            time.sleep(seconds / 3)  # until every page was made once
            warm, files = weight(server.pids())
            most_log, until = 0, time.monotonic() + seconds
            while time.monotonic() < until:
                time.sleep(min(1.0, seconds / 4))
                log = Path(f"{site.base.file}-wal") if site.kind == "sqlite" else None
                most_log = max(most_log, log.stat().st_size if log and log.exists() else 0)
            later, files_later = weight(server.pids())
        load.stop()
    kind = f"{site.kind}, {seconds} s"
    total = reading.statuses.total() + load.statuses.total()
    failed = reading.failed + load.strange
    tell(f"{kind}: answers that failed, of {total}", len(failed), bar="0", held=not failed, seen=failed[:5])
    if length.full:  # in seconds not every page has been made once; what is learnt by then is no leak
        growth = (later / warm - 1) * 100
        what = f"{kind}: memory grown after {seconds / 3:.0f} s, in %"
        tell(what, round(growth, 1), bar="≤ 5", held=growth <= 5)
        more = files_later - files
        tell(f"{kind}: more files open than then", more, bar="≤ 4", held=more <= 4)
    if site.kind == "sqlite":
        size, held = round(most_log / 1e6, 1), most_log <= MOST_LOG
        tell(f"{kind}: largest write-ahead log, in MB", size, bar="≤ 64", held=held)
