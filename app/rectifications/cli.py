"""Commands about the ledger of rectifications."""

from __future__ import annotations

from datetime import datetime

import click
from flask.cli import AppGroup

from app import clock
from app.core.i18n import N_
from app.db.uow import unit_of_work
from app.extensions import db
from app.permissions import Origin, system_actor
from app.rectifications import clocks as ledger
from app.rectifications.models import Rectification
from app.worktime.queries import calendar

rectifications = AppGroup("rectifications", help=N_("整改台账。"))
ROUTE = "rectifications clocks"


@rectifications.command("clocks")
@click.option("--rebuild", is_flag=True, help=N_("按时限计算的结果改正台账"))
@click.pass_context
def clocks(context: click.Context, rebuild: bool) -> None:
    """核对未销号整改的到期时间与时限计算是否一致；不一致时退出码为 1。"""
    days = calendar()
    found = ledger.moved_clocks(db.session(), days)
    for moved in found:
        values = {"number": moved.number, "cached": _minute(moved.before), "computed": _minute(moved.after)}
        click.echo(N_("%(number)s：台账 %(cached)s，应为 %(computed)s") % values)
    click.echo(N_("不一致 %d 件。") % len(found))
    if not rebuild:
        context.exit(1 if found else 0)
    actor = system_actor(ROUTE, Origin(route=ROUTE))
    for moved in found:
        with unit_of_work(actor, clock.now()) as uow:
            ledger.rebuild_due(uow, uow.get(Rectification, moved.row_id), days)
    click.echo(N_("已改正 %d 件。") % len(found))


def _minute(instant: datetime) -> str:
    return clock.local(instant).strftime("%Y-%m-%d %H:%M")


COMMANDS = (rectifications,)
