"""What the sweeps need to know of every endpoint: how to make it succeed once."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from app.registry import FEATURES

Ids = dict[str, Any]  # values of the URL; keys that begin with `_` are for `data` and `files` only
Prepare = Callable[[Any], Ids]  # takes the Site, runs in its application context
Data = Mapping[str, Any] | Callable[[Ids], Mapping[str, Any]]


def nothing(_site: Any) -> Ids:
    return {}


@dataclass(frozen=True)
class Example:
    """One success of a write endpoint, by a named member of the cast (None: nobody signed in)."""

    endpoint: str
    actor: str | None
    prepare: Prepare = nothing
    data: Data = field(default_factory=dict)
    files: Data = field(default_factory=dict)  # name -> (bytes, filename)
    page: str | None = None  # the GET endpoint that bears its form; found by itself if None
    shown: tuple[str, ...] = ()  # further GET endpoints, with the same ids, on which the record can be seen
    text: tuple[str, ...] = ()  # the fields that take free text
    audited: bool = True  # False where only a draft, or the reader's own cookie, is written
    bulk: bool = False  # its new rows are answered for by one entry, that of an import
    status: int = 303
    note: str = ""  # tells two examples of one endpoint apart

    @property
    def name(self) -> str:
        return f"{self.endpoint}{f'-{self.note}' if self.note else ''}"


@dataclass(frozen=True)
class Visit:
    """One GET endpoint with ids in its address, and who may not see this row though he holds the verb."""

    endpoint: str
    actor: str
    prepare: Prepare
    query: Mapping[str, str] = field(default_factory=dict)
    hidden_from: tuple[str, ...] = ("outsider", "outside_head", "outside_admin")
    content_type: str = "text/html"
    recorded: bool = True  # looking where one may not is a refusal in the log; a draft is no row of a ledger


@dataclass(frozen=True)
class Ledger:
    """A list route, and how to fill it with n rows quickly."""

    endpoint: str
    actor: str
    fill: Callable[[Any, int], None]
    queries: tuple[Mapping[str, str], ...] = ({},)  # filters to look at as well


def _factories() -> list[ModuleType]:
    names = [f"tests.factories.{feature.name}" for feature in FEATURES]
    found = [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]
    more = [
        name for module in found for name in getattr(module, "MORE", ())
    ]  # what builds on a feature's own
    return [*found, *(importlib.import_module(f"tests.factories.{name}") for name in more)]


def examples() -> list[Example]:
    return [example for module in _factories() for example in getattr(module, "EXAMPLES", ())]


def one_each() -> list[Example]:
    """Return one example of every endpoint, for the sweeps that repeat it many times."""
    found: dict[str, Example] = {}
    for example in examples():
        found.setdefault(example.endpoint, example)
    return list(found.values())


def visits() -> list[Visit]:
    return [visit for module in _factories() for visit in getattr(module, "VISITS", ())]


def ledgers() -> list[Ledger]:
    return [ledger for module in _factories() for ledger in getattr(module, "LEDGERS", ())]
