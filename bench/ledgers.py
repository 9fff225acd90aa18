"""Every list of the large demo: opened, filtered, searched and left at its deep end, on the clock."""

from __future__ import annotations

from urllib.parse import quote

from bench import sites
from bench.options import databases, parser, said
from bench.pages import Pages, open_ours
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


def _measure(kind: str, findings: int) -> list[Line]:
    with sites.large(kind, findings) as site:
        took = sites.built_in(kind, findings)
        lines = [Line("", f"{kind}: seed demo --size large", took, LOAD_S, unit="s")]
        deep = _deep(site)
        for username, urls in PAGES.items():
            pages = Pages(open_ours, site.environ, site.cookie(username))
            for url in (*urls, *deep.get(username, ())):
                waited = pages.clock(quote(url, safe="/?=&"))
                lines.append(Line("", f"{username[:4]} {url[:37]}", waited, WAIT_MS, unit="ms"))
            pages.close()
        sites.let_go(site)
    return lines


def run(arguments: list[str]) -> bool:
    options = parser("ledgers").parse_args(arguments)
    lines = [line for kind in databases(options) for line in _measure(kind, options.findings)]
    return show("ledgers", f"ledgers: {options.findings:,} findings", lines, said(options))
