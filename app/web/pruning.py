"""Leave out of a vendor's style sheet whatever no page of ours can show. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
_WORD = re.compile(r"[\w-]+")


def words(texts: Iterable[str]) -> frozenset[str]:
    """Return every word of templates, scripts and our own sheets: a class that is none is not used."""
    return frozenset(word for text in texts for word in _WORD.findall(text))


def prune(sheet: str, used: frozenset[str]) -> str:
    """Return a minified sheet without the rules whose classes are not used.

    A used word that ends in a hyphen stands for all classes that begin with it: `"btn-" ~ kind`.
    The notice of whom the sheet is by stands at its end.
    """
    prefixes = tuple(word for word in used if word.endswith("-") and len(word) > 1)

    def shown(selector: str) -> bool:
        return all(name in used or name.startswith(prefixes) for name in _CLASS.findall(selector))

    notices = [comment for comment in _COMMENT.findall(sheet) if comment.startswith("/*!")]
    return "".join([*_rules(_COMMENT.sub("", sheet), shown), *notices])


def _rules(sheet: str, shown: Callable[[str], bool]) -> Iterator[str]:
    for head, body in _blocks(sheet):
        if body is None or head.startswith(("@keyframes", "@font-face", "@property")):
            yield head if body is None else f"{head}{{{body}}}"
        elif head.startswith("@"):
            inner = "".join(_rules(body, shown))
            if inner:
                yield f"{head}{{{inner}}}"
        else:
            kept = [selector for selector in _selectors(head) if shown(selector)]
            if kept:
                yield f"{','.join(kept)}{{{body}}}"


def _blocks(sheet: str) -> Iterator[tuple[str, str | None]]:
    """Yield head and body of each block at the top, and `@charset …;` with no body."""
    place = 0
    while place < len(sheet):
        opening, end = sheet.find("{", place), sheet.find(";", place)
        if end != -1 and (opening == -1 or end < opening):
            yield sheet[place : end + 1], None
            place = end + 1
            continue
        if opening == -1:
            return
        depth, close = 1, opening + 1
        while depth:
            down, up = sheet.find("{", close), sheet.find("}", close)
            if down != -1 and down < up:
                depth, close = depth + 1, down + 1
            else:
                depth, close = depth - 1, up + 1
        yield sheet[place:opening].strip(), sheet[opening + 1 : close - 1]
        place = close


def _selectors(head: str) -> Iterator[str]:
    """Yield the selectors of a list; a comma inside of brackets separates nothing."""
    depth, start = 0, 0
    for place, char in enumerate(head):
        depth += (char in "([") - (char in ")]")
        if char == "," and not depth:
            yield head[start:place]
            start = place + 1
    yield head[start:]
