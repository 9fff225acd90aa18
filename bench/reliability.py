"""`./duban bench reliability [ROW ...]`: the tests of tests/reliability at full length; R1 is `kill`."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import kill, table
from bench.sites import ROOT

NAME = "reliability"
FOLDER = ROOT / "tests" / "reliability"


def files() -> dict[str, list[Path]]:
    """Return {row: the files that measure it}: a file is named after its row."""
    found: dict[str, list[Path]] = {}
    for file in sorted(FOLDER.glob("test_r*.py")):
        number = re.match(r"test_r(\d+)_", file.name)
        assert number, f"{file.name} names no row"
        found.setdefault(f"R{int(number[1])}", []).append(file)
    return found


def _measure(wanted: list[Path]) -> tuple[list[dict[str, Any]], bool]:
    """Run test files at full length, one after the other: another's load would be part of what is found."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "figures"
        environ = {**os.environ, "DUBAN_ENV": "test", "DUBAN_FIGURES": str(told), "DUBAN_RELIABILITY": "full"}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, wanted)]
        code = subprocess.run(command, cwd=ROOT, env=environ).returncode
        lines = told.read_text().splitlines() if told.exists() else []
    return [json.loads(line) for line in lines], code == 0


def run(arguments: list[str]) -> bool:
    known = files()
    parsing = argparse.ArgumentParser(prog=f"bench {NAME}")
    parsing.add_argument("rows", nargs="*", metavar="ROW", help=f"R1, {', '.join(known)}; all, if left out")
    options, rest = parsing.parse_known_args(arguments)
    if unknown := set(options.rows) - {"R1", *known}:
        parsing.error(f"no such row: {', '.join(sorted(unknown))}")
    rows = options.rows or list(known)
    good = kill.run(rest) if "R1" in rows else True
    wanted = [file for row in rows for file in known.get(row, ())]
    if not wanted:
        return good
    found, passed = _measure(wanted)
    before = table.kept(NAME)
    others = [line for line in before["lines"] if line["row"] not in rows] if before else []
    table.keep(NAME, "reliability: at full length", others + found)
    for line in found:
        mark = "ok" if line["held"] else "FAIL"
        print(f"  {mark:<5}{line['row']:<5}{line['what']}: {line['value']} ({line['bar']})")
    return good and passed
