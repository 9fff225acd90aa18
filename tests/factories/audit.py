"""The log fills itself; here it is only looked at."""

from __future__ import annotations

from typing import Any

from app.audit.services import record_refusal
from tests.cast import NOW, actor
from tests.factories.base import Example, Ids, Ledger, Visit


def make_entries(site: Any, n: int) -> None:
    """Add n refusals to the log of the cast's centre."""
    who = actor("wang")
    for _ in range(n):
        record_refusal(who, NOW, permission="audit:read")


def _entry(site: Any) -> Ids:
    return {"centre_id": site.cast.centre, "seq": 3}


EXAMPLES = [
    Example("audit.verify", "auditor", page="audit.state", audited=False),
    # What the worker then takes out of the log is recorded by itself.
    Example("audit.verify_all", "auditor", page="audit.state", audited=False),
    Example(
        "audit.ask_for_export",
        "auditor",
        data={"centre": "", "since": "2026-11-01", "until": "2026-11-18"},
        page="audit.export",
        audited=False,
    ),
]
VISITS = [Visit("audit.show", "auditor", _entry, hidden_from=())]
LEDGERS = [
    Ledger(
        "audit.index",
        "auditor",
        make_entries,
        queries=({}, {"person": "王巡", "result": "refused"}, {"name": "云栖", "subject": "centre"}),
    )
]
