from __future__ import annotations

import logging

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from app import clock
from app.core.i18n import N_
from app.db import guards
from app.extensions import db
from app.jobs import claims

jobs = AppGroup("jobs", help=N_("后台任务。"))


@jobs.command("retry")
def retry() -> None:
    """重新执行已停止重试的后台任务。"""
    click.echo(N_("%s 个任务将重新执行。") % claims.retry_failed(clock.now()))


@click.command("work")
@with_appcontext
def work() -> None:
    """执行后台任务（生成文书等），直到收到 SIGTERM。"""
    from app.jobs import worker

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("huey").setLevel(logging.WARNING)
    guards.check(db.engine, current_app.config["DUBAN"])
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    worker.work(app, ready=lambda: logging.info("worker ready"))


COMMANDS = (jobs, work)
