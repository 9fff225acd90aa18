"""The scores of a month as a workbook: each sum is a formula over the lines on a sheet beside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from app.core.i18n import N_
from app.db.listing import Order
from app.db.scope import row_id
from app.evaluations import month_queries
from app.evaluations.models import EvaluationMonth, Score, ScoreLine, ScoreRun
from app.evaluations.month_rules import Scored
from app.extensions import db
from app.permissions import Actor, Permission
from app.transfers.exporting import Export, Filter
from app.transfers.workbook import Column, Formula

LINES = N_("计分明细")
# A sum by the row's own number, so that it holds however the lines are sorted.
SUM = f"=SUMIF('{LINES}'!$A:$A,A{{row}},'{LINES}'!$G:$G)"
ROUNDED = "=ROUND(E{row},2)"


def _subject(filters: Mapping[str, str]) -> Scored:
    wanted = filters.get("subject")
    return Scored(wanted) if wanted in set(Scored) else Scored.STAFF


def _rows(actor: Actor, filters: Mapping[str, str], _now: datetime) -> Select[Score]:
    """Return the scores in sight of the month's latest run; the joins are those of `visible_scores`."""
    rows = month_queries.visible_scores(actor).where(
        month_queries.LATEST,
        EvaluationMonth.id == (row_id(filters.get("month_id")) or 0),
        Score.subject == _subject(filters),
    )
    return rows.options(joinedload(Score.run).joinedload(ScoreRun.month))


def _lines(
    actor: Actor, filters: Mapping[str, str], now: datetime
) -> tuple[str, Sequence[Column], Iterable[ScoreLine]]:
    scores = _rows(actor, filters, now).with_only_columns(Score.id)
    rows = (
        select(ScoreLine)
        .join(Score, Score.id == ScoreLine.score_id)
        .where(ScoreLine.score_id.in_(scores))
        .order_by(Score.place, ScoreLine.place)
        .options(joinedload(ScoreLine.score))
    )
    return LINES, LINE_COLUMNS, db.session.scalars(rows.execution_options(yield_per=1000))


LINE_COLUMNS = (
    Column(N_("表中序号"), lambda line: line.score.place, 10),
    Column(N_("姓名或名称"), lambda line: line.score.name, 24),
    Column(N_("序号"), lambda line: line.place, 8),
    Column(N_("日期"), lambda line: line.happened_on, 12),
    Column(N_("计分说明"), lambda line: line.why, 60),
    Column(N_("依据条款"), lambda line: line.clause, 30),
    Column(N_("分值"), lambda line: line.worth, 10),
)

EXPORTS = (
    Export(
        name="scores",
        page="evaluations.months.show",
        title=N_("考核得分"),
        permission=Permission.EVALUATION_READ,
        rows=_rows,
        order=Order(Score.place, Score.id, descending=False),
        columns=(
            Column(N_("表中序号"), lambda row: row.place, 10),
            Column(N_("名次"), lambda row: row.rank, 8),
            Column(N_("姓名或名称"), lambda row: row.name, 24),
            Column(N_("得分"), lambda row: row.published, 10),
            Column(N_("明细合计（公式）"), lambda row: Formula(SUM, row.unrounded), 18),
            Column(N_("四舍五入（公式）"), lambda row: Formula(ROUNDED, row.published), 18),
            Column(N_("结果"), lambda row: row.outcome, 14),
            Column(N_("一票否决"), lambda row: "、".join(row.vetoes), 20),
            Column(N_("在岗工作日"), lambda row: row.days, 12),
            Column(N_("单列原因"), lambda row: row.apart, 14),
            Column(N_("考核月份"), lambda row: f"{row.run.month.first_on:%Y-%m}", 12),
        ),
        filters={
            "month_id": Filter(N_("月份"), EvaluationMonth),
            "subject": Filter(N_("考核对象"), Scored),
        },
        beside=_lines,
    ),
)
