"""P5: a page of findings by two characters of a name, through our queries, against LIKE."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

from bench import sites
from bench.table import Line, paired, show

TERMS = ("赵伟", "鑫淼", "王小明")


def _timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run(arguments: list[str]) -> bool:
    from sqlalchemy import or_, select

    from app.db import search
    from app.db.listing import Order, capped_count, fetch
    from app.extensions import db
    from app.inspections import queries
    from app.inspections.models import Finding

    parser = argparse.ArgumentParser(prog="bench search")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    options = parser.parse_args(arguments)
    lines = []
    with getattr(sites, options.database)() as site:
        sites.findings(site, options.rows, searchable=True)
        with site.app.app_context():
            actor = site.actor()
            session = db.session()

            def like(term: str) -> Any:
                columns = (Finding.search_words, Finding.note, Finding.number)
                return or_(*(column.like(f"%{term}%") for column in columns))

            def by_like(term: str) -> None:
                rows = queries.visible_to(actor).where(like(term))
                fetch(session, queries._with_names(rows), Order(Finding.occurred_at, Finding.id))
                capped_count(session, rows)

            for term in TERMS:
                wanted = set(session.scalars(select(Finding.id).where(like(term))))
                matching = search.matching(session, "findings_search", term)
                assert matching is not None
                found = set(session.scalars(matching))
                ratio, like_s, ours_s = paired(
                    lambda term=term: _timed(lambda: by_like(term)),
                    lambda term=term: _timed(lambda: queries.list_findings(actor, {"q": term})),
                    options.rounds,
                )
                note = f"{ours_s * 1e3:.1f} to {like_s * 1e3:.1f} ms, {len(wanted)} found"
                lines.append(Line(f"P5 {term}: ours / LIKE", ratio, 0.1, note=note))
                lines.append(Line("   rows missing or too many", len(wanted ^ found), 0, unit=""))
        sites.let_go(site)
    return show(f"search: page and count, {options.rows:,} findings, {options.database}", lines)
