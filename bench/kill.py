"""R1: kill -9 under load. What was acknowledged must be there, once, with its entry; the chain whole."""

from __future__ import annotations

import http.client
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
import uuid
from urllib.parse import urlencode

from bench import recording, sites
from bench.options import databases, parser, said
from bench.table import Line, show

PORT = 8700
CLIENTS = 4


class _Load:
    """Clients that record uniquely numbered findings and remember what the server acknowledged."""

    def __init__(self, cookie: str, token: str) -> None:
        self.headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self.token = token
        self.acknowledged: list[str] = []
        self.unknown = 0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]

    def _run(self) -> None:
        while not self.stop.is_set():
            number = f"k{uuid.uuid4().hex}"
            try:
                line = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
                form = urlencode({"csrf_token": self.token, "number": number})
                line.request("POST", recording.URL, form, self.headers)
                status = line.getresponse().status
                line.close()
            except (OSError, http.client.HTTPException):
                status = 0
                time.sleep(0.02)
            if status == 200:
                self.acknowledged.append(number)
            else:
                self.unknown += 1


def _serve(environ: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{PORT}", "--workers", "2", "--preload"]
    command += ["--worker-class", "sync", "--log-level", "critical", "bench.recording:create_app()"]
    return subprocess.Popen(command, env={**os.environ, **environ}, start_new_session=True)


def _wait_until_up() -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            line = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
            line.request("GET", "/sign-in")
            line.getresponse()
            line.close()
            return
        except (OSError, http.client.HTTPException):
            time.sleep(0.02)
    raise RuntimeError("the server does not come up")


def _verdict(site: sites.Site, acknowledged: list[str]) -> tuple[int, int, int, int, int]:
    """Return how many are stored, lost, doubled, without an entry, and how many faults the log has."""
    from sqlalchemy import select

    from app.audit import verification
    from app.audit.models import AuditEntry
    from app.extensions import db
    from app.inspections.models import Finding

    with site.app.app_context():
        stored = db.session.execute(select(Finding.id, Finding.number)).all()
        recorded = list(
            db.session.scalars(select(AuditEntry.subject_id).where(AuditEntry.action == "finding.recorded"))
        )
        db.session.remove()
        report = verification.verify(db.engine, site.app.config["DUBAN"])
    numbers = [number for _, number in stored]
    lost = len(set(acknowledged) - set(numbers))
    doubled = len(numbers) - len(set(numbers)) + len(recorded) - len(set(recorded))
    return (
        len(stored),
        lost,
        doubled,
        len({row_id for row_id, _ in stored} ^ set(recorded)),
        len(report.faults),
    )


def _measure(kind: str, cycles: int) -> list[Line]:
    rng = random.Random()
    restarts = []
    with sites.planted(kind) as site:
        load = _Load(site.cookie(), recording.csrf_token(site.app))
        sites.let_go(site)
        server = _serve(site.environ)
        try:
            _wait_until_up()
            for thread in load.threads:
                thread.start()
            for _ in range(cycles):
                time.sleep(rng.uniform(0.2, 0.8))
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
                start = time.perf_counter()
                server = _serve(site.environ)
                _wait_until_up()
                restarts.append(time.perf_counter() - start)
            time.sleep(0.5)
        finally:
            load.stop.set()
            for thread in load.threads:
                thread.join()
            server.terminate()
            server.wait(30)
        stored, lost, doubled, orphans, faults = _verdict(site, load.acknowledged)
        sites.let_go(site)
    note = f"{len(load.acknowledged)} acknowledged, {stored} stored, {load.unknown} unanswered"
    return [
        Line("R1", f"{kind}: lost in {cycles} kills", lost, 0, unit="", note=note),
        Line("R1", f"{kind}: doubled", doubled, 0, unit=""),
        Line("R1", f"{kind}: row without entry, entry without row", orphans, 0, unit=""),
        Line("R1", f"{kind}: faults of the log", faults, 0, unit=""),
        Line("R1", f"{kind}: acknowledged at all", len(load.acknowledged), 1, most=False, unit=""),
        Line("R1", f"{kind}: restart, median", statistics.median(restarts), unit="s"),
    ]


def run(arguments: list[str]) -> bool:
    parsing = parser("kill", findings=False)
    parsing.add_argument("--cycles", type=int, default=50)
    options = parsing.parse_args(arguments)
    lines = [line for kind in databases(options) for line in _measure(kind, options.cycles)]
    title = f"kill: {options.cycles} times kill -9 under load"
    return show("kill", title, lines, f"--cycles {options.cycles} {said(options)}")
