"""P1, P13: requests a second, memory and start of two workers, against the floor served the same way."""

from __future__ import annotations

from bench import sites
from bench.list import FIRST, open_floor, prepare_floor
from bench.options import parser, said
from bench.serving import Server, serving
from bench.table import Line, paired, show

PAGES = (FIRST, "/", "/rectifications", "/documents", "/patrols", "/staff")
PDF_LIBRARIES = ("libpango", "libharfbuzz", "libfontconfig")


def _started(kind: str, environ: dict[str, str]) -> float:
    with serving(kind, environ) as server:
        return server.seconds


def _warm(server: Server, urls: tuple[str, ...], cookie: str) -> None:
    for url in urls * 6:  # each of two workers gets its share
        assert server.get(url, cookie) == 200, url


def run(arguments: list[str]) -> bool:
    options = parser("serve", rounds=5, database=False).parse_args(arguments)
    bare = prepare_floor(options.findings)
    floor_cookie = open_floor()[1]
    with sites.large("sqlite", options.findings) as site:
        cookie = site.cookie()
        sites.let_go(site)
        start, bare_s, ours_s = paired(
            lambda: _started("floor", bare), lambda: _started("ours", site.environ), options.rounds
        )
        with serving("floor", bare) as floor, serving("ours", site.environ) as ours:
            _warm(floor, (FIRST,), floor_cookie)
            _warm(ours, PAGES, cookie)
            speed, bare_rate, our_rate = paired(
                lambda: floor.per_second(FIRST, floor_cookie, 2),
                lambda: ours.per_second(FIRST, cookie, 2),
                options.rounds,
            )
            memory = floor.memory_mb(), ours.memory_mb()
            loaded = sum(ours.loads(library) for library in PDF_LIBRARIES)
    of_rate = {"floor": f"{bare_rate:.0f}/s", "ours": f"{our_rate:.0f}/s"}
    of_memory = {"floor": f"{memory[0]:.0f} MB", "ours": f"{memory[1]:.0f} MB"}
    of_start = {"floor": f"{bare_s:.1f} s", "ours": f"{ours_s:.1f} s"}
    lines = [
        Line("P1", "list page, requests a second of 8 clients", speed, 0.5, most=False, **of_rate),
        Line("P13", "memory of two workers (PSS)", memory[1] / memory[0], 1.6, **of_memory),
        Line("P13", "from start to the first page", start, 2.0, **of_start),
        Line("P13", "PDF libraries in web workers", loaded, 0, unit=""),
    ]
    return show("serve", "serve: two sync workers of gunicorn", lines, said(options))
