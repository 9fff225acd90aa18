"""Commands that fill a database from the files under seeds/."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import AppGroup

from app import clock
from app.core.errors import DomainError
from app.core.i18n import N_
from app.permissions import Origin, system_actor

if TYPE_CHECKING:
    from app.seeding.large import Progress

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
@click.option(
    "--size",
    type=click.Choice(["small", "large"]),
    default="small",
    show_default=True,
    help=N_("large：七年、一百万条问题，需要约十分钟和 8 GB 磁盘空间"),
)
def demo(size: str) -> None:
    """在空数据库里建立演示用的虚构中心。"""
    from app.seeding import demo as seeds
    from app.seeding import large

    settings, now = current_app.config["DUBAN"], clock.now()
    try:
        if size == "large":
            large.run(settings, now, lambda progress: click.echo(_as_text(progress)))
        else:
            seeds.run(settings, now)
    except DomainError as error:
        raise click.ClickException(str(error)) from None
    click.echo(seeds.sign_ins())


def _as_text(progress: Progress) -> str:
    return N_("%(day)s：问题 %(findings)s 条，日志 %(entries)s 条，用时 %(seconds)s 秒") % {
        "day": progress.day,
        "findings": f"{progress.findings:,}",
        "entries": f"{progress.entries:,}",
        "seconds": f"{progress.seconds:.0f}",
    }


COMMANDS = (seed,)
