"""Servers to measure: gunicorn with two sync workers, ours as `./duban serve` starts it, and the floor's."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.memory import shared_mb
from bench.sites import ROOT

HOST = "127.0.0.1"
PORTS = {"floor": 8701, "ours": 8702}


class Server:
    """A running server and the processes it consists of."""

    def __init__(self, kind: str, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.port, self.process, self.seconds = PORTS[kind], process, seconds

    @property
    def pids(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def memory_mb(self) -> float:
        return shared_mb(self.pids)

    def loads(self, library: str) -> bool:
        """Return whether one of its processes has a shared library in memory."""
        return any(library in Path(f"/proc/{pid}/maps").read_text() for pid in self.pids)

    def get(self, url: str, cookie: str) -> int:
        line = http.client.HTTPConnection(HOST, self.port, timeout=60)
        line.request("GET", url, headers={"Cookie": cookie, "Accept-Language": "zh-CN"})
        status = line.getresponse().status
        line.close()
        return status

    def waits(self, url: str, cookie: str, count: int) -> list[float]:
        """Return the seconds that each of so many requests took, one after the other, the shortest first."""
        found = []
        for _ in range(count):
            start = time.perf_counter()
            assert self.get(url, cookie) == 200, url
            found.append(time.perf_counter() - start)
        return sorted(found)

    def per_second(self, url: str, cookie: str, seconds: float, clients: int = 8) -> float:
        """Return how many requests it answers in a second. The clients do next to nothing."""
        request = f"GET {url} HTTP/1.0\r\nHost: {HOST}\r\nCookie: {cookie}\r\nAccept-Language: zh-CN\r\n\r\n"
        answered: list[int] = []

        def ask() -> None:
            end, count = time.perf_counter() + seconds, 0
            while time.perf_counter() < end:
                with socket.create_connection((HOST, self.port), 60) as line:
                    line.sendall(request.encode())
                    first = line.recv(65536)
                    if first[9:12] != b"200":
                        raise RuntimeError(first[:200])
                    while line.recv(65536):
                        pass
                count += 1
            answered.append(count)

        threads = [threading.Thread(target=ask) for _ in range(clients)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(answered) == clients, "a client failed"
        return sum(answered) / (time.perf_counter() - start)


def _command(kind: str) -> list[str]:
    from app.commands import WEB_WORKERS, _gunicorn

    ours = _gunicorn(HOST, PORTS[kind], WEB_WORKERS, 1)  # sync workers, as `serve` starts them behind a proxy
    if kind == "floor":  # as gunicorn comes
        ours = [word for word in ours[:-1] if word != "--preload"] + ["bench.floors.list:create_app()"]
    return [*ours, "--log-level", "critical"]


@contextmanager
def serving(kind: str, environ: Mapping[str, str]) -> Iterator[Server]:
    """Start a server and wait for its first page."""
    full = {**os.environ, **environ}
    full.pop("PYTHONDONTWRITEBYTECODE", None)  # a server that is started again finds its modules compiled
    start = time.perf_counter()
    process = subprocess.Popen(_command(kind), cwd=ROOT, env=full, start_new_session=True, stderr=sys.stderr)
    try:
        while True:
            try:
                line = http.client.HTTPConnection(HOST, PORTS[kind], timeout=60)
                line.request("GET", "/sign-in")
                line.getresponse().read()
                line.close()
                break
            except OSError:
                if process.poll() is not None or time.perf_counter() - start > 120:
                    raise RuntimeError(f"the server of {kind} does not come up") from None
                time.sleep(0.01)
        yield Server(kind, process, time.perf_counter() - start)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
