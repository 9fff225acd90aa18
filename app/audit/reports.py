"""What a verification found, and where its last result is kept."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from app.audit.chain import Fault

MOST_FAULTS = 100
STEP = 5000  # entries between two words about how far it is
Progress = Callable[[int, int], None]  # done, total


@dataclass(frozen=True)
class ChainReport:
    """What was found in one chain: entries read in this run, and sequences, None where there is none."""

    centre_id: int
    entries: int
    last_seq: int | None
    checkpoint_seq: int | None
    anchored_seq: int | None
    fault: Fault | None

    @property
    def unanchored(self) -> int:
        """Return how many entries no anchor outside the database vouches for yet."""
        return (-1 if self.last_seq is None else self.last_seq) - (
            -1 if self.anchored_seq is None else self.anchored_seq
        )


@dataclass
class Report:
    """The result of one verification; `faults` holds the first hundred."""

    full: bool
    chains: list[ChainReport] = field(default_factory=list)
    checkpoints: int = 0
    anchors: int = 0
    documents: int = 0
    seconds: float = 0.0
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.faults

    @property
    def entries(self) -> int:
        return sum(chain.entries for chain in self.chains)

    def add(self, fault: Fault) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)


def as_json(report: Report, now: datetime, by: str) -> dict[str, Any]:
    """Return a report as plain values, with the time it was made and by whom."""
    return {
        "at": now.isoformat(),
        "by": by,
        "ok": report.ok,
        "full": report.full,
        "entries": report.entries,
        "checkpoints": report.checkpoints,
        "anchors": report.anchors,
        "documents": report.documents,
        "seconds": round(report.seconds, 3),
        "chains": [
            {
                "centre_id": chain.centre_id,
                "entries": chain.entries,
                "last_seq": chain.last_seq,
                "checkpoint_seq": chain.checkpoint_seq,
                "anchored_seq": chain.anchored_seq,
                "unanchored": chain.unanchored,
                "fault": chain.fault and {"place": chain.fault.place, "problem": chain.fault.problem},
            }
            for chain in report.chains
        ],
        "faults": [
            {
                "place": fault.place,
                "centre_id": fault.centre_id,
                "seq": fault.seq,
                "problem": fault.problem,
                "about": fault.about,
            }
            for fault in report.faults
        ],
    }


def result_file(instance: Path) -> Path:
    return instance / "audit-verification.json"


def keep(instance: Path, result: dict[str, Any]) -> None:
    """Keep a result where the state page finds it; a short run never covers up what a full one found."""
    results = {**last_results(instance), "full" if result["full"] else "recent": result}
    path = result_file(instance)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(results, ensure_ascii=False, indent=1))
    draft.replace(path)


def last_results(instance: Path) -> dict[str, dict[str, Any]]:
    """Return the last results: `full` of the whole log, `recent` of what followed the checkpoints."""
    try:
        found = json.loads(result_file(instance).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def last_full_at(instance: Path) -> datetime | None:
    """Return when the whole log was last checked."""
    full = last_results(instance).get("full")
    return datetime.fromisoformat(full["at"]) if full else None
