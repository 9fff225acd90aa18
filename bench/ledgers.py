"""Every list of the large demo: opened, filtered, searched and left at its deep end, on the clock."""

from __future__ import annotations

import argparse
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask

from bench import sites
from bench.pages import Opened, Pages
from bench.table import Line, show

LOAD_S = 600  # for a million findings
WAIT_MS = 400  # what nobody calls a wait
INSPECTOR, CHIEF, WINDOW, AUDITOR = "shenyanqiu", "cenxiaoyun", "puzhilin", "fangyanbing"
PAGES = {
    INSPECTOR: (
        "/",
        "/findings",
        "/findings?status=open",
        "/findings?status=corrected_on_spot",
        "/findings?status=void&red_line=1",
        "/findings?red_line=1",
        "/findings?department=3",
        "/findings?department=3&status=open",
        "/findings?point=5&status=void",
        "/findings?q=窗口",
        "/findings?q=窗口&status=open",
        "/findings?q=药箱",
        "/findings?q=苗淑棠",
        "/findings?q=没有这样的",
        "/findings?q=2021",
        "/patrols",
        "/patrols?mode=mystery",
        "/patrols?zone=2",
        "/rectifications",
        "/rectifications?stands=open",
        "/rectifications?stands=overdue",
        "/rectifications?stands=closed&year=2022&on_time=0",
        "/rectifications?mine=recheck",
        "/rectifications?department=3&stands=closed",
        "/rectifications?q=市场监管",
        "/documents",
        "/documents?status=void",
        "/documents?q=云政服督整〔2022〕",
        "/patrol-points",
        "/staff",
        "/staff?q=苗",
        "/departments",
    ),
    CHIEF: ("/", "/findings", "/findings?status=open", "/rectifications", "/documents"),
    WINDOW: ("/", "/findings", "/rectifications"),
    AUDITOR: (
        "/audit",
        "/audit?result=refused",
        "/audit?action=rectification.returned",
        "/audit?subject=finding",
        "/audit?person=shenyanqiu",
        "/audit?person=shenyanqiu&action=finding.recorded",
        "/audit?person=shenyanqiu&subject=staff_member",
        "/audit?action=finding.recorded&subject=staff_member",
        "/audit?since=2023-01-01&until=2023-01-31",
    ),
}


def _open(environ: dict[str, str], cookie: str) -> Opened:
    app: Flask = sites.open_site(environ)
    return app, cookie


def _deep(site: sites.Site) -> dict[str, list[str]]:
    """Return the pages some hundred rows before the oldest, of the ledger and of the log."""
    from sqlalchemy import select

    from app.audit.models import AuditEntry
    from app.db.listing import Order, _encode
    from app.extensions import db
    from app.inspections.models import Finding

    with site.app.app_context():
        order = Order(Finding.occurred_at, Finding.id)
        oldest = select(Finding.occurred_at, Finding.id).order_by(Finding.occurred_at, Finding.id)
        row = db.session.execute(oldest.offset(300).limit(1)).one()
        keys = (AuditEntry.at_us, AuditEntry.centre_id, AuditEntry.seq)
        entry = db.session.execute(select(*keys).order_by(*keys).offset(300).limit(1)).one()
        db.session.remove()
    cursor = _encode(order, row, backwards=False)
    return {
        INSPECTOR: [f"/findings?cursor={cursor}"],
        AUDITOR: [f"/audit?cursor={entry.at_us}.{entry.centre_id}.{entry.seq}"],
    }


def run(arguments: list[str]) -> bool:
    parser = argparse.ArgumentParser(prog="bench ledgers")
    parser.add_argument("--findings", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--instance", type=Path, help="a large demo on SQLite that exists already")
    options = parser.parse_args(arguments)
    seconds: list[float] = []

    def fill(settings: Any) -> None:
        from app import clock
        from app.seeding import large

        start = time.perf_counter()
        large.run(
            settings, clock.now(), lambda progress: print(f"  {progress}", flush=True), options.findings
        )
        seconds.append(time.perf_counter() - start)

    if options.instance:
        environ = {"DUBAN_ENV": "test", "DUBAN_INSTANCE": str(options.instance)}
        made = nullcontext(sites.Site("sqlite", options.instance, environ, sites.open_site(environ)))
    else:
        made = getattr(sites, options.database)(fill)
    with made as site:
        lines = [Line("seed demo --size large", each, LOAD_S, unit="s") for each in seconds]
        deep = _deep(site)
        for username, urls in PAGES.items():
            pages = Pages(_open, site.environ, site.cookie(username))
            for url in (*urls, *deep.get(username, ())):
                waited = pages.clock(quote(url, safe="/?=&"))
                lines.append(Line(f"{username[:4]} {url[:38]}", waited, WAIT_MS, unit="ms"))
            pages.close()
        sites.let_go(site)
    return show(f"ledgers: {options.findings:,} findings, {options.database}", lines)
