"""A warm child process that renders documents: it costs its second of loading once, not per notice.

The parent never loads WeasyPrint. The child has no secret in its environment, no database, no network,
a memory limit, and dies when it takes too long; the next document starts another one.
"""

import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, cast

from app.core.i18n import N_
from app.documents.errors import DocumentError

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT = 60.0  # seconds; loading takes about one, ten on a machine under load
MEMORY_LIMIT = 2 << 30  # bytes of address space
PAPER_LIMIT = 3.0  # seconds for each further paper of a slice
FRAME_LIMIT = 1 << 30  # bytes; a longer one means that the stream is out of step
DONE, FAILED = b"\x00", b"\x01"
# What the child may not do once it is loaded, as named by sys.addaudithook.
FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.kill")


class Renderer:
    """Renders documents in one child process, started at the first need and restarted after a failure.

    One document at a time; `fonts` is the site's own folder of fonts, `limit` seconds per document.
    """

    def __init__(
        self, fonts: Path | None = None, limit: float = 60.0, memory_limit: int = MEMORY_LIMIT
    ) -> None:
        self.fonts = fonts
        self.limit = limit
        self.memory_limit = memory_limit
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._folder: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def render(
        self, template: str, values: Mapping[str, object], evidence: Mapping[str, bytes] | None = None
    ) -> bytes:
        """Return the PDF of plain values (see `printing.plain`) in a template; raise DocumentError."""
        evidence = evidence or {}
        request = {"template": template, "values": values, "evidence": list(evidence), "limit": self.limit}
        frames = [json.dumps(request).encode(), *evidence.values()]
        with self._lock:
            if self._child and self._child.poll() is not None:  # died since the last document
                self._stop()
            return self._converse(self._child or self._start(), frames, self.limit)

    def render_papers(self, papers: Sequence[tuple[str, Mapping[str, object]]]) -> list[bytes]:
        """Return the PDF of each of many papers without photos: a template and plain values each."""
        limit = self.limit + PAPER_LIMIT * len(papers)
        frames = [json.dumps({"papers": papers, "evidence": [], "limit": limit}).encode()]
        with self._lock:
            if self._child and self._child.poll() is not None:
                self._stop()
            answer = io.BytesIO(self._converse(self._child or self._start(), frames, limit))
        return [_read(answer) for _ in papers]

    def close(self) -> None:
        """End the child and remove its folder."""
        with self._lock:
            self._stop()

    def _start(self) -> subprocess.Popen[bytes]:
        # A killed child cannot clean up after itself, so the parent removes its folder; the child does if the
        # parent was killed.
        self._folder = tempfile.mkdtemp(prefix="duban-renderer-")
        environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "TMPDIR": self._folder}
        if self.fonts:
            environment["DUBAN_FONTS"] = str(self.fonts)
        self._child = subprocess.Popen(  # noqa: S603 (our own module)
            [sys.executable, "-m", "app.documents.renderer", str(self.memory_limit), self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
            start_new_session=True,  # Ctrl+C at the worker lets the document in hand finish
        )
        try:
            self._converse(self._child, [], START_LIMIT)
        except DocumentError:
            self._stop()
            raise
        return self._child

    def _converse(self, child: subprocess.Popen[bytes], frames: list[bytes], limit: float) -> bytes:
        """Send the frames and return the answer; whatever takes longer than `limit` ends the child."""
        to_child, from_child = cast(IO[bytes], child.stdin), cast(IO[bytes], child.stdout)
        late = threading.Event()

        def give_up() -> None:
            late.set()
            child.kill()

        timer = threading.Timer(limit, give_up)
        timer.start()
        try:
            for frame in frames:
                _write(to_child, frame)
            to_child.flush()
            answer = _read(from_child)
        except (OSError, EOFError) as error:
            self._stop()
            if late.is_set():
                raise DocumentError(N_("文书排版超过 %(limit)s 秒，已中止。"), limit=f"{limit:g}") from error
            raise DocumentError(N_("文书排版进程意外退出，请重试。")) from error
        finally:
            timer.cancel()
            timer.join()
        if late.is_set():  # answered at the last moment: the child is gone, the document is good
            self._stop()
        if answer[:1] == DONE:
            return answer[1:]
        failure = json.loads(answer[1:])
        raise DocumentError(failure["message"], **failure["params"])

    def _stop(self) -> None:
        if self._child:
            self._child.kill()
            self._child.communicate()  # closes the pipes and waits
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._child = self._folder = None


def _write(stream: IO[bytes], frame: bytes) -> None:
    stream.write(len(frame).to_bytes(4, "big"))
    stream.write(frame)


def _read(stream: IO[bytes]) -> bytes:
    length = int.from_bytes(_exactly(stream, 4), "big")
    if length > FRAME_LIMIT:
        raise EOFError("frame too long")
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], length: int) -> bytes:
    content = stream.read(length)
    if len(content) < length:
        raise EOFError("the other side is gone")
    return content


def _refuse(event: str, _arguments: tuple[object, ...]) -> None:
    if event.startswith(FORBIDDEN):
        raise PermissionError(event)


def _failure(error: DocumentError) -> bytes:
    return FAILED + json.dumps({"message": error.message, "params": error.params}, default=str).encode()


def _answer(request: dict[str, Any], evidence: Mapping[str, bytes]) -> bytes:
    from app.documents.pdf import render_papers, render_pdf
    from app.documents.printing import render_html

    # Should the worker die in the middle, nobody is left to stop an endless document.
    signal.alarm(int(request["limit"]) + 5)
    try:
        if "papers" in request:
            pages = [render_html(template, values, ()) for template, values in request["papers"]]
            answer = io.BytesIO()
            answer.write(DONE)
            for content in render_papers(pages, {}):
                _write(answer, content)
            return answer.getvalue()
        html = render_html(request["template"], request["values"], evidence)
        return DONE + render_pdf(html, evidence)
    except DocumentError as error:
        return _failure(error)
    except Exception as error:  # a flaw in a template or in the engine fails its document only
        return _failure(DocumentError(N_("文书排版出错：%(detail)s"), detail=type(error).__name__))
    finally:
        signal.alarm(0)


def serve(memory_limit: int, folder: str) -> None:
    """Answer requests on standard input until it closes, then remove the folder that was ours alone; the
    first answer says that all is loaded.
    """
    requests = sys.stdin.buffer
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print must not break the frames
    resource.setrlimit(resource.RLIMIT_AS, (memory_limit, memory_limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        import app.documents.pdf  # noqa: F401
    except OSError:  # Pango is a system library that no wheel carries
        first = _failure(DocumentError(N_("排版组件 Pango 未安装，无法生成文书。")))
    else:
        first = DONE
    sys.addaudithook(_refuse)
    try:
        _write(replies, first)
        while True:
            replies.flush()
            request = json.loads(_read(requests))
            evidence = {name: _read(requests) for name in request["evidence"]}
            _write(replies, _answer(request, evidence))
    except (EOFError, BrokenPipeError):  # the worker has gone
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)  # without the flush at exit, which would fail again


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
