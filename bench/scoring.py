"""P11: a month of 500 people and 40,000 events, read, scored and kept, against the smallest that does so."""

from __future__ import annotations

import random
import time
from decimal import Decimal
from functools import cache

from sqlalchemy import Engine, create_engine, insert, select

from bench import scored_month, sites
from bench.floors import scoring as floor
from bench.options import databases, parser, said
from bench.scored_month import AFTER, FIRST, MONTH, Hall
from bench.sites import Site
from bench.table import Line, paired, show

RATIO = 2.0
PEOPLE, EVENTS = 500, 40_000


def _ours(site: Site, hall: Hall) -> float:
    """Return how long a month takes from its reading to its commit, with its entry in the log."""
    from app import clock
    from app.db.uow import begin_reading, unit_of_work
    from app.evaluations import month_services

    with site.app.app_context():
        actor = site.actor(scored_month.HEAD)
        start = time.perf_counter()
        begin_reading()
        draft = month_services.drafted(hall.centre_id, MONTH)
        with unit_of_work(actor, clock.now()) as uow:
            month_services.compute_month(uow, hall.centre_id, MONTH, draft)
        return time.perf_counter() - start


def _floor(site: Site, hall: Hall, number: int) -> float:
    from app.extensions import db

    engine = _owner(site)
    start = time.perf_counter()
    floor.run(engine, dict(db.metadata.tables), hall.centre_id, FIRST, AFTER, number)
    return time.perf_counter() - start


@cache
def _owner_of(url: str) -> Engine:
    return create_engine(url)


def _owner(site: Site) -> Engine:
    """Return an engine that may make the floor's tables; the application's role may not."""
    return _owner_of(site.environ.get("DATABASE_OWNER_URL") or f"sqlite:///{site.folder}/duban.db")


def _measure(kind: str, people: int, events: int, rounds: int) -> Line:
    from app.extensions import db

    with sites.planted(kind) as site:
        hall = scored_month.fill(site, people, events)
        floor.meta.create_all(_owner(site))
        turn = iter(range(1, 10_000))
        chance = random.Random(7)

        def one_more() -> None:
            """Record a finding, so that there is something to keep again."""
            from app.inspections.models import Finding

            with site.app.app_context(), db.engine.begin() as connection:
                connection.execute(insert(Finding), [hall.finding(events + next(turn), chance)])

        def ours() -> float:
            one_more()
            return _ours(site, hall)

        ratio, theirs, mine = paired(lambda: _floor(site, hall, next(turn)), ours, rounds)
        _compare(site, hall, next(turn))
        sites.let_go(site)
        _owner(site).dispose()
    made_of = {"floor": f"{1000 * theirs:.0f} ms", "ours": f"{1000 * mine:.0f} ms"}
    return Line("P11", f"{kind}: {people} people, {events:,} events", ratio, RATIO, **made_of)


def _compare(site: Site, hall: Hall, number: int) -> None:
    """Raise AssertionError unless both say the same of every person, line by line."""
    from app.evaluations.models import EvaluationMonth, Score, ScoreLine, ScoreRun
    from app.extensions import db

    _ours(site, hall)
    _floor(site, hall, number)
    with site.app.app_context():
        run = (
            select(ScoreRun.id)
            .join(EvaluationMonth, EvaluationMonth.id == ScoreRun.month_id)
            .where(EvaluationMonth.centre_id == hall.centre_id, ScoreRun.number == EvaluationMonth.runs)
        )
        rows = select(Score.staff_member_id, Score.published, ScoreLine.item, ScoreLine.worth, ScoreLine.why)
        kept = db.session.execute(
            rows.join(ScoreLine, ScoreLine.score_id == Score.id).where(Score.run_id == run.scalar_subquery())
        )
        mine = sorted(tuple(row) for row in kept)
        table, lines = floor.scores, floor.lines
        said = select(table.c.staff_member_id, table.c.published, lines.c.item, lines.c.worth, lines.c.why)
        with _owner(site).connect() as connection:
            found = connection.execute(
                said.join(lines, lines.c.score_id == table.c.id).where(table.c.run == number)
            ).all()
        unit = Decimal(10) ** -10
        theirs = sorted(
            (who, points * unit, item, worth * unit, why) for who, points, item, worth, why in found
        )
    assert mine == theirs, "ours and the floor do not agree"


def run(arguments: list[str]) -> bool:
    options = parser("scoring", rounds=7, findings=False)
    options.add_argument("--people", type=int, default=PEOPLE)
    options.add_argument("--events", type=int, default=EVENTS)
    wanted = options.parse_args(arguments)
    lines = [_measure(kind, wanted.people, wanted.events, wanted.rounds) for kind in databases(wanted)]
    return show("scoring", "scoring: a month read, scored and kept", lines, said(wanted))
