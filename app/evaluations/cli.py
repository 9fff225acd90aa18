"""Commands about evaluations. `score` is pure: it needs no database, no secret and no clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from app.core.errors import DomainError
from app.core.i18n import N_
from app.core.points import plain
from app.evaluations.event_files import read_sheet
from app.evaluations.reading import read_rulebook
from app.evaluations.rules import CHIEF_REP
from app.evaluations.scoring_rules import Evaluation, ScoreLine, evaluate

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Refused(click.ClickException):
    """A file cannot be used."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


@click.group()
def evaluations() -> None:
    """考核。"""


@evaluations.command()
@click.option("--rulebook", required=True, type=FILE, help=N_("考核细则（YAML，写法见 docs/rulebooks.md）"))
@click.option("--events", required=True, type=FILE, help=N_("要计分的事件（JSON）"))
@click.option("--json", "as_json", is_flag=True, help=N_("输出 JSON"))
def score(rulebook: Path, events: Path, as_json: bool) -> None:
    """按考核细则计分，并逐条说明。"""
    try:
        book = read_rulebook(_text(rulebook))
    except DomainError as error:
        raise Refused(f"{rulebook.name}：{error}") from None
    try:
        evaluation = evaluate(book, read_sheet(book, _text(events)))
    except DomainError as error:
        raise Refused(f"{events.name}：{error}") from None
    if as_json:
        click.echo(json.dumps(dict(_answer(evaluation)), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_printed(evaluation)))


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(N_("%s：文件不是 UTF-8 编码的文本。") % path.name) from None


def _answer(evaluation: Evaluation) -> Iterator[tuple[str, Any]]:
    """Yield what applies to the rulebook: a veto where it has any, eligibility where it is about an award."""
    book, result = evaluation.rulebook, evaluation.result
    yield "score", str(result.published)
    yield "unrounded", plain(result.unrounded)
    if chief := evaluation.other(CHIEF_REP):
        yield "chief_rep", str(chief.published)
    if evaluation.eligible is not None:
        yield "eligible", evaluation.eligible
    elif book.vetoes:
        yield "veto", bool(evaluation.vetoes)
    if evaluation.outcome:
        yield "outcome", evaluation.outcome.id
    yield "lines", [_line(line) for line in result.lines]
    if book.readings:
        yield "reading", "；".join(reading.rstrip("。；") for reading in book.readings) + "。"


def _line(line: ScoreLine) -> dict[str, str]:
    return {"item": line.item, "count": plain(line.count), "points": plain(line.points), "why": line.why}


def _printed(evaluation: Evaluation) -> Iterator[str]:
    book, result = evaluation.rulebook, evaluation.result
    yield N_("%s（第 %d 版）") % (book.title, book.version)
    for line in result.lines:
        yield f"{plain(line.points):>12}  {line.item}  {line.why}"
    yield N_("%s：%s 分（四舍五入前 %s）") % (result.score.name, result.published, plain(result.unrounded))
    for other in evaluation.others:
        yield f"{' '.join(filter(None, (other.score.name, other.person)))}：{other.published}"
    if evaluation.eligible is not None:
        yield N_("有评选资格") if evaluation.eligible else N_("无评选资格")
    if evaluation.outcome:
        yield N_("结果：%s") % evaluation.outcome.name
    for reading in book.readings:
        yield N_("本细则的理解：%s") % reading


COMMANDS = (evaluations,)
