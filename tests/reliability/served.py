"""A site under its real server: the processes that `./duban serve` and `./duban work` start."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app import clock, config
from tests.browser.live import FLASK, TURNED

HOST = "127.0.0.1"
PATIENCE = 60  # seconds; on a busy machine two starts of Python can take long


class Served:
    """Web workers over the database of a test's site, their clock set to that of the test."""

    def __init__(self, site: Any, *, worker: bool = False) -> None:
        from app.commands import WEB_WORKERS, _gunicorn

        site.let_go()
        self.left: list[Path] = []  # the temporary files that remained when all had ended
        self.folder = Path(tempfile.mkdtemp(prefix="duban-served-"))
        self.port = _free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.log = self.folder / "log"
        self.clock = self.folder / "clock"
        self.turn_clock(clock.now())
        (self.folder / "tmp").mkdir()
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DATABASE")},
            "DUBAN_ENV": "test",
            "DUBAN_INSTANCE": str(site.settings.instance),
            "DUBAN_TURNED_CLOCK": str(self.clock),
            "PYTHONPATH": f"{config.ROOT}{os.pathsep}{TURNED}",
            "TMPDIR": str(self.folder / "tmp"),
        }
        if not site.settings.sqlite:
            self.environ |= {
                "DATABASE_URL": site.settings.database_url,
                "DATABASE_OWNER_URL": site.settings.owner_url,
            }
        self._web = [*_gunicorn(HOST, self.port, WEB_WORKERS, 1), "--log-level", "error"]
        self.web = self._start(self._web)
        self.worker = self._start([*FLASK, "work"]) if worker else None
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                env=self.environ,
                cwd=config.ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while self.get("/sign-in") != 200:
            if self.web.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server does not come up:\n{self.log.read_text()}")
            time.sleep(0.05)

    def get(self, path: str, cookie: str = "", seconds: float = 30) -> int:
        """Return the status of a page, 0 for no answer."""
        try:
            line = http.client.HTTPConnection(HOST, self.port, timeout=seconds)
            line.request("GET", path, headers={"Cookie": cookie} if cookie else {})
            status = line.getresponse().status
            line.close()
        except (OSError, http.client.HTTPException):
            return 0
        return status

    def turn_clock(self, to: datetime) -> None:
        """Turn the clock of all processes; it goes on from there."""
        new = self.clock.with_suffix(".new")
        new.write_text(str((to - datetime.now(UTC)).total_seconds()))
        new.rename(self.clock)

    def start_worker(self) -> None:
        self.worker = self._start([*FLASK, "work"])

    def kill_worker(self) -> None:
        """End the worker as a power cut would; its renderer notices by itself."""
        assert self.worker
        self.worker.kill()
        self.worker.wait()

    def pids(self) -> list[int]:
        """Return the processes that answer pages."""
        children = Path(f"/proc/{self.web.pid}/task/{self.web.pid}/children").read_text().split()
        return [self.web.pid, *map(int, children)]

    def close(self) -> None:
        for process in (self.web, self.worker):
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in (self.web, self.worker):
            if process:
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.left = list((self.folder / "tmp").iterdir())
        shutil.rmtree(self.folder)


def cookie_of(client: Any) -> str:
    """Return the Cookie header of a signed-in test client."""
    found = client.get_cookie("duban")
    assert found
    return f"duban={found.value}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
