"""P6: what the audit log costs a change: the same form with the log and without, on both databases."""

from __future__ import annotations

from bench import recording, sites
from bench.options import databases, parser, said
from bench.pages import Pages
from bench.table import Line, paired, show

BARS = {"sqlite": 0.65, "postgresql": 0.60}


def run(arguments: list[str]) -> bool:
    options = parser("create", rounds=9).parse_args(arguments)
    lines = []
    for kind in databases(options):
        with sites.large(kind, options.findings, to_write=True) as site:
            cookie = site.cookie()
            sites.let_go(site)
            without = Pages(recording.open_with_form, site.environ, cookie, False)
            audited = Pages(recording.open_with_form, site.environ, cookie, True)
            ratio, with_ms, without_ms = paired(
                lambda audited=audited: audited.post(recording.URL),
                lambda without=without: without.post(recording.URL),
                options.rounds,
            )
            audited.close()
            without.close()
        made_of = {"floor": f"{1000 / without_ms:.0f}/s", "ours": f"{1000 / with_ms:.0f}/s"}
        what = f"{kind}: forms a second, with the log / without"
        lines.append(Line("P6", what, ratio, BARS[kind], most=False, **made_of))
    return show("create", "create: a finding recorded through a form, one connection", lines, said(options))
