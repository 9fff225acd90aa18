"""The first centre of an installation; everything else grows in it."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app import clock
from app.core.i18n import N_
from app.db.uow import unit_of_work
from app.organisation import services
from app.organisation.models import Centre
from app.organisation.rules import CentreLevel
from app.permissions import Origin, system_actor

centres = AppGroup("centres", help=N_("政务服务中心。"))


@centres.command("open")
@click.argument("name")
@click.option("--short-name", required=True, help=N_("简称"))
@click.option("--number-prefix", required=True, help=N_("文号字头，例如 政服督"))
@click.option("--level", type=click.Choice([level.value for level in CentreLevel]), default="city")
@click.option("--parent", "parent_id", type=int, help=N_("上级中心的编号"))
def open_centre(name: str, short_name: str, number_prefix: str, level: str, parent_id: int | None) -> None:
    """建立一个中心，并显示它的编号。"""
    centre = Centre(
        name=name,
        short_name=short_name,
        number_prefix=number_prefix,
        level=CentreLevel(level),
        parent_id=parent_id,
        opened_on=clock.today(),
    )
    with unit_of_work(system_actor(N_("命令行"), Origin(route="centres open")), clock.now()) as uow:
        centre_id = services.open_centre(uow, centre).id
    click.echo(N_("已建立中心：%s（编号 %s）") % (name, centre_id))


COMMANDS = (centres,)
