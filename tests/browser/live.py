"""A whole site as it stands in an office: a web server, a worker, an instance folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from app import config, create_app
from app.extensions import db

FLASK = [sys.executable, "-P", "-m", "flask", "--app", str(config.ROOT / "wsgi.py")]
TURNED = Path(__file__).with_name("turned")  # its sitecustomize lets a process follow the clock below
PATIENCE = 40  # seconds; on a busy machine two starts of Python can take long


class Live:
    """Processes over a copy of the template; `app` is a second look at the same files, for preparing rows.

    Without a template they serve what stands in the folder already; without `now` they keep the real time.
    """

    def __init__(
        self, folder: Path, template: Path | None, cast: SimpleNamespace, now: datetime | None = None
    ) -> None:
        self.cast = cast
        self.instance = folder / "site"
        self.instance.mkdir(exist_ok=True)
        if template:
            shutil.copyfile(template, self.instance / "duban.db")
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "processes.log"
        self._clock = folder / "clock"
        self.turn_clock(now or datetime.now(UTC))
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DATABASE")},
            "DUBAN_ENV": "test",
            "DUBAN_INSTANCE": str(self.instance),
            "DUBAN_BASE_URL": self.url,
            "DUBAN_TURNED_CLOCK": str(self._clock),
            "PYTHONPATH": f"{config.ROOT}{os.pathsep}{TURNED}",
        }
        self.settings = config.load(self.environ)
        self.app: Any = create_app(self.settings)
        self.processes: list[subprocess.Popen[bytes]] = []
        try:
            self._start("serve", "--port", str(port), "--threads", "4")
            self._start("work")
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _start(self, *words: str) -> None:
        with self.log.open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    [*FLASK, *words], env=self.environ, cwd=config.ROOT, stdout=log, stderr=subprocess.STDOUT
                )
            )

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            if any(process.poll() is not None for process in self.processes):
                raise RuntimeError(f"a process ended at once:\n{self.log.read_text()}")
            try:
                with urllib.request.urlopen(f"{self.url}/sign-in", timeout=PATIENCE):
                    return
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def now(self) -> datetime:
        """Return what the site's clock says."""
        return datetime.now(UTC) + self.ahead

    def turn_clock(self, to: datetime) -> None:
        """Turn the clock of all processes; it goes on from there. People sign in again after a long time."""
        self.ahead = to - datetime.now(UTC)
        new = self._clock.with_suffix(".new")
        new.write_text(str(self.ahead.total_seconds()))
        new.rename(self._clock)

    @contextmanager
    def look(self) -> Iterator[None]:
        """Push the application's context, and let go of its connections afterwards."""
        with self.app.app_context():
            yield
            db.session.remove()
            db.engine.dispose()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ours against this site."""
        return subprocess.run(
            [*FLASK, *words], env=self.environ, cwd=config.ROOT, capture_output=True, text=True
        )

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
