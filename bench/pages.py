"""Pages asked for in processes of their own, straight through WSGI: what is measured is the application."""

from __future__ import annotations

import gc
import io
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from bench import recording
from bench.sites import open_site

Opened = tuple[Flask, str]  # the application and the Cookie header of a signed-in user


def open_ours(environ: dict[str, str], cookie: str) -> Opened:
    """Open a site in the process that asks for its pages."""
    return open_site(environ), cookie


def ask(opened: Opened, url: str, form: bytes | None = None) -> bytes:
    """Return the body of a page, or of the answer to a form. Raise RuntimeError unless it is there."""
    app, cookie = opened
    parts = urlsplit(url)
    seen: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET" if form is None else "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_COOKIE": cookie,
        "HTTP_ACCEPT_LANGUAGE": "zh-CN",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(form or b"")),
        "wsgi.input": io.BytesIO(form or b""),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    answer: Any = app.wsgi_app(environ, lambda status, _headers, _error=None: seen.append(status))
    body = b"".join(answer)
    answer.close()
    if not seen[0].startswith("200"):
        raise RuntimeError(f"{url}: {seen[0]}")
    return body


class Pages:
    """One application in a child process; `cpu(url)` is what a page costs in processor time, in ms."""

    def __init__(self, build: Callable[..., Opened], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, build, arguments), daemon=True)
        self._process.start()
        there.close()

    def cpu(self, url: str, times: int = 20) -> float:
        return float(self._tell(("cpu", url, times)))

    def clock(self, url: str) -> float:
        """Return the least time on the clock for a page, of three, in ms: what its reader waits for."""
        return float(self._tell(("clock", url, 3)))

    def post(self, url: str, times: int = 40) -> float:
        """Return the time on the clock for one form, in ms: waiting for the disk is part of writing."""
        return float(self._tell(("post", url, times)))

    def body(self, url: str) -> str:
        return str(self._tell(("body", url, 1)))

    def statements(self, url: str) -> list[str]:
        """Return the SQL of a page, without the bounds of transactions."""
        return list(self._tell(("statements", url, 1)))

    def visit(self, url: str) -> tuple[str | None, list[str]]:
        """Return the body and the SQL of a page; no body if it is not there for this reader."""
        body, said = self._tell(("visit", url, 1))
        return body, said

    def close(self) -> None:
        self._here.close()
        self._process.join(10)

    def _tell(self, what: tuple[str, str, int]) -> Any:
        self._here.send(what)
        return self._here.recv()


class _Asked:
    """What a child process does for `Pages`: one method for each thing it is told."""

    def __init__(self, build: Callable[..., Opened], arguments: tuple[Any, ...]) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        self.log: list[str] = []
        self.backends: set[int] = set()
        event.listen(Engine, "connect", lambda driver, _: self.backends.update(_backend(driver)))
        event.listen(Engine, "before_cursor_execute", lambda *given: self.log.append(given[2]))
        self.opened = build(*arguments)

    def body(self, url: str, _times: int) -> str:
        return ask(self.opened, url).decode()

    def visit(self, url: str, _times: int) -> tuple[str | None, list[str]]:
        self.log.clear()
        try:
            body = ask(self.opened, url).decode(errors="replace")
        except RuntimeError:  # refused, or it leads elsewhere
            return None, []
        return body, [text for text in self.log if not text.startswith("BEGIN")]

    def statements(self, url: str, times: int) -> list[str]:
        return self.visit(url, times)[1]

    def clock(self, url: str, times: int) -> float:
        return min(self._timed(url) for _ in range(times))

    def _timed(self, url: str) -> float:
        start = time.perf_counter()
        ask(self.opened, url)
        return (time.perf_counter() - start) * 1000

    def post(self, url: str, times: int) -> float:
        form = b"csrf_token=" + recording.csrf_token(self.opened[0]).encode()
        ask(self.opened, url, form)
        start = time.perf_counter()
        for _ in range(times):
            ask(self.opened, url, form)
        return (time.perf_counter() - start) * 1000 / times

    def cpu(self, url: str, times: int) -> float:
        for _ in range(3):
            ask(self.opened, url)
        gc.collect()
        self.log.clear()
        start = self._spent()
        for _ in range(times):
            ask(self.opened, url)
        return (self._spent() - start) * 1000 / times

    def _spent(self) -> float:
        """Return the processor time of this process and of those that work for it, in seconds."""
        theirs = (Path(f"/proc/{pid}/schedstat") for pid in self.backends)
        nanoseconds = sum(int(file.read_text().split()[0]) for file in theirs if file.exists())
        return time.process_time() + nanoseconds / 1e9


def _serve(pipe: Any, build: Callable[..., Opened], arguments: tuple[Any, ...]) -> None:
    asked = _Asked(build, arguments)
    while True:
        try:
            kind, url, times = pipe.recv()
        except EOFError:
            return
        pipe.send(getattr(asked, kind)(url, times))


def _backend(driver: Any) -> Iterable[int]:
    """Return the process that works for a connection, of a PostgreSQL on this machine."""
    info = getattr(driver, "info", None)
    return [info.backend_pid] if info else []
