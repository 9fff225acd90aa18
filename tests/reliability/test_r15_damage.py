"""R15: bytes of the database file flip; what changes an entry of the log is noticed, and nothing crashes."""

from __future__ import annotations

import logging
import multiprocessing
import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app import create_app
from app.audit import verification
from app.extensions import db
from tests.databases import settings
from tests.reliability.load import KEY, creations
from tests.sweeps import Play

PAGES = ("/", "/findings", "/registers", "/audit", "/documents")


@dataclass
class Found:
    """What came of some flips."""

    altered: int = 0  # flips after which an entry reads otherwise, or not at all
    unnoticed: list[int] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)


def entries(file: Path) -> Any:
    """Return every entry of the log as the driver reads it; None if it cannot be read."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT * FROM audit_entries ORDER BY centre_id, seq").fetchall()
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def places(content: bytes, hashes: list[str], count: int, lot: random.Random) -> list[int]:
    """Return where to flip: anywhere, and every other time close to an entry of the log."""
    found = []
    for number in range(count):
        if number % 2:
            found.append(lot.randrange(len(content)))
        else:
            near = content.find(lot.choice(hashes).encode())
            found.append(max(0, min(len(content) - 1, near + lot.randrange(-400, 70))))
    return found


def flip(site: Any, folder: Path, cookie: dict[str, Any], chosen: list[int], results: Any) -> None:
    """Flip one bit at each place in turn, verify, and look at pages; in a process that may die of it."""
    logging.disable(logging.CRITICAL)  # a page of complaints for each
    found = Found()
    pristine, intact = site.base.file.read_bytes(), entries(site.base.file)
    own = settings(folder)
    app = create_app(own)
    file = own.instance / "duban.db"
    lot = random.Random(chosen[0])
    client = Play(site, None, {}).other(None)  # type: ignore[arg-type]
    client.application = app
    with client.session_transaction() as session:
        session.update(cookie)
    for place in chosen:
        content = bytearray(pristine)
        content[place] ^= 1 << lot.randrange(8)
        for suffix in ("-wal", "-shm", ".queue"):
            Path(f"{file}{suffix}").unlink(missing_ok=True)
        file.write_bytes(content)
        altered = entries(file) != intact
        found.altered += altered
        try:
            with app.app_context():
                report = verification.verify(db.engine, own)
                db.session.remove()
            if altered and report.ok:
                found.unnoticed.append(place)
            for page in PAGES:
                client.get(page)
        except Exception as error:
            found.crashes.append(f"byte {place}: {type(error).__name__}: {str(error)[:200]}")
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
    results.put(found)


def test_flipped_bytes_are_noticed_and_crash_nothing(
    site: Any, sign_in: Any, length: Any, tell: Any, tmp_path: Path
) -> None:
    count, processes = length(24, 400), length(2, 4)
    plays = creations(site)
    for number in range(40):
        assert plays[number % len(plays)].post(data={KEY: f"r15-{number}"}).status_code == 303
    with sign_in("auditor").session_transaction() as session:
        cookie = dict(session)
    site.let_go()  # the last connection closed, everything stands in the one file
    assert not Path(f"{site.base.file}-wal").exists()
    hashes = [row[-1] for row in entries(site.base.file)]
    chosen = places(site.base.file.read_bytes(), hashes, count, random.Random(length(None, 20261118)))
    fork = multiprocessing.get_context("fork")
    results, running = fork.Queue(), []
    for number in range(processes):
        folder = tmp_path / str(number)
        folder.mkdir()
        for secret in site.settings.instance.glob("*.secret"):
            shutil.copy(secret, folder)
        given = (site, folder, cookie, chosen[number::processes], results)
        running.append(fork.Process(target=flip, args=given))
        running[-1].start()
    for process in running:
        process.join()
    died = sum(process.exitcode != 0 for process in running)
    assert not died, f"{died} processes ended with {[process.exitcode for process in running]}"
    found = [results.get() for _ in running]
    unnoticed = [place for each in found for place in each.unnoticed]
    crashes = [text for each in found for text in each.crashes]
    altered = sum(each.altered for each in found)
    assert altered > count / 10
    tell(f"of {count} flips, {altered} altered the log: those not noticed", len(unnoticed), bar="0",
         held=not unnoticed, seen=unnoticed)  # fmt: skip
    tell(f"of {count} flips, those that crashed a verification or a page", len(crashes), bar="0",
         held=not crashes, seen=crashes[:10])  # fmt: skip
