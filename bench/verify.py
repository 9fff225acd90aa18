"""P8: checking the log against plain Python that streams and hashes the same rows."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from bench import sites
from bench.floors import verify as floor
from bench.memory import peak_mb
from bench.options import databases, parser, said
from bench.sites import Site
from bench.table import Line, paired, show

SPEED, MEMORY_MB, GROWTH = 0.6, 64, 1.5
COMMAND = (sys.executable, "-P", "-m", "flask", "--app", str(sites.ROOT / "wsgi.py"), "audit", "verify")


def _ours(environ: dict[str, str]) -> int:
    from sqlalchemy import create_engine

    from app import config
    from app.audit import verification

    settings = config.load(environ)
    report = verification.verify(create_engine(settings.database_url), settings)
    assert report.ok, report.faults
    return report.entries


def _floor(environ: dict[str, str]) -> int:
    url = environ.get("DATABASE_URL", "").replace("+psycopg", "")
    return floor.postgresql(url) if url else floor.sqlite(environ["DUBAN_INSTANCE"] + "/duban.db")


def _timed(
    pipe: Any, work: Callable[[dict[str, str]], int], small: dict[str, str], environ: dict[str, str]
) -> None:
    work(small)  # what has to be loaded is loaded
    start = time.process_time()
    entries = work(environ)
    pipe.send(((time.process_time() - start) / entries * 1e6, peak_mb()))


def _alone(work: Callable[[dict[str, str]], int], small: Site, site: Site) -> tuple[float, float]:
    """Return the processor time of an entry in µs and the peak of memory in MB, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_timed, args=(there, work, small.environ, site.environ))
    process.start()
    there.close()
    found: tuple[float, float] = here.recv()
    process.join()
    return found


def _command(site: Site, *options: str) -> tuple[float, float]:
    """Return the processor time, in seconds, and the peak of memory, in MB, of the command a user calls."""
    before = os.times()
    environ = {**os.environ, **site.environ}
    process = subprocess.Popen([*COMMAND, *options], env=environ, stdout=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, peak_mb(process.pid))
        time.sleep(0.02)
    assert process.returncode == 0, "the log is whole"
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return spent, peak


def _measure(kind: str, findings: int, rounds: int) -> list[Line]:
    with sites.large(kind, findings) as site, sites.large(kind, sites.SMALL) as small:
        sites.let_go(site)
        ratio, ours, below = paired(
            lambda: _alone(_ours, small, site)[0], lambda: _alone(_floor, small, site)[0], rounds
        )
        growth, short, recent = paired(
            lambda: _command(small, "--since-checkpoint")[0],
            lambda: _command(site, "--since-checkpoint")[0],
            rounds,
        )
        peak, little = _alone(_ours, small, site)[1], _alone(_ours, small, small)[1]
        command = _command(site)[1]
    speed = {"floor": f"{below:.1f} µs", "ours": f"{ours:.1f} µs"}
    since = {"floor": f"{short:.1f} s", "ours": f"{recent:.1f} s"}
    what = f"since the checkpoint, {findings:,} / {sites.SMALL:,}"
    return [
        Line("P8", f"{kind}: entries a second, ours / floor", ratio, SPEED, most=False, **speed),
        Line("P8", f"{kind}: {what}", growth, GROWTH, **since),
        Line("P8", f"{kind}: memory of the check, at its peak", peak, MEMORY_MB, unit="MB"),
        Line("P8", f"{kind}: more than for {sites.SMALL:,} findings", peak - little, unit="MB"),
        Line("P8", f"{kind}: memory of the command, the whole application loaded", command, unit="MB"),
    ]


def run(arguments: list[str]) -> bool:
    options = parser("verify", rounds=3).parse_args(arguments)
    lines = [line for kind in databases(options) for line in _measure(kind, options.findings, options.rounds)]
    return show("verify", f"verify: the log of {options.findings:,} findings", lines, said(options))
