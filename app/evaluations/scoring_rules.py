"""Score a sheet by a rulebook and explain the score line by line. The rulebook has been checked before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from app.core.errors import Invalid
from app.core.events import Source
from app.core.i18n import N_
from app.core.points import capped, exact, plain, rounded, settled, total
from app.evaluations.charge_rules import Charge, charges
from app.evaluations.outcome_rules import is_eligible, outcome_of, raised_vetoes, veto_words
from app.evaluations.rulebook_rules import Category, Outcome, Part, Rulebook, RuleItem, Score, Veto
from app.evaluations.rules import BASE, BONUS_CAP, CEILING, FLOOR, ItemKind, PartKind
from app.evaluations.sheet_rules import Sheet


@dataclass(slots=True)  # not frozen: a month makes tens of thousands, and freezing doubles their cost
class ScoreLine:
    """One line of a sheet; the points of all lines sum to the score before rounding."""

    item: str
    count: Decimal
    points: Decimal
    why: str
    person: str = ""
    source: Source | None = None


@dataclass(frozen=True)
class Scored:
    """One score of a rulebook, with its lines."""

    score: Score
    person: str
    unrounded: Decimal
    published: Decimal
    lines: tuple[ScoreLine, ...]


@dataclass(frozen=True)
class Evaluation:
    """The result, what it was made from, and what follows from it."""

    rulebook: Rulebook
    result: Scored
    others: tuple[Scored, ...]  # the chief representative's, the people's …
    vetoes: tuple[Veto, ...]
    eligible: bool | None  # None where the rulebook is not about an award
    outcome: Outcome | None

    def other(self, score_id: str) -> Scored | None:
        return next((scored for scored in self.others if scored.score.id == score_id), None)


@dataclass(slots=True)  # not frozen: a month makes tens of thousands, and freezing doubles their cost
class _Line:
    """A line while its points are still exact."""

    item: str
    points: Fraction
    why: str
    count: Fraction = Fraction(1)
    bonus: bool = False
    person: str = ""
    source: Source | None = None


def evaluate(book: Rulebook, sheet: Sheet, versions: Sequence[Rulebook] = ()) -> Evaluation:
    """Score everything; raise Invalid where an entry does not fit the rulebook.

    `versions` are those that were in force before in the same period: they say what an event of their
    days costs, `book` whatever is said about the period as a whole.
    """
    named = {entry.person for entry in sheet.entries if entry.person} - set(sheet.people)
    people = (*sheet.people, *sorted(named))
    run = _Run(book, replace(sheet, people=people), versions)
    result = run.scored(book.result)
    others = [
        run.scored(score.id, person)
        for score in book.scores
        if score.id != book.result
        for person in (people if score.each_person else ("",))
    ]
    raised = raised_vetoes(book, sheet, run.charges)
    figures = {each.score.id: each.published for each in (result, *others) if not each.person}
    lines = [ScoreLine(veto.id, Decimal(1), Decimal(), veto_words(book, veto)) for veto in raised]
    return Evaluation(
        rulebook=book,
        result=replace(result, lines=(*result.lines, *lines)),
        others=tuple(others),
        vetoes=raised,
        eligible=is_eligible(book, sheet, raised),
        outcome=outcome_of(book, sheet, figures, raised),
    )


class _Run:
    """One evaluation under way: every score is computed once, after those that it is made from."""

    def __init__(self, book: Rulebook, sheet: Sheet, versions: Sequence[Rulebook]) -> None:
        self.book, self.sheet = book, sheet
        self.charges = charges(book, sheet, versions)
        self.by_category: dict[tuple[str, str], list[Charge]] = {}
        for charge in self.charges:
            for person in {"", charge.entry.person}:
                self.by_category.setdefault((charge.category.id, person), []).append(charge)
        self.known: dict[tuple[str, str], tuple[list[_Line], Fraction]] = {}

    def scored(self, score_id: str, person: str = "") -> Scored:
        """Return a score as it is printed."""
        lines, sum_of_lines = self._lines(score_id, person)
        points = settled([line.points for line in lines])
        printed = tuple(
            ScoreLine(line.item, exact(line.count), each, line.why, line.person or person, line.source)
            for line, each in zip(lines, points, strict=True)
        )
        score = self.book.score(score_id)
        return Scored(score, person, sum(points, Decimal()), rounded(sum_of_lines), printed)

    def _lines(self, score_id: str, person: str) -> tuple[list[_Line], Fraction]:
        """Return the lines of a score and their sum."""
        if (score_id, person) not in self.known:
            score = self.book.score(score_id)
            lines = [_Line(BASE, Fraction(score.base), N_("基础分"))] if score.base else []
            for category in self.book.categories_of(score):
                lines += self._category(category, person)
            lines += _bonus_cap(score, lines)
            lines += self._liability(score)
            for part in score.parts:
                lines += self._part(part)
            before = _sum(lines)
            limits = _limits(score, before)
            self.known[score_id, person] = [*lines, *limits], before + _sum(limits)
        return self.known[score_id, person]

    def _category(self, category: Category, person: str) -> list[_Line]:
        """Return the lines of a category: its items, then what its maxima give back or take away."""
        lines: list[_Line] = []
        mine = self.by_category.get((category.id, person), [])
        items = {item.id: item for item in category.items}
        charged: dict[str, list[_Line]] = {item: [] for item in items}
        for each in mine:
            items.setdefault(each.item.id, each.item)
            charged.setdefault(each.item.id, []).append(_charged(each))
        for name, found in charged.items():
            lines += _with_limit(items[name], found)
        # Sums are exact and dear: taken only where something depends on them.
        if category.stop_at_zero and category.max is not None:
            taken, most = -_sum([line for line in lines if not line.bonus]), category.max
            if taken > most:
                said = {"name": category.name, "sum": plain(taken), "max": plain(most)}
                why = N_("%(name)s共扣 %(sum)s 分，满分 %(max)s 分，扣完为止") % said
                lines.append(_Line(category.id, taken - Fraction(most), why))
        if category.bonus_cap is not None:
            earned, most = _sum([line for line in lines if line.bonus]), category.bonus_cap
            if earned > most:
                said = {"name": category.name, "sum": plain(earned), "max": plain(most)}
                why = N_("%(name)s共得 %(sum)s 分，最多 %(max)s 分") % said
                lines.append(_Line(category.id, Fraction(most) - earned, why, bonus=True))
        return lines

    def _liability(self, score: Score) -> Iterator[_Line]:
        for liability in score.answers_for:
            for charge in self.charges:
                ratio = Fraction(liability.items.get(charge.item.id, liability.ratio))
                if charge.category.score == liability.score and charge.points < 0 and ratio:
                    why = N_("连带 %(ratio)s%%：%(why)s") % {"ratio": plain(ratio * 100), "why": charge.why}
                    yield replace(_charged(charge), points=charge.points * ratio, why=why)

    def _part(self, part: Part) -> Iterator[_Line]:
        if part.kind in (PartKind.MEAN_OF, PartKind.SUM_OF):
            yield from self._people(part)
        elif part.kind is PartKind.SCORE:
            lines, points = self._lines(part.of, "")
            why = f"{self.book.score(part.of).name}：{_breakdown(lines)}"
            yield _Line(part.of, points * part.factor, why + _share(part))
        else:
            name = next(each.name for each in self.book.inputs if each.id == part.of)
            given = self.sheet.inputs.get(part.of)
            if given is None:
                raise Invalid(N_("缺少输入项“%(name)s”（%(id)s）。"), id=part.of, name=name)
            yield _Line(part.of, given.value * part.factor, f"{name}：{given.why}{_share(part)}")

    def _people(self, part: Part) -> Iterator[_Line]:
        people = self.sheet.people
        if not people:
            raise Invalid(N_("没有人员，“%(name)s”无从计算。"), name=self.book.score(part.of).name)
        mean = part.kind is PartKind.MEAN_OF
        divided = N_("；%(count)d 人平均") % {"count": len(people)} if mean else ""
        for person in people:
            lines, points = self._lines(part.of, person)
            points = points * part.factor / (len(people) if mean else 1)
            why = f"{person}：{_breakdown(lines)}{divided}{_share(part)}"
            yield _Line(part.of, points, why, person=person)


def joined(score: Score, lines: Iterable[ScoreLine]) -> Scored:
    """Return a score made of single lines: its base once, then they, then its floor and ceiling."""
    kept = [_Line(BASE, Fraction(score.base), N_("基础分"))] if score.base else []
    kept += [
        _Line(line.item, Fraction(line.points), line.why, Fraction(line.count), source=line.source)
        for line in lines
    ]
    kept += _limits(score, _sum(kept))
    points = settled([line.points for line in kept])
    printed = tuple(
        ScoreLine(line.item, exact(line.count), each, line.why, source=line.source)
        for line, each in zip(kept, points, strict=True)
    )
    return Scored(score, "", sum(points, Decimal()), rounded(_sum(kept)), printed)


def _charged(charge: Charge) -> _Line:
    return _Line(
        item=charge.item.id,
        points=charge.points,
        why=charge.why,
        count=charge.count,
        bonus=charge.item.kind is ItemKind.BONUS,
        person=charge.entry.person,
        source=charge.entry.source,
    )


def _sum(lines: list[_Line]) -> Fraction:
    return total(line.points for line in lines)


def _breakdown(lines: list[_Line]) -> str:
    """Write the points of some lines as a sum."""
    terms = [f"{'-' if line.points < 0 else '+'} {plain(abs(line.points))}" for line in lines if line.points]
    said = " ".join(terms).removeprefix("+ ")
    return f"{said} = {plain(_sum(lines))}" if len(terms) > 1 else plain(_sum(lines))


def _share(part: Part) -> str:
    if part.weight is not None:
        return N_("；占 %(share)s%%") % {"share": plain(Fraction(part.weight) * 100)}
    if part.worth is not None:
        said = {"out_of": plain(part.out_of), "worth": plain(part.worth)}
        return N_("；每 %(out_of)s 分折 %(worth)s 分") % said
    return ""


def _with_limit(item: RuleItem, lines: list[_Line]) -> list[_Line]:
    if item.at_most is None:
        return lines
    total = _sum(lines)
    if abs(total) <= item.at_most:
        return lines
    limit = Fraction(item.at_most) * (1 if total > 0 else -1)
    said = {"name": item.name, "sum": plain(abs(total)), "max": plain(item.at_most)}
    why = N_("%(name)s共 %(sum)s 分，本条最多 %(max)s 分") % said
    return [*lines, _Line(item.id, limit - total, why, bonus=item.kind is ItemKind.BONUS)]


def _bonus_cap(score: Score, lines: list[_Line]) -> list[_Line]:
    """Return what the bonuses, after the maxima of their categories, exceed the cap of the score by."""
    if score.bonus_cap is None:
        return []
    earned = _sum([line for line in lines if line.bonus])
    if earned <= score.bonus_cap:
        return []
    said = {"sum": plain(earned), "max": plain(score.bonus_cap)}
    why = N_("加分共 %(sum)s 分，最多加 %(max)s 分") % said
    return [_Line(BONUS_CAP, Fraction(score.bonus_cap) - earned, why, bonus=True)]


def _limits(score: Score, value: Fraction) -> list[_Line]:
    kept = capped(value, score.floor, score.ceiling)
    if kept == value:
        return []
    limit = {"limit": plain(kept)}
    if kept > value:
        return [_Line(FLOOR, kept - value, N_("总分不低于 %(limit)s 分") % limit)]
    return [_Line(CEILING, kept - value, N_("总分不超过 %(limit)s 分") % limit)]
