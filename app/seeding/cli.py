"""Commands that fill a database from the files under seeds/."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from app import clock
from app.core.errors import DomainError
from app.core.i18n import N_
from app.permissions import Origin, system_actor

seed = AppGroup("seed", help=N_("装入基础数据或演示数据。"))


@seed.command("reference")
def reference() -> None:
    """装入工作日历和标准巡查清单；已有的不重复装入。"""
    from app.seeding import reference as seeds

    try:
        years, centres = seeds.plant(system_actor(N_("命令行"), Origin(route="seed reference")), clock.now())
    except DomainError as error:
        raise click.ClickException(str(error)) from None
    click.echo(N_("工作日历：%s") % ("、".join(map(str, years)) or N_("没有新的年份")))
    click.echo(N_("巡查清单：%s") % ("、".join(centres) or N_("没有变化")))


@seed.command("demo")
def demo() -> None:
    """在空数据库里建立演示用的虚构中心。"""
    from app.seeding import demo as seeds

    try:
        seeds.run(current_app.config["DUBAN"])
    except DomainError as error:
        raise click.ClickException(str(error)) from None
    click.echo(seeds.sign_ins())


COMMANDS = (seed,)
