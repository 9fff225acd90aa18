"""How long these tests run, and how they tell what they found; see tests/README.md.

A file is named after the row of docs/quality.md that it measures: test_r05_locked.py is R5.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import pytest

T = TypeVar("T")


@dataclass(frozen=True)
class Length:
    """How long a test goes on: in full by `./duban bench reliability`, shortened otherwise."""

    full: bool

    def __call__(self, short: T, full: T) -> T:
        return full if self.full else short

    def some(self, things: Iterable[T], seconds: float) -> Iterator[T]:
        """Yield all things, or as many as the time allows, spread over all of them."""
        kept = list(things)
        if self.full:
            yield from kept
            return
        until, step = time.monotonic() + seconds, 7
        for start in range(step):
            for thing in kept[start::step]:
                if time.monotonic() > until:
                    return
                yield thing


class Tell(Protocol):
    def __call__(
        self, what: str, value: object, *, bar: str, held: bool, seen: Iterable[object] = ()
    ) -> None: ...


@pytest.fixture(scope="session")
def length() -> Length:
    return Length(os.environ.get("DUBAN_RELIABILITY") == "full")


@pytest.fixture
def tell(request: pytest.FixtureRequest, figure: Callable[..., None]) -> Tell:
    """Tell a figure of the row that this file is about; fail, with what was `seen`, if it does not hold."""
    found = re.search(r"test_r(\d+)_", request.node.nodeid)
    assert found
    row = f"R{int(found[1])}"

    def tell(what: str, value: object, *, bar: str, held: bool, seen: Iterable[object] = ()) -> None:
        figure(row, what, value, bar=bar, held=held, command=f"./duban bench reliability {row}")
        assert held, f"{row}, {what}: {value}, not {bar}\n" + "\n".join(map(str, seen))

    return tell


@pytest.fixture
def quiet(site: Any) -> Any:
    """The site with nothing connected to its database, for processes that are about to be forked."""
    site.let_go()
    return site
