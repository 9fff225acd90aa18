"""P6: what the audit log costs a change: the same form with the log and without, on both databases."""

from __future__ import annotations

import argparse
from functools import partial

from bench import recording, sites
from bench.pages import Pages
from bench.table import Line, paired, show

BARS = {"sqlite": 0.65, "postgresql": 0.60}


def run(arguments: list[str]) -> bool:
    parser = argparse.ArgumentParser(prog="bench create")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--database", choices=tuple(BARS), action="append")
    options = parser.parse_args(arguments)
    lines = []
    for kind in options.database or BARS:
        with getattr(sites, kind)() as site:
            cookie = site.cookie()
            sites.let_go(site)
            without = Pages(recording.open_with_form, site.environ, cookie, False)
            audited = Pages(recording.open_with_form, site.environ, cookie, True)
            ratio, with_ms, without_ms = paired(
                partial(audited.post, recording.URL), partial(without.post, recording.URL), options.rounds
            )
            audited.close()
            without.close()
            note = f"{1000 / with_ms:.0f} to {1000 / without_ms:.0f} forms a second"
            lines.append(Line(f"P6 {kind}, with the log / without", ratio, BARS[kind], most=False, note=note))
    return show("create: a finding recorded through a form, one connection", lines)
