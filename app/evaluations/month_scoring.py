"""One computation of a month: its material scored for people, windows, chief representatives, departments.

Nothing here reads a database: the material has been gathered before, so that nobody waits meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property

from app import clock
from app.core.errors import DomainError
from app.core.events import ScoreEvent, Source
from app.core.i18n import N_
from app.core.points import plain
from app.evaluations.chief_scoring import chief_figures
from app.evaluations.event_files import given_of
from app.evaluations.input_rules import Handed
from app.evaluations.material_queries import Book, Material
from app.evaluations.month_results import Computed, Line, Result, ranked
from app.evaluations.month_rules import (
    CORRECTION,
    Apart,
    Scored,
    correction_points,
    with_corrections,
)
from app.evaluations.place_queries import INTERMEDIARY, WITHOUT_BUSINESS, Place
from app.evaluations.pull_rules import pulled
from app.evaluations.rulebook_rules import AsEntered, Discretion, Rulebook, RuleItem
from app.evaluations.rules import CHIEF_REP, Span, Subject
from app.evaluations.scoring_rules import Scored as Figure
from app.evaluations.scoring_rules import evaluate
from app.evaluations.sheet_rules import Entry, Given, Sheet

TIMES = " × "  # between what was not scored and how often
STAFF_MEAN, WINDOW_MEAN = "staff_mean", "window_mean"  # inputs that a rulebook asks for by these names
MEANS = frozenset({STAFF_MEAN, WINDOW_MEAN})
OWN = {
    Scored.STAFF: "staff_id",
    Scored.WINDOW: "patrol_point_id",
    Scored.DEPARTMENT: "department_id",
}


@dataclass(frozen=True)
class Rules:
    """What judges one kind of subject in the month."""

    id: int
    book: Rulebook
    versions: tuple[Rulebook, ...] = ()

    @cached_property
    def open_items(self) -> frozenset[str]:
        """Return the items whose points somebody has to say."""
        amounts = (Discretion, AsEntered)
        return frozenset(item.id for _c, item in self.book.items() if isinstance(item.amount, amounts))

    @cached_property
    def items(self) -> dict[str, RuleItem]:
        """Return the items by their names, the version at the end of the month before those it followed."""
        return {item.id: item for book in (*self.versions, self.book) for _c, item in book.items()}

    @cached_property
    def names(self) -> dict[str, str]:
        """Return what else a line can be about."""
        named = {score.id: score.name for score in self.book.scores}
        named |= {category.id: category.name for category in self.book.categories}
        return named | {given.id: given.name for given in self.book.inputs}


def rules_of(books: Iterable[Book], subject: Scored) -> Rules | None:
    """Return what judges a kind of subject: the version at the end of the month, and those before it."""
    fitting = [
        each
        for each in books
        if each.book.subject is Subject(subject.value) and each.book.period is Span.MONTH
    ]
    if not fitting:
        return None
    last = fitting[-1]
    return Rules(last.id, last.book, tuple(each.book for each in fitting[:-1] if each.code == last.code))


def score(material: Material, trial: Rules | None = None) -> Computed:
    """Score a month; a trial judges all events of its subject in the place of what is in force."""
    return _Month(material, trial).run()


def standing_events(
    events: Iterable[ScoreEvent], waived: Mapping[Source, Decimal | None]
) -> list[ScoreEvent]:
    """Return the events that remain after the objections; what was the same event goes with it."""
    if not waived:
        return list(events)
    gone = {source for source, count in waived.items() if count is None}
    kept = []
    for event in events:
        source = event.source, event.source_id
        if source in gone or event.same_as in gone:
            continue
        count = waived.get(source)
        kept.append(event if count is None else replace(event, quantity=count))
    return kept


def _day(at: datetime) -> date:
    return clock.local(at).date()


class _Month:
    """One computation under way: staff first, then windows, then departments."""

    def __init__(self, material: Material, trial: Rules | None) -> None:
        self.material, self.trial = material, trial
        self.workdays = len(material.days)
        self.done = Computed(events=len(material.events), basis=material.basis)
        self.events = standing_events(material.events, material.waived)
        self.by_source = {(event.source, event.source_id): event for event in material.events}
        self.handed: dict[tuple[Scored, int], list[Handed]] = {}
        for each in material.handed:
            self.handed.setdefault((each.subject, each.owner_id), []).append(each)
        self.known: set[str] = set()
        self.day = cache(_day)  # of a moment, asked several times for each event

    def run(self) -> Computed:
        staff = self._subjects(Scored.STAFF, {})
        windows = self._subjects(Scored.WINDOW, staff)
        self._subjects(Scored.DEPARTMENT, windows)
        self._misplaced()
        offered = Counter(event.link for event in self.events)
        for link in sorted(offered.keys() - self.known):
            self._problem(N_("没有条目连到这个项目，不计分"), f"{link}{TIMES}{offered[link]}")
        self.done.results = ranked(self.done.results)
        return self.done

    def _problem(self, what: str, whom: str, fault: bool = False) -> None:
        self.done.problems.append((fault, what, whom))

    def _misplaced(self) -> None:
        """Name the people whom an event concerns though they had no post that day, or none in the month."""
        names = {place.id: place.name for place in self.material.places[Scored.STAFF]}
        unposted: dict[int, int] = {}
        unknown: dict[int, int] = {}
        for event in self.events:
            staff = event.staff_id
            if staff in names and not self.material.posts.had_one(staff, self.day(event.occurred_at)):
                unposted[staff] = unposted.get(staff, 0) + 1
            elif staff is not None and staff not in names:
                unknown[staff] = unknown.get(staff, 0) + 1
        for staff, count in unknown.items():
            name = self.material.strangers.get(staff, str(staff))
            self._problem(N_("当月没有岗位安排，对本人不计分"), f"{name}{TIMES}{count}")
        for staff, count in unposted.items():
            self._problem(N_("当日没有岗位安排，已计分，请核对"), f"{names[staff]}{TIMES}{count}")

    def _subjects(self, subject: Scored, below: Mapping[int, Result]) -> dict[int, Result]:
        """Score all of one kind; return their results by id."""
        rules = rules_of(self.material.books, subject)
        if self.trial and self.trial.book.subject is Subject(subject.value):
            rules = self.trial
        if rules is None:
            self._problem(N_("没有施行中的考核细则，这一类不计分"), subject.value)
            return {}
        rules = replace(rules, book=with_corrections(rules.book))
        self.known |= {link for _category, item in rules.book.items() for link in item.links}
        mine: dict[int, list[ScoreEvent]] = {}
        for event in self.events:
            owner = getattr(event, OWN[subject])
            if owner is not None:
                mine.setdefault(owner, []).append(event)
        found, chiefs = {}, []
        for place in self.material.places[subject]:
            try:
                result, chief = self._one(subject, rules, place, mine.get(place.id, []), below)
            except DomainError as error:
                self._problem(str(error), place.name, fault=True)
                continue
            if result is not None:
                found[place.id] = result
                self.done.results.append(result)
            if chief is not None:
                chiefs.append((place, chief))
        for place, figure in chief_figures(rules.book, chiefs, self.material, self._happened):
            self.done.results.append(self._result(Scored.CHIEF_REP, rules, place, figure))
        return found

    def _one(
        self,
        subject: Scored,
        rules: Rules,
        place: Place,
        events: list[ScoreEvent],
        below: Mapping[int, Result],
    ) -> tuple[Result | None, Figure | None]:
        inputs = self._inputs(subject, rules, place)
        asked = {given.id for given in rules.book.inputs} & MEANS
        if asked:
            mean = self._means(subject, place, below)
            if mean is None:
                return None, None  # nobody serves there, no window is its own: there is nothing to score
            inputs |= dict.fromkeys(asked, mean)
        entries = self._entries(subject, rules, place, events)
        sheet = Sheet(entries=tuple(entries), inputs=inputs, traits=place.traits)
        evaluation = evaluate(rules.book, sheet, rules.versions)
        result = replace(
            self._result(subject, rules, place, evaluation.result),
            outcome=evaluation.outcome.name if evaluation.outcome else "",
            vetoes=tuple(veto.name for veto in evaluation.vetoes),
        )
        return result, evaluation.other(CHIEF_REP)

    def _inputs(self, subject: Scored, rules: Rules, place: Place) -> dict[str, Given]:
        """Return the figures that were handed in for one of them."""
        declared = {given.id: given for given in rules.book.inputs}
        return {
            each.name: given_of(declared[each.name], each.amount, each.whole)
            for each in self.handed.get((subject, place.id), ())
            if each.name in declared
        }

    def _entries(self, subject: Scored, rules: Rules, place: Place, events: list[ScoreEvent]) -> list[Entry]:
        """Return what is charged; an item with a range waits until somebody has said how much."""
        entries, _unknown = pulled(rules.book, events, self.day)
        handed = self.handed.get((subject, place.id), [])
        given = {(each.name, each.source): each for each in handed if each.source}
        kept = []
        for entry in entries:
            if entry.item not in rules.open_items or entry.same_as:
                kept.append(entry)
            elif entry.source and (each := given.get((entry.item, entry.source))):
                kept.append(replace(entry, points=each.amount, reason=each.reason))
            else:
                self._problem(N_("须酌定分值，未计分：%s") % entry.item, place.name)
        for each in handed:
            if each.name in rules.open_items and each.source is None:
                source = "month_input", each.id
                kept.append(Entry(each.name, points=each.amount, reason=each.reason, source=source))
        for row in self.material.corrections:
            if row.subject is subject and row.owner_id == place.id:
                points = correction_points(row.worth)
                source = "score_correction", row.id
                kept.append(Entry(CORRECTION, points=points, reason=row.reason, source=source))
        return kept

    def _means(self, subject: Scored, place: Place, below: Mapping[int, Result]) -> Given | None:
        """Return the mean of the people of a window by their days there, or of a department's windows."""
        if subject is Scored.WINDOW:
            posts = self.material.posts.at(place.id)
            shares = [(below[staff], days) for staff, days in posts if staff in below and days]
        else:
            shares = [(each, 1) for each in below.values() if each.place.department_id == place.id]
        if not shares:
            return None
        total = sum(days for _result, days in shares)
        mean = sum((Fraction(each.points) * days for each, days in shares), Fraction()) / total
        parts = [
            f"{each.place.name} {plain(each.points)}"
            + (N_("（%(days)d 天）") % {"days": days} if subject is Scored.WINDOW else "")
            for each, days in shares
        ]
        return Given(mean, "、".join(parts))

    def _happened(self, source: Source | None) -> date | None:
        event = self.by_source.get(source) if source else None
        return self.day(event.occurred_at) if event else None

    def _result(self, subject: Scored, rules: Rules, place: Place, figure: Figure) -> Result:
        lines = []
        for line in figure.lines:
            item = rules.items.get(line.item)
            event = self.by_source.get(line.source) if line.source else None
            lines.append(
                Line(
                    item=line.item,
                    item_name=item.name if item else rules.names.get(line.item, ""),
                    clause=item.clause if item else "",
                    count=line.count,
                    points=line.points,
                    why=self._corrected(line.source, line.why) if line.item == CORRECTION else line.why,
                    happened_on=self.day(event.occurred_at) if event else None,
                    source=line.source,
                    evidence=len(event.evidence) if event else 0,
                    point_id=event.patrol_point_id if event else None,
                )
            )
        return Result(
            subject=subject,
            place=place,
            rulebook_id=rules.id,
            points=figure.published,
            unrounded=figure.unrounded,
            workdays=self.workdays,
            lines=tuple(lines),
            apart=self._apart(place),
        )

    def _apart(self, place: Place) -> Apart | None:
        if place.days is not None and place.days < self.workdays:
            return Apart.PART_MONTH
        if WITHOUT_BUSINESS in place.traits:
            return Apart.WITHOUT_BUSINESS
        return Apart.INTERMEDIARY if INTERMEDIARY in place.traits else None

    def _corrected(self, source: Source | None, why: str) -> str:
        row = next(each for each in self.material.corrections if source and each.id == source[1])
        said = {"month": f"{row.first_on:%Y-%m}", "reason": row.reason}
        return f"{why}；{N_('更正 %(month)s：%(reason)s') % said}"
