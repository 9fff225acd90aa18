"""P8: checking the log against plain Python that streams and hashes the same rows."""

from __future__ import annotations

import argparse
import multiprocessing
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

from bench import sites
from bench.table import Line, paired, show

MEMORY_MB = 64


def _fill(site: sites.Site, count: int) -> None:
    """Lengthen the chain of the site's centre by `count` entries."""
    from sqlalchemy import insert, select

    from app import clock
    from app.audit import append
    from app.audit.chain import link_hash
    from app.audit.models import AuditEntry, AuditHead
    from app.extensions import db

    with site.app.app_context():
        actor = site.actor()
        with db.engine.begin() as connection:
            head = connection.execute(select(AuditHead.centre_id, AuditHead.seq, AuditHead.hash)).first()
            assert head is not None
            centre_id, seq, previous = head
            payload = {
                "changes": {
                    "status": ["open", "rectify"],
                    "note": ["", "已下发整改通知书，三个工作日内整改。"],
                }
            }
            draft = append.draft(actor, clock.now(), centre_id, "finding.sent_to_rectify", payload=payload)
            rows = []
            for number in range(count):
                seq += 1
                link = draft._replace(seq=seq, previous=previous, subject_type="finding", subject_id=number)
                previous = link_hash(link)
                rows.append(link._replace(hash=previous)._asdict())
                if len(rows) == 5000:
                    connection.execute(insert(AuditEntry), rows)
                    rows = []
            if rows:
                connection.execute(insert(AuditEntry), rows)


def _ours(file: str, environ: dict[str, str]) -> int:
    from sqlalchemy import create_engine

    from app import config
    from app.audit import verification

    engine = create_engine(f"sqlite:///{file}")
    report = verification.verify(engine, config.load(environ))
    assert report.ok, report.faults
    return report.entries


def _floor(file: str, _environ: dict[str, str]) -> int:
    count = 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        entries = connection.execute("SELECT * FROM audit_entries ORDER BY centre_id, seq")
        last: dict[int, str] = {}
        while rows := entries.fetchmany(2000):
            for row in rows:
                assert last.get(row[0], "0" * 64) == row[-2]
                if sha256("\x1f".join(map(str, row[:-1])).encode()).digest():
                    last[row[0]] = row[-1]
                count += 1
    return count


def _peak_mb() -> float:
    # getrusage would tell the parent's peak as well.
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def _measured(
    pipe: Any, work: Callable[[str, dict[str, str]], int], file: str, environ: dict[str, str]
) -> None:
    work(file + ".small", environ)  # what has to be loaded is loaded
    before = _peak_mb()
    start = time.process_time()
    entries = work(file, environ)
    seconds = time.process_time() - start
    pipe.send((entries, seconds, before, _peak_mb()))


def run(arguments: list[str]) -> bool:
    parser = argparse.ArgumentParser(prog="bench verify")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    memory: dict[str, tuple[float, float]] = {}
    with sites.sqlite() as site:
        file = site.environ["DUBAN_INSTANCE"] + "/duban.db"
        sites.let_go(site)
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(file + ".small")) as target:
            source.backup(target)
        _fill(site, options.rows)
        sites.let_go(site)

        def measure(work: Callable[[str, dict[str, str]], int]) -> float:
            context = multiprocessing.get_context("spawn")
            here, there = context.Pipe()
            process = context.Process(target=_measured, args=(there, work, file, site.environ))
            process.start()
            entries, seconds, before, after = here.recv()
            process.join()
            memory[work.__name__] = (before, after)
            return float(seconds / entries * 1e6)

        ratio, ours, floor = paired(lambda: measure(_ours), lambda: measure(_floor), options.rounds)
    before, after = memory["_ours"]
    return show(
        f"verify: {options.rows:,} audit entries on SQLite, one process",
        [
            Line(
                "P8 rows a second, ours / floor",
                ratio,
                0.6,
                most=False,
                note=f"{ours:.1f} to {floor:.1f} us a row",
            ),
            Line("   memory in all, at its peak", after, MEMORY_MB, unit="MB"),
            Line("   of it for the rows", after - before, unit="MB"),
        ],
    )
