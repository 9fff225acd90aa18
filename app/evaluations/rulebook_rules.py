"""A rulebook 考核细则 as frozen data: what it says, not how it is written or stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from app.core.events import FactValue
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

ONE = Decimal(1)
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Condition:
    """One fact compared with one value."""

    fact: str
    compare: Compare
    value: FactValue

    def holds(self, fact: FactValue | Fraction | None) -> bool:
        """Return whether the fact fulfils this; an absent fact fulfils nothing."""
        if self.compare is Compare.IS:
            return fact == self.value
        if fact is None or isinstance(fact, str) or isinstance(self.value, str):
            return False
        return {
            Compare.AT_LEAST: fact >= self.value,
            Compare.OVER: fact > self.value,
            Compare.AT_MOST: fact <= self.value,
            Compare.BELOW: fact < self.value,
        }[self.compare]


@dataclass(frozen=True)
class Choice:
    """Points under conditions, all of which must hold; without any it always holds."""

    points: Decimal
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Fixed:
    """The same points for every unit."""

    points: Decimal


@dataclass(frozen=True)
class Chosen:
    """Points by condition, tier, rate or rank: the first choice that holds."""

    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Discretion:
    """A range (酌情); whoever records the event gives points and a reason."""

    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class AsEntered:
    """The points are entered themselves, such as a score from elsewhere."""


Amount = Fixed | Chosen | Discretion | AsEntered


@dataclass(frozen=True)
class RuleItem:
    """One line of the rulebook."""

    id: str
    name: str
    kind: ItemKind
    amount: Amount
    per: Per = Per.OCCURRENCE
    clause: str = ""
    target: Decimal | None = None  # what falls short of it is counted
    threshold: Decimal | None = None  # what goes beyond it is counted
    each: Decimal = ONE  # the size of one unit of such a difference
    counted: Counted = Counted.WHOLE
    at_most: Decimal | None = None  # points of this item in a period
    always: bool = False  # judged once in every period, even without an event
    links: tuple[str, ...] = ()  # check items and kinds of entry that lead here


@dataclass(frozen=True)
class Category:
    """Items that share a maximum; deductions and bonuses have each their own."""

    id: str
    name: str
    items: tuple[RuleItem, ...]
    score: str = ""  # the score that it belongs to
    max: Decimal | None = None
    stop_at_zero: bool = False  # 扣完为止
    bonus_cap: Decimal | None = None


@dataclass(frozen=True)
class Part:
    """Another score or an input that enters a score, by weight or as so many points out of so many."""

    kind: PartKind
    of: str
    weight: Decimal | None = None
    worth: Decimal | None = None
    out_of: Decimal = HUNDRED

    @property
    def factor(self) -> Fraction:
        """Return what one point of the source is worth here."""
        if self.weight is not None:
            return Fraction(self.weight)
        return Fraction(1) if self.worth is None else Fraction(self.worth) / Fraction(self.out_of)


@dataclass(frozen=True)
class Liability:
    """Joint liability 连带: the share of another score's deductions, before any maximum, charged here too."""

    score: str
    ratio: Decimal
    items: Mapping[str, Decimal] = field(default_factory=dict)  # items with a ratio of their own


@dataclass(frozen=True)
class Score:
    """One figure: base, deductions and bonuses of its categories, parts; then floor and ceiling."""

    id: str
    name: str
    base: Decimal
    floor: Decimal | None
    ceiling: Decimal | None
    bonus_cap: Decimal | None = None
    each_person: bool = False
    parts: tuple[Part, ...] = ()
    answers_for: tuple[Liability, ...] = ()


@dataclass(frozen=True)
class Input:
    """A figure that is handed in from elsewhere."""

    id: str
    name: str
    kind: InputKind = InputKind.NUMBER
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    full: Decimal = HUNDRED  # what all votes are worth
    optional: bool = False


@dataclass(frozen=True)
class Repeat:
    """From the n-th occurrence on, each costs so many times its points."""

    start: int
    times: Decimal
    together: Together
    per_person: bool = True
    retroactive: bool = False
    categories: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Veto:
    """一票否决: raised by an item, or by name."""

    id: str
    name: str
    span: Span
    effect: Effect
    grade: str = ""  # the best outcome that remains, for a grade cap
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a score leads to; the first whose conditions hold. With grades, the best comes first."""

    id: str
    name: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Award:
    """What the score is a candidacy for, and who is left out of the ranking."""

    name: str
    quota: int | None = None
    tie_breaks: tuple[str, ...] = ()  # inputs, the higher first; without any, equal scores share a rank
    excludes: tuple[str, ...] = ()  # traits of those judged apart


@dataclass(frozen=True)
class Rulebook:
    """One version of one rule set."""

    id: str
    title: str
    version: int
    effective_from: date
    subject: Subject
    period: Span
    result: str  # the score that is published
    scores: tuple[Score, ...]
    effective_until: date | None = None
    source: str = ""
    categories: tuple[Category, ...] = ()
    inputs: tuple[Input, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    vetoes: tuple[Veto, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    award: Award | None = None
    readings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def items(self) -> Iterator[tuple[Category, RuleItem]]:
        """Yield every item with its category, in the order of the rulebook."""
        for category in self.categories:
            for item in category.items:
                yield category, item

    def score(self, score_id: str) -> Score:
        return next(score for score in self.scores if score.id == score_id)

    def categories_of(self, score: Score) -> list[Category]:
        return [category for category in self.categories if category.score == score.id]

    def covers(self, day: date) -> bool:
        """Return whether this version was in force on a day."""
        return self.effective_from <= day and (self.effective_until is None or day <= self.effective_until)


def in_force(versions: Sequence[Rulebook], day: date) -> Rulebook | None:
    """Return the version that judges an event of that day, the latest to take effect; None in a gap."""
    fitting = [version for version in versions if version.covers(day)]
    return max(fitting, key=lambda version: (version.effective_from, version.version), default=None)
