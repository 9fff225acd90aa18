"""People who fill in forms without pause, and what became of what they were told is kept."""

from __future__ import annotations

import http.client
import threading
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from app.audit import verification
from app.db.mixins import Audited
from app.extensions import db
from tests.factories.base import examples
from tests.sweeps import Play, audited_tables, snapshot

KEY = "form_key"


def creations(site: Any) -> list[Play]:
    """Prepare the forms that make a new row under a one-time key, file-less ones that can be sent again and
    again; sign their users in.
    """
    plays = []
    for example in examples():
        if example.files or not (isinstance(example.data, Mapping) and KEY in example.data):
            continue
        with site.app.app_context():
            play = Play(site, example, example.prepare(site))
            db.session.remove()
        answers = [play.post(data={KEY: uuid.uuid4().hex}).status_code for _ in range(2)]
        if answers == [303, 303]:
            plays.append(play)
    assert plays
    return plays


@dataclass
class Load:
    """Clients of a served site; `acknowledged` are the keys of the forms that were answered with success."""

    url: str
    plays: list[Play]
    clients: int = 4
    acknowledged: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)  # 0: no answer at all
    strange: list[str] = field(default_factory=list)
    longest: float = 0.0

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._pause = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(self.clients)]
        self._forms = [self._form(play) for play in self.plays]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int, seconds: float = 30) -> bool:
        """Wait until so many more forms are acknowledged; say whether they were."""
        wanted, until = len(self.acknowledged) + more, time.monotonic() + seconds
        while len(self.acknowledged) < wanted and time.monotonic() < until:
            time.sleep(0.02)
        return len(self.acknowledged) >= wanted

    @staticmethod
    def _form(play: Play) -> tuple[str, dict[str, Any], dict[str, str]]:
        cookie = play.client.get_cookie("duban")
        assert cookie
        headers = {
            "Cookie": f"duban={cookie.value}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return play.url, {"csrf_token": play.client.token(), **play.data}, headers

    def _run(self, number: int) -> None:
        while not self._stop.is_set():
            number += 1
            self.send(*self._forms[number % len(self._forms)])

    def send(self, path: str, values: dict[str, Any], headers: dict[str, str]) -> int:
        """Send one form under a key of its own; return the status, 0 for none."""
        key, start = uuid.uuid4().hex, time.monotonic()
        body = urlencode({**values, KEY: key}, doseq=True)
        status, text = 0, ""
        try:
            line = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
            line.request("POST", path, body, headers)
            answer = line.getresponse()
            status, text = answer.status, answer.read().decode("utf-8", "replace")
            line.close()
        except (OSError, http.client.HTTPException):
            time.sleep(0.02)
        self.longest = max(self.longest, time.monotonic() - start)
        self.statuses[status] += 1
        if status == 303:
            self.acknowledged.append(key)
        elif status not in (0, 503, 507):
            self.strange.append(f"{path}: {status} {text[:200]}")
        return status


@dataclass(frozen=True)
class Verdict:
    """What stands in the database after all: `lost` and `doubled` forms, rows without an entry, faults."""

    stored: int
    lost: int
    doubled: int
    halves: int
    faults: int

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.halves or self.faults)


def verdict(site: Any, acknowledged: list[str]) -> Verdict:
    """Compare the database with what was acknowledged: every form once, with its entry, in sound chains."""
    taken = snapshot(site)
    entries = {
        (row["subject_type"], row["subject_id"])
        for row in taken["audit_entries"].values()
        if row["result"] == "ok"
    }
    keys: list[str] = []
    halves = 0
    for name, model in audited_tables().items():
        if KEY not in model.__mapper__.columns:
            continue
        rows = {key[0]: row for key, row in taken[name].items()}
        keys += [row[KEY] for row in rows.values() if row[KEY]]
        if model.audit_subject is not Audited.audit_subject:
            continue  # a part of another row, in whose entry it stands
        told = {row_id for kind, row_id in entries if kind == model.__audit_type__}
        halves += len(rows.keys() ^ told)
    with site.app.app_context():
        report = verification.verify(db.engine, site.settings)
        db.session.remove()
    return Verdict(
        stored=len(keys),
        lost=len(set(acknowledged) - set(keys)),
        doubled=len(keys) - len(set(keys)),
        halves=halves,
        faults=len(report.faults),
    )
