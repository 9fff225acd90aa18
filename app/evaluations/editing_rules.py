"""Changes of a rulebook that a screen makes: an item, a category, a score's limits. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.core.errors import Invalid, NotFound
from app.core.i18n import N_
from app.evaluations.check_rules import Fault, Path, faults
from app.evaluations.rulebook_rules import Category, Rulebook, RuleItem, Score

GONE = N_("细则里已经没有这一项。")


def find_item(book: Rulebook, item_id: str) -> tuple[Category, RuleItem]:
    """Return an item with its category. Raise NotFound."""
    for category, item in book.items():
        if item.id == item_id:
            return category, item
    raise NotFound(GONE)


def find_category(book: Rulebook, category_id: str) -> Category:
    """Return a category. Raise NotFound."""
    for category in book.categories:
        if category.id == category_id:
            return category
    raise NotFound(GONE)


def find_score(book: Rulebook, score_id: str) -> Score:
    """Return a score. Raise NotFound."""
    for score in book.scores:
        if score.id == score_id:
            return score
    raise NotFound(GONE)


def with_item(book: Rulebook, former: str | None, category_id: str, item: RuleItem) -> Rulebook:
    """Return the book with an item added to a category, or put in the place of the one named `former`."""
    find_category(book, category_id)
    if former is not None and find_item(book, former)[0].id != category_id:
        book, former = without_item(book, former), None

    def changed(category: Category) -> Category:
        if category.id != category_id:
            return category
        items = category.items
        if former is None:
            return replace(category, items=(*items, item))
        return replace(category, items=tuple(item if each.id == former else each for each in items))

    return replace(book, categories=tuple(changed(each) for each in book.categories))


def without_item(book: Rulebook, item_id: str) -> Rulebook:
    """Return the book without an item. Raise NotFound."""
    find_item(book, item_id)
    return replace(
        book,
        categories=tuple(
            replace(each, items=tuple(item for item in each.items if item.id != item_id))
            for each in book.categories
        ),
    )


def with_category(book: Rulebook, former: str | None, category: Category) -> Rulebook:
    """Return the book with a category added, or put in the place of the one named `former`."""
    if former is None:
        return replace(book, categories=(*book.categories, category))
    find_category(book, former)
    return replace(
        book, categories=tuple(category if each.id == former else each for each in book.categories)
    )


def with_score(book: Rulebook, score_id: str, limits: Mapping[str, Any]) -> Rulebook:
    """Return the book with other limits (base, floor, ceiling, bonus_cap) of a score. Raise NotFound."""
    find_score(book, score_id)
    return replace(
        book,
        scores=tuple(replace(each, **limits) if each.id == score_id else each for each in book.scores),
    )


def check(book: Rulebook, links: frozenset[str], asked: tuple[str, ...], names: Mapping[str, str]) -> None:
    """Raise Invalid for the first fault, naming the field of the form where the fault lies in it.

    `asked` is the kind and id that the form is about, such as ("items", "A1"); `names` maps the last key
    of a path to a field.
    """
    for fault in faults(book, links):
        raise Invalid(fault.message, field=_field(book, fault, asked, names), **fault.params)


def _field(book: Rulebook, fault: Fault, asked: tuple[str, ...], names: Mapping[str, str]) -> str | None:
    if not asked or _about(book, fault.path) != asked:
        return None
    return next((names[key] for key in reversed(fault.path) if isinstance(key, str) and key in names), None)


def _about(book: Rulebook, path: Path) -> tuple[str, ...]:
    """Return the kind and id of what a path leads to: an item, a category, a score."""
    match path:
        case ("categories", int(place), "items", int(row), *_):
            return "items", book.categories[place].items[row].id
        case ("categories", int(place), *_):
            return "categories", book.categories[place].id
        case ("scores", int(place), *_):
            return "scores", book.scores[place].id
    return ()


def changed_lines(before: str, after: str) -> list[str]:
    """Return the lines that two texts do not share, each with - or + before it."""
    compared = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in list(compared)[2:] if not line.startswith("@@")]
