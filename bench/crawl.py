"""P3, P4: every page that an address leads to, as four people, and the statements that it sends."""

from __future__ import annotations

import html
import re
from collections import Counter
from urllib.parse import urlsplit

from bench import sites
from bench.options import databases, parser, said
from bench.pages import Pages, open_ours
from bench.sites import Site
from bench.table import Line, show

PEOPLE = ("shenyanqiu", "yansongtao", "fangyanbing", "yuankewei", "cenxiaoyun")
STATEMENTS = 6
EACH = 4  # addresses of one view, for one reader: the first, a filter, a second page …
_LINK = re.compile(r'(?:href|action)="(/[^"#]*)"')
_UNCAPPED = re.compile(r"\bcount\(", re.IGNORECASE)


class Crawl:
    """The pages of one site as one reader finds them, from his home page on."""

    def __init__(self, site: Site, username: str) -> None:
        self.site = site
        self.pages = Pages(open_ours, site.environ, site.cookie(username))
        self.views = site.app.url_map.bind("127.0.0.1")
        self.seen: Counter[str] = Counter()
        self.lists: dict[str, list[str]] = {}  # the statements of each page with a ledger on it
        self.others: dict[str, list[str]] = {}

    def run(self) -> None:
        waiting, known = ["/"], {"/"}
        while waiting:
            url = waiting.pop(0)
            body, statements = self.pages.visit(url)
            if body is None:
                continue
            # A table of figures adds up a period and has no pager; a record may have one of its own.
            _, arguments = self.views.match(urlsplit(url).path, method="GET")
            is_list = '<nav class="pager"' in body and not arguments
            if is_list and len(statements) > STATEMENTS:  # once more: a new process has read no calendar yet
                statements = self.pages.visit(url)[1]
            (self.lists if is_list else self.others)[url] = statements
            for found in map(html.unescape, _LINK.findall(body)):
                if found not in known and self._wanted(found):
                    known.add(found)
                    waiting.append(found)
        self.pages.close()

    def _wanted(self, url: str) -> bool:
        """Return whether an address is a page to read, of a view that was not seen often yet."""
        try:
            endpoint, _ = self.views.match(urlsplit(url).path, method="GET")
        except Exception:  # a form's address, a file's
            return False
        if endpoint.startswith(("static", "assets")):
            return False
        self.seen[endpoint] += 1
        return self.seen[endpoint] <= EACH


def uncapped(statements: list[str]) -> list[str]:
    """Return the statements that count all there are of something."""
    return [text for text in statements if _UNCAPPED.search(text) and "LIMIT" not in text.upper()]


def run(arguments: list[str]) -> bool:
    options = parser("crawl").parse_args(arguments)
    lines = []
    for kind in databases(options):
        lists: dict[str, list[str]] = {}
        others: dict[str, list[str]] = {}
        with sites.large(kind, options.findings) as site:
            for username in PEOPLE:
                crawl = Crawl(site, username)
                crawl.run()
                lists |= crawl.lists
                others |= crawl.others
            sites.let_go(site)
        counts = {url: found for url, texts in lists.items() if (found := uncapped(texts))}
        for url, found in counts.items():
            print(f"  {url}: {found[0][:300]}")
        most = max(lists, key=lambda url: len(lists[url]))
        rest = max(others, key=lambda url: len(others[url]))
        lines += [
            Line(
                "P3",
                f"{kind}: lists with an uncapped count",
                len(counts),
                0,
                unit="",
                note=f"{len(lists)} pages",
            ),
            Line(
                "P4",
                f"{kind}: statements of a list, the most",
                len(lists[most]),
                STATEMENTS,
                unit="",
                note=most,
            ),
            Line("P4", f"{kind}: statements of another page", len(others[rest]), unit="", note=rest),
        ]
    return show("crawl", f"crawl: every page of {options.findings:,} findings", lines, said(options))
