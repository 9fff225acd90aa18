"""The figures of patrols and findings, each with its definition and the way to its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, case, func, select

from app.core.figures import Figure, Form, Rows
from app.core.i18n import N_
from app.extensions import db
from app.inspections import plan_queries, queries
from app.inspections.models import ChecklistItem, Finding, Patrol, PatrolCheck
from app.inspections.plan_queries import Board
from app.inspections.rules import (
    ChecklistPurpose,
    CheckResult,
    Finder,
    FindingSource,
    FindingStatus,
    PatrolMode,
    PatrolStatus,
)
from app.organisation import queries as organisation
from app.organisation.models import PatrolPoint
from app.organisation.rules import PointKind
from app.permissions import Actor
from app.rectifications.models import Rectification, RectifiedFinding

FINDINGS, PATROLS, BOARD = "inspections.findings", "inspections.patrols", "inspections.plan.board"
RED_LINES = range(1, 6)
CANDIDATES = 10
# R09: the self-found shall be "higher than 20 % of the exposed"; the text can be read in two ways.
READINGS = (Decimal("0.2"), Decimal("1.2"))


@dataclass(frozen=True)
class Span:
    """Whose figures, of which days; both ends count."""

    centre_id: int
    first: date
    last: date

    @property
    def query(self) -> dict[str, str]:
        return {
            "centre": str(self.centre_id),
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
        }


@dataclass(frozen=True)
class Candidate:
    """A window as the quarter's choice of the red-flag window sees it; who is chosen is decided elsewhere."""

    point: PatrolPoint
    checks: int
    findings: int
    red_lines: int


@dataclass(frozen=True)
class Target:
    """One reading of a target: what the self-found have to reach, and whether they do."""

    factor: Decimal
    least: Decimal
    reached: bool


@dataclass(frozen=True)
class Figures:
    span: Span
    cadence: list[Figure]
    modes: list[Figure]
    sources: list[Figure]
    red_lines: list[Figure]
    special: list[Figure]
    self_found: Figure
    targets: list[Target]
    candidates: list[Candidate]


def figures(actor: Actor, span: Span, now: datetime) -> Figures:
    """Return the figures of a centre's span of days, of rows that the actor may see."""
    counts = _counts(actor, span)
    internal, external = (counts["finder"].get(finder, 0) for finder in Finder)
    return Figures(
        span,
        cadence(span, plan_queries.board(span.centre_id, span.first, span.last, now)),
        _modes(actor, span),
        _sources(span, counts["source"]),
        _red_lines(span, counts["line"]),
        _special(actor, span),
        self_found(internal, external, span.query),
        targets(internal, external),
        candidates(span),
    )


def self_found(internal: int, external: int, query: Mapping[str, str]) -> Figure:
    """Return how many violations the centre found itself against those that outsiders exposed (R09)."""
    return Figure(
        "R09",
        N_("自查自纠与外部曝光之比"),
        N_("内部发现的问题数 ÷ 外部暗访、媒体、投诉等发现的问题数；作废的不计。"),
        Form.RATIO,
        internal,
        Rows(FINDINGS, {**query, "finder": Finder.INTERNAL.value, "valid": "1"}),
        external,
        Rows(FINDINGS, {**query, "finder": Finder.EXTERNAL.value, "valid": "1"}),
    )


def targets(internal: int, external: int) -> list[Target]:
    """Return both readings of the target that self-found be higher than 20 % of the exposed."""
    return [
        Target(factor, least := factor * external, internal > least if external else True)
        for factor in READINGS
    ]


def _in_span(actor: Actor, span: Span) -> Select[Finding]:
    wanted = queries.FindingFilter(valid=True, since=span.first, until=span.last)
    return queries.filtered(actor, wanted).where(Finding.centre_id == span.centre_id)


def _counts(actor: Actor, span: Span) -> dict[str, dict[Any, int]]:
    """Count the findings once, by source, finder and red line."""
    rows = _in_span(actor, span).join(ChecklistItem, ChecklistItem.id == Finding.item_id)
    grouped = rows.with_only_columns(
        Finding.source, Finding.finder, ChecklistItem.red_line, func.count()
    ).group_by(Finding.source, Finding.finder, ChecklistItem.red_line)
    found: dict[str, dict[Any, int]] = {"source": {}, "finder": {}, "line": {}}
    for source, finder, line, count in db.session.execute(grouped):
        for kind, value in (("source", source), ("finder", finder), ("line", line)):
            found[kind][value] = found[kind].get(value, 0) + count
    return found


def cadence(span: Span, board: Board) -> list[Figure]:
    """Return how a span of days was patrolled (R01, R02)."""
    here = Rows(BOARD, {"period": "month", "on": span.last.isoformat(), "centre": str(span.centre_id)})
    patrols = Rows(PATROLS, {**span.query, "valid": "1"})
    workdays = [day for day in board.days if day.works]
    met = sum(day.day in board.patrolled for day in workdays)
    return [
        Figure(
            "R01",
            N_("一日一巡查"),
            N_("至少提交过一次巡查的工作日数 ÷ 工作日数（到今天为止）。"),
            Form.SHARE,
            met,
            patrols,
            len(workdays),
            here,
        ),
        Figure(
            "R01",
            N_("窗口覆盖率"),
            N_("各日查过的窗口数之和 ÷ 各日按开放时间开放的窗口数之和；暗访、专项检查和外部发现不计。"),
            Form.SHARE,
            board.windows_seen,
            here,
            board.windows_open,
            here,
        ),
        Figure(
            "R02",
            N_("巡查轮次完成率"),
            N_("每个区域都查到的轮次数（含补查）÷ 应查轮次数；漏查的轮次一直保留。"),
            Form.SHARE,
            board.done,
            here,
            board.expected,
            here,
        ),
    ]


def _modes(actor: Actor, span: Span) -> list[Figure]:
    rows = queries.filtered_patrols(actor, {**span.query, "valid": "1"})
    grouped = rows.where(Patrol.centre_id == span.centre_id).with_only_columns(Patrol.mode, func.count())
    counts: dict[PatrolMode, int] = {
        row[0]: row[1] for row in db.session.execute(grouped.group_by(Patrol.mode))
    }
    return [
        Figure(
            "R07",
            mode.value,
            N_("按方式统计的已提交巡查次数，作废的不计。"),
            Form.COUNT,
            counts.get(mode, 0),
            Rows(PATROLS, {**span.query, "mode": mode.value, "valid": "1"}),
        )
        for mode in PatrolMode
    ]


def _sources(span: Span, counts: Mapping[FindingSource, int]) -> list[Figure]:
    every = Rows(FINDINGS, {**span.query, "valid": "1"})
    return [
        Figure(
            "R08",
            source.value,
            N_("这一来源的问题数 ÷ 全部问题数，作废的不计。"),
            Form.SHARE,
            counts.get(source, 0),
            Rows(FINDINGS, {**span.query, "source": source.value, "valid": "1"}),
            sum(counts.values()),
            every,
        )
        for source in FindingSource
    ]


def _red_lines(span: Span, counts: Mapping[int, int]) -> list[Figure]:
    return [
        Figure(
            "R04",
            str(line),
            N_("触碰这条红线的问题数，作废的不计。"),
            Form.COUNT,
            counts.get(line, 0),
            Rows(FINDINGS, {**span.query, "line": str(line), "valid": "1"}),
        )
        for line in RED_LINES
    ]


def _special(actor: Actor, span: Span) -> list[Figure]:
    """Return what the special inspection of devices, messages and computers came to (R05)."""
    patrols = Rows(PATROLS, {**span.query, "mode": PatrolMode.SPECIAL.value, "valid": "1"})
    findings = Rows(FINDINGS, {**span.query, "checklist": ChecklistPurpose.SPECIAL.value, "valid": "1"})
    due = _due_places(span)
    wanted = queries.FindingFilter(valid=True, special=True, since=span.first, until=span.last)
    found = queries.filtered(actor, wanted).where(Finding.centre_id == span.centre_id)
    count = db.session.scalar(found.with_only_columns(func.count())) or 0
    on_time, issued = db.session.execute(
        select(
            func.coalesce(func.sum(case((Rectification.on_time.is_(True), 1), else_=0)), 0),
            func.count(Rectification.id),
        )
        .join(RectifiedFinding, RectifiedFinding.rectification_id == Rectification.id)
        .where(RectifiedFinding.finding_id.in_(found.with_only_columns(Finding.id)))
    ).one()
    return [
        Figure(
            "R05",
            N_("专项检查覆盖率"),
            N_("期内专项检查查过的巡查点数 ÷ 清单适用的巡查点数（期末在用的）。"),
            Form.SHARE,
            _checked_places(span, due),
            patrols,
            len(due),
            Rows("organisation.points", {"centre": str(span.centre_id)}),
        ),
        Figure(
            "R05", N_("专项检查发现"), N_("专项清单上的问题数，作废的不计。"), Form.COUNT, count, findings
        ),
        Figure(
            "R05",
            N_("专项问题按期销号"),
            N_("在期限内提交并已销号的整改数 ÷ 由专项问题下发的整改数。"),
            Form.SHARE,
            on_time,
            findings,
            issued,
            findings,
        ),
    ]


def _due_places(span: Span) -> set[int]:
    """Return the places that the special checklist asks about and that exist at the end of the span."""
    checklist = queries.current_checklist(span.centre_id, span.last, ChecklistPurpose.SPECIAL)
    if checklist is None:
        return set()
    kinds = {PointKind(kind) for item in queries.items_of(checklist.id) for kind in item.applies_to}
    rows = select(PatrolPoint.id).where(
        PatrolPoint.centre_id == span.centre_id,
        PatrolPoint.kind.in_(kinds),
        organisation.open_on(PatrolPoint, span.last),
    )
    return set(db.session.scalars(rows))


def _checked_places(span: Span, due: set[int]) -> int:
    rows = (
        select(PatrolCheck.patrol_point_id)
        .join(Patrol, Patrol.id == PatrolCheck.patrol_id)
        .where(
            Patrol.centre_id == span.centre_id,
            Patrol.mode == PatrolMode.SPECIAL,
            Patrol.status != PatrolStatus.VOID,
            Patrol.started_at >= queries.midnight(span.first),
            Patrol.started_at < queries.midnight(span.last + queries.ONE_DAY),
            PatrolCheck.result != CheckResult.CLOSED,
        )
        .distinct()
    )
    return len(set(db.session.scalars(rows)) & due)


def candidates(span: Span) -> list[Candidate]:
    """Return the windows for the quarter's choice (R03): no red line, the fewest findings, seen often."""
    valid = (
        Finding.centre_id == span.centre_id,
        Finding.status != FindingStatus.VOID,
        Finding.occurred_at >= queries.midnight(span.first),
        Finding.occurred_at < queries.midnight(span.last + queries.ONE_DAY),
    )
    counts = {
        point_id: (count, lines)
        for point_id, count, lines in db.session.execute(
            select(
                Finding.patrol_point_id,
                func.count(),
                func.sum(case((ChecklistItem.red_line > 0, 1), else_=0)),
            )
            .join(ChecklistItem, ChecklistItem.id == Finding.item_id)
            .where(*valid)
            .group_by(Finding.patrol_point_id)
        )
    }
    seen = dict(
        db.session.execute(
            select(PatrolCheck.patrol_point_id, func.count())
            .join(Patrol, Patrol.id == PatrolCheck.patrol_id)
            .where(
                Patrol.centre_id == span.centre_id,
                Patrol.status != PatrolStatus.VOID,
                Patrol.started_at >= queries.midnight(span.first),
                Patrol.started_at < queries.midnight(span.last + queries.ONE_DAY),
                PatrolCheck.result != CheckResult.CLOSED,
            )
            .group_by(PatrolCheck.patrol_point_id)
        ).all()
    )
    windows = db.session.scalars(
        select(PatrolPoint).where(
            PatrolPoint.centre_id == span.centre_id,
            PatrolPoint.kind == PointKind.WINDOW,
            PatrolPoint.id.in_(seen),
        )
    )
    found = [Candidate(point, seen[point.id], *counts.get(point.id, (0, 0))) for point in windows]
    eligible = [one for one in found if not one.red_lines]
    return sorted(eligible, key=lambda one: (one.findings, -one.checks, one.point.number))[:CANDIDATES]
