"""P1-P4: the ledger of findings against the smallest honest list, and against itself, small and deep."""

from __future__ import annotations

import html
import json
import os
import re
from base64 import urlsafe_b64encode

from bench import counting, sites
from bench.floors import list as floor
from bench.options import databases, parser, said
from bench.pages import Opened, Pages, open_ours
from bench.places import base
from bench.sites import Site
from bench.table import Line, paired, show

FIRST, FILTERED = "/findings", "/findings?status=open"
STATEMENTS = 6


def open_floor() -> Opened:
    app = floor.create_app()
    return app, floor.cookie(app)


def prepare_floor(findings: int) -> dict[str, str]:
    """Return the settings of the floor on a database of as many rows as ours, filled once."""
    environ = {"FLOOR_DATABASE": f"sqlite:///{base()}/floor-{findings}.db"}
    os.environ.update(environ)
    floor.fill(floor.create_app(), findings)
    return environ


def last_page(site: Site) -> str:
    """Return the address of a page 300 rows before the oldest."""
    from sqlalchemy import select

    from app.extensions import db
    from app.inspections.models import Finding

    with site.app.app_context():
        oldest = select(Finding.occurred_at, Finding.id).order_by(Finding.occurred_at, Finding.id)
        at, key = db.session.execute(oldest.offset(300).limit(1)).one()
    sites.let_go(site)
    text = json.dumps([0, at.isoformat(), key])
    return "/findings?cursor=" + urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _against_floor(site: Site, findings: int, rounds: int) -> list[Line]:
    """P1: in instructions where callgrind is at hand, else in processor time; that is told without a bar."""
    environ = prepare_floor(findings)
    floor_cookie = open_floor()[1]
    cookie = site.cookie()
    sites.let_go(site)
    lines = []
    if counting.available():
        (below,) = counting.instructions("floor", environ, floor_cookie, [FIRST])
        for what, ours in zip(
            ("list page", "list page with a filter"),
            counting.instructions("ours", site.environ, cookie, [FIRST, FILTERED]),
            strict=True,
        ):
            made_of = {"floor": f"{below:.1f} M", "ours": f"{ours:.1f} M"}
            lines.append(Line("P1", f"{what}, instructions", ours / below, 2.0, **made_of))
    bare, big = Pages(open_floor), Pages(open_ours, site.environ, cookie)
    assert len(re.findall(r'<th scope="row">', big.body(FIRST))) == 50
    ratio, below, ours = paired(lambda: bare.cpu(FIRST), lambda: big.cpu(FIRST), rounds)
    bare.close()
    big.close()
    made_of = {"floor": f"{below:.1f} ms", "ours": f"{ours:.1f} ms"}
    return [*lines, Line("P1", "list page, processor time", ratio, None if lines else 2.0, **made_of)]


def _against_itself(kind: str, findings: int, rounds: int) -> list[Line]:
    with sites.large(kind, findings) as large, sites.large(kind, sites.SMALL) as small:
        last = last_page(large)
        big = Pages(open_ours, large.environ, large.cookie())
        little = Pages(open_ours, small.environ, small.cookie())
        depth, first_ms, last_ms = paired(lambda: big.cpu(FIRST), lambda: big.cpu(last), rounds)
        size, small_ms, large_ms = paired(lambda: little.cpu(FIRST), lambda: big.cpu(FIRST), rounds)
        following = re.search(r'rel="next" href="([^"]+)"', big.body(FIRST))
        assert following, "there is a second page"
        texts = [big.statements(url) for url in (FIRST, FILTERED, last, html.unescape(following[1]))]
        growth = len(big.statements(FIRST)) - len(little.statements(FIRST))
        for pages in (big, little):
            pages.close()
        for site in (large, small):
            sites.let_go(site)
    depth_of = {"floor": f"{first_ms:.1f} ms", "ours": f"{last_ms:.1f} ms"}
    size_of = {"floor": f"{small_ms:.1f} ms", "ours": f"{large_ms:.1f} ms"}
    return [
        Line("P2", f"{kind}: last page / first page", depth, 1.25, **depth_of),
        Line("P2", f"{kind}: {findings:,} / {sites.SMALL:,} rows", size, 1.25, **size_of),
        Line("P4", f"{kind}: statements of the list, the most", max(map(len, texts)), STATEMENTS, unit=""),
        Line("P4", f"{kind}: more of them with more rows", growth, 0, unit=""),
    ]


def run(arguments: list[str]) -> bool:
    options = parser("list", rounds=9).parse_args(arguments)
    lines = []
    if "sqlite" in databases(options):
        with sites.large("sqlite", options.findings) as site:
            lines += _against_floor(site, options.findings, options.rounds)
    for kind in databases(options):
        lines += _against_itself(kind, options.findings, options.rounds)
    return show("list", f"list: findings, 50 of {options.findings:,}", lines, said(options))
