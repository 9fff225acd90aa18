"""Rank candidates, equal scores sharing a rank: 1, 2, 2, 4. A meeting decides; this is put before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from app.evaluations.rulebook_rules import Award


@dataclass(frozen=True)
class Candidate:
    """Whoever is ranked, by the published score."""

    id: int
    score: Decimal
    eligible: bool = True
    inputs: Mapping[str, Decimal] = field(default_factory=dict)  # for tie breaks


@dataclass(frozen=True)
class Ranked:
    """A place in the ranking; None for those left out of it."""

    candidate: Candidate
    rank: int | None
    within_quota: bool


def ranking(award: Award, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Rank the eligible, the highest first; those who tie at the edge of the quota are all within it."""

    def merit(candidate: Candidate) -> tuple[Decimal, ...]:
        return candidate.score, *(candidate.inputs.get(name, Decimal()) for name in award.tie_breaks)

    merits = sorted((merit(each) for each in candidates if each.eligible), reverse=True)
    ranked = []
    for candidate in sorted(candidates, key=lambda each: each.id):
        rank = merits.index(merit(candidate)) + 1 if candidate.eligible else None
        within = rank is not None and (award.quota is None or rank <= award.quota)
        ranked.append(Ranked(candidate, rank, within))
    return sorted(ranked, key=lambda each: each.rank or len(ranked) + 1)
