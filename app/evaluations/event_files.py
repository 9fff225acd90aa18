"""The events of one evaluation from a JSON file: events, people, vetoes and the rulebook's inputs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from app.core.errors import Invalid
from app.core.events import FactValue
from app.core.i18n import N_
from app.core.points import plain, read_number
from app.evaluations.rulebook_rules import AsEntered, Chosen, Input, Rulebook, RuleItem
from app.evaluations.rules import MEASURED, InputKind
from app.evaluations.sheet_rules import ACTUAL, TARGET, THRESHOLD, Entry, Given, Sheet

T = TypeVar("T")
SHEET_KEYS = ("events", "people", "inputs", "vetoes", "traits")
COMMENTS = ("id", "title", "note", "working", "expected", "alternatives")  # for the reader, not for the score
EVENT_KEYS = ("item", "count", "person", "date", "points", "reason", "earlier", "same_as", "note")
SHARES = {InputKind.VOTES: ("for", "cast"), InputKind.RATE: ("numerator", "denominator")}


def read_sheet(book: Rulebook, text: str) -> Sheet:
    """Read the events; raise Invalid, saying which one is wrong and why."""
    content = _parsed(text)
    if not isinstance(content, dict):
        raise Invalid(N_("文件应当是一个 JSON 对象。"))
    declared = {given.id: given for given in book.inputs}
    if unknown := content.keys() - {*SHEET_KEYS, *COMMENTS, *declared}:
        allowed = "、".join([*SHEET_KEYS, *declared])
        message = N_("不认识的项目：%(names)s；这里可以写：%(allowed)s。")
        raise Invalid(message, names="、".join(sorted(unknown)), allowed=allowed)
    people, theirs = _people(book, _list(content, "people"))
    entries = _each(_list(content, "events"), N_("第 %(place)d 条事件"), lambda row: _event(book, row, ""))
    return Sheet(
        entries=(*entries, *theirs),
        people=people,
        inputs=dict(_inputs(declared, content)),
        vetoes=frozenset(_known(_list(content, "vetoes"), [veto.id for veto in book.vetoes])),
        traits=frozenset(_known(_list(content, "traits"), book.award.excludes if book.award else ())),
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(
            text,
            parse_int=_literal,
            parse_float=_literal,
            parse_constant=_literal,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        raise Invalid(N_("第 %(line)d 行：不是有效的 JSON。"), line=error.lineno) from None
    except RecursionError:
        raise Invalid(N_("嵌套太深。")) from None


def _literal(text: str) -> Decimal:
    value = read_number(text)
    if value is None:
        raise Invalid(N_("“%(text)s”不是可用的数：整数部分至多 9 位，小数至多 6 位。"), text=text[:30])
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        raise Invalid(N_("“%(key)s”写了两次。"), key=next(key for key in names if names.count(key) > 1))
    return found


def _list(content: Mapping[str, Any], key: str) -> list[Any]:
    value = content.get(key, [])
    if not isinstance(value, list):
        raise Invalid(N_("“%(key)s”应当是一个列表。"), key=key)
    return value


def _each(rows: list[Any], place_words: str, read: Callable[[Any], T]) -> list[T]:
    """Read every row; what is wrong is said with the number of the row."""
    found = []
    for place, row in enumerate(rows, 1):
        try:
            found.append(read(row))
        except Invalid as error:
            where = place_words % {"place": place}
            raise Invalid(N_("%(where)s：%(reason)s"), where=where, reason=str(error)) from None
    return found


def _known(names: list[Any], known: tuple[str, ...] | list[str]) -> Iterator[str]:
    for name in names:
        if name not in known:
            message = N_("考核细则里没有“%(name)s”；可以写：%(known)s。")
            raise Invalid(message, name=name, known="、".join(known) or "—")
        yield name


def _number(value: Any) -> Decimal:
    if isinstance(value, str):
        return _literal(value.strip())
    if not isinstance(value, Decimal):
        raise Invalid(N_("“%(value)s”不是数。"), value=_shown(value))
    return value


def _shown(value: Any) -> str:
    return (
        plain(value)
        if isinstance(value, Decimal)
        else json.dumps(value, ensure_ascii=False, default=str)[:40]
    )


def _word(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if not isinstance(value, str) or not value.strip():
        raise Invalid(N_("“%(value)s”应当是文字。"), value=_shown(value))
    return value.strip()


def _item(book: Rulebook, name: Any) -> RuleItem:
    for _, item in book.items():
        if item.id == name:
            return item
    raise Invalid(N_("考核细则里没有条目“%(item)s”。"), item=name if isinstance(name, str) else _shown(name))


def _event(book: Rulebook, row: Any, person: str) -> Entry:
    if not isinstance(row, dict):
        raise Invalid(N_('应当是一个 JSON 对象，如 {"item": "A1", "count": 2}。'))
    item = _item(book, row.get("item"))
    allowed = _fact_names(item)
    nested = row.get("facts", {})
    if not isinstance(nested, dict):
        raise Invalid(N_("facts 应当是一个 JSON 对象。"))
    given = {**nested, **{key: value for key, value in row.items() if key not in (*EVENT_KEYS, "facts")}}
    if unknown := given.keys() - allowed:
        names = "、".join(sorted(unknown))
        message = N_("不认识的项目：%(names)s；条目 %(item)s 的事件可以写：%(allowed)s。")
        raise Invalid(message, names=names, item=item.id, allowed="、".join([*EVENT_KEYS, *sorted(allowed)]))
    count, points = _number(row.get("count", Decimal(1))), row.get("points")
    if isinstance(points, list):
        count, points = _entered(points)
    if count < 0:
        raise Invalid(N_("数量不能小于 0。"))
    return Entry(
        item=item.id,
        count=count,
        facts={name: _fact(value) for name, value in given.items()},
        person=_word(row["person"]) if "person" in row else person,
        on=_day(row["date"]) if "date" in row else None,
        points=None if points is None else _number(points),
        reason=_word(row["reason"]) if "reason" in row else "",
        earlier=_flag(row.get("earlier", False)),
        same_as=_word(row["same_as"]) if "same_as" in row else "",
    )


def _fact_names(item: RuleItem) -> set[str]:
    """Return the facts that the rule asks for; others would be ignored, so they are refused."""
    names = {ACTUAL, TARGET, THRESHOLD} if item.per in MEASURED else set()
    if isinstance(item.amount, Chosen):
        conditions = [each for choice in item.amount.choices for each in choice.conditions]
        names |= {condition.fact for condition in conditions} - {"count"}
    return names


def _fact(value: Any) -> FactValue:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return value
    text = _word(value)
    number = read_number(text)
    return text if number is None else number


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Invalid(N_("earlier 应当是 true 或 false。"))
    return value


def _day(value: Any) -> date:
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        day = None
    if day is None or day.isoformat() != value:
        raise Invalid(N_("“%(text)s”不是日期，请写成 2026-01-01 的形式。"), text=_shown(value))
    return day


def _entered(values: list[Any]) -> tuple[Decimal, Decimal]:
    """Return how many scores were entered, and their sum; null is one that was not assessed."""
    numbers = [_number(value) for value in values if value is not None]
    return Decimal(len(numbers)), sum(numbers, Decimal())


def _people(book: Rulebook, rows: list[Any]) -> tuple[tuple[str, ...], list[Entry]]:
    """Read the people: each with events, or shortly with {item: count}."""
    names: list[str] = []
    entries: list[Entry] = []

    def read(row: Any) -> None:
        if not isinstance(row, dict):
            raise Invalid(N_("应当是一个 JSON 对象。"))
        name = _word(row["name"]) if "name" in row else N_("第 %(place)d 人") % {"place": len(names) + 1}
        if name in names:
            raise Invalid(N_("“%(key)s”写了两次。"), key=name)
        names.append(name)
        events = _each(
            _list(row, "events"), N_("第 %(place)d 条事件"), lambda event: _event(book, event, name)
        )
        entries.extend(events)
        short = {key: value for key, value in row.items() if key not in ("name", "events")}
        entries.extend(_short(_item(book, key), value, name) for key, value in short.items())

    _each(rows, N_("第 %(place)d 人"), read)
    return tuple(names), entries


def _short(item: RuleItem, value: Any, person: str) -> Entry:
    if isinstance(item.amount, AsEntered):
        count, points = _entered(value if isinstance(value, list) else [value])
        return Entry(item.id, count, points=points, person=person)
    count = _number(value)
    if count < 0:
        raise Invalid(N_("数量不能小于 0。"))
    return Entry(item.id, count, person=person)


def _inputs(declared: Mapping[str, Input], content: Mapping[str, Any]) -> Iterator[tuple[str, Given]]:
    inside = content.get("inputs", {})
    if not isinstance(inside, dict):
        raise Invalid(N_("inputs 应当是一个 JSON 对象。"))
    if unknown := inside.keys() - declared.keys():
        message = N_("考核细则里没有输入项“%(names)s”；可以写：%(known)s。")
        raise Invalid(message, names="、".join(sorted(unknown)), known="、".join(declared) or "—")
    outside = {key: value for key, value in content.items() if key in declared}
    if twice := inside.keys() & outside.keys():
        raise Invalid(N_("“%(key)s”写了两次。"), key="、".join(sorted(twice)))
    for key, value in {**inside, **outside}.items():
        try:
            yield key, _given(declared[key], value)
        except Invalid as error:
            name = declared[key].name
            raise Invalid(N_("输入项“%(name)s”：%(reason)s"), name=name, reason=str(error)) from None


def given_of(given: Input, amount: Decimal, whole: Decimal | None = None) -> Given:
    """Return an input that was entered as a number, or as a part of a whole. Raise Invalid."""
    if given.kind in SHARES and whole is not None:
        return _share(given, dict(zip(SHARES[given.kind], (amount, whole), strict=True)))
    return _given(given, amount)


def _given(given: Input, value: Any) -> Given:
    if given.kind in (InputKind.MEAN, InputKind.SUM) and isinstance(value, list):
        return _of_list(given, value)
    if given.kind in SHARES and isinstance(value, dict):
        return _share(given, value)
    number = Fraction(_within(given, _number(value)))
    return Given(number, plain(number))


def _of_list(given: Input, values: list[Any]) -> Given:
    numbers = [_within(given, _number(value)) for value in values if value is not None]
    if not numbers:
        raise Invalid(N_("没有一个数，无从计算。"))
    total = sum(map(Fraction, numbers), Fraction())
    said = {"count": len(numbers), "sum": plain(total), "mean": plain(total / len(numbers))}
    if given.kind is InputKind.SUM:
        return Given(total, N_("%(count)d 项合计 %(sum)s") % said)
    return Given(total / len(numbers), N_("%(count)d 项合计 %(sum)s，平均 %(mean)s") % said)


def _share(given: Input, value: Mapping[str, Any]) -> Given:
    keys = SHARES[given.kind]
    if set(value) != set(keys):
        raise Invalid(N_("应当写 %(keys)s。"), keys="、".join(keys))
    part, whole = (_number(value[key]) for key in keys)
    if whole <= 0 or part < 0 or (part > whole and given.kind is InputKind.VOTES):
        raise Invalid(N_("%(part)s/%(whole)s 不是有效的比例。"), part=plain(part), whole=plain(whole))
    share = Fraction(part) / Fraction(whole) * Fraction(given.full)
    said = {"part": plain(part), "whole": plain(whole), "full": plain(given.full), "share": plain(share)}
    return Given(share, N_("%(part)s/%(whole)s × %(full)s = %(share)s") % said)


def _within(given: Input, number: Decimal) -> Decimal:
    if given.at_least is not None and number < given.at_least:
        raise Invalid(N_("%(value)s 低于 %(limit)s。"), value=plain(number), limit=plain(given.at_least))
    if given.at_most is not None and number > given.at_most:
        raise Invalid(N_("%(value)s 高于 %(limit)s。"), value=plain(number), limit=plain(given.at_most))
    return number
