"""Commands that keep a site's data safe."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from app import clock
from app.backup import services
from app.core.errors import DomainError
from app.core.i18n import N_
from app.db.uow import unit_of_work
from app.permissions import Origin, system_actor

backup = AppGroup("backup", help=N_("备份与恢复。"))
PATH = click.Path(path_type=Path)
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@backup.command("create")
@click.argument("target", type=PATH, metavar="FOLDER_OR_FILE")
@click.option("--with-secrets", is_flag=True, help=N_("连同密钥一起写入备份文件"))
def create(target: Path, with_secrets: bool) -> None:
    """把数据库、证据、锚点和字体写入一个文件；备份期间照常办公。"""
    try:
        done = services.create(current_app.config["DUBAN"], target, clock.now(), with_secrets=with_secrets)
    except DomainError as error:
        raise click.ClickException(str(error)) from None
    actor = system_actor(N_("命令行 %s") % getpass.getuser(), Origin(route="backup create"))
    with unit_of_work(actor, clock.now()) as uow:
        services.record_created(uow, done)
    click.echo(
        N_("已备份到 %(path)s：%(files)s 个文件，%(size)s MB")
        % {"path": done.path, "files": f"{done.files:,}", "size": f"{done.size / 1e6:,.1f}"}
    )
    click.echo(f"SHA-256 {done.sha256}")
    if done.secrets:
        click.echo(N_("备份文件含有密钥：谁拿到它，谁就能读出全部受保护的内容。请加密保存，专人保管。"))
    else:
        click.echo(
            N_("备份文件不含密钥。请另外保存 DUBAN_FIELD_KEY 和 DUBAN_SIGNING_KEY：没有它们就不能恢复。")
        )
    for sha256 in done.problems:
        click.echo(N_("证据缺失或已损坏：%s") % sha256, err=True)
    sys.exit(1 if done.problems else 0)


@backup.command("restore")
@click.argument("file", type=EXISTING)
@click.option("--into", required=True, type=PATH, metavar="INSTANCE", help=N_("空的实例文件夹"))
def restore(file: Path, into: Path) -> None:
    """把备份恢复到空的实例文件夹（PostgreSQL 另需空数据库），核对无误才算完成。"""
    try:
        done = services.restore(current_app.config["DUBAN"], file, into)
    except DomainError as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        N_("备份作于 %(at)s；恢复 %(files)s 个文件，核对审计记录 %(entries)s 条、文书 %(documents)s 份：完好")
        % {
            "at": done.made_at,
            "files": f"{done.files:,}",
            "entries": f"{done.report.entries:,}",
            "documents": done.report.documents,
        }
    )
    if done.secrets:
        click.echo(N_("密钥已放回 %s，权限 0600") % into)
    click.echo(N_("已恢复到 %(into)s。以 DUBAN_INSTANCE=%(into)s 启动。") % {"into": into})


COMMANDS = (backup,)
