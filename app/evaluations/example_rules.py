"""A running example: what one item costs or earns, with its category's and its score's limits. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from app.core.errors import Invalid
from app.core.events import FactValue
from app.core.i18n import N_
from app.core.points import plain, read_number
from app.evaluations.editing_rules import find_item
from app.evaluations.rulebook_rules import Chosen, Discretion, Rulebook, RuleItem
from app.evaluations.rules import Per
from app.evaluations.scoring_rules import Scored, evaluate
from app.evaluations.sheet_rules import Entry, Sheet

MOST = 50
PERSON = N_("某人")


def write_facts(item: RuleItem) -> str:
    """Return facts that an item's first conditions ask for, as `minutes=10`; its count is known."""
    if not isinstance(item.amount, Chosen):
        return ""
    facts: dict[str, FactValue] = {}
    for choice in item.amount.choices:
        for condition in choice.conditions:
            if condition.fact != "count":
                facts.setdefault(condition.fact, condition.value)
    return "，".join(
        f"{fact}={value if isinstance(value, str) else plain(value)}" for fact, value in facts.items()
    )


def read_facts(text: str) -> dict[str, FactValue]:
    """Read facts as `write_facts` writes them. Raise Invalid."""
    facts: dict[str, FactValue] = {}
    for part in re.split(r"[,，、]", text):
        name, sign, typed = (each.strip() for each in part.partition("="))
        if part.strip() and not (name and sign and typed):
            raise Invalid(N_("“%(part)s”看不懂，请写成“minutes=12”。"), part=part.strip())
        if name:
            value: FactValue | None = read_number(typed)
            facts[name] = typed if value is None else value
    return facts


def run(book: Rulebook, item_id: str, times: int, facts: Mapping[str, FactValue]) -> Scored:
    """Return the score of somebody to whom this happened so many times and nothing else. Raise Invalid."""
    category, item = find_item(book, item_id)
    score = replace(book.score(category.score), parts=(), answers_for=(), each_person=False)
    small = replace(
        book,
        scores=(score,),
        result=score.id,
        categories=(replace(category, items=(replace(item, always=False),)),),
        inputs=(),
        vetoes=(),
        outcomes=(),
        award=None,
        repeats=tuple(
            each
            for each in book.repeats
            if item.id in each.items or category.id in each.categories or not (each.items or each.categories)
        ),
    )
    return evaluate(small, Sheet(tuple(_entries(small, item, times, facts)))).result


def _entries(book: Rulebook, item: RuleItem, times: int, facts: Mapping[str, FactValue]) -> list[Entry]:
    points, reason = None, ""
    if isinstance(item.amount, Discretion):
        points, reason = item.amount.high, N_("示例按上限")
    elif not hasattr(item.amount, "points") and not isinstance(item.amount, Chosen):
        points = Decimal(1)
    entry = Entry(item.id, facts=facts, person=PERSON, points=points, reason=reason, on=book.effective_from)
    if item.per is Per.TOTAL:
        return [replace(entry, count=Decimal(times))]
    last = (book.effective_until or book.effective_from + timedelta(days=MOST)) - book.effective_from
    return [replace(entry, on=book.effective_from + min(timedelta(days=day), last)) for day in range(times)]
