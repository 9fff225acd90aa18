"""The figures of a month: distribution, movers, lines by item and window, all against the month before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from app.evaluations import month_queries
from app.evaluations.comparison_queries import key_of
from app.evaluations.figure_rules import Bin, Move, Tally, bins, movers
from app.evaluations.models import EvaluationMonth, Score, ScoreLine, ScoreRun
from app.evaluations.month_rules import Scored
from app.extensions import db
from app.organisation.models import PatrolPoint
from app.permissions import Actor


@dataclass(frozen=True)
class Summary:
    """The scores of one kind in one month."""

    scored: int
    mean: Decimal | None = None
    highest: Decimal | None = None
    lowest: Decimal | None = None


@dataclass(frozen=True)
class Board:
    """What the page of figures shows."""

    run: ScoreRun
    former: EvaluationMonth | None  # the month before, if it is computed and in sight
    now: Summary
    before: Summary
    spread: list[Bin]
    falling: list[Move]
    rising: list[Move]
    items: list[Tally]
    windows: list[Tally]


def board(actor: Actor, month: EvaluationMonth, subject: Scored) -> Board | None:
    """Return the figures of a month for one kind of subject; None before it is computed."""
    runs = _runs(month)
    run, earlier = runs.get(month.first_on), runs.get(_first_before(month.first_on))
    if run is None:
        return None
    numbers = [each.id for each in (run, earlier) if each]
    scores = month_queries.visible_scores(actor).where(Score.run_id.in_(numbers), Score.subject == subject)
    rows = db.session.scalars(scores.order_by(Score.place)).all()
    mine = [row for row in rows if row.run_id == run.id]
    theirs = {key_of(row): row for row in rows if row.run_id != run.id}
    moves = [
        Move(row.id, row.name, theirs[key_of(row)].published, row.published)
        for row in mine
        if key_of(row) in theirs
    ]
    falling, rising = movers(moves)
    items, windows = _tallies(scores, run.id)
    return Board(
        run=run,
        former=earlier.month if earlier and theirs else None,
        now=_summary(mine),
        before=_summary(list(theirs.values())),
        spread=bins([row.published for row in mine]),
        falling=falling,
        rising=rising,
        items=items,
        windows=windows,
    )


def _first_before(first_on: date) -> date:
    return (first_on - timedelta(days=1)).replace(day=1)


def _runs(month: EvaluationMonth) -> dict[date, ScoreRun]:
    """Return the runs that count of a month and the month before."""
    rows = (
        select(ScoreRun)
        .join(EvaluationMonth, EvaluationMonth.id == ScoreRun.month_id)
        .where(
            EvaluationMonth.centre_id == month.centre_id,
            EvaluationMonth.first_on.in_((month.first_on, _first_before(month.first_on))),
            month_queries.LATEST,
        )
    )
    found = db.session.scalars(rows.options(joinedload(ScoreRun.month)))
    return {run.month.first_on: run for run in found}


def _summary(rows: Sequence[Score]) -> Summary:
    points = [row.published for row in rows]
    if not points:
        return Summary(0)
    return Summary(len(points), sum(points, Decimal()) / len(points), max(points), min(points))


def _tallies(scores: Select[Score], run_id: int) -> tuple[list[Tally], list[Tally]]:
    """Return the lines with a source of both months, added up by item and by window; the dearest first."""
    wanted = scores.with_only_columns(Score.id, Score.run_id).subquery()
    place = PatrolPoint.number + " " + PatrolPoint.name
    rows = (
        select(
            ScoreLine.item,
            func.max(ScoreLine.item_name),
            ScoreLine.patrol_point_id,
            func.max(place),
            wanted.c.run_id,
            func.count(ScoreLine.id),
            func.sum(ScoreLine.worth),
        )
        .join(wanted, wanted.c.id == ScoreLine.score_id)
        .outerjoin(PatrolPoint, PatrolPoint.id == ScoreLine.patrol_point_id)
        .where(ScoreLine.source != "")
        .group_by(ScoreLine.item, ScoreLine.patrol_point_id, wanted.c.run_id)
    )
    items: dict[str, Tally] = {}
    windows: dict[str, Tally] = {}
    for item, named, point, placed, run, lines, points in db.session.execute(rows):
        _add(items, item, named or item, run == run_id, lines, points)
        if point is not None:
            _add(windows, str(point), placed, run == run_id, lines, points)
    return _dearest(items), _dearest(windows)


def _add(found: dict[str, Tally], key: str, name: str, now: bool, lines: int, points: Decimal) -> None:
    tally = found.get(key) or Tally(key, name)
    if now:
        tally = replace(tally, name=name, lines=tally.lines + lines, points=tally.points + points)
    else:
        before = tally.lines_before + lines, tally.points_before + points
        tally = replace(tally, lines_before=before[0], points_before=before[1])
    found[key] = tally


def _dearest(found: dict[str, Tally]) -> list[Tally]:
    return sorted(found.values(), key=lambda each: (each.points, -each.lines, each.name))


@dataclass(frozen=True)
class Side:
    """What one thing cost in two months: its lines of either, and by how much they differ."""

    name: str
    before: list[ScoreLine]
    now: list[ScoreLine]

    @property
    def by(self) -> Decimal:
        return sum((line.worth for line in self.now), Decimal()) - sum(
            (line.worth for line in self.before), Decimal()
        )


def former_of(actor: Actor, score: Score) -> Score | None:
    """Return the same person's or window's score of the month before, if it is in sight."""
    before = _runs(score.run.month).get(_first_before(score.run.month.first_on))
    if before is None:
        return None
    rows = month_queries.visible_scores(actor).where(
        Score.run_id == before.id,
        Score.subject == score.subject,
        Score.staff_member_id.is_not_distinct_from(score.staff_member_id),
        Score.patrol_point_id.is_not_distinct_from(score.patrol_point_id),
    )
    if not score.staff_member_id and not score.patrol_point_id:
        rows = rows.where(Score.department_id.is_not_distinct_from(score.department_id))
    return db.session.scalar(rows.options(joinedload(Score.run).joinedload(ScoreRun.month)).limit(1))


def sides(score: Score, former: Score | None) -> list[Side]:
    """Return the lines of two scores by what they are about, the greatest differences first."""
    ids = [each.id for each in (score, former) if each]
    rows = db.session.scalars(
        select(ScoreLine).where(ScoreLine.score_id.in_(ids)).order_by(ScoreLine.score_id, ScoreLine.place)
    )
    found: dict[str, Side] = {}
    for line in rows:
        side = found.setdefault(line.item, Side(line.item_name or line.why, [], []))
        (side.now if line.score_id == score.id else side.before).append(line)
    return sorted(found.values(), key=lambda each: (-abs(each.by), each.name))
