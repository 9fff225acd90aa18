"""What a computation of a month says: everybody's score with its lines, in the order of the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from hashlib import sha256

from app.core.events import Source
from app.core.points import plain
from app.db.types import canonical
from app.evaluations.month_rules import Apart, Scored
from app.evaluations.place_queries import Place
from app.evaluations.ranking_rules import Candidate, ranking
from app.evaluations.rulebook_rules import Award

RANKED_BY_SCORE = Award("")


@dataclass(slots=True)  # not frozen: a month makes tens of thousands, and freezing doubles their cost
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
    point_id: int | None = None  # where it happened


@dataclass(frozen=True)
class Result:
    """The score of one of them, with its place in the table."""

    subject: Scored
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

    @property
    def key(self) -> tuple[Scored, int | None, int | None, int | None]:
        """Return whose score it is: person, else window, else department."""
        place = self.place
        department = None if place.staff_id or place.point_id else place.department_id
        return self.subject, place.staff_id, place.point_id, department


@dataclass
class Computed:
    """Everything one run is going to store."""

    results: list[Result] = field(default_factory=list)
    problems: list[tuple[bool, str, str]] = field(default_factory=list)
    events: int = 0
    basis: str = ""  # what it was computed from; it must still be so when it is stored

    @cached_property
    def digest(self) -> str:
        """Return the fingerprint of all figures: equal computations have equal ones."""
        said = [
            [
                each.subject.value,
                each.place.id,
                each.rulebook_id,
                plain(each.unrounded),
                each.rank,
                each.outcome,
                [[line.item, plain(line.count), plain(line.points), line.why] for line in each.lines],
            ]
            for each in self.results
        ]
        return sha256(canonical([said, self.problems]).encode()).hexdigest()


def ranked(results: Sequence[Result]) -> list[Result]:
    """Return the results of each kind in the order of its table: 1, 2, 2, 4; intermediaries are ranked
    among themselves after the others; then those apart by days."""
    found: list[Result] = []
    for subject in Scored:
        mine = [each for each in results if each.subject is subject]
        ranks = _ranks(mine, None) | _ranks(mine, Apart.INTERMEDIARY)
        placed = [replace(each, rank=ranks.get(index)) for index, each in enumerate(mine)]
        found += sorted(
            placed,
            key=lambda each: (
                each.rank is None,
                each.apart is not None,
                each.rank or 0,
                -(each.place.days or 0),
                each.place.order,
            ),
        )
    return found


def _ranks(mine: Sequence[Result], group: Apart | None) -> dict[int, int | None]:
    candidates = [Candidate(index, each.points) for index, each in enumerate(mine) if each.apart is group]
    return {one.candidate.id: one.rank for one in ranking(RANKED_BY_SCORE, candidates)}
