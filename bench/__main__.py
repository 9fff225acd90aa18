"""`python -m bench [NAME] [options]`: one bench, or all of them; exits 1 if a bar is not kept."""

from __future__ import annotations

import importlib
import logging
import sys
import time

NAMES = ("list", "ledgers", "search", "create", "writers", "verify", "notice", "kill")


def main(arguments: list[str]) -> int:
    wanted, rest = (arguments[:1], arguments[1:]) if arguments else (list(NAMES), [])
    if wanted[0] not in NAMES:
        print(f"usage: python -m bench [{' | '.join(NAMES)}] [--help]")
        return 2
    logging.disable(logging.INFO)  # migrations tell their progress
    good = True
    for name in wanted:
        start = time.perf_counter()
        good &= importlib.import_module(f"bench.{name}").run(rest)
        print(f"  {name}: {time.perf_counter() - start:.0f} s", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
