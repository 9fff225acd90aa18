"""P5: a page of findings by two or three characters of a name, through our pages, against LIKE."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bench import sites
from bench.options import databases, parser, said
from bench.sites import Site
from bench.table import Line, paired, show


def _timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _terms(session: Any) -> list[str]:
    """Return the name of somebody seldom found, its last two characters, and a word of nobody."""
    from sqlalchemy import func, select

    from app.inspections.models import Finding
    from app.organisation.models import StaffMember

    seldom = (
        select(StaffMember.name)
        .join(Finding, Finding.staff_member_id == StaffMember.id)
        .where(func.length(StaffMember.name) == 3)
        .group_by(StaffMember.name)
        .order_by(func.count(), StaffMember.name)
    )
    name = session.scalar(seldom.limit(1))
    return [name, name[1:], "鑫淼"]


def _measure(site: Site, rounds: int) -> list[Line]:
    from sqlalchemy import or_, select

    from app.db import search
    from app.db.listing import Order, capped_count, fetch
    from app.extensions import db
    from app.inspections import queries
    from app.inspections.models import Finding

    lines = []
    with site.app.app_context():
        actor, session = site.actor(), db.session()

        def like(term: str) -> Any:
            columns = (Finding.search_words, Finding.note, Finding.number)
            return or_(*(column.like(f"%{term}%") for column in columns))

        def by_like(term: str) -> None:
            rows = queries.visible_to(actor).where(like(term))
            fetch(session, queries._with_names(rows), Order(Finding.occurred_at, Finding.id))
            capped_count(session, rows)

        for term in _terms(session):
            wanted = set(session.scalars(select(Finding.id).where(like(term))))
            matching = search.matching(session, "findings_search", term)
            assert matching is not None
            found = set(session.scalars(matching))
            ratio, like_s, ours_s = paired(
                lambda term=term: _timed(lambda: by_like(term)),
                lambda term=term: _timed(lambda: queries.list_findings(actor, {"q": term})),
                rounds,
            )
            made_of = {"floor": f"{like_s * 1e3:.0f} ms", "ours": f"{ours_s * 1e3:.1f} ms"}
            what = f"{site.kind}: {len(term)} characters / LIKE"
            lines.append(Line("P5", what, ratio, 0.1, **made_of, note=f"{term}, {len(wanted)} found"))
            recall = len(wanted & found) / len(wanted) if wanted else 1.0
            lines.append(Line("P5", f"{site.kind}: recall", recall * 100, 100, most=False, unit="%"))
            lines.append(Line("P5", f"{site.kind}: rows too many", len(found - wanted), 0, unit=""))
    return lines


def run(arguments: list[str]) -> bool:
    options = parser("search", rounds=5).parse_args(arguments)
    lines = []
    for kind in databases(options):
        with sites.large(kind, options.findings) as site:
            lines += _measure(site, options.rounds)
            sites.let_go(site)
    return show("search", f"search: page and count of {options.findings:,}", lines, said(options))
