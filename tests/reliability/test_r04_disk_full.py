"""R4: nothing more can be written: a clear 507, no half change, pages open; no restart afterwards."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.client import signed_in
from tests.factories.base import one_each
from tests.reliability.disks import Disk, can_mount, small
from tests.reliability.load import Load, creations, verdict
from tests.reliability.served import Served, cookie_of
from tests.sweeps import assert_unchanged, set_up

MEGABYTES = 32
PATIENCE = 30
PAGES = ("/", "/findings", "/registers", "/rectifications")
# PostgreSQL runs into its limit only where it is ours, and a disk can be made for it.
OURS = can_mount() and "TEST_DATABASE_URL" not in os.environ
KINDS = ("sqlite", "postgresql") if OURS else ("sqlite",)


@contextmanager
def standing(site: Any) -> Iterator[Path]:
    """Let the database stand on a small disk; return where."""
    site.let_go()
    if site.kind == "sqlite":
        with small(site.settings.instance, MEGABYTES):
            yield site.settings.instance
        return
    base, place = site.base, site.base.folder / "small"
    place.mkdir()
    with small(place, MEGABYTES):
        folder = place / "tables"
        folder.mkdir()
        shutil.chown(folder, base.server.system_user)
        base.admin.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
        base.admin.execute(f"ALTER DATABASE {base.name} SET TABLESPACE small")
        yield place
        site.let_go()
        base.admin.execute(f"ALTER DATABASE {base.name} SET TABLESPACE pg_default")
        base.admin.execute("DROP TABLESPACE small")
    place.rmdir()


@pytest.mark.parametrize("site", KINDS, indirect=True)
def test_a_full_disk_refuses_clearly_and_harms_nothing(site: Any, clock: Any, length: Any, tell: Any) -> None:
    times = length(1, 5)
    with standing(site) as place:
        plays = creations(site)
        reader = cookie_of(signed_in(site.app, "wang"))
        clock.tick(minutes=5)  # so that every page would note that its reader is here
        with Served(site) as server, Load(server.url, plays) as load:
            disk = Disk(place, server.pids)
            statuses: list[int] = []
            for _ in range(times):
                assert load.wait_for(10), load.strange
                disk.fill()
                until, before = time.monotonic() + PATIENCE, load.statuses[507]
                while load.statuses[507] < before + 5 and time.monotonic() < until:
                    time.sleep(0.05)
                statuses += [server.get(page, reader) for page in PAGES]
                disk.free()
                start = time.monotonic()
                assert load.wait_for(10), (load.statuses, load.strange, server.log.read_text()[-3000:])
                recovered = time.monotonic() - start
            load.stop()
        site.let_go()
        after = verdict(site, load.acknowledged)
        site.let_go()
        if site.kind == "sqlite":
            with closing(sqlite3.connect(site.base.file)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    kind = f"{site.kind}, {disk.kind}"
    tell(f"{kind}: forms answered 507", load.statuses[507], bar="≥ 5", held=load.statuses[507] >= 5)
    what = f"{kind}: answers that were neither success nor a clear 507, of {load.statuses.total()}"
    other = load.strange + [f"{load.statuses[code]} of {code}" for code in (0, 503) if load.statuses[code]]
    tell(what, len(other), bar="0", held=not other, seen=other[:5])
    halves = after.lost + after.doubled + after.halves + after.faults
    tell(f"{kind}: lost, doubled, half changes, faults of the log", halves, bar="0", held=after.clean)
    tell(f"{kind}: pages read meanwhile", statuses.count(200), bar=f"{len(statuses)}",
         held=set(statuses) == {200})  # fmt: skip
    tell(f"{kind}: seconds until changes were kept again", round(recovered, 1), bar="≤ 10",
         held=recovered <= 10)  # fmt: skip


def test_a_file_that_finds_no_room_is_refused_as_clearly(
    site: Any, length: Any, tell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every form with evidence, while the store has no room; nothing remains, and then the form succeeds."""
    tried, wrong = 0, []
    for example in length.some([each for each in one_each() if each.files], 10.0):
        play = set_up(site, example)
        before = play.snapshot()
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", no_room)
            response = play.post()
        if response.status_code == example.status:
            continue  # its file is read and not kept
        tried += 1
        if response.status_code != 507:
            wrong.append(f"{example.name}: {response.status_code}")
        assert_unchanged(before, play.snapshot())
        left = [path for path in site.settings.attachments.rglob("*") if path.is_file()]
        wrong += [f"{example.name} left {path}" for path in left if "previews" not in path.parts]
        if play.post().status_code != example.status:
            wrong.append(f"{example.name} does not succeed afterwards")
    tell(f"forms with a file that were not refused by a clear 507, of {tried}", len(wrong), bar="0",
         held=tried > 0 and not wrong, seen=wrong)  # fmt: skip


def no_room(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
