"""P7, R5: many processes write to one chain at once; none may starve, none may fail."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass
from typing import Any

from bench import recording, sites
from bench.options import databases, parser, said
from bench.sites import Site
from bench.table import Line, paired, show

LONGEST_MS, FAIRNESS, SPEED = 250, 0.6, 0.25


@dataclass
class _Slice:
    """What a number of writers came to in some seconds."""

    waits: list[float]  # in seconds, from the shortest to the longest
    counts: list[int]  # of each writer
    failures: list[str]


def _write(
    site: Site, values: dict[str, Any], seconds: float, audited: bool, ready: Any, results: Any
) -> None:
    from app.db import uow
    from app.extensions import db

    if not audited:
        uow.audit.append = lambda _session, _drafts: None  # type: ignore[attr-defined]
    waits, failures = [], []
    with site.app.app_context():
        actor = site.actor()
        recording.record(actor, values)  # the first change of a process builds its statements
        db.session.remove()
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


def _slice(site: Site, values: dict[str, Any], writers: int, seconds: float, audited: bool = True) -> _Slice:
    context = multiprocessing.get_context("fork")  # as gunicorn does: the application is built once
    ready, results = context.Barrier(writers), context.Queue()
    given = (site, values, seconds, audited, ready, results)
    processes = [context.Process(target=_write, args=given) for _ in range(writers)]
    for process in processes:
        process.start()
    found = [results.get() for _ in processes]
    for process in processes:
        process.join()
    return _Slice(
        sorted(wait for each, _ in found for wait in each),
        [len(each) for each, _ in found],
        [text for _, each in found for text in each],
    )


def _chain(site: Site) -> tuple[bool, int]:
    from app.audit import verification
    from app.extensions import db

    with site.app.app_context():
        report = verification.verify(db.engine, site.app.config["DUBAN"], full=False)
    sites.let_go(site)
    return report.ok, report.entries


def _measure(site: Site, writers: int, seconds: float, rounds: int) -> list[Line]:
    kind, values = site.kind, recording.template(site.app)
    sites.let_go(site)
    whole = _slice(site, values, writers, seconds)
    for text in sorted(set(whole.failures))[:3]:
        print(f"  {text}")
    p99 = whole.waits[len(whole.waits) * 99 // 100] * 1e3
    note = f"{len(whole.waits) / seconds:.0f} changes a second, p99 {p99:.0f} ms"
    lines = []
    if kind == "postgresql":
        ratio, without, with_log = paired(
            lambda: len(_slice(site, values, writers, seconds / 3, audited=False).waits),
            lambda: len(_slice(site, values, writers, seconds / 3).waits),
            rounds,
        )
        each = seconds / 3
        speed = {"floor": f"{without / each:.0f}/s", "ours": f"{with_log / each:.0f}/s"}
        lines.append(
            Line("P7", f"{kind}: changes, with the log / without", ratio, SPEED, most=False, **speed)
        )
    bar = LONGEST_MS if kind == "sqlite" else None
    lines.append(
        Line("P7", f"{kind}: longest wait of {writers}", whole.waits[-1] * 1e3, bar, unit="ms", note=note)
    )
    fair = min(whole.counts) / max(whole.counts)
    lines.append(
        Line("P7", f"{kind}: slowest / fastest", fair, FAIRNESS if kind == "sqlite" else None, most=False)
    )
    sound, entries = _chain(site)
    lines.append(Line("P7", f"{kind}: errors", len(whole.failures), 0, unit=""))
    lines.append(
        Line("P7", f"{kind}: faults of the chain", 0 if sound else 1, 0, unit="", note=f"{entries:,} new")
    )
    return lines


def run(arguments: list[str]) -> bool:
    parsing = parser("writers", rounds=5)
    parsing.add_argument("--writers", type=int, default=16)
    parsing.add_argument("--seconds", type=float, default=10)
    options = parsing.parse_args(arguments)
    lines = []
    for kind in databases(options):
        with sites.large(kind, options.findings, to_write=True) as site:
            lines += _measure(site, options.writers, options.seconds, options.rounds)
    title = f"writers: {options.writers} processes on one chain for {options.seconds:g} s"
    return show("writers", title, lines, said(options))
