"""The printed monthly notice 月度考核通报: tables of windows, departments and people, what was charged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.core.points import plain as written
from app.documents.printing import cn_date
from app.evaluations.labels import LABELS
from app.evaluations.models import EvaluationMonth, Score, ScoreLine, ScoreRun
from app.evaluations.rulebook_rules import Rulebook
from app.evaluations.sheet_documents import MonthPaper, basis_of, cutoff_of, month_words


@dataclass(frozen=True)
class NoticeRow:
    """One line of a table: base and parts, deductions and bonuses sum to the score as it is printed."""

    rank: str
    name: str
    base: str
    taken: str
    given: str
    score: str
    change: str  # against the month before
    about: str


@dataclass(frozen=True)
class NoticeTable:
    title: str
    rows: tuple[NoticeRow, ...]
    mean: str


@dataclass(frozen=True)
class Charged:
    """What was charged to one window, its people unnamed."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MonthlyNotice(MonthPaper):
    """Everything the printed notice says; fields after supervision.md 7.2 (5)."""

    month: str
    opening: str
    windows: NoticeTable
    departments: NoticeTable
    charged: tuple[Charged, ...]
    hearing: str
    people: NoticeTable
    issuer: str


@dataclass(frozen=True)
class NoticeFacts:
    """What the notice is made from."""

    centre_name: str
    month: EvaluationMonth
    run: ScoreRun
    windows: Sequence[Score]
    departments: Sequence[Score]
    people: Sequence[Score]
    lines: Mapping[int, Sequence[ScoreLine]]
    before: Mapping[int, Score]  # of the windows, a month ago
    before_departments: Mapping[int, Score]
    places: Mapping[int, str]
    books: Sequence[Rulebook]
    decided: Mapping[str, int]  # how many objections by their outcome
    checkpoint: str
    issued_on: date


def notice(facts: NoticeFacts) -> MonthlyNotice:
    """Build the notice of a month; number, code and address follow when it is numbered."""
    month = month_words(facts.month.first_on)
    books = {book.title: book for book in facts.books}.values()
    return MonthlyNotice(
        centre_name=facts.centre_name,
        month=month,
        opening=f"{month}，参加考核窗口{len(facts.windows)}个、人员{len(facts.people)}人，"
        f"各台账提供计分事项{facts.run.events}件。现将考核结果通报如下。",
        windows=_table("窗口考核结果", facts.windows, facts.lines, facts.before),
        departments=_table("部门考核结果", facts.departments, facts.lines, facts.before_departments),
        charged=tuple(_charged(facts)),
        hearing=_hearing(facts),
        people=_table("附件：人员考核结果", facts.people, facts.lines, {}, facts.places),
        readings=tuple(dict.fromkeys(reading for book in books for reading in book.readings)),
        basis="、".join(map(basis_of, books)),
        cutoff=cutoff_of(facts.run),
        state=LABELS[type(facts.month.state)][facts.month.state],
        issuer=facts.centre_name,
        issued_on=facts.issued_on,
        checkpoint=facts.checkpoint or None,
    )


def _table(
    title: str,
    scores: Sequence[Score],
    lines: Mapping[int, Sequence[ScoreLine]],
    before: Mapping[int, Score],
    places: Mapping[int, str] | None = None,
) -> NoticeTable:
    rows = tuple(_row(score, lines.get(score.id, ()), before, places) for score in scores)
    ranked = [score.published for score in scores if score.rank]
    mean = sum(ranked, Decimal()) / len(ranked) if ranked else Decimal()
    return NoticeTable(title, rows, f"{mean:.2f}" if ranked else "—")


def _row(
    score: Score,
    lines: Sequence[ScoreLine],
    before: Mapping[int, Score],
    places: Mapping[int, str] | None,
) -> NoticeRow:
    taken = sum((line.worth for line in lines if line.worth < 0), Decimal())
    given = sum((line.worth for line in lines if line.worth > 0 and line.source), Decimal())
    owner = score.patrol_point_id or score.department_id or 0
    place = places.get(score.staff_member_id or 0, "—") if places is not None else ""
    about = [place, score.outcome, *score.vetoes]
    if score.apart:
        about.append(f"单列：{LABELS[type(score.apart)][score.apart]}")
    return NoticeRow(
        rank=str(score.rank or "—"),
        name=score.name,
        base=written(score.published - taken - given),
        taken=written(taken),
        given=written(given),
        score=written(score.published),
        change=_change(score, before.get(owner)),
        about="；".join(filter(None, about)),
    )


def _change(score: Score, earlier: Score | None) -> str:
    if earlier is None:
        return "—"
    moved = score.published - earlier.published
    return f"+{written(moved)}" if moved > 0 else written(moved)


def _charged(facts: NoticeFacts) -> list[Charged]:
    """Return what windows were charged with, those without a deduction left out."""
    found = []
    for score in facts.windows:
        lines = tuple(
            f"{line.happened_on.month}月{line.happened_on.day}日　{line.item_name or line.item}　"
            f"{written(line.worth)}分"
            for line in facts.lines.get(score.id, ())
            if line.source and line.worth < 0 and line.happened_on
        )
        if lines:
            found.append(Charged(score.name, lines))
    return found


def _hearing(facts: NoticeFacts) -> str:
    """Say until when one could object, and what came of it."""
    published, until = facts.month.published_on, facts.month.objections_until
    span = f"考核结果于{cn_date(published)}公布，申诉期至{cn_date(until)}。" if published and until else ""
    if not facts.decided:
        return f"{span}申诉期内没有收到申诉。"
    total = sum(facts.decided.values())
    parts = "、".join(f"{word}{count}件" for word, count in facts.decided.items())
    return f"{span}收到申诉{total}件，其中{parts}，结果已经计入。"
