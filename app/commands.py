"""Commands that belong to no feature: the database, serving, the demo, the catalogue."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import click
from flask import current_app
from flask.cli import AppGroup

from app import components
from app.config import ROOT, Settings
from app.core.i18n import N_
from app.db import guards
from app.extensions import db
from app.web.catalogue import COMMANDS as CATALOGUE

database = AppGroup("db", help="Set up and migrate the database.")
WEB_WORKERS = 2  # sync workers: threads do not help pages that cost processor time
DIRECT_THREADS = 4  # without a proxy: a browser opens connections ahead, and each would hold a sync worker


@database.command("upgrade")
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the database to the newest (or a given) revision, as its owner."""
    from app.db import migrate

    migrate.upgrade(current_app.config["DUBAN"], revision)


def _gunicorn(host: str, port: int, workers: int, threads: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "gunicorn",
        *("--bind", f"{host}:{port}", "--workers", str(workers), "--threads", str(threads)),
        "--timeout",
        "120",
        "--graceful-timeout",
        "10",
        "--no-control-socket",
        "--preload",  # what is loaded once is shared by the workers
        "wsgi:app",
    ]


@click.command("sbom")
@click.option("--licences", is_flag=True, help=N_("只列名称、版本和许可"))
def sbom(licences: bool) -> None:
    """列出所用软件包及其许可（CycloneDX JSON）。"""
    if licences:
        for part in components.parts():
            click.echo("  ".join(part))
    else:
        click.echo(json.dumps(components.bill_of_materials(), ensure_ascii=False, indent=2))


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=WEB_WORKERS, show_default=True)
@click.option("--threads", default=1, show_default=True, help=N_("浏览器不经代理直接访问时用 4"))
def serve(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the pages; `work` runs beside it."""
    guards.check(db.engine, current_app.config["DUBAN"])
    os.chdir(ROOT)
    os.execv(sys.executable, _gunicorn(host, port, workers, threads))  # noqa: S606  (our own command line)


@click.command("demo")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
def demo(host: str, port: int) -> None:
    """Set up an embedded database, load the demo centre once, and serve it with its worker."""
    from app.db import migrate
    from app.seeding import demo as seeds

    settings: Settings = current_app.config["DUBAN"]
    if settings.env == "production":
        raise click.ClickException(N_("demo 只用于演示；正式环境请分别运行 serve 和 work。"))
    os.environ.setdefault("DUBAN_BASE_URL", f"http://{host}:{port}")  # the QR codes lead to this very server
    settings = replace(settings, base_url=os.environ["DUBAN_BASE_URL"])
    loading = settings.instance / "demo-loading"
    if settings.own_database and loading.exists():
        _set_aside(settings)  # a load that was interrupted: half a demo would only puzzle people
    migrate.upgrade(settings)
    if settings.own_database and seeds.is_empty():
        click.echo(N_("正在载入演示数据（仅首次）……"))
        loading.touch()
        seeds.run(settings)
        loading.unlink()
    click.echo(f"\n  督办  http://{host}:{port}\n")
    if settings.env == "demo":
        click.echo(seeds.sign_ins())
    web = _gunicorn(host, port, WEB_WORKERS, DIRECT_THREADS)
    _run_together(web, [sys.executable, "-m", "flask", "--app", "wsgi", "work"], lambda: _answers(host, port))


def _set_aside(settings: Settings) -> None:
    """Rename a half-loaded demo database; nothing is deleted."""
    for path in settings.instance.glob("duban.db*"):
        path.rename(path.with_name(f"interrupted-{time.time_ns()}-{path.name}"))


def _answers(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def _run_together(web: Sequence[str], worker: Sequence[str], serving: Callable[[], bool]) -> None:
    """Run both, the worker once the pages are there, until one ends or we are told to stop."""
    running = [subprocess.Popen(web, cwd=ROOT)]  # noqa: S603  (our own command line)
    wanted = True

    def stop(*_: object) -> None:
        nonlocal wanted
        wanted = False

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while wanted and all(process.poll() is None for process in running):
        if len(running) == 1 and serving():
            running.append(subprocess.Popen(worker, cwd=ROOT))  # noqa: S603  (our own)
        time.sleep(0.2)
    for process in running:
        if process.poll() is None:
            process.terminate()
    code = max((process.wait() for process in running), default=0)
    if wanted:
        sys.exit(code or 1)


COMMANDS = (database, serve, demo, sbom, *CATALOGUE)
