"""P7, R5: many processes write to one SQLite chain at once; none may starve, none may fail."""

from __future__ import annotations

import argparse
import multiprocessing
import time
from typing import Any

from bench import recording, sites
from bench.table import Line, show

LONGEST_MS = 250
FAIRNESS = 0.6


def _write(site: sites.Site, values: dict[str, Any], seconds: float, ready: Any, results: Any) -> None:
    from app.extensions import db

    waits, failures = [], []
    with site.app.app_context():
        actor = site.actor()
        ready.wait()
        end = time.perf_counter() + seconds
        while (start := time.perf_counter()) < end:
            try:
                recording.record(actor, values)
            except Exception as error:  # whatever it is, it is a change that somebody lost
                failures.append(repr(error)[:120])
            waits.append(time.perf_counter() - start)
        db.session.remove()
    results.put((waits, failures))


def _chain(site: sites.Site) -> tuple[bool, int]:
    from app.audit import verification
    from app.extensions import db

    with site.app.app_context():
        report = verification.verify(db.engine, site.app.config["DUBAN"])
    return report.ok, report.entries


def run(arguments: list[str]) -> bool:
    parser = argparse.ArgumentParser(prog="bench writers")
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args(arguments)
    with sites.sqlite() as site:
        values = recording.template(site.app)
        sites.let_go(site)
        context = multiprocessing.get_context("fork")  # as gunicorn does: the application is built once
        ready, results = context.Barrier(options.writers), context.Queue()
        given = (site, values, options.seconds, ready, results)
        processes = [context.Process(target=_write, args=given) for _ in range(options.writers)]
        for process in processes:
            process.start()
        found = [results.get() for _ in processes]
        for process in processes:
            process.join()
        waits = sorted(wait for each, _ in found for wait in each)
        counts = [len(each) for each, _ in found]
        failures = [text for _, each in found for text in each]
        whole, entries = _chain(site)
    for text in sorted(set(failures))[:3]:
        print(f"  {text}")
    p99 = waits[len(waits) * 99 // 100] * 1e3
    share = options.writers * options.seconds / len(waits) * 1e3  # what a perfectly fair queue would give
    note = f"{len(waits) / options.seconds:.0f} changes a second, p99 {p99:.0f} ms"
    return show(
        f"writers: {options.writers} processes on one SQLite chain for {options.seconds:g} s",
        [
            Line("P7 longest wait", waits[-1] * 1e3, LONGEST_MS, unit="ms", note=note),
            Line("   longest wait / everyone's fair share", waits[-1] * 1e3 / share),
            Line("   fairness, slowest / fastest", min(counts) / max(counts), FAIRNESS, most=False),
            Line("R5 errors", len(failures), 0, unit=""),
            Line("   faults of the chain", 0 if whole else 1, 0, unit="", note=f"{entries:,} entries"),
        ],
    )
