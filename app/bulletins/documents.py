"""The printed weekly bulletin 周通报; sections after supervision.md 7.2 (4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app import clock
from app.bulletins.models import Bulletin
from app.bulletins.rules import Body, Content, Problem, change_words, week_name
from app.core.figures import Figure, Form
from app.documents.printing import PrintedForm, cn_date, cn_datetime

TEMPLATE = "bulletins/weekly.html"
NO_PRACTICE = "本周没有记录好的做法。"
NO_REQUIREMENTS = "请各窗口、各进驻部门对照通报的问题及时整改，防止再次发生。"


@dataclass(frozen=True)
class BasicLine:
    """One figure beside that of the week before."""

    name: str
    now: str
    before: str
    change: str


@dataclass(frozen=True)
class ProblemLine:
    name: str
    count: int
    repeated: int


@dataclass(frozen=True)
class BodyLine:
    name: str
    found: int
    issued: int
    closed: int
    open: int
    overdue: int


@dataclass(frozen=True, kw_only=True)
class WeeklyBulletin(PrintedForm):
    """Everything the printed bulletin says; it names places and bodies, never people."""

    week: str
    period: str
    corrects: str  # the number of the bulletin that this one replaces
    reason: str
    opening: str
    basic: tuple[BasicLine, ...]
    practice: str
    items: tuple[ProblemLine, ...]
    points: tuple[ProblemLine, ...]
    closing: str
    requirements: str
    bodies: tuple[BodyLine, ...]
    total: BodyLine
    cutoff: str
    issuer: str


def bulletin(
    row: Bulletin, centre_name: str, corrects: str, checkpoint: str, now: datetime
) -> WeeklyBulletin:
    """Build the bulletin out of the figures as they were reviewed; number, code and address follow."""
    content = Content.read(row.figures or {})
    period = f"{cn_date(row.week_on)}至{cn_date(row.last_on)}"
    return WeeklyBulletin(
        centre_name=centre_name,
        week=week_name(row.week_on),
        period=period,
        corrects=corrects,
        reason=row.correction_reason,
        opening=_opening(content),
        basic=tuple(
            BasicLine(
                pair.now.name, _printed(pair.now), _printed(pair.before), _change(pair.now, pair.before)
            )
            for pair in content.basic
        ),
        practice=row.good_practice or NO_PRACTICE,
        items=_problems(content.items),
        points=_problems(content.points),
        closing=_closing(content.closing),
        requirements=row.requirements or NO_REQUIREMENTS,
        bodies=tuple(_body(body) for body in content.bodies),
        total=_total(content.bodies),
        cutoff=cn_datetime(row.reviewed_at or now),
        issuer=centre_name,
        issued_on=clock.local(now).date(),
        checkpoint=checkpoint or None,
    )


def _printed(figure: Figure) -> str:
    """Return a figure with what it is made of: 95.0%（38/40）."""
    if figure.form is Form.COUNT:
        return figure.printed
    return f"{figure.printed}（{figure.numerator}/{figure.denominator}）"


def _change(now: Figure, before: Figure) -> str:
    text, values = change_words(now, before)
    return text % values if values else text


def _opening(content: Content) -> str:
    if not content.found:
        return "本周巡查没有发现问题。基本情况如下："
    again = f"，其中{content.repeated}个为重复发生" if content.repeated else ""
    return (
        f"本周共发现问题{content.found}个，涉及{len(content.points)}个窗口和区域、"
        f"{len(content.items)}类事项{again}。基本情况如下："
    )


def _problems(rows: Sequence[Problem]) -> tuple[ProblemLine, ...]:
    return tuple(ProblemLine(f"{row.code} {row.name}", row.count, row.repeated) for row in rows)


def _closing(figures: Sequence[Figure]) -> str:
    issued, closed, on_time, pending, soon, overdue = figures
    in_time = f"，其中按期销号{on_time.numerator}件，按期销号率{on_time.printed}" if closed.numerator else ""
    return (
        f"本周下发整改{issued.numerator}件，销号{closed.numerator}件{in_time}。"
        f"截至数据截止时，整改中{pending.numerator}件，即将到期{soon.numerator}件，已逾期{overdue.numerator}件。"
    )


def _body(body: Body) -> BodyLine:
    return BodyLine(body.name, body.found, body.issued, body.closed, body.open, body.overdue)


def _total(bodies: Sequence[Body]) -> BodyLine:
    columns = (
        [getattr(body, name) for body in bodies] for name in ("found", "issued", "closed", "open", "overdue")
    )
    return BodyLine("合计", *map(sum, columns))
