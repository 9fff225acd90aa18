from __future__ import annotations

import hashlib
from pathlib import Path

import click
from flask.cli import AppGroup

from app import clock
from app.core.i18n import N_
from app.documents import queries
from app.documents.labels import LABELS
from app.documents.rules import DocumentKind, DocumentStatus

documents = AppGroup("documents", help=N_("文书。"))


@documents.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def verify(context: click.Context, file: Path) -> None:
    """核验一个 PDF 文件是不是本系统生成的、现行有效的文书。"""
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    proof = queries.prove(content, sha256)
    if proof is None:
        click.echo(N_("未登记：没有一份文书与这个文件逐字节相同（SHA-256 %s）。") % sha256)
        context.exit(1)
    document = proof.document
    click.echo(N_("文号：%s") % document.number)
    click.echo(N_("种类：%s") % LABELS[DocumentKind][document.kind])
    click.echo(N_("日期：%s") % clock.local(document.numbered_at).date().isoformat())
    click.echo(N_("状态：%s") % LABELS[DocumentStatus][document.status])
    if document.reason:
        click.echo(N_("原因：%s") % document.reason)
    if successor := queries.relations(document).successor:
        click.echo(N_("替代文书：%s") % successor.number)
    if not proof.stored:
        click.echo(N_("警告：数据库中保存的文件与此不同。"))
    if not proof.recorded:
        click.echo(N_("警告：审计日志中没有与此一致的生成记录。"))
    genuine = proof.stored and proof.recorded and document.status is DocumentStatus.ISSUED
    context.exit(0 if genuine else 1)


COMMANDS = (documents,)
