"""The options that benches share."""

from __future__ import annotations

import argparse

from bench.sites import FULL

DATABASES = ("sqlite", "postgresql")


def parser(
    name: str, *, rounds: int = 0, findings: bool = True, database: bool = True
) -> argparse.ArgumentParser:
    """Return the parser of a bench; `databases(options)` says which ones it asks for."""
    found = argparse.ArgumentParser(prog=f"bench {name}")
    if findings:
        found.add_argument("--findings", type=int, default=FULL, help="of the large demo")
    if rounds:
        found.add_argument("--rounds", type=int, default=rounds)
    if database:
        found.add_argument("--database", choices=DATABASES, action="append", help="both, if left out")
    return found


def databases(options: argparse.Namespace) -> tuple[str, ...]:
    return tuple(options.database or DATABASES)


def said(options: argparse.Namespace) -> str:
    """Return the options that differ from a full run, as the command line takes them."""
    words = []
    if getattr(options, "findings", FULL) != FULL:
        words.append(f"--findings {options.findings}")
    words += [f"--database {kind}" for kind in getattr(options, "database", None) or ()]
    return " ".join(words)
