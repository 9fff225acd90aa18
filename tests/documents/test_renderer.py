import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.documents import renderer as module
from app.documents.errors import DocumentError
from app.documents.printing import plain
from app.documents.renderer import Renderer
from app.rectifications.documents import NOTICE_TEMPLATE, NoticeFact, RectificationNotice

Make = Callable[..., RectificationNotice]
PARENT = """
import json, sys
from app.documents.renderer import Renderer
with Renderer() as renderer:
    content = renderer.render("rectifications/notice.html", json.load(sys.stdin))
loaded = {name.partition(".")[0] for name in sys.modules}
print(content[:5].decode(), sorted(loaded & {"weasyprint", "fontTools"}))
"""


def test_the_parent_never_loads_the_pdf_library(make_notice: Make):
    done = subprocess.run(
        [sys.executable, "-c", PARENT],
        input=json.dumps(plain(make_notice())),
        cwd=module.ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout == "%PDF- []\n"


def test_a_document_that_takes_too_long_is_ended_and_the_next_one_succeeds(make_notice: Make):
    endless = make_notice(facts=(NoticeFact("9:05", "三号窗口", "A-03"),) * 8000)
    with Renderer() as renderer:
        renderer.render(NOTICE_TEMPLATE, plain(make_notice()))
        renderer.limit = 1.5
        began = time.monotonic()
        with pytest.raises(DocumentError, match=r"1\.5 秒"):
            renderer.render(NOTICE_TEMPLATE, plain(endless))
        assert time.monotonic() - began < 4
        renderer.limit = 60
        assert renderer.render(NOTICE_TEMPLATE, plain(make_notice())).startswith(b"%PDF-")


def test_a_child_that_died_is_replaced_and_leaves_no_files(
    make_notice: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Renderer() as renderer:
        first = renderer.render(NOTICE_TEMPLATE, plain(make_notice()))
        pid = renderer._child.pid
        os.kill(pid, signal.SIGKILL)
        renderer._child.wait()
        assert renderer.render(NOTICE_TEMPLATE, plain(make_notice())) == first
        assert renderer._child.pid != pid
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_child_without_enough_memory_gives_a_message(make_notice: Make):
    with Renderer(memory_limit=150 << 20) as renderer, pytest.raises(DocumentError):
        renderer.render(NOTICE_TEMPLATE, plain(make_notice()))


def test_a_failed_document_does_not_disturb_the_next(renderer: Renderer, make_notice: Make):
    good = renderer.render(NOTICE_TEMPLATE, plain(make_notice()))
    pid = renderer._child.pid
    broken = plain(make_notice())
    del broken["deadline"]
    with pytest.raises(DocumentError, match="deadline"):
        renderer.render(NOTICE_TEMPLATE, broken)
    with pytest.raises(DocumentError, match="absent"):
        renderer.render("absent.html", {})
    with pytest.raises(DocumentError):
        renderer.render(NOTICE_TEMPLATE, {**plain(make_notice()), "facts": 7})
    assert renderer.render(NOTICE_TEMPLATE, plain(make_notice())) == good
    assert renderer._child.pid == pid


def test_the_child_is_told_no_setting_and_no_secret(renderer: Renderer, make_notice: Make):
    renderer.render(NOTICE_TEMPLATE, plain(make_notice()))
    told = Path(f"/proc/{renderer._child.pid}/environ").read_text().split("\0")
    assert {entry.partition("=")[0] for entry in told if entry} == {"PATH", "LANG", "TMPDIR"}


@pytest.mark.parametrize("event", ["socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.exec"])
def test_the_child_may_not_reach_out(event: str):
    with pytest.raises(PermissionError):
        module._refuse(event, ())


def test_the_child_may_open_its_files():
    assert module._refuse("open", ("x", "r", 0)) is None


def test_documents_asked_for_at_once_do_not_mix(renderer: Renderer, make_notice: Make, pages: Callable):
    numbers = [f"政服督整〔2026〕{n}号" for n in range(1, 7)]
    with ThreadPoolExecutor(3) as pool:
        made = list(
            pool.map(lambda n: renderer.render(NOTICE_TEMPLATE, plain(make_notice(number=n))), numbers)
        )
    for number, content in zip(numbers, made, strict=True):
        assert number in pages(content)[0]
