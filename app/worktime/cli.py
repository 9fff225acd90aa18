"""Commands about working days. `due` is pure: it needs no database, no secret and no clock."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import click

from app.core.clock import ClockEvent, ClockRule, ClockState, EventKind, replay
from app.core.errors import DomainError
from app.core.i18n import N_
from app.worktime.calendar_files import load

CALENDARS = Path(__file__).resolve().parents[2] / "seeds" / "calendars"
MAX_WORKDAYS = 3000
YEARS = range(1949, 2200)
WEEKDAYS = "一二三四五六日"


def parse_day(ctx: click.Context, param: click.Parameter, value: str) -> date:
    """Read a date written like 2026-01-01."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        day = None
    if day is None or day.isoformat() != value or day.year not in YEARS:
        raise click.BadParameter(N_("“%s”不是有效日期，请写成 2026-01-01 的形式。") % value)
    return day


def parse_workdays(ctx: click.Context, param: click.Parameter, value: str) -> int:
    """Read a number of working days."""
    digits = value.isascii() and value.isdecimal() and len(value) <= len(str(MAX_WORKDAYS))
    if not digits or not 1 <= int(value) <= MAX_WORKDAYS:
        raise click.BadParameter(N_("工作日数应当是 1 到 %s 的整数。") % MAX_WORKDAYS)
    return int(value)


@click.group()
def calendar() -> None:
    """工作日历。"""


@calendar.command()
@click.option(
    "--from", "start", required=True, callback=parse_day, metavar="DATE", help=N_("起算日，当日不计入")
)
@click.option("--workdays", required=True, callback=parse_workdays, metavar="N", help=N_("工作日数"))
@click.option("--json", "as_json", is_flag=True, help=N_("输出 JSON"))
def due(start: date, workdays: int, as_json: bool) -> None:
    """计算起算日之后第 N 个工作日，并逐日说明。"""
    try:
        work_calendar = load(CALENDARS)
    except DomainError as error:
        raise click.ClickException(str(error)) from None
    state = replay([ClockEvent(EventKind.START, start)], ClockRule(workdays), work_calendar, today=start)
    click.echo(_as_json(state) if as_json else _as_text(state, workdays))


def _as_json(state: ClockState) -> str:
    days = [
        {"date": line.date.isoformat(), "kind": line.kind, "counted": line.counted, "why": line.why}
        for line in state.days
    ]
    answer = {
        "due": state.due and state.due.isoformat(),
        "provisional": state.provisional,
        "estimate": state.estimate and state.estimate.isoformat(),
        "days": days,
    }
    return json.dumps(answer, ensure_ascii=False, indent=2)


def _as_text(state: ClockState, workdays: int) -> str:
    lines = [N_("起算日：%s（当日不计入），%s 个工作日") % (_day(state.started), workdays)]
    if state.due:
        lines.append(N_("到期日：%s") % _day(state.due))
    if state.estimate:
        lines.append(N_("到期日：暂定 %s（途经年份的工作日历尚未录入，只扣除周末）") % _day(state.estimate))
    count = 0
    for line in state.days:
        count += line.counted
        lines.append(f"{_day(line.date)}  {count if line.counted else '-':>4}  {line.why}")
    return "\n".join(lines)


def _day(day: date) -> str:
    return f"{day.isoformat()} 周{WEEKDAYS[day.weekday()]}"


COMMANDS = (calendar,)
