"""A rulebook tried on past months: scored beside what was in force, on the same events; nothing is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.core.errors import NotAllowed
from app.core.i18n import N_
from app.core.points import plain
from app.evaluations import material_queries, month_queries, rulebook_queries
from app.evaluations.comparison_queries import key_of
from app.evaluations.models import EvaluationMonth, RulebookVersion, ScoreRun
from app.evaluations.month_results import Computed, Result
from app.evaluations.month_rules import Scored
from app.evaluations.month_scoring import Rules, score
from app.evaluations.rules import Span
from app.evaluations.trial_rules import LINES, MONTHS, Told, changed_lines, dearest, summary
from app.extensions import db

OFFERED = 36


@dataclass(frozen=True)
class Past:
    """A month that was computed, and how many events it was made from."""

    id: int
    first_on: date
    events: int


def months_for(row: RulebookVersion) -> list[Past]:
    """Return the months of a version's centre that it can be tried on, the latest first."""
    rows = db.session.execute(
        select(EvaluationMonth.id, EvaluationMonth.first_on, ScoreRun.events)
        .join(ScoreRun, ScoreRun.month_id == EvaluationMonth.id)
        .where(EvaluationMonth.centre_id == row.centre_id, month_queries.LATEST)
        .order_by(EvaluationMonth.first_on.desc())
        .limit(OFFERED)
    )
    return [Past(*each) for each in rows]


def check_triable(row: RulebookVersion) -> None:
    """Raise NotAllowed for a rulebook that does not judge months."""
    if row.period is not Span.MONTH:
        raise NotAllowed(N_("只有按月考核的细则可以拿过去的月份试算。"))


def chosen(row: RulebookVersion, wanted: Sequence[int]) -> list[Past]:
    """Return those of the wanted months that a version can be tried on, the latest first."""
    return [each for each in months_for(row) if each.id in set(wanted)][:MONTHS]


def tried(row: RulebookVersion, month_id: int) -> Told:
    """Return what one month would be under a version, against what is in force. Nothing is written."""
    month = db.session.get_one(EvaluationMonth, month_id)
    book = rulebook_queries.book_of(row)
    book = replace(book, effective_from=min(book.effective_from, month.first_on), effective_until=None)
    material = material_queries.gather(month.centre_id, month.first_on)
    before, now = score(material), score(material, Rules(row.id, book))
    run = month_queries.run_of(month)
    sheets = {key_of(each): each.id for each in month_queries.scores_in(run)} if run else {}
    old, new = ({each.key: each for each in done.results} for done in (before, now))
    keys = [key for key in dict.fromkeys([*new, *old]) if _differ(old.get(key), new.get(key))]
    return {
        "id": month.id,
        "month": f"{month.first_on:%Y-%m}",
        "subjects": [
            {"subject": subject.value, **summary(_points(before, subject), _points(now, subject))}
            for subject in Scored
        ],
        "moved": len(keys),
        "shifts": dearest([_shift(old.get(key), new.get(key), sheets.get(key)) for key in keys]),
        "problems": [[what, whom] for fault, what, whom in now.problems if fault],
    }


def _points(done: Computed, subject: Scored) -> dict[Any, Decimal]:
    return {each.key: each.points for each in done.results if each.subject is subject}


def _differ(before: Result | None, now: Result | None) -> bool:
    return before is None or now is None or before.points != now.points


def _shift(before: Result | None, now: Result | None, sheet: int | None) -> Told:
    one = now or before
    gone, new = changed_lines(_lines(before), _lines(now))
    return {
        "subject": one.subject.value if one else "",
        "name": one.place.name if one else "",
        "sheet": sheet,
        "before": plain(before.points) if before else "",
        "now": plain(now.points) if now else "",
        "by": plain(now.points - before.points) if before and now else "",
        "ranks": [before.rank if before else None, now.rank if now else None],
        "gone": gone[:LINES],
        "new": new[:LINES],
    }


def _lines(result: Result | None) -> list[str]:
    return [f"{line.why} {plain(line.points)}" for line in result.lines] if result else []
