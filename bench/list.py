"""P1-P4: the ledger of findings against the smallest honest list, and against itself, small and deep."""

from __future__ import annotations

import argparse
import html
import json
import re
from base64 import urlsafe_b64encode
from pathlib import Path

from flask import Flask

from bench import floor, sites
from bench.pages import Opened, Pages
from bench.table import Line, paired, show

FILTERED = "/findings?status=open"
STATEMENTS = 6


def _ours(environ: dict[str, str], cookie: str) -> Opened:
    app: Flask = sites.open_site(environ)
    return app, cookie


def _floor(file: str, rows: int) -> Opened:
    return floor.build(Path(file), rows)


def _last_cursor(site: sites.Site) -> str:
    """Return the address of a page 300 rows before the oldest."""
    from sqlalchemy import select

    from app.extensions import db
    from app.inspections.models import Finding

    with site.app.app_context():
        oldest = select(Finding.occurred_at, Finding.id).order_by(Finding.occurred_at, Finding.id)
        at, key = db.session.execute(oldest.offset(300).limit(1)).one()
        db.session.remove()
    text = json.dumps([0, at.isoformat(), key])
    return "/findings?cursor=" + urlsafe_b64encode(text.encode()).decode().rstrip("=")


def run(arguments: list[str]) -> bool:
    parser = argparse.ArgumentParser(prog="bench list")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args(arguments)
    with sites.sqlite() as large, sites.sqlite() as small:
        sites.findings(large, options.rows)
        sites.findings(small, 1000)
        bare = Pages(_floor, str(large.folder / "floor.db"), options.rows)
        big = Pages(_ours, large.environ, large.cookie())
        little = Pages(_ours, small.environ, small.cookie())
        last = _last_cursor(large)
        first = big.body("/findings")
        following = re.search(r'rel="next" href="([^"]+)"', first)
        assert following, "there is a second page"
        assert len(re.findall(r'<th scope="row">', first)) == 50
        ratio, floor_ms, ours_ms = paired(
            lambda: bare.cpu("/findings"), lambda: big.cpu("/findings"), options.rounds
        )
        filtered, _, _ = paired(
            lambda: bare.cpu("/findings"), lambda: big.cpu(FILTERED), options.rounds // 2 + 1
        )
        depth, _, _ = paired(lambda: big.cpu("/findings"), lambda: big.cpu(last), options.rounds // 2 + 1)
        size, _, _ = paired(
            lambda: little.cpu("/findings"), lambda: big.cpu("/findings"), options.rounds // 2 + 1
        )
        counts = {}
        uncapped = 0
        for url in ("/findings", FILTERED, last, html.unescape(following[1])):
            said = big.statements(url)
            counts[url] = len(said)
            uncapped += sum("count(" in text.lower() and "limit" not in text.lower() for text in said)
        growth = len(big.statements("/findings")) - len(little.statements("/findings"))
        for pages in (bare, big, little):
            pages.close()
        note = f"{ours_ms:.1f} ms to {floor_ms:.1f} ms of processor time"
        return show(
            f"list: findings, 50 of {options.rows:,} rows, SQLite",
            [
                Line("P1 ours / floor", ratio, 2.0, note=note),
                Line("   with a filter / floor", filtered, 2.0),
                Line("P2 last page / first page", depth, 1.25),
                Line(f"   {options.rows:,} rows / 1,000 rows", size, 1.25),
                Line("P3 uncapped counts", uncapped, 0, unit=""),
                Line("P4 statements, the most", max(counts.values()), STATEMENTS, unit=""),
                Line("   more of them with more rows", growth, 0, unit=""),
                Line("P14 page", len(first.encode()) / 1000, 40, unit="kB"),
            ],
        )
