"""`python -m bench [NAME ...] [options]`: some benches, or all of them; exits 1 if a bar is not held."""

from __future__ import annotations

import importlib
import logging
import sys
import time

# In the order they run; `quality` makes docs/quality.md of what they found.
NAMES = (
    "list",
    "crawl",
    "search",
    "create",
    "writers",
    "verify",
    "notice",
    "sheets",
    "serve",
    "weight",
    "sign_in",
    "ledgers",
    "scoring",
    "kill",
    "reliability",
)
OTHERS = ("quality",)


def main(arguments: list[str]) -> int:
    wanted = [word for word in arguments if not word.startswith("-")][: len(NAMES)]
    names = [word for word in wanted if word in NAMES + OTHERS]
    if arguments and not names and not arguments[0].startswith("--findings"):
        print(f"usage: python -m bench [{' | '.join(NAMES + OTHERS)}] [--help]")
        return 2
    rest = [word for word in arguments if word not in names]
    logging.disable(logging.INFO)  # migrations tell their progress
    good = True
    for name in names or NAMES:
        start = time.perf_counter()
        good &= importlib.import_module(f"bench.{name}").run(rest)
        print(f"  {name}: {time.perf_counter() - start:.0f} s", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
