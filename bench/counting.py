"""Instructions per request, counted by callgrind: the same to 0.2 % whatever the neighbours do."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

from bench.places import folder

WARM, FEW, MANY = 4, 4, 14


def available() -> bool:
    return shutil.which("valgrind") is not None


def instructions(kind: str, environ: Mapping[str, str], cookie: str, urls: Sequence[str]) -> list[float]:
    """Return millions of instructions for a request of each address; `kind` is `ours` or `floor`.

    An application is started once under callgrind, then forked for each count: a child's own requests, many
    against few, leave nothing but requests.
    """
    found = []
    with folder() as path:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={path}/%p"]
        command += [sys.executable, "-m", "bench.counting", kind, cookie, *urls]
        told = {**os.environ, **environ, "PYTHONHASHSEED": "0"}
        answer = subprocess.run(command, env=told, check=True, capture_output=True, text=True)
        for few, many in json.loads(answer.stdout.splitlines()[-1]):
            counts = []
            for pid in (few, many):
                total = re.search(r"^(?:summary|totals): (\d+)", (path / str(pid)).read_text(), re.MULTILINE)
                assert total
                counts.append(int(total[1]))
            found.append((counts[1] - counts[0]) / (MANY - FEW) / 1e6)
    return found


def _child(kind: str, cookie: str, urls: Sequence[str]) -> None:
    from bench.pages import ask

    if kind == "floor":
        from bench.floors import list as floor

        opened = floor.create_app(), cookie
    else:
        from app import clock
        from bench.sites import open_site

        opened = open_site(dict(os.environ)), cookie
        now: datetime = clock.now()
        clock.now = lambda: now
    pids = []
    for url in urls:
        pair = []
        for times in (FEW, MANY):
            pid = os.fork()
            if not pid:
                for _ in range(WARM):
                    ask(opened, url)
                gc.collect()
                gc.disable()
                for _ in range(times):
                    ask(opened, url)
                os._exit(0)
            if os.waitpid(pid, 0)[1]:
                raise RuntimeError(f"{url} failed")
            pair.append(pid)
        pids.append(pair)
    print(json.dumps(pids))


if __name__ == "__main__":
    import logging

    logging.disable(logging.INFO)
    _child(sys.argv[1], sys.argv[2], sys.argv[3:])
