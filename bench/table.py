"""What a bench found: a line each figure, printed as a table and kept as JSON beside it."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.places import base


@dataclass(frozen=True)
class Line:
    """One figure of a row, a ratio or a count.

    `most` says that the bar is the most it may be, else the least; `floor` and `ours` are what a ratio
    was made of, in words.
    """

    row: str
    what: str
    value: float
    bar: float | None = None
    most: bool = True
    unit: str = "x"
    floor: str = ""
    ours: str = ""
    note: str = ""

    @property
    def held(self) -> bool:
        return self.bar is None or (self.value <= self.bar if self.most else self.value >= self.bar)

    @property
    def bar_text(self) -> str:
        return "" if self.bar is None else f"{'≤' if self.most else '≥'} {self.bar:g}"


def show(name: str, title: str, lines: Sequence[Line], options: str = "") -> bool:
    """Print a table, keep it as JSON and return whether every line holds its bar.

    `options` are those of the command that would measure the same again.
    """
    print(f"\n{title}")
    print(f"  {'':<5}{'row':<5}{'':<42}{'floor':>11}{'ours':>11}{'ratio':>11}      bar")
    for line in lines:
        mark = "" if line.bar is None else "ok" if line.held else "FAIL"
        value = f"{line.value:.2f} {line.unit}"
        print(
            f"  {mark:<5}{line.row:<5}{line.what:<42}{line.floor:>11}{line.ours:>11}{value:>11}"
            f"      {line.bar_text:<9}{line.note}"
        )
    _keep(name, title, lines, f"./duban bench {name} {options}".rstrip())
    return all(line.held for line in lines)


def results() -> Path:
    """Return the folder of what was measured last."""
    folder = base() / "results"
    folder.mkdir(exist_ok=True)
    return folder


def _keep(name: str, title: str, lines: Sequence[Line], command: str) -> None:
    figures = [
        {**asdict(line), "bar": line.bar_text, "limit": line.bar, "held": line.held, "command": command}
        for line in lines
    ]
    keep(name, title, figures)


def keep(name: str, title: str, figures: Sequence[dict[str, Any]]) -> None:
    """Keep the figures of a bench, in the place of those it found before."""
    found = {"bench": name, "title": title, "at": time.strftime("%Y-%m-%d %H:%M"), "lines": figures}
    (results() / f"{name}.json").write_text(json.dumps(found, ensure_ascii=False, indent=1))


def kept(name: str) -> dict[str, Any] | None:
    """Return what a bench found last, or None if it never ran here."""
    file = results() / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else None


def paired(floor: Callable[[], float], ours: Callable[[], float], rounds: int) -> tuple[float, float, float]:
    """Measure two things in turn; return the median ratio ours ÷ floor and both medians.

    Neighbours on the machine disturb both halves of a pair alike; the order alternates.
    """
    ratios, floors, all_ours = [], [], []
    for number in range(rounds):
        if number % 2:
            second, first = ours(), floor()
        else:
            first, second = floor(), ours()
        ratios.append(second / first)
        floors.append(first)
        all_ours.append(second)
    return statistics.median(ratios), statistics.median(floors), statistics.median(all_ours)
