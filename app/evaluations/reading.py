"""A rulebook from its YAML text (docs/rulebooks.md). Whatever is wrong is named with its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from app.core.errors import Invalid
from app.core.events import FactValue
from app.core.i18n import N_
from app.core.points import read_number
from app.evaluations.check_rules import faults
from app.evaluations.rulebook_rules import (
    HUNDRED,
    ONE,
    Amount,
    AsEntered,
    Award,
    Category,
    Choice,
    Chosen,
    Condition,
    Discretion,
    Fixed,
    Input,
    Liability,
    Outcome,
    Part,
    Repeat,
    Rulebook,
    RuleItem,
    Score,
    Veto,
)
from app.evaluations.rules import (
    Compare,
    Counted,
    Effect,
    InputKind,
    ItemKind,
    PartKind,
    Per,
    Span,
    Subject,
    Together,
)
from app.evaluations.yaml_nodes import Broken, Node, T, line_of, parse

AS_ENTERED = "as_entered"
BOUNDS = [each.value for each in Compare if each is not Compare.IS]  # a word or number is written as it is
Fields = dict[str, Node]


class BrokenRulebook(Invalid):
    """A rulebook is refused; `faults` holds (line, reason), from the top of the file down."""

    def __init__(self, found: list[Broken]) -> None:
        self.faults = sorted({(fault.line, str(fault)) for fault in found})
        lines = [
            N_("第 %(line)d 行：%(reason)s") % {"line": line, "reason": text} for line, text in self.faults
        ]
        super().__init__(N_("考核细则有误：\n%(faults)s"), faults="\n".join(lines))


def read_rulebook(text: str, links: frozenset[str] | None = None) -> Rulebook:
    """Read and check a rulebook; raise BrokenRulebook with every fault that was found.

    `links` are the codes that items may be linked to; without them links are not checked.
    """
    root = None
    try:
        root = parse(text)
        book = _rulebook(root)
    except Broken as fault:
        raise BrokenRulebook([*(root.faults if root else ()), fault]) from None
    if not root.faults:
        root.faults += [
            Broken(line_of(root, fault.path), fault.message, **fault.params) for fault in faults(book, links)
        ]
    if root.faults:
        raise BrokenRulebook(root.faults)
    return book


def _rulebook(root: Node) -> Rulebook:
    required = ("rulebook", "title", "version", "effective_from", "subject", "period", "scores")
    optional = ("effective_until", "source", "result", "categories", "inputs", "repeats", "vetoes")
    fields = root.fields((*required, *optional, "outcomes", "award", "readings", "notes"), required)
    scores = fields["scores"].each(_score)
    result = _maybe(fields, "result", Node.text, scores[-1].id if scores else "")
    categories: tuple[Category, ...] = _maybe(fields, "categories", lambda node: node.each(_category), ())
    return Rulebook(
        id=fields["rulebook"].words(),
        title=fields["title"].words(),
        version=fields["version"].whole(),
        effective_from=fields["effective_from"].day(),
        effective_until=_maybe(fields, "effective_until", Node.day, None),
        subject=fields["subject"].choice(Subject),
        period=fields["period"].choice(Span),
        source=_maybe(fields, "source", Node.text, ""),
        result=result,
        scores=scores,
        categories=tuple(replace(each, score=each.score or result) for each in categories),
        inputs=_maybe(fields, "inputs", lambda node: node.each(_input), ()),
        repeats=_maybe(fields, "repeats", lambda node: node.each(_repeat), ()),
        vetoes=_maybe(fields, "vetoes", lambda node: node.each(_veto), ()),
        outcomes=_maybe(fields, "outcomes", lambda node: node.each(_outcome), ()),
        award=_maybe(fields, "award", _award, None),
        readings=_maybe(fields, "readings", _texts, ()),
        notes=_maybe(fields, "notes", _texts, ()),
    )


def _maybe(fields: Fields, key: str, read: Callable[[Node], T], default: T) -> T:
    return read(fields[key]) if key in fields else default


def _texts(node: Node) -> tuple[str, ...]:
    return node.each(Node.words)


def _score(node: Node) -> Score:
    required = ("id", "name", "base", "floor", "ceiling")
    fields = node.fields((*required, "bonus_cap", "each_person", "parts", "answers_for"), required)
    return Score(
        id=fields["id"].words(),
        name=fields["name"].words(),
        base=fields["base"].number(),
        floor=fields["floor"].number_or_none(),
        ceiling=fields["ceiling"].number_or_none(),
        bonus_cap=_maybe(fields, "bonus_cap", Node.number_or_none, None),
        each_person=_maybe(fields, "each_person", Node.flag, False),
        parts=_maybe(fields, "parts", lambda value: value.each(_part), ()),
        answers_for=_maybe(fields, "answers_for", lambda value: value.each(_liability), ()),
    )


def _part(node: Node) -> Part:
    kinds = [kind.value for kind in PartKind]
    fields = node.fields((*kinds, "weight", "worth", "out_of"))
    named = [kind for kind in PartKind if kind in fields]
    if len(named) != 1:
        raise node.broken(N_("每一部分写明一个来源：%(kinds)s 之一。"), kinds="、".join(kinds))
    if "out_of" in fields and "worth" not in fields:
        raise fields["out_of"].broken(N_("out_of 要和 worth 一起写。"))
    return Part(
        kind=named[0],
        of=fields[named[0]].words(),
        weight=_maybe(fields, "weight", Node.share, None),
        worth=_maybe(fields, "worth", Node.number, None),
        out_of=_maybe(fields, "out_of", Node.number, HUNDRED),
    )


def _liability(node: Node) -> Liability:
    fields = node.fields(("score", "ratio", "items"), ("score", "ratio"))
    own = fields["items"].entries() if "items" in fields else {}
    return Liability(
        score=fields["score"].words(),
        ratio=fields["ratio"].share(),
        items={item: ratio.share() for item, ratio in own.items()},
    )


def _category(node: Node) -> Category:
    required = ("id", "name", "items")
    fields = node.fields((*required, "score", "max", "stop_at_zero", "bonus_cap"), required)
    highest = _maybe(fields, "max", Node.number_or_none, None)
    if highest is not None and "stop_at_zero" not in fields:
        raise fields["max"].broken(N_("写了满分，还须写明是否扣完为止：stop_at_zero: true 或 false。"))
    return Category(
        id=fields["id"].words(),
        name=fields["name"].words(),
        items=fields["items"].each(_item),
        score=_maybe(fields, "score", Node.words, ""),
        max=highest,
        stop_at_zero=_maybe(fields, "stop_at_zero", Node.flag, False),
        bonus_cap=_maybe(fields, "bonus_cap", Node.number_or_none, None),
    )


def _item(node: Node) -> RuleItem:
    kinds = [kind.value for kind in ItemKind]
    measures = ("target", "threshold", "each", "counted")
    others = ("per", "clause", *measures, "at_most", "always", "links")
    fields = node.fields(("id", "name", *kinds, *others), ("id", "name"))
    named = [kind for kind in ItemKind if kind in fields]
    if len(named) != 1:
        raise node.broken(N_("每个条目写 deduct（扣分）或 bonus（加分）之一。"))
    return RuleItem(
        id=fields["id"].words(),
        name=fields["name"].words(),
        kind=named[0],
        amount=_amount(fields[named[0]]),
        per=_maybe(fields, "per", lambda value: value.choice(Per), Per.OCCURRENCE),
        clause=_maybe(fields, "clause", Node.text, ""),
        target=_maybe(fields, "target", Node.number, None),
        threshold=_maybe(fields, "threshold", Node.number, None),
        each=_maybe(fields, "each", Node.number, ONE),
        counted=_maybe(fields, "counted", lambda value: value.choice(Counted), Counted.WHOLE),
        at_most=_maybe(fields, "at_most", Node.number_or_none, None),
        always=_maybe(fields, "always", Node.flag, False),
        links=_maybe(fields, "links", _texts, ()),
    )


def _amount(node: Node) -> Amount:
    if node.is_list:
        return Chosen(node.each(_choice))
    if node.is_mapping:
        fields = node.fields(("from", "to"), ("from", "to"))
        return Discretion(fields["from"].number(), fields["to"].number())
    return AsEntered() if node.text() == AS_ENTERED else Fixed(node.number())


def _choice(node: Node) -> Choice:
    fields = node.fields(("if", "points"), ("points",))
    return Choice(fields["points"].number(), _maybe(fields, "if", _conditions, ()))


def _conditions(node: Node) -> tuple[Condition, ...]:
    found: list[Condition] = []
    for fact, value in node.entries().items():
        if not value.is_mapping:
            found.append(Condition(fact, Compare.IS, fact_value(value.words())))
            continue
        for key, limit in value.fields(BOUNDS).items():
            found.append(Condition(fact, Compare(key), fact_value(limit.words())))
    return tuple(found)


def fact_value(text: str) -> FactValue:
    """Read a fact: a number where it looks like one, otherwise a word."""
    value: Decimal | None = read_number(text)
    return text if value is None else value


def _input(node: Node) -> Input:
    fields = node.fields(("id", "name", "kind", "at_least", "at_most", "full", "optional"), ("id", "name"))
    return Input(
        id=fields["id"].words(),
        name=fields["name"].words(),
        kind=_maybe(fields, "kind", lambda value: value.choice(InputKind), InputKind.NUMBER),
        at_least=_maybe(fields, "at_least", Node.number_or_none, None),
        at_most=_maybe(fields, "at_most", Node.number_or_none, None),
        full=_maybe(fields, "full", Node.number, HUNDRED),
        optional=_maybe(fields, "optional", Node.flag, False),
    )


def _repeat(node: Node) -> Repeat:
    required = ("from", "times", "together", "retroactive")
    fields = node.fields((*required, "per_person", "categories", "items"), required)
    return Repeat(
        start=fields["from"].whole(),
        times=fields["times"].number(),
        together=fields["together"].choice(Together),
        retroactive=fields["retroactive"].flag(),
        per_person=_maybe(fields, "per_person", Node.flag, True),
        categories=_maybe(fields, "categories", _texts, ()),
        items=_maybe(fields, "items", _texts, ()),
    )


def _veto(node: Node) -> Veto:
    required = ("id", "name", "span", "effect")
    fields = node.fields((*required, "grade", "items"), required)
    return Veto(
        id=fields["id"].words(),
        name=fields["name"].words(),
        span=fields["span"].choice(Span),
        effect=fields["effect"].choice(Effect),
        grade=_maybe(fields, "grade", Node.words, ""),
        items=_maybe(fields, "items", _texts, ()),
    )


def _outcome(node: Node) -> Outcome:
    fields = node.fields(("id", "name", "if"), ("id", "name"))
    return Outcome(fields["id"].words(), fields["name"].words(), _maybe(fields, "if", _conditions, ()))


def _award(node: Node) -> Award:
    fields = node.fields(("name", "quota", "tie_breaks", "excludes"), ("name",))
    return Award(
        name=fields["name"].words(),
        quota=_maybe(fields, "quota", Node.whole, None),
        tie_breaks=_maybe(fields, "tie_breaks", _texts, ()),
        excludes=_maybe(fields, "excludes", _texts, ()),
    )
