"""A month computed again and compared with what is stored; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from app.core.points import plain
from app.evaluations import material_queries, month_queries
from app.evaluations.models import EvaluationMonth, Score
from app.evaluations.month_rules import Scored
from app.evaluations.month_scoring import score
from app.evaluations.trial_rules import changed_lines


@dataclass(frozen=True)
class Difference:
    """Somebody whom today's computation scores otherwise, and the lines that make the difference."""

    name: str
    stored: Decimal | None
    now: Decimal | None
    gone: list[str]
    new: list[str]


def key_of(row: Score) -> tuple[Scored, int | None, int | None, int | None]:
    """Return whose score it is, as `Result.key` does."""
    department = None if row.staff_member_id or row.patrol_point_id else row.department_id
    return row.subject, row.staff_member_id, row.patrol_point_id, department


def differences(month: EvaluationMonth) -> list[Difference]:
    """Return whom a computation of today would score otherwise than the run that counts."""
    run = month_queries.run_of(month)
    if run is None:
        return []
    computed = score(material_queries.gather(month.centre_id, month.first_on))
    if computed.digest == run.digest:
        return []
    stored = {key_of(row): row for row in month_queries.scores_in(run)}
    fresh = {each.key: each for each in computed.results}
    found = []
    for key in stored.keys() | fresh.keys():
        before, after = stored.get(key), fresh.get(key)
        lines = month_queries.lines_of(before) if before else []
        old = [f"{line.why} {plain(line.worth)}" for line in lines]
        new = [f"{line.why} {plain(line.points)}" for line in (after.lines if after else ())]
        gone, fresh_lines = changed_lines(old, new)
        if old != new:
            name = before.name if before else after.place.name if after else ""
            found.append(
                Difference(
                    name,
                    before.published if before else None,
                    after.points if after else None,
                    gone,
                    fresh_lines,
                )
            )
    return sorted(found, key=lambda each: each.name)
