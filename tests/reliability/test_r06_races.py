"""R6: the same form many times at the same moment: exactly one effect, one success in the log."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest

from tests.client import Client
from tests.factories.base import Example, one_each
from tests.sweeps import LOG, Play, Snapshot, differences, new_entries, set_up
from tests.web.test_sweep_writes import AGAIN, find_form

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("quick_photos")]
LATE = (303, 404, 409, 422)  # what the others may be told: it is done, gone, no longer possible, taken


def once() -> list[Example]:
    """Return an example of every form that may succeed only once."""
    return [
        example
        for example in one_each()
        if example.audited and example.actor and example.endpoint not in AGAIN
    ]


def form_of(play: Play) -> dict[str, Any]:
    """Return what the form on the page would send, its one-time key and version included."""
    return dict(find_form(play).fill(**play.data, **play.files).values)


def effect(before: Snapshot, after: Snapshot) -> tuple[Counter[str], Counter[str]]:
    """Return how many rows of each table changed, and how often each action was recorded as done."""
    changed = differences(before, after)
    rows = Counter({name: len(keys) for name, keys in changed.items() if name not in (*LOG, "drafts")})
    done = Counter(entry["action"] for entry in new_entries(before, after) if entry["result"] == "ok")
    return rows, done


def copies(play: Play, count: int) -> list[Client]:
    """Return browsers that share the session of one person, with nothing else in common."""
    found = []
    with play.client.session_transaction() as mine:
        kept = dict(mine)
    for _ in range(count):
        client = play.other(None)
        with client.session_transaction() as copy:
            copy.update(kept)
        found.append(client)
    return found


def race(play: Play, count: int) -> list[int]:
    """Send one form by many at the same moment; return what they were told."""
    form = form_of(play)
    clients = copies(play, count)
    start, told = threading.Barrier(count), []

    def send(client: Client) -> None:
        files = play.files
        start.wait()
        told.append(client.post(play.url, data={**form, **files}, csrf=False).status_code)

    threads = [threading.Thread(target=send, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == count, "a request ended in an exception"
    return told


def test_of_many_identical_submits_one_has_an_effect(site: Any, length: Any, tell: Any) -> None:
    """Every form, sent once and then, on a fresh copy, by many at once: the rows and entries are as many."""
    at_once, rounds = length(6, 50), length(1, 2)
    raced, wrong = 0, []
    for example in length.some(once(), 15.0):
        play = set_up(site, example)
        form = form_of(play)
        before = play.snapshot()
        answer = play.client.post(play.url, data={**form, **play.files}, csrf=False)
        assert answer.status_code == example.status, example.name
        alone = effect(before, play.snapshot())
        for _ in range(rounds):
            play = set_up(site, example)
            before = play.snapshot()
            told = race(play, at_once)
            together = effect(before, play.snapshot())
            raced += 1
            if together != alone:
                wrong.append(f"{example.name}: {alone} alone, {together} of {at_once}")
            if example.status not in told or set(told) - {example.status, *LATE}:
                wrong.append(f"{example.name}: told {sorted(Counter(told).items())}")
    what = f"{site.kind}: of {raced} races of {at_once}, those with more or less than one effect"
    tell(what, len(wrong), bar="0", held=not wrong, seen=wrong)
