"""One computation of a month: the events of all ledgers, scored for people, windows and departments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256

from app import clock
from app.core.errors import DomainError
from app.core.events import ScoreEvent
from app.core.i18n import N_
from app.core.points import plain
from app.db.types import canonical
from app.evaluations import place_queries, rulebook_queries
from app.evaluations.models import EvaluationMonth, RulebookVersion
from app.evaluations.month_rules import (
    CORRECTION,
    Apart,
    Scored,
    correction_points,
    last_day,
    with_corrections,
)
from app.evaluations.place_queries import WITHOUT_BUSINESS, Place
from app.evaluations.pull_rules import pulled
from app.evaluations.ranking_rules import Candidate, ranking
from app.evaluations.rulebook_rules import Award, Discretion, Rulebook
from app.evaluations.rules import CHIEF_REP, Span, Subject
from app.evaluations.scoring_rules import Scored as Figure
from app.evaluations.scoring_rules import evaluate
from app.evaluations.sheet_rules import Entry, Given, Sheet
from app.inspections import score_queries as findings
from app.registers import queries as registers

Source = tuple[str, int]
TIMES = " × "  # between what was not scored and how often
STAFF_MEAN, WINDOW_MEAN = "staff_mean", "window_mean"  # inputs that a rulebook asks for by these names
RANKED_BY_SCORE = Award("")
OWN = {
    Scored.STAFF: "staff_id",
    Scored.WINDOW: "patrol_point_id",
    Scored.DEPARTMENT: "department_id",
}


@dataclass(frozen=True)
class Line:
    item: str
    item_name: str
    clause: str
    count: Decimal
    points: Decimal
    why: str
    happened_on: date | None
    source: Source | None
    evidence: int


@dataclass(frozen=True)
class Result:
    """The score of one of them, with its place in the table."""

    subject: Scored
    id: int
    place: Place
    rulebook_id: int
    points: Decimal
    unrounded: Decimal
    workdays: int
    lines: tuple[Line, ...]
    outcome: str = ""
    vetoes: tuple[str, ...] = ()
    apart: Apart | None = None
    rank: int | None = None


@dataclass
class Computed:
    """Everything one run is going to store."""

    results: list[Result] = field(default_factory=list)
    problems: list[tuple[bool, str, str]] = field(default_factory=list)
    events: int = 0

    @property
    def digest(self) -> str:
        """Return the fingerprint of all figures: equal computations have equal ones."""
        said = [
            [
                each.subject.value,
                each.id,
                each.rulebook_id,
                plain(each.unrounded),
                each.rank,
                each.outcome,
                [[line.item, plain(line.count), plain(line.points), line.why] for line in each.lines],
            ]
            for each in self.results
        ]
        return sha256(canonical([said, self.problems]).encode()).hexdigest()


@dataclass(frozen=True)
class _Rules:
    """What judges one kind of subject in the month."""

    row: RulebookVersion
    book: Rulebook
    versions: tuple[Rulebook, ...]


def compute(month: EvaluationMonth, waived: Mapping[Source, Decimal | None]) -> Computed:
    """Compute a month; `waived` says what objections made of events: None is revoked, else its new count."""
    first, last = month.first_on, last_day(month.first_on)
    return _Month(month, first, last, waived).run()


def standing_events(
    events: Iterable[ScoreEvent], waived: Mapping[Source, Decimal | None]
) -> list[ScoreEvent]:
    """Return the events that remain after the objections; what was the same event goes with it."""
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

    def __init__(
        self, month: EvaluationMonth, first: date, last: date, waived: Mapping[Source, Decimal | None]
    ) -> None:
        self.month, self.first, self.last = month, first, last
        offered = [
            *findings.score_events(month.centre_id, first, last),
            *registers.score_events(month.centre_id, first, last),
        ]
        self.done = Computed(events=len(offered))
        self.events = standing_events(offered, waived)
        self.by_source = {(event.source, event.source_id): event for event in offered}
        self.books = rulebook_queries.books_in(month.centre_id, first, last)
        self.workdays = len(place_queries.working_days(first, last))
        self.posts = place_queries.posts(month.centre_id, first, last)
        self.corrections = place_queries.corrections_in(month.id)
        self.known: set[str] = set()

    def run(self) -> Computed:
        staff = self._subjects(Scored.STAFF, place_queries.staff_places(self.month.centre_id, self.posts))
        windows = self._subjects(
            Scored.WINDOW, place_queries.window_places(self.month.centre_id, self.first, self.last), staff
        )
        self._subjects(
            Scored.DEPARTMENT,
            place_queries.department_places(self.month.centre_id, self.first, self.last),
            windows,
        )
        for link in sorted({event.link for event in self.events} - self.known):
            count = sum(1 for event in self.events if event.link == link)
            self.done.problems.append((False, N_("没有条目连到这个项目，不计分"), f"{link}{TIMES}{count}"))
        self.done.results = ranked(self.done.results)
        return self.done

    def _rules(self, subject: Scored) -> _Rules | None:
        fitting = [
            (row, book)
            for row, book in self.books
            if book.subject is Subject(subject.value) and book.period is Span.MONTH
        ]
        if not fitting:
            return None
        row, book = fitting[-1]
        versions = tuple(each for other, each in fitting[:-1] if other.code == row.code)
        return _Rules(row, with_corrections(book), versions)

    def _subjects(
        self, subject: Scored, places: Sequence[Place], below: Mapping[int, Result] | None = None
    ) -> dict[int, Result]:
        """Score all of one kind; return their results by id."""
        rules = self._rules(subject)
        if rules is None:
            self.done.problems.append((False, N_("没有施行中的考核细则，这一类不计分"), subject.value))
            return {}
        self.known |= {link for _category, item in rules.book.items() for link in item.links}
        mine: dict[int, list[ScoreEvent]] = {}
        for event in self.events:
            owner = getattr(event, OWN[subject])
            if owner is not None:
                mine.setdefault(owner, []).append(event)
        found = {}
        for place in places:
            try:
                result = self._one(subject, rules, place, mine.get(place.id, []), below or {})
            except DomainError as error:
                self.done.problems.append((True, str(error), place.name))
                continue
            if result is not None:
                found[place.id] = result
                self.done.results.append(result)
        return found

    def _one(
        self,
        subject: Scored,
        rules: _Rules,
        place: Place,
        events: list[ScoreEvent],
        below: Mapping[int, Result],
    ) -> Result | None:
        asked = {given.id for given in rules.book.inputs}
        given = self._means(subject, place, below) if asked & {STAFF_MEAN, WINDOW_MEAN} else None
        if given is None and asked & {STAFF_MEAN, WINDOW_MEAN}:
            return None  # nobody serves there, no window is its own: there is nothing to score
        entries = self._entries(subject, rules, place, events)
        inputs = {name: given for name in asked & {STAFF_MEAN, WINDOW_MEAN} if given}
        sheet = Sheet(entries=tuple(entries), inputs=inputs, traits=place.traits)
        evaluation = evaluate(rules.book, sheet, rules.versions)
        apart = Apart.WITHOUT_BUSINESS if WITHOUT_BUSINESS in place.traits else None
        if place.days is not None and place.days < self.workdays:
            apart = Apart.PART_MONTH
        chief = evaluation.other(CHIEF_REP)
        if chief and place.department_id:
            self.done.results.append(self._result(Scored.CHIEF_REP, rules, place, chief))
        return replace(
            self._result(subject, rules, place, evaluation.result),
            outcome=evaluation.outcome.name if evaluation.outcome else "",
            vetoes=tuple(veto.name for veto in evaluation.vetoes),
            apart=apart,
        )

    def _entries(self, subject: Scored, rules: _Rules, place: Place, events: list[ScoreEvent]) -> list[Entry]:
        """Return what is charged; an item with a range waits for somebody who says how much."""
        entries, _unknown = pulled(rules.book, events, _day)
        ranges = {item.id for _c, item in rules.book.items() if isinstance(item.amount, Discretion)}
        for entry in entries:
            if entry.item in ranges:
                self.done.problems.append((False, N_("须酌定分值，未计分：%s") % entry.item, place.name))
        kept = [entry for entry in entries if entry.item not in ranges]
        for row in self.corrections:
            if row.origin.subject is subject and place_queries.owner_of(row.origin) == place.id:
                points = correction_points(row.worth)
                source = "score_correction", row.id
                kept.append(Entry(CORRECTION, points=points, reason=row.reason, source=source))
        return kept

    def _means(self, subject: Scored, place: Place, below: Mapping[int, Result]) -> Given | None:
        """Return the mean of the people of a window by their days there, or of a department's windows."""
        if subject is Scored.WINDOW:
            shares = [
                (below[staff], days) for staff, days in self.posts.at(place.id) if staff in below and days
            ]
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

    def _result(self, subject: Scored, rules: _Rules, place: Place, figure: Figure) -> Result:
        items = {item.id: item for book in (*rules.versions, rules.book) for _c, item in book.items()}
        names = {score.id: score.name for score in rules.book.scores}
        names |= {category.id: category.name for category in rules.book.categories}
        names |= {given.id: given.name for given in rules.book.inputs}
        lines = []
        for line in figure.lines:
            item = items.get(line.item)
            event = self.by_source.get(line.source) if line.source else None
            why = f"{line.why}；{self._reason(line.source)}" if line.item == CORRECTION else line.why
            lines.append(
                Line(
                    item=line.item,
                    item_name=item.name if item else names.get(line.item, ""),
                    clause=item.clause if item else "",
                    count=line.count,
                    points=line.points,
                    why=why,
                    happened_on=_day(event.occurred_at) if event else None,
                    source=line.source,
                    evidence=len(event.evidence) if event else 0,
                )
            )
        return Result(
            subject=subject,
            id=place.id,
            place=place,
            rulebook_id=rules.row.id,
            points=figure.published,
            unrounded=figure.unrounded,
            workdays=self.workdays,
            lines=tuple(lines),
        )

    def _reason(self, source: Source | None) -> str:
        row = next(each for each in self.corrections if source and each.id == source[1])
        said = {"month": f"{row.origin.run.month.first_on:%Y-%m}", "reason": row.reason}
        return N_("更正 %(month)s：%(reason)s") % said


def ranked(results: Sequence[Result]) -> list[Result]:
    """Return the results of each kind in the order of its table: 1, 2, 2, 4, then those apart by days."""
    found: list[Result] = []
    for subject in Scored:
        mine = [each for each in results if each.subject is subject]
        candidates = [Candidate(place, each.points, each.apart is None) for place, each in enumerate(mine)]
        placed = [
            replace(mine[one.candidate.id], rank=one.rank) for one in ranking(RANKED_BY_SCORE, candidates)
        ]
        found += sorted(
            placed,
            key=lambda each: (each.rank is None, each.rank or 0, -(each.place.days or 0), each.place.order),
        )
    return found
