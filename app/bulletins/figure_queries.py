"""The figures of a bulletin: what was patrolled, found and mended in a week, with the way to every row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.bulletins.rules import SIX, Body, Content, Pair, Problem
from app.core.figures import Figure, Form, Rows
from app.core.i18n import N_
from app.core.workdays import WorkCalendar
from app.db.listing import tally
from app.extensions import db
from app.inspections import figure_queries as inspections
from app.inspections import plan_queries, queries
from app.inspections.figure_queries import FINDINGS, PATROLS, Span
from app.inspections.models import ChecklistItem, Finding
from app.inspections.plan_rules import WEEK
from app.inspections.queries import within
from app.inspections.rules import FindingStatus
from app.inspections.walk_queries import EARLIER
from app.organisation.models import Centre, Department, PatrolPoint, Section
from app.permissions import Actor
from app.rectifications import filter_queries
from app.rectifications import queries as rectifications
from app.rectifications.figure_queries import LEDGER
from app.rectifications.models import Rectification
from app.rectifications.rules import ENDED, Due, RectificationStatus
from app.worktime.queries import calendar

PUBLIC = {"valid": "1", "released": "1"}  # nothing void, no visit that nobody may know of yet


def content(actor: Actor, centre_id: int, week_on: date, now: datetime) -> Content:
    """Return what the bulletin of a centre's week says, of rows that its author may see."""
    week = Span(centre_id, week_on, week_on + SIX)
    before = Span(centre_id, week_on - WEEK, week_on - timedelta(days=1))
    days = calendar()
    pairs = zip(_basic(actor, week, now), _basic(actor, before, now), strict=True)
    return Content(
        tuple(Pair(*pair) for pair in pairs),
        _items(actor, week),
        _points(actor, week),
        _closing(actor, week, now, days),
        _bodies(actor, week, now, days),
    )


# --- what was found -------------------------------------------------------------------------------


def _found(actor: Actor, span: Span) -> Select[Finding]:
    wanted = queries.FindingFilter(
        valid=True, released=True, since=span.first, until=span.last, centre_id=span.centre_id
    )
    return queries.filtered(actor, wanted)


def _basic(actor: Actor, span: Span, now: datetime) -> list[Figure]:
    """Return how a week was patrolled, and what was found in it."""
    public = {**span.query, **PUBLIC}
    rows = _found(actor, span).join(ChecklistItem, ChecklistItem.id == Finding.item_id)
    mended = FindingStatus.CORRECTED_ON_SPOT
    counts = tally(
        db.session(),
        rows,
        {
            "all": Finding.id.is_not(None),
            "red": ChecklistItem.red_line > 0,
            "mended": Finding.status == mended,
        },
    )
    every = Rows(FINDINGS, public)
    patrols = queries.filtered_patrols(actor, public).with_only_columns(func.count())
    board = plan_queries.board(span.centre_id, span.first, span.last, now)
    return [
        *inspections.cadence(span, board),
        _count(
            N_("巡查次数"),
            N_("已提交的巡查，作废的和还没有公开的暗访不计。"),
            db.session.scalar(patrols) or 0,
            Rows(PATROLS, public),
        ),
        _count(N_("发现问题"), N_("作废的和还没有公开的暗访所见不计。"), counts["all"], every),
        _count(
            N_("触碰红线"),
            N_("触碰五条红线的问题数。"),
            counts["red"],
            Rows(FINDINGS, {**public, "red_line": "1"}),
        ),
        Figure(
            "",
            N_("当场整改"),
            N_("当场整改的问题数 ÷ 发现的问题数。"),
            Form.SHARE,
            counts["mended"],
            Rows(FINDINGS, {**public, "status": mended.value}),
            counts["all"],
            every,
        ),
    ]


def _count(name: str, definition: str, number: int, rows: Rows) -> Figure:
    return Figure("", name, definition, Form.COUNT, number, rows)


def _repeated(span: Span) -> ColumnElement[int]:
    """Count the findings whose item was found at their place before, in this week or 90 days before it."""
    earlier, item = aliased(Finding), aliased(ChecklistItem)
    before = exists(
        select(earlier.id)
        .join(item, item.id == earlier.item_id)
        .where(
            earlier.patrol_point_id == Finding.patrol_point_id,
            earlier.occurred_at < Finding.occurred_at,
            *within(earlier.occurred_at, span.first - EARLIER, None),
            earlier.status != FindingStatus.VOID,
            item.code == ChecklistItem.code,
            queries.released(earlier),
        )
        .correlate(Finding, ChecklistItem)
    )
    return func.sum(case((before, 1), else_=0))


def _items(actor: Actor, span: Span) -> tuple[Problem, ...]:
    """Return the findings of a week by item, the most frequent on top."""
    rows = _found(actor, span).join(ChecklistItem, ChecklistItem.id == Finding.item_id)
    columns = (ChecklistItem.code, func.max(ChecklistItem.wording))
    grouped = rows.with_only_columns(
        *columns, func.count(), _repeated(span), maintain_column_froms=True
    ).group_by(ChecklistItem.code)
    public = {**span.query, **PUBLIC}
    return _most_first(
        Problem(code, wording, count, repeated, Rows(FINDINGS, {**public, "item": code}))
        for code, wording, count, repeated in db.session.execute(grouped)
    )


def _points(actor: Actor, span: Span) -> tuple[Problem, ...]:
    """Return the findings of a week by place, the one with most on top."""
    rows = _found(actor, span).join(ChecklistItem, ChecklistItem.id == Finding.item_id)
    rows = rows.join(PatrolPoint, PatrolPoint.id == Finding.patrol_point_id)
    columns = (PatrolPoint.id, PatrolPoint.number, PatrolPoint.name)
    grouped = rows.with_only_columns(
        *columns, func.count(), _repeated(span), maintain_column_froms=True
    ).group_by(*columns)
    public = {**span.query, **PUBLIC}
    return _most_first(
        Problem(number, name, count, repeated, Rows(FINDINGS, {**public, "point": str(point_id)}))
        for point_id, number, name, count, repeated in db.session.execute(grouped)
    )


def _most_first(rows: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(rows, key=lambda row: (-row.count, -row.repeated, row.code)))


# --- what was mended ------------------------------------------------------------------------------


def _closing(actor: Actor, span: Span, now: datetime, days: WorkCalendar) -> tuple[Figure, ...]:
    """Return what was issued and struck off in a week, and what is still to be mended now."""
    here = {"centre": str(span.centre_id)}
    issued = {**span.query, "valid": "1"}
    closed = {
        **here,
        "stands": Due.CLOSED.value,
        "closed_from": span.first.isoformat(),
        "closed_to": span.last.isoformat(),
    }
    on_time = {**closed, "on_time": "1"}
    stands = {due: {**here, "stands": due.value} for due in (Due.OPEN, Due.DUE_SOON, Due.OVERDUE)}

    def counted(args: Mapping[str, str]) -> int:
        rows = rectifications.filtered(actor, args, now, days)
        return db.session.scalar(rows.with_only_columns(func.count())) or 0

    def count(name: str, definition: str, args: Mapping[str, str]) -> Figure:
        return _count(name, definition, counted(args), Rows(LEDGER, args))

    struck_off = count(N_("销号件数"), N_("本周销号的整改，不论何时下发。"), closed)
    return (
        count(N_("下发件数"), N_("本周下发的整改，撤销的不计。"), issued),
        struck_off,
        Figure(
            "R14",
            N_("按期销号率"),
            N_("在期限内提交并通过复查的件数 ÷ 本周销号的件数。"),
            Form.SHARE,
            counted(on_time),
            Rows(LEDGER, on_time),
            struck_off.numerator,
            struck_off.rows,
        ),
        count(N_("整改中"), N_("到数据截止时还没有提交的整改。"), stands[Due.OPEN]),
        count(N_("即将到期"), N_("其中即将到期的。"), stands[Due.DUE_SOON]),
        count(N_("已逾期"), N_("其中已过期限的。"), stands[Due.OVERDUE]),
    )


_Key = tuple[int | None, int | None, int | None]  # department, section, lower centre


def _bodies(actor: Actor, span: Span, now: datetime, days: WorkCalendar) -> tuple[Body, ...]:
    """Return the week body by body, the one with most findings on top."""
    found = _found(actor, span).outerjoin(Finding.department).outerjoin(Finding.section)
    owner = (Finding.department_id, Finding.section_id)
    name = func.coalesce(Department.short_name, Section.name)
    grouped = found.with_only_columns(name, *owner, func.count(), maintain_column_froms=True)
    names: dict[_Key, str] = {}
    findings: dict[_Key, int] = {}
    for body_name, department_id, section_id, count in db.session.execute(grouped.group_by(name, *owner)):
        names[department_id, section_id, None] = body_name
        findings[department_id, section_id, None] = count
    notices: dict[_Key, tuple[int, ...]] = {}
    for body_name, *key, issued, closed, pending, overdue in _mended(actor, span, now, days):
        names[tuple(key)] = body_name
        notices[tuple(key)] = (issued, closed, pending, overdue)
    rows = [_body(span, key, names[key], findings.get(key, 0), notices.get(key, (0,) * 4)) for key in names]
    return tuple(sorted(rows, key=lambda row: (-row.found, -row.overdue, -row.open, row.name)))


def _mended(actor: Actor, span: Span, now: datetime, days: WorkCalendar) -> Sequence[Any]:
    """Return of each body what was issued to it and struck off in a week, and what it has still to mend."""
    issued = and_(
        *within(Rectification.issued_at, span.first, span.last),
        Rectification.status != RectificationStatus.CANCELLED,
    )
    closed = and_(
        Rectification.status == RectificationStatus.CLOSED,
        *within(Rectification.closed_at, span.first, span.last),
    )
    stands = [filter_queries.stands(due, now, days) for due in (Due.OPEN, Due.OVERDUE)]
    counts = [func.sum(case((held, 1), else_=0)) for held in (issued, closed, *stands)]
    rows = rectifications.visible_to(actor).where(
        Rectification.centre_id == span.centre_id,
        or_(issued, closed, Rectification.status.not_in(ENDED)),
    )
    rows = rows.outerjoin(Rectification.department).outerjoin(Rectification.section)
    rows = rows.outerjoin(Centre, Centre.id == Rectification.to_centre_id)
    name = func.coalesce(Department.short_name, Section.name, Centre.short_name)
    key = (Rectification.department_id, Rectification.section_id, Rectification.to_centre_id)
    grouped = rows.with_only_columns(name, *key, *counts, maintain_column_froms=True).group_by(name, *key)
    return db.session.execute(grouped).all()


def _body(span: Span, key: _Key, name: str, found: int, notices: tuple[int, ...]) -> Body:
    department_id, section_id, centre_id = key
    issued, closed, pending, overdue = notices
    public = {**span.query, **PUBLIC, "department": str(department_id)}
    whose = {"department": department_id, "section": section_id, "to_centre": centre_id}
    query = {"centre": str(span.centre_id)} | {kind: str(row_id) for kind, row_id in whose.items() if row_id}
    findings = Rows(FINDINGS, public) if department_id else None
    return Body(name, found, issued, closed, pending, overdue, findings, Rows(LEDGER, query))
