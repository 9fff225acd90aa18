"""Lists going out: one example for each, filled as its ledger is."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

from app.registry import FEATURES
from app.transfers import exporting
from tests.factories.base import Example, Ids, Ledger


def _ledger_of(page: str) -> Ledger:
    """Return the ledger whose page bears an export's button."""
    for feature in FEATURES:
        name = f"tests.factories.{feature.name}"
        if feature.name != "transfers" and importlib.util.find_spec(name):
            for ledger in getattr(importlib.import_module(name), "LEDGERS", ()):
                if ledger.endpoint == page:
                    return ledger
    raise LookupError(page)


def _out(name: str) -> Example:
    export = exporting.every()[name]
    ledger = _ledger_of(export.page)

    def fill(site: Any) -> Ids:
        ledger.fill(site, 2)
        return {}

    return Example(f"transfers.{name}", ledger.actor, fill, page=export.page, status=200)


EXAMPLES = [_out(name) for name in exporting.every()]
