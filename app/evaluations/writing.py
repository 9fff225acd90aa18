"""A rulebook as YAML text, which reads back as the same rulebook. What stands at its default is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from enum import Enum
from typing import Any

import yaml

from app.core.points import plain
from app.evaluations.reading import AS_ENTERED
from app.evaluations.rulebook_rules import (
    Amount,
    AsEntered,
    Category,
    Chosen,
    Condition,
    Discretion,
    Fixed,
    Outcome,
    Part,
    Repeat,
    Rulebook,
    RuleItem,
    Score,
)
from app.evaluations.rules import Compare

WIDTH = 110
LAST = ("inputs", "vetoes", "award", "readings", "notes")


class _Dumper(yaml.SafeDumper):
    """Writes numbers as people do, and no references."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _number(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    text = plain(value)
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_Dumper.add_representer(Decimal, _number)


def write_rulebook(book: Rulebook) -> str:
    """Write a rulebook as its YAML file."""
    content: dict[str, Any] = {
        "rulebook": book.id,
        **_written(book, "id", "scores", "categories", "outcomes", "repeats"),
    }
    last = {key: content.pop(key) for key in LAST if key in content}
    content["scores"] = [_score(score) for score in book.scores]
    content["categories"] = [_category(category, book.result) for category in book.categories]
    content["repeats"] = [_repeat(repeat) for repeat in book.repeats]
    content["outcomes"] = [_outcome(outcome) for outcome in book.outcomes]
    filled: dict[str, Any] = {key: value for key, value in {**content, **last}.items() if value != []}
    return yaml.dump(
        filled, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=None, width=WIDTH
    )


def _written(thing: Any, *left_out: str) -> dict[str, Any]:
    """Return the fields of a dataclass that differ from their defaults."""
    return {
        each.name: _value(value)
        for each in fields(thing)
        if each.name not in left_out and (value := getattr(thing, each.name)) != each.default
    }


def _value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | Decimal | Mapping) or not isinstance(value, Sequence):
        return _written(value) if hasattr(value, "__dataclass_fields__") else value
    return [_value(each) for each in value]


def _score(score: Score) -> dict[str, Any]:
    written = _written(score, "parts", "answers_for")
    written |= {key: "none" for key in ("floor", "ceiling") if written[key] is None}
    if score.parts:
        written["parts"] = [_part(part) for part in score.parts]
    if score.answers_for:
        written["answers_for"] = [
            {"score": each.score, "ratio": each.ratio} | ({"items": dict(each.items)} if each.items else {})
            for each in score.answers_for
        ]
    return written


def _part(part: Part) -> dict[str, Any]:
    return {part.kind.value: part.of, **_written(part, "kind", "of")}


def _category(category: Category, result: str) -> dict[str, Any]:
    written = _written(category, "items", "score", "stop_at_zero")
    if category.score != result:
        written["score"] = category.score
    if category.max is not None:
        written["stop_at_zero"] = category.stop_at_zero
    return {**written, "items": [_item(item) for item in category.items]}


def _item(item: RuleItem) -> dict[str, Any]:
    written = _written(item, "kind", "amount", "links")
    written[item.kind.value] = _amount(item.amount)
    return written | ({"links": list(item.links)} if item.links else {})


def _amount(amount: Amount) -> Any:
    match amount:
        case Fixed(points):
            return points
        case Discretion(low, high):
            return {"from": low, "to": high}
        case AsEntered():
            return AS_ENTERED
        case Chosen(choices):
            return [
                ({"if": _conditions(each.conditions)} if each.conditions else {}) | {"points": each.points}
                for each in choices
            ]


def _conditions(conditions: Sequence[Condition]) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for condition in conditions:
        if condition.compare is Compare.IS:
            written[condition.fact] = condition.value
        else:
            written.setdefault(condition.fact, {})[condition.compare.value] = condition.value
    return written


def _outcome(outcome: Outcome) -> dict[str, Any]:
    conditions = {"if": _conditions(outcome.conditions)} if outcome.conditions else {}
    return {"id": outcome.id, "name": outcome.name, **conditions}


def _repeat(repeat: Repeat) -> dict[str, Any]:
    written = _written(repeat, "start", "retroactive")
    return {"from": repeat.start, **written, "retroactive": repeat.retroactive}
