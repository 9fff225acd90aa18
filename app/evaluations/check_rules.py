"""What makes a rulebook unusable. Each fault names the place, as a path into the YAML file or the form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter

from app.core.i18n import N_
from app.evaluations.rulebook_rules import (
    Amount,
    AsEntered,
    Category,
    Chosen,
    Condition,
    Discretion,
    Fixed,
    Part,
    Rulebook,
    RuleItem,
    Score,
)
from app.evaluations.rules import MEASURED, RESERVED, Compare, Effect, PartKind, Per

Path = tuple[str | int, ...]
NAME = re.compile(r"\w[\w.-]{0,39}")
PERSONAL = (PartKind.MEAN_OF, PartKind.SUM_OF)


@dataclass(frozen=True)
class Fault:
    """What is wrong, and where."""

    path: Path
    message: str
    params: Mapping[str, object] = field(default_factory=dict)


def faults(book: Rulebook, links: frozenset[str] | None = None) -> list[Fault]:
    """Return all that is wrong; `links` are the check items that exist, where they are known."""
    checks = (_head, _names, _scores, _cycles, _categories, _inputs, _repeats, _vetoes, _outcomes, _award)
    return [*(fault for check in checks for fault in check(book)), *_links(book, links)]


def _unknown(path: Path, name: str, known: Sequence[str]) -> Iterator[Fault]:
    if name not in known:
        yield Fault(path, N_("没有名为“%(name)s”的项目可以引用。"), {"name": name})


def _negative(path: Path, value: Decimal | None) -> Iterator[Fault]:
    if value is not None and value < 0:
        yield Fault(path, N_("%(value)s 小于 0；这里不能是负数。"), {"value": value})


def _head(book: Rulebook) -> Iterator[Fault]:
    if not NAME.fullmatch(book.id):
        yield Fault(
            ("rulebook",), N_("名称“%(name)s”只能用文字、数字和 _ - .，不超过 40 个。"), {"name": book.id}
        )
    if book.version < 1:
        yield Fault(("version",), N_("版本从 1 开始。"))
    if book.effective_until and book.effective_until < book.effective_from:
        yield Fault(("effective_until",), N_("失效日早于施行日。"))
    scores = [score.id for score in book.scores]
    yield from _unknown(("result",), book.result, scores)
    if book.result in scores and book.score(book.result).each_person:
        yield Fault(
            ("scores", scores.index(book.result), "each_person"),
            N_("公布的得分不能按人计算（each_person）。"),
        )


def _names(book: Rulebook) -> Iterator[Fault]:
    """Names are used in lines and references: each may stand for one thing only."""
    named: list[tuple[Path, str]] = []
    for kind, names in (
        ("scores", [score.id for score in book.scores]),
        ("categories", [category.id for category in book.categories]),
        ("inputs", [given.id for given in book.inputs]),
        ("vetoes", [veto.id for veto in book.vetoes]),
    ):
        named += [((kind, place, "id"), name) for place, name in enumerate(names)]
    named += [((*path, "id"), item.id) for path, _, item in _items(book)]
    yield from _names_of(named)
    yield from _names_of(
        [(("outcomes", place, "id"), each.id) for place, each in enumerate(book.outcomes)], any_words=True
    )


def _names_of(named: Sequence[tuple[Path, str]], any_words: bool = False) -> Iterator[Fault]:
    seen: set[str] = set()
    for path, name in named:
        if name in seen:
            yield Fault(path, N_("名称“%(name)s”用了两次。"), {"name": name})
        elif not any_words and name in RESERVED:
            yield Fault(path, N_("名称“%(name)s”另有用途，请换一个。"), {"name": name})
        elif not any_words and not NAME.fullmatch(name):
            yield Fault(path, N_("名称“%(name)s”只能用文字、数字和 _ - .，不超过 40 个。"), {"name": name})
        seen.add(name)


def _items(book: Rulebook) -> Iterator[tuple[Path, Category, RuleItem]]:
    for place, category in enumerate(book.categories):
        for row, item in enumerate(category.items):
            yield ("categories", place, "items", row), category, item


def _scores(book: Rulebook) -> Iterator[Fault]:
    for place, score in enumerate(book.scores):
        path = ("scores", place)
        if score.floor is not None and score.ceiling is not None and score.floor > score.ceiling:
            yield Fault((*path, "floor"), N_("下限高于上限。"))
        yield from _negative((*path, "bonus_cap"), score.bonus_cap)
        for row, part in enumerate(score.parts):
            yield from _part(book, score, part, (*path, "parts", row))
        yield from _weights(score, (*path, "parts"))
        for row, liability in enumerate(score.answers_for):
            here = (*path, "answers_for", row)
            yield from _unknown((*here, "score"), liability.score, [each.id for each in book.scores])
            yield from _negative((*here, "ratio"), liability.ratio)
            theirs = [item.id for _, category, item in _items(book) if category.score == liability.score]
            for item, ratio in liability.items.items():
                yield from _unknown((*here, "items", item), item, theirs)
                yield from _negative((*here, "items", item), ratio)


def _part(book: Rulebook, score: Score, part: Part, path: Path) -> Iterator[Fault]:
    here = (*path, part.kind.value)
    known = book.inputs if part.kind is PartKind.INPUT else book.scores
    yield from _unknown(here, part.of, [each.id for each in known])
    for other in book.scores:
        if part.kind is not PartKind.INPUT and other.id == part.of:
            if other.each_person and part.kind not in PERSONAL:
                yield Fault(here, N_("“%(name)s”按人计算，请用 mean_of 或 sum_of。"), {"name": part.of})
            elif not other.each_person and part.kind in PERSONAL:
                yield Fault(here, N_("“%(name)s”不是按人计算的，请用 score。"), {"name": part.of})
    for given in book.inputs:
        if part.kind is PartKind.INPUT and given.id == part.of and given.optional:
            yield Fault(here, N_("“%(name)s”可以不填，不能作为得分的组成部分。"), {"name": part.of})
    if score.each_person and part.kind is PartKind.INPUT:
        yield Fault(here, N_("按人计算的得分不能含输入项；请改为条目，按 as_entered 计。"))
    if part.weight is not None and part.worth is not None:
        yield Fault((*path, "worth"), N_("weight 和 worth 只能写一个。"))
    yield from _negative((*path, "weight"), part.weight)
    yield from _negative((*path, "worth"), part.worth)
    if part.out_of <= 0:
        yield Fault((*path, "out_of"), N_("%(value)s 应当大于 0。"), {"value": part.out_of})


def _weights(score: Score, path: Path) -> Iterator[Fault]:
    weights = [Fraction(part.weight) for part in score.parts if part.weight is not None]
    if not weights:
        return
    if sum(weights) != 1:
        total = sum((part.weight for part in score.parts if part.weight is not None), Decimal())
        yield Fault(path, N_("权重合计为 %(sum)s，应当为 1（100%%）。"), {"sum": total})
    elif len(weights) < len(score.parts):
        yield Fault(path, N_("要么各部分都写 weight，要么都不写。"))


def _cycles(book: Rulebook) -> Iterator[Fault]:
    """No score may be made from itself, nor answer for one that answers for it."""
    made = {
        score.id: {part.of for part in score.parts if part.kind is not PartKind.INPUT}
        for score in book.scores
    }
    answering = {score.id: {liability.score for liability in score.answers_for} for score in book.scores}
    for graph, key, message in (
        (made, "parts", N_("得分互相包含，无法计算：%(names)s。")),
        (answering, "answers_for", N_("连带责任互相循环：%(names)s。")),
    ):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle = error.args[1]
            place = min(place for place, score in enumerate(book.scores) if score.id in circle)
            yield Fault(("scores", place, key), message, {"names": " → ".join(circle)})


def _categories(book: Rulebook) -> Iterator[Fault]:
    scores = [score.id for score in book.scores]
    for place, category in enumerate(book.categories):
        path = ("categories", place)
        yield from _unknown((*path, "score"), category.score, [*scores, book.result])
        yield from _negative((*path, "max"), category.max)
        yield from _negative((*path, "bonus_cap"), category.bonus_cap)
        if category.stop_at_zero and category.max is None:
            yield Fault((*path, "stop_at_zero"), N_("写了扣完为止（stop_at_zero），却没有写满分（max）。"))
    for here, _, item in _items(book):
        yield from _item(item, here)


def _item(item: RuleItem, path: Path) -> Iterator[Fault]:
    yield from _negative((*path, "at_most"), item.at_most)
    if item.each <= 0:
        yield Fault((*path, "each"), N_("%(value)s 应当大于 0。"), {"value": item.each})
    if item.target is not None and item.threshold is not None:
        yield Fault((*path, "threshold"), N_("target（不足）和 threshold（超出）只能写一个。"))
    for key in ("target", "threshold"):
        if getattr(item, key) is not None and item.per not in MEASURED:
            message = N_("%(key)s 只用于 per 为 shortfall、excess 或 percentage_point 的条目。")
            yield Fault((*path, key), message, {"key": key})
    if item.per is Per.TOTAL and isinstance(item.amount, AsEntered | Discretion):
        yield Fault((*path, "per"), N_("per 为 total 的条目只能用固定分值或分档计分。"))
    if isinstance(item.amount, AsEntered | Discretion) and item.always:
        yield Fault((*path, "always"), N_("分值由人填写的条目不能自动计分（always）。"))
    yield from _amount(item.amount, (*path, item.kind.value))


def _amount(amount: Amount, here: Path) -> Iterator[Fault]:
    match amount:
        case Fixed(points):
            yield from _negative(here, points)
        case Discretion(low, high):
            yield from _negative((*here, "from"), low)
            if low > high:
                yield Fault((*here, "to"), N_("幅度的上限低于下限。"))
        case Chosen(choices):
            for row, choice in enumerate(choices):
                yield from _negative((*here, row, "points"), choice.points)
                yield from _conditions(choice.conditions, (*here, row, "if"), None)
                if not choice.conditions and row < len(choices) - 1:
                    yield Fault((*here, row + 1), N_("前一档没有条件，这一档永远用不上。"))


def _conditions(conditions: Sequence[Condition], path: Path, known: Sequence[str] | None) -> Iterator[Fault]:
    for condition in conditions:
        here = (*path, condition.fact)
        if known is not None:
            yield from _unknown(here, condition.fact, known)
        if condition.compare is not Compare.IS and isinstance(condition.value, str):
            yield Fault(here, N_("“%(value)s”不是数，无法比较大小。"), {"value": condition.value})


def _inputs(book: Rulebook) -> Iterator[Fault]:
    for place, given in enumerate(book.inputs):
        if given.full <= 0:
            yield Fault(("inputs", place, "full"), N_("%(value)s 应当大于 0。"), {"value": given.full})
        if given.at_least is not None and given.at_most is not None and given.at_least > given.at_most:
            yield Fault(("inputs", place, "at_least"), N_("下限高于上限。"))


def _repeats(book: Rulebook) -> Iterator[Fault]:
    items = {item.id: category.id for _, category, item in _items(book)}
    covered: Counter[str] = Counter()
    for place, repeat in enumerate(book.repeats):
        path = ("repeats", place)
        for category in repeat.categories:
            yield from _unknown((*path, "categories"), category, list(items.values()))
        for item in repeat.items:
            yield from _unknown((*path, "items"), item, list(items))
        if repeat.start < 2:
            yield Fault((*path, "from"), N_("从第几次起加重，应当是 2 或更大的整数。"))
        yield from _negative((*path, "times"), repeat.times)
        everything = not repeat.categories and not repeat.items
        mine = {
            item
            for item, category in items.items()
            if everything or item in repeat.items or category in repeat.categories
        }
        covered.update(mine)
        if twice := sorted(item for item in mine if covered[item] > 1):
            yield Fault(path, N_("条目 %(names)s 已有另一条累计加重的规则。"), {"names": "、".join(twice)})


def _vetoes(book: Rulebook) -> Iterator[Fault]:
    items = [item.id for _, _, item in _items(book)]
    for place, veto in enumerate(book.vetoes):
        path = ("vetoes", place)
        for item in veto.items:
            yield from _unknown((*path, "items"), item, items)
        if veto.effect is Effect.GRADE_CAP:
            yield from _unknown((*path, "grade"), veto.grade, [outcome.id for outcome in book.outcomes])
        elif veto.grade:
            yield Fault((*path, "grade"), N_("grade 只用于 effect 为 grade_cap 的否决。"))


def _outcomes(book: Rulebook) -> Iterator[Fault]:
    known = ["score", *(score.id for score in book.scores if not score.each_person)]
    known += [given.id for given in book.inputs]
    for place, outcome in enumerate(book.outcomes):
        yield from _conditions(outcome.conditions, ("outcomes", place, "if"), known)


def _award(book: Rulebook) -> Iterator[Fault]:
    if book.award is None:
        return
    for name in book.award.tie_breaks:
        yield from _unknown(("award", "tie_breaks"), name, [given.id for given in book.inputs])
    if book.award.quota is not None and book.award.quota < 1:
        yield Fault(("award", "quota"), N_("名额应当大于 0。"))


def _links(book: Rulebook, known: frozenset[str] | None) -> Iterator[Fault]:
    """An event is charged once: no check item leads to two items, and each exists where that is known."""
    seen: set[str] = set()
    for path, _, item in _items(book):
        for link in item.links:
            if known is not None:
                yield from _unknown((*path, "links"), link, list(known))
            if link in seen:
                yield Fault((*path, "links"), N_("“%(name)s”已经连到另一条目。"), {"name": link})
            seen.add(link)
