"""What each entry costs or earns by its item, before any maximum, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property, partial

from app.core.errors import Invalid
from app.core.events import FactValue
from app.core.i18n import N_
from app.core.points import capped, plain
from app.evaluations.rulebook_rules import (
    AsEntered,
    Category,
    Chosen,
    Condition,
    Discretion,
    Fixed,
    Repeat,
    Rulebook,
    RuleItem,
    in_force,
)
from app.evaluations.rules import FACT_VALUES, FACTS, MEASURED, UNITS, Counted, ItemKind, Per, Together
from app.evaluations.sheet_rules import ACTUAL, TARGET, THRESHOLD, Entry, Given, Sheet

Value = FactValue | Fraction
Group = tuple[Repeat | None, str, str]  # the rule for repeats, what is counted together, whose


@dataclass(slots=True)  # not frozen: a month makes tens of thousands, and freezing doubles their cost
class Charge:
    """One entry under its item: signed points, and the sentence that explains them."""

    category: Category
    item: RuleItem
    entry: Entry
    count: Fraction
    points: Fraction
    why: str


@dataclass(frozen=True)
class _Unit:
    """What one unit of an entry is worth, and how many units there are."""

    item: RuleItem
    count: Fraction
    points: Fraction
    counted: str  # how the units were counted
    note: str = ""

    @cached_property
    def worth(self) -> Fraction:
        return self.count * self.points

    @cached_property
    def said(self) -> tuple[str, ...]:
        return tuple(_said(self.item, self))

    @cached_property
    def charged(self) -> tuple[Fraction, str]:
        """Return the signed points and the sentence, where nothing about the entry changes them."""
        return (-self.worth if self.item.kind is ItemKind.DEDUCT else self.worth), "；".join(self.said)


def charges(book: Rulebook, sheet: Sheet, versions: Sequence[Rulebook] = ()) -> list[Charge]:
    """Charge every entry by the version of its day; the order in which they are given does not matter."""
    alike: dict[tuple[int, str, Decimal], _Unit] = {}
    measured = [
        (category, item, entry, _unit(version, item, entry, sheet.inputs, alike), version)
        for version, mine in _by_version(book, sheet, versions)
        for category, item, found in _within(book, version, mine)
        for entry in _entries(book, version, category, item, found, mine.people)
    ]
    measured.sort(key=lambda row: _moment(row[2]))  # stable: those of a day stay in the rulebook's order
    groups = [_group(book, category, item, entry) for category, item, entry, _, _ in measured]
    totals: dict[Group, Fraction] = {}
    for group, (_, _, _, unit, _) in zip(groups, measured, strict=True):
        if group[0]:
            totals[group] = totals.get(group, Fraction()) + unit.count
    seen: dict[Group, Fraction] = {}
    found = []
    for group, (category, item, entry, unit, version) in zip(groups, measured, strict=True):
        dearer = Fraction()
        if group[0]:
            seen[group] = seen.get(group, Fraction()) + unit.count
            dearer = _dearer(group[0], unit.count, seen[group], totals[group])
        charge = _charge(category, item, entry, unit, group[0], dearer)
        if version is not book:
            charge = replace(
                charge, why=charge.why + N_("；按第 %(version)d 版") % {"version": version.version}
            )
        found.append(charge)
    return found


def _by_version(book: Rulebook, sheet: Sheet, versions: Sequence[Rulebook]) -> list[tuple[Rulebook, Sheet]]:
    """Part the entries by the version that was in force on their day; those without a day are the book's."""
    known = [book, *versions]
    parted: list[list[Entry]] = [[] for _ in known]
    whole = {item.id for _, item in book.items() if item.per is Per.TOTAL}
    items = [{item.id for _, item in each.items()} for each in known]
    judging = cache(partial(in_force, tuple(known)))  # of a day, which has many entries
    for entry in sheet.entries:
        version: Rulebook | None = book
        if entry.on and entry.item not in whole:
            version = judging(entry.on) or (book if entry.earlier else None)
        if version is None:
            message = N_("“%(item)s”发生于 %(day)s，当时没有施行中的考核细则。")
            raise Invalid(message, item=entry.item, day=entry.on and entry.on.isoformat())
        place = known.index(version)
        if entry.item not in items[place]:
            raise Invalid(N_("考核细则里没有条目“%(item)s”。"), item=entry.item)
        parted[place].append(entry)
    return [
        (version, replace(sheet, entries=tuple(mine))) for version, mine in zip(known, parted, strict=True)
    ]


def _within(
    book: Rulebook, version: Rulebook, sheet: Sheet
) -> Iterator[tuple[Category, RuleItem, list[Entry]]]:
    """Yield the items of a version with their entries, under the book's category of the same name."""
    categories = {category.id: category for category in book.categories}
    used: dict[str, list[Entry]] = {}
    for entry in sheet.entries:
        used.setdefault(entry.item, []).append(entry)
    for category, item in version.items():
        if version is book:
            yield category, item, used.get(item.id, [])
        elif item.id in used and category.id not in categories:
            message = N_("条目“%(item)s”的类别“%(category)s”在现行版本中已不存在。")
            raise Invalid(message, item=item.id, category=category.id)
        elif item.id in used:
            yield categories[category.id], item, used[item.id]


def repeat_of(book: Rulebook, category: Category, item: RuleItem) -> Repeat | None:
    """Return the rule for repeats that covers an item."""
    for repeat in book.repeats:
        everything = not repeat.categories and not repeat.items
        if everything or category.id in repeat.categories or item.id in repeat.items:
            return repeat
    return None


def holds(conditions: tuple[Condition, ...], facts: Mapping[str, Value], optional: frozenset[str]) -> bool:
    """Return whether all conditions hold; raise Invalid if that hangs on a fact nobody gave."""
    known = [condition for condition in conditions if condition.fact in facts]
    if not all(condition.holds(facts[condition.fact]) for condition in known):
        return False
    missing = [condition.fact for condition in conditions if condition.fact not in facts]
    if any(fact not in optional for fact in missing):
        raise Invalid(N_("缺少“%(facts)s”，无法判断适用哪一档。"), facts="、".join(dict.fromkeys(missing)))
    return not missing


def _entries(
    book: Rulebook,
    version: Rulebook,
    category: Category,
    item: RuleItem,
    found: list[Entry],
    people: tuple[str, ...],
) -> list[Entry]:
    """Return the entries of an item in an order of their own, with those that it makes by itself."""
    mine = sorted(found, key=_order)
    each_person = book.score(category.score).each_person
    if each_person and any(not entry.person for entry in mine):
        raise Invalid(N_("条目“%(item)s”按人计分，须写明人员。"), item=item.id)
    if item.per is Per.TOTAL:
        mine = _totalled(mine)
    if item.always and version is book:
        none = Decimal(0 if item.per is Per.TOTAL else 1)
        owners = {entry.person for entry in mine}
        if each_person:
            mine += [Entry(item.id, none, person=each) for each in people if each not in owners]
        elif not mine:
            mine = [Entry(item.id, none)]
    return mine


def _totalled(entries: list[Entry]) -> list[Entry]:
    """Return the entries of a period as one for each person and kind."""
    merged: dict[tuple[str, tuple[tuple[str, FactValue], ...]], Entry] = {}
    for entry in entries:
        if not entry.earlier and not entry.same_as:
            key = entry.person, tuple(sorted(entry.facts.items()))
            first = merged.get(key)
            merged[key] = replace(first, count=first.count + entry.count) if first else entry
    return list(merged.values())


def _moment(entry: Entry) -> tuple[bool, date]:
    return not entry.earlier, entry.on or date.min


def _order(entry: Entry) -> tuple[object, ...]:
    facts = sorted((name, str(value)) for name, value in entry.facts.items()) if entry.facts else []
    return (
        *_moment(entry),
        entry.person,
        facts,
        entry.points or 0,
        entry.count,
        entry.reason,
        entry.source or (),
    )


def _unit(
    book: Rulebook,
    item: RuleItem,
    entry: Entry,
    inputs: Mapping[str, Given],
    alike: dict[tuple[int, str, Decimal], _Unit],
) -> _Unit:
    """Return the unit of an entry; those of fixed points and equal counts are `alike`."""
    key = book.version, item.id, entry.count
    plainly = isinstance(item.amount, Fixed) and not entry.facts
    if plainly and key in alike:
        return alike[key]
    try:
        count, counted = _count(item, entry)
        unit = _amount(book, item, entry, inputs, count, counted)
    except Invalid as error:
        reason = str(error)
        raise Invalid(
            N_("“%(item)s %(name)s”：%(reason)s"), item=item.id, name=item.name, reason=reason
        ) from None
    if plainly:
        alike[key] = unit
    return unit


def _count(item: RuleItem, entry: Entry) -> tuple[Fraction, str]:
    unit = UNITS[item.per]
    if item.per not in MEASURED or ACTUAL not in entry.facts:
        return Fraction(entry.count), f"{plain(entry.count)} {unit}"
    actual = _number(entry.facts[ACTUAL])
    target = entry.facts.get(TARGET, item.target)
    threshold = entry.facts.get(THRESHOLD, item.threshold)
    if target is not None:
        limit, words = _number(target), N_("目标 %(limit)s，实际 %(actual)s，计 %(count)s %(unit)s")
        difference = limit - actual
    elif threshold is not None:
        limit, words = _number(threshold), N_("限度 %(limit)s，实际 %(actual)s，计 %(count)s %(unit)s")
        difference = actual - limit
    else:
        raise Invalid(N_("写了实际数，却没有目标或限度可比。"))
    count = max(Fraction(), difference) / Fraction(item.each)
    if item.counted is Counted.WHOLE:
        count = Fraction(count.__floor__())
    elif item.counted is Counted.STARTED:
        count = Fraction(count.__ceil__())
    said = {"limit": plain(limit), "actual": plain(actual), "count": plain(count), "unit": unit}
    return count, words % said


def _number(value: Value) -> Fraction:
    if isinstance(value, str):
        raise Invalid(N_("“%(value)s”不是数。"), value=value)
    return Fraction(value)


def _amount(
    book: Rulebook, item: RuleItem, entry: Entry, inputs: Mapping[str, Given], count: Fraction, counted: str
) -> _Unit:
    """Return what one unit is worth; a score entered and the points of a total are worth themselves, once."""
    once = item.per is Per.TOTAL
    match item.amount:
        case Fixed(points):
            return _Unit(item, Fraction(count > 0) if once else count, Fraction(points), counted)
        case Chosen():
            chosen, note = _chosen(book, item.amount, entry, inputs, count)
            return _Unit(item, Fraction(1) if once else count, chosen, counted, note)
        case Discretion(low, high):
            if entry.points is None or not entry.reason.strip():
                raise Invalid(
                    N_("须在 %(low)s 至 %(high)s 分之间酌定，并写明理由。"), low=plain(low), high=plain(high)
                )
            if not low <= entry.points <= high:
                message = N_("%(points)s 分不在 %(low)s 至 %(high)s 分之间。")
                raise Invalid(message, points=plain(entry.points), low=plain(low), high=plain(high))
            note = N_("酌定理由：%(reason)s") % {"reason": entry.reason}
            return _Unit(item, count, Fraction(entry.points), counted, note)
        case AsEntered():
            if entry.points is None:
                raise Invalid(N_("须填写分值。"))
            return _Unit(item, Fraction(1), Fraction(entry.points), counted, N_("按录入的分值计"))


def _chosen(
    book: Rulebook, amount: Chosen, entry: Entry, inputs: Mapping[str, Given], count: Fraction
) -> tuple[Fraction, str]:
    facts: dict[str, Value] = {name: given.value for name, given in inputs.items()}
    facts |= {"count": count, **entry.facts}
    optional = frozenset(given.id for given in book.inputs if given.optional)
    for place, choice in enumerate(amount.choices, 1):
        if holds(choice.conditions, facts, optional):
            used = [condition.fact for condition in choice.conditions]
            names = FACTS | {given.id: given.name for given in book.inputs}
            shown = "、".join(
                f"{names.get(fact, fact)} {_shown(facts[fact])}" for fact in dict.fromkeys(used)
            )
            note = N_("第 %(place)d 档") % {"place": place}
            return Fraction(choice.points), f"{note}（{shown}）" if shown else note
    return Fraction(), N_("各档条件都不符合")


def _shown(value: Value) -> str:
    return FACT_VALUES.get(value, value) if isinstance(value, str) else plain(value)


def _group(book: Rulebook, category: Category, item: RuleItem, entry: Entry) -> Group:
    """Return the rule for repeats that applies, and what is counted together under it."""
    repeat = None if entry.same_as else repeat_of(book, category, item)
    if repeat is None:
        return None, "", ""
    within = {Together.ITEM: item.id, Together.CATEGORY: category.id, Together.ALL: ""}[repeat.together]
    return repeat, within, entry.person if repeat.per_person else ""


def _dearer(repeat: Repeat, count: Fraction, so_far: Fraction, total: Fraction) -> Fraction:
    """Return how many of the last `count` occurrences cost more."""
    if repeat.retroactive:
        return count if total >= repeat.start else Fraction()
    return capped(so_far - (repeat.start - 1), Fraction(), count)


def _charge(
    category: Category, item: RuleItem, entry: Entry, unit: _Unit, repeat: Repeat | None, dearer: Fraction
) -> Charge:
    whole = isinstance(item.amount, AsEntered) or item.per is Per.TOTAL
    count = Fraction(entry.count) if whole else unit.count
    if not (entry.earlier or entry.same_as or (repeat and dearer)):
        return Charge(category, item, entry, count, *unit.charged)
    points, said = unit.worth, unit.said
    if entry.earlier:
        points, said = Fraction(), (f"{item.name} {unit.counted}", N_("以前期间的，只计入累计次数"))
    elif entry.same_as:
        other = N_("与“%(other)s”为同一事件，不重复计分") % {"other": entry.same_as}
        points, said = Fraction(), (f"{item.name} {unit.counted}", other)
    elif repeat and dearer:
        points += dearer * unit.points * (Fraction(repeat.times) - 1)
        said = (*said, _repeated(repeat, unit.count, dearer))
    signed = -points if item.kind is ItemKind.DEDUCT else points
    return Charge(category, item, entry, count, signed, "；".join(said))


def _said(item: RuleItem, unit: _Unit) -> Iterator[str]:
    if isinstance(item.amount, AsEntered):
        yield f"{item.name} {unit.counted}"
    elif item.per is Per.TOTAL:
        yield N_("%(name)s %(counted)s，计 %(points)s 分") % {
            "name": item.name,
            "counted": unit.counted,
            "points": plain(unit.points),
        }
    else:
        yield N_("%(name)s %(counted)s × %(points)s 分") % {
            "name": item.name,
            "counted": unit.counted,
            "points": plain(unit.points),
        }
    if unit.note:
        yield unit.note
    if item.clause:
        yield item.clause


def _repeated(repeat: Repeat, count: Fraction, dearer: Fraction) -> str:
    said = {"start": repeat.start, "times": plain(repeat.times), "count": plain(dearer)}
    if repeat.retroactive:
        return N_("累计达 %(start)d 次，全部按 %(times)s 倍") % said
    if dearer == count:
        return N_("累计第 %(start)d 次起，按 %(times)s 倍") % said
    return N_("累计第 %(start)d 次起，其中 %(count)s 次按 %(times)s 倍") % said
