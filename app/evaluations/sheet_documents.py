"""The printed sheet 考核表 of a person, a window, a chief representative or a department."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.core.errors import Invalid
from app.core.events import Source
from app.core.i18n import N_
from app.core.points import plain as written
from app.documents.labels import LABELS as KINDS
from app.documents.printing import PrintedForm, cn_date, cn_datetime
from app.documents.rules import DocumentKind
from app.evaluations.labels import LABELS
from app.evaluations.models import EvaluationMonth, Objection, Score, ScoreLine, ScoreRun
from app.evaluations.month_rules import CORRECTION, Scored
from app.evaluations.print_rules import SHEETS, Counted, Share, shares
from app.evaluations.rulebook_rules import Rulebook
from app.evaluations.rules import BASE

SIGNED_BY = {
    Scored.STAFF: ("本人", "首席代表", "督查科", "中心主任"),
    Scored.WINDOW: ("窗口负责人", "首席代表", "督查科", "中心主任"),
    Scored.CHIEF_REP: ("首席代表", "督查科", "中心主任"),
    Scored.DEPARTMENT: ("部门负责人", "首席代表", "督查科", "中心主任"),
}
WHOSE = {
    Scored.STAFF: "姓名",
    Scored.WINDOW: "窗口",
    Scored.CHIEF_REP: "所代表窗口",
    Scored.DEPARTMENT: "部门",
}
_REST = "基础分、折算和限额"


@dataclass(frozen=True)
class SheetLine:
    """One deduction or bonus as the sheet prints it."""

    no: int
    on: str
    why: str
    clause: str
    source: str  # the number of the ledger row behind it
    evidence: int
    points: str
    objection: str


@dataclass(frozen=True)
class SheetShare:
    """One line of the table by category."""

    name: str
    taken: str
    given: str
    sum: str


@dataclass(frozen=True, kw_only=True)
class MonthPaper(PrintedForm):
    """What every paper of a month says of how its figures came about."""

    readings: tuple[str, ...]  # how the rulebooks are read where they are ambiguous
    basis: str  # rulebooks with their versions
    cutoff: str
    state: str


@dataclass(frozen=True, kw_only=True)
class ScoreSheet(MonthPaper):
    """Everything a printed sheet says; fields after supervision.md 7.2 (5)."""

    title: str
    month: str
    facts: tuple[tuple[str, str], ...]
    shares: tuple[SheetShare, ...]
    lines: tuple[SheetLine, ...]
    taken: str
    given: str
    total: str  # of all lines, added up once more
    published: str
    signatures: tuple[str, ...]


@dataclass(frozen=True)
class Known:
    """What the sheets of a month share, and what is looked up for many of them at once."""

    centre_name: str
    month: EvaluationMonth
    run: ScoreRun
    checkpoint: str
    issued_on: date
    books: Mapping[int, Rulebook]
    lines: Mapping[int, Sequence[ScoreLine]]  # by score
    numbers: Mapping[Source, str]  # of ledger rows
    objections: Mapping[Source, Objection]
    places: Mapping[int, str]  # where a person served, by staff member
    departments: Mapping[int, str]


def month_words(first_on: date) -> str:
    return f"{first_on.year}年{first_on.month}月"


def basis_of(book: Rulebook) -> str:
    """Name a rulebook with its version."""
    return f"《{book.title}》第{book.version}版（{cn_date(book.effective_from)}起施行）"


def cutoff_of(run: ScoreRun) -> str:
    """Say up to when ledgers were read."""
    return f"{cn_datetime(run.computed_at)}（第{run.number}次计算）"


def sheet(score: Score, known: Known) -> ScoreSheet:
    """Build the sheet of a score. Raise Invalid if its lines do not sum to it."""
    lines = known.lines[score.id]
    total = sum((line.worth for line in lines), Decimal())
    if total != score.unrounded:
        raise Invalid(N_("%(name)s的计分明细相加不等于得分，不能打印。"), name=score.name)
    counted = [Counted(line.item, line.worth, bool(line.source)) for line in lines]
    book = known.books[score.rulebook_id]
    parts = shares(book, counted, _REST)
    return ScoreSheet(
        centre_name=known.centre_name,
        title=KINDS[DocumentKind][SHEETS[score.subject]],
        month=month_words(known.month.first_on),
        facts=tuple((name, value) for name, value in _facts(score, known)),
        shares=tuple(_share(part) for part in parts),
        lines=tuple(_line(line, known) for line in lines),
        taken=written(sum((part.taken for part in parts), Decimal())),
        given=written(sum((part.given for part in parts), Decimal())),
        total=written(total),
        published=written(score.published),
        readings=book.readings,
        basis=basis_of(book),
        cutoff=cutoff_of(known.run),
        state=LABELS[type(known.month.state)][known.month.state],
        signatures=SIGNED_BY[score.subject],
        issued_on=known.issued_on,
        checkpoint=known.checkpoint or None,
    )


def _facts(score: Score, known: Known) -> list[tuple[str, str]]:
    """Return the head of the sheet, a name and a value each."""
    person = score.staff_member if score.subject is Scored.STAFF else None
    department = person.department_id if person else score.department_id
    found = [(WHOSE[score.subject], score.name)]
    if score.subject is not Scored.DEPARTMENT:
        found.append(("部门", known.departments.get(department or 0, "—")))
    if person:
        found.append(("窗口", known.places.get(person.id, "—")))
        found.append(("在岗工作日", f"{score.days or 0}天（全月{score.workdays}天）"))
    found += [("得分", f"{written(score.published)}分"), ("名次", _rank(score))]
    if score.outcome:
        found.append(("结果", score.outcome))
    if score.vetoes:
        found.append(("一票否决", "、".join(score.vetoes)))
    return found


def _rank(score: Score) -> str:
    if score.rank:
        return f"第{score.rank}名"
    return f"单列（{LABELS[type(score.apart)][score.apart]}）" if score.apart else "不排名"


def _share(part: Share) -> SheetShare:
    return SheetShare(part.name, written(part.taken), written(part.given), written(part.sum))


def clause_beside(line: ScoreLine) -> str:
    """Return the clause of a line where its words do not name it."""
    return "" if line.clause in line.why else line.clause


def _line(line: ScoreLine, known: Known) -> SheetLine:
    source = (line.source, line.source_id or 0)
    objection = known.objections.get(source) if line.source else None
    number = known.numbers.get(source, "")
    return SheetLine(
        no=line.place,
        on=line.happened_on.isoformat() if line.happened_on else "",
        why=line.why,
        clause=clause_beside(line),
        source="更正" if line.item == CORRECTION else number,
        evidence=line.evidence,
        points=written(line.worth) if line.worth <= 0 or line.item == BASE else f"+{written(line.worth)}",
        objection=LABELS[type(objection.status)][objection.status] if objection else "",
    )
