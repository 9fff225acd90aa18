"""Commands about the audit log."""

from __future__ import annotations

import getpass
import json
from datetime import datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from app import clock
from app.audit import anchors, checkpoints, keys, reports, services, verification
from app.audit.export import Wanted
from app.audit.reports import Report
from app.core.errors import DomainError
from app.core.i18n import N_
from app.extensions import db
from app.permissions import Origin, system_actor

audit = AppGroup("audit", help=N_("审计日志。"))
DAY = click.DateTime(["%Y-%m-%d"])


@audit.command("verify")
@click.option("--json", "as_json", is_flag=True, help=N_("输出 JSON"))
@click.option("--since-checkpoint", is_flag=True, help=N_("只核对各链最后一个有效检查点之后的记录"))
@click.pass_context
def verify(context: click.Context, as_json: bool, since_checkpoint: bool) -> None:
    """核对审计链、检查点、锚点和已生成的文书；有问题时退出码为 1。"""
    settings = current_app.config["DUBAN"]
    report = verification.verify(db.engine, settings, full=not since_checkpoint)
    result = reports.as_json(report, clock.now(), N_("命令行 %s") % getpass.getuser())
    reports.keep(settings.instance, result)
    click.echo(json.dumps(result, ensure_ascii=False, indent=2) if as_json else _as_text(report))
    context.exit(0 if report.ok else 1)


def _as_text(report: Report) -> str:
    lines = []
    for chain in report.chains:
        last = N_("空链") if chain.last_seq is None else f"{chain.centre_id}/{chain.last_seq}"
        lines.append(
            N_("链 %(chain)s：核对 %(entries)s 条，最后一条 %(last)s，%(unanchored)s 条晚于最后的锚点")
            % {
                "chain": chain.centre_id,
                "entries": f"{chain.entries:,}",
                "last": last,
                "unanchored": chain.unanchored,
            }
        )
    lines.append(
        N_("检查点 %(checkpoints)s 个，锚点 %(anchors)s 个，文书 %(documents)s 份，用时 %(seconds)s 秒")
        % {
            "checkpoints": report.checkpoints,
            "anchors": report.anchors,
            "documents": report.documents,
            "seconds": f"{report.seconds:.1f}",
        }
    )
    lines += [f"{fault.place}  {fault.problem}  {fault.about}".rstrip() for fault in report.faults]
    lines.append(N_("完好") if report.ok else N_("发现问题，以上所列各处请立即核查"))
    return "\n".join(lines)


@audit.command("checkpoint")
def checkpoint() -> None:
    """签署各链的检查点，并写入锚点文件（请复制到另一台机器）。"""
    settings = current_app.config["DUBAN"]
    signed = checkpoints.sign(settings, clock.now())
    for each in signed:
        click.echo(f"{each.centre_id}/{each.seq}  {each.hash}  {each.key_id}")
    if signed:
        click.echo(N_("已写入 %s") % anchors.anchor_file(settings.instance))
    else:
        click.echo(N_("没有新的记录，不需要签署。"))


@audit.command("key")
def key() -> None:
    """显示签署检查点的公钥和指纹，以及更换密钥时要写入 DUBAN_RETIRED_KEYS 的内容。"""
    public = keys.public_key(current_app.config["DUBAN"])
    click.echo(N_("公钥 %s") % public.hex())
    click.echo(N_("指纹 %s") % keys.grouped(keys.key_name(public)))
    click.echo(
        N_("停用时写入 DUBAN_RETIRED_KEYS：%s") % f"{public.hex()}@{clock.now():%Y-%m-%dT%H:%M:%S+00:00}"
    )


@audit.command("export")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--from", "since", type=DAY, help=N_("起始日期，含当日"))
@click.option("--to", "until", type=DAY, help=N_("截止日期，含当日"))
@click.option("--centre", "centre_id", type=int, help=N_("只导出一个中心的链"))
def export(file: Path, since: datetime | None, until: datetime | None, centre_id: int | None) -> None:
    """把审计日志导出为可在另一台电脑上核对的文件；导出本身也记入日志。"""
    actor = system_actor(N_("命令行 %s") % getpass.getuser(), Origin(route="audit export"))
    wanted = Wanted(
        since and since.date(),
        until and until.date(),
        None if centre_id is None else frozenset({centre_id}),
    )
    checkpoints.sign(current_app.config["DUBAN"], clock.now())  # so that it vouches for all of the file
    try:
        done = services.export_log(
            db.engine,
            current_app.config["DUBAN"],
            actor,
            clock.now(),
            file,
            wanted,
        )
    except DomainError as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        N_("已导出 %(entries)s 条记录、%(checkpoints)s 个检查点") % {**done.__dict__}
        + f"\nSHA-256 {done.sha256}"
    )


COMMANDS = (audit,)
