"""`./duban bench quality`: docs/quality.md of what benches and tests found; nothing typed by hand."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import table
from bench.places import server
from bench.rows import ROWS, Row
from bench.sites import ROOT

PAGE = ROOT / "docs" / "quality.md"
Figure = dict[str, Any]

HEAD = """# What was promised, and what was measured

<!-- Made by `./duban bench quality`. Not to be edited: change bench/rows.py or what is measured. -->

{when} on {machine}; Python {python}, SQLite {sqlite}, PostgreSQL {postgresql}.

A ratio is ours ÷ floor, both measured in one run, in turn; [bench.md](bench.md)
says how to read them. {held} of {rows} rows hold, {missed} miss a bar, {unmeasured} were not measured.

| row | what must hold | as measured (bar) | held | shown by |
|---|---|---|---|---|
"""


def figures(tests: Path) -> list[Figure]:
    """Return all figures that benches and tests have kept."""
    found: list[Figure] = []
    for name in sorted({name for row in ROWS for name in row.benches}):
        result = table.kept(name)
        found += result["lines"] if result else []
    for file in sorted(table.results().glob("*.jsonl")):
        if file != tests:  # what a bench of many commands has gathered
            found += _lines(file)
    return [*found, *_lines(tests)]


def _lines(file: Path) -> list[Figure]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def page(found: Iterable[Figure], facts: dict[str, str]) -> str:
    """Return the page: a table with a row for each promise, then what is missed or missing, and why."""
    by_row: dict[str, list[Figure]] = {row.name: [] for row in ROWS}
    for each in found:
        by_row.setdefault(each["row"], []).append(each)
    rows, missed, missing = [], [], []
    for row in ROWS:
        own = by_row.pop(row.name)
        rows.append(_row(row, own))
        if not own:
            missing.append(f"- **{row.name}** was not measured: {row.unmeasured or 'its bench did not run'}.")
        for each in own:
            if not each["held"]:
                missed.append(_missed(row, each))
    unknown = sorted(name for name in by_row if name)
    assert not unknown, f"figures of rows that bench/rows.py does not know: {unknown}"
    missing_rows = len(missing)
    missed_rows = sum(any(not each["held"] for each in found_of) for found_of in _grouped(found).values())
    facts = facts | {
        "rows": str(len(ROWS)),
        "held": str(len(ROWS) - missing_rows - missed_rows),
        "missed": str(missed_rows),
        "unmeasured": str(missing_rows),
    }
    rest = ["", "## What misses its bar, or was not measured", "", *(missed + missing or ["Nothing."])]
    return HEAD.format(**facts) + "\n".join([*rows, *rest]) + "\n"


def _grouped(found: Iterable[Figure]) -> dict[str, list[Figure]]:
    groups: dict[str, list[Figure]] = {}
    for each in found:
        if each["row"]:
            groups.setdefault(each["row"], []).append(each)
    return groups


def _row(row: Row, own: list[Figure]) -> str:
    measured = "<br>".join(_said(each) for each in own) or "not measured"
    held = "—" if not own else "yes" if all(each["held"] for each in own) else "**no**"
    commands = "<br>".join(f"`{command}`" for command in dict.fromkeys(each["command"] for each in own))
    return f"| {row.name} | {row.goal} | {measured} | {held} | {commands} |"


def _said(each: Figure) -> str:
    value, unit = each["value"], each.get("unit", "")
    number = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    made_of = f" ({each['ours']} to {each['floor']})" if each.get("floor") else ""
    bar = f" ({each['bar']})" if each["bar"] else ""
    text = f"{each['what']}: {number}{'' if unit in ('', 'x') else ' '}{unit}{made_of}{bar}"
    return text.replace("|", "\\|").replace("\n", " ")


def _missed(row: Row, each: Figure) -> str:
    return f"- **{row.name}** misses its bar, {_said(each)}: {row.missed or 'not mended yet'}."


def facts() -> dict[str, str]:
    """Return when and where it was measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "when": time.strftime("%Y-%m-%d %H:%M"),
        "machine": f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": _postgresql(),
    }


def _postgresql() -> str:
    with server() as running:
        version = running.admin.info.server_version
    return f"{version // 10000}.{version % 10000}"


def _run_tests(file: Path) -> bool:
    """Run the tests that tell figures; keep what they said."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    environ = {**os.environ, "DUBAN_ENV": "test", "DUBAN_FIGURES": str(draft)}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-p", "bench.figures"]
    command.append("--ignore=tests/reliability")  # shortened; at full length they are a bench
    code = subprocess.run(command, cwd=ROOT, env=environ).returncode
    if draft.exists():
        draft.replace(file)
    return code in (0, 5)  # 5: no test tells one


def run(arguments: list[str]) -> bool:
    parsing = argparse.ArgumentParser(prog="bench quality")
    parsing.add_argument(
        "--again", action="store_true", help="run every bench, not only those without a result"
    )
    parsing.add_argument("--kept", action="store_true", help="run nothing: benches and tests as last found")
    options, rest = parsing.parse_known_args(arguments)
    tests = table.results() / "tests.jsonl"
    good = True
    if not options.kept:
        for name in dict.fromkeys(name for row in ROWS for name in row.benches):
            if options.again or not table.kept(name):
                importlib.import_module(f"bench.{name}").run(rest)
        good = _run_tests(tests)
    PAGE.write_text(page(figures(tests), facts()))
    print(f"  written: {PAGE.relative_to(ROOT)}")
    return good
