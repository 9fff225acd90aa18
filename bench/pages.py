"""Pages asked for in processes of their own, straight through WSGI: what is measured is the application."""

from __future__ import annotations

import gc
import io
import multiprocessing
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from bench import recording

Opened = tuple[Flask, str]  # the application and the Cookie header of a signed-in user


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
    """One application in a child process; `cpu(url)` is its processor time for a page, in ms."""

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

    def close(self) -> None:
        self._here.close()
        self._process.join(10)

    def _tell(self, what: tuple[str, str, int]) -> Any:
        self._here.send(what)
        return self._here.recv()


def _serve(pipe: Any, build: Callable[..., Opened], arguments: tuple[Any, ...]) -> None:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    opened = build(*arguments)
    log: list[str] = []
    while True:
        try:
            kind, url, times = pipe.recv()
        except EOFError:
            return
        if kind == "body":
            pipe.send(ask(opened, url).decode())
        elif kind == "statements":
            note = lambda *given: log.append(given[2])  # noqa: E731
            event.listen(Engine, "before_cursor_execute", note)
            log.clear()
            ask(opened, url)
            event.remove(Engine, "before_cursor_execute", note)
            pipe.send([text for text in log if not text.startswith("BEGIN")])
        elif kind == "clock":
            pipe.send(min(_timed(opened, url) for _ in range(times)))
        elif kind == "post":
            form = b"csrf_token=" + recording.csrf_token(opened[0]).encode()
            ask(opened, url, form)
            start = time.perf_counter()
            for _ in range(times):
                ask(opened, url, form)
            pipe.send((time.perf_counter() - start) * 1000 / times)
        else:
            for _ in range(3):
                ask(opened, url)
            gc.collect()
            start = time.process_time()
            for _ in range(times):
                ask(opened, url)
            pipe.send((time.process_time() - start) * 1000 / times)


def _timed(opened: Opened, url: str) -> float:
    start = time.perf_counter()
    ask(opened, url)
    return (time.perf_counter() - start) * 1000
