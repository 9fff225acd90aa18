"""Commands about the ledger of rectifications."""

from __future__ import annotations

from datetime import datetime

import click
from flask.cli import AppGroup

from app import clock
from app.core.i18n import N_
from app.db.uow import unit_of_work
from app.permissions import Origin, system_actor
from app.rectifications import queries, services
from app.rectifications.models import Rectification

rectifications = AppGroup("rectifications", help=N_("整改台账。"))
ROUTE = "rectifications clocks"


@rectifications.command("clocks")
@click.option("--rebuild", is_flag=True, help=N_("按时限计算的结果改正台账"))
@click.pass_context
def clocks(context: click.Context, rebuild: bool) -> None:
    """核对未销号整改的到期时间与时限计算是否一致；不一致时退出码为 1。"""
    found = [(row.id, row.number, row.due_at, due_at) for row, due_at, _ in queries.moved_clocks()]
    for _id, number, cached, computed in found:
        values = {"number": number, "cached": _minute(cached), "computed": _minute(computed)}
        click.echo(N_("%(number)s：台账 %(cached)s，应为 %(computed)s") % values)
    click.echo(N_("不一致 %d 件。") % len(found))
    if not rebuild:
        context.exit(1 if found else 0)
    actor = system_actor(ROUTE, Origin(route=ROUTE))
    for row_id, *_ in found:
        with unit_of_work(actor, clock.now()) as uow:
            services.rebuild_due(uow, uow.get(Rectification, row_id))
    click.echo(N_("已改正 %d 件。") % len(found))


def _minute(instant: datetime) -> str:
    return clock.local(instant).strftime("%Y-%m-%d %H:%M")


COMMANDS = (rectifications,)
