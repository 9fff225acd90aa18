"""The smallest honest Flask application with a list page: what ours is compared with.

Sign-in cookie, one look-up of the user, one keyset query of 50 objects through the ORM, one template
of a table with nine columns, CSRF protection. No roles, no scope, no filters, no counts, no languages,
no macros, no audit.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, request
from flask_login import LoginManager, UserMixin, login_required, login_user
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import DateTime, Index, String, insert, select, tuple_
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

MENU = ("巡查", "问题", "整改", "文书", "巡查点", "人员", "用户", "审计")
PAGE = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>问题</title>
<link rel="stylesheet" href="/static/app.css"></head><body>
<nav>{% for name in menu %}<a href="/{{ name }}">{{ name }}</a> {% endfor %}</nav><h1>问题</h1>
<table><thead><tr><th>编号</th><th>项目</th><th>巡查点</th><th>责任单位</th><th>当事人</th>
<th>时间</th><th>照片</th><th>状态</th><th></th></tr></thead><tbody>
{% for row in rows %}<tr id="r{{ row.id }}"><td><a href="/findings/{{ row.id }}">{{ row.number }}</a></td>
<td>{{ row.item }}</td><td>{{ row.place }}</td><td>{{ row.owner }}</td><td>{{ row.person }}</td>
<td>{{ row.at.strftime("%Y-%m-%d %H:%M") }}</td><td class="num">{{ row.photos }}</td>
<td><span class="tag {{ row.status }}">{{ row.status }}</span></td>
<td><button hx-post="/findings/{{ row.id }}/close" hx-target="#r{{ row.id }}">关闭</button></td></tr>
{% endfor %}</tbody></table>
{% if rows %}<a href="?at={{ rows[-1].at.isoformat() }}&amp;id={{ rows[-1].id }}">下一页</a>{% endif %}
</body></html>"""


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)


class User(UserMixin, db.Model):  # type: ignore[name-defined]
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))


class Finding(db.Model):  # type: ignore[name-defined]
    __tablename__ = "findings"
    __table_args__ = (Index("ix_findings_at", "at", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20))
    item: Mapped[str] = mapped_column(String(60))
    place: Mapped[str] = mapped_column(String(60))
    owner: Mapped[str] = mapped_column(String(60))
    person: Mapped[str] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(DateTime)
    photos: Mapped[int]
    note: Mapped[str] = mapped_column(String(200))


def create_app() -> Flask:
    """Build the application on the database that FLOOR_DATABASE names."""
    app = Flask("floor")
    app.config.update(SECRET_KEY="floor" * 8, SQLALCHEMY_DATABASE_URI=os.environ["FLOOR_DATABASE"])
    db.init_app(app)
    CSRFProtect(app)
    manager = LoginManager(app)
    template = app.jinja_env.from_string(PAGE)
    manager.user_loader(lambda key: db.session.get(User, int(key)))

    @app.get("/findings")
    @login_required
    def findings() -> str:
        statement = select(Finding)
        if "at" in request.args:
            place = (datetime.fromisoformat(request.args["at"]), int(request.args["id"]))
            statement = statement.where(tuple_(Finding.at, Finding.id) < tuple_(*place))
        rows = db.session.scalars(statement.order_by(Finding.at.desc(), Finding.id.desc()).limit(50)).all()
        return template.render(rows=rows, menu=MENU)

    @app.get("/sign-in")
    def sign_in() -> str:
        login_user(db.session.get(User, 1))
        return "ok"

    return app


def fill(app: Flask, count: int) -> None:
    """Fill an empty database with `count` rows; one that is filled already stays as it is."""
    start = datetime(2026, 11, 18, 9, tzinfo=UTC).replace(tzinfo=None)
    with app.app_context():
        db.create_all()
        if db.session.get(User, 1):
            return
        db.session.execute(insert(User), [{"id": 1, "name": "沈砚秋"}])
        for first in range(0, count, 20_000):
            db.session.execute(
                insert(Finding), [_row(start, number) for number in range(first, min(first + 20_000, count))]
            )
        db.session.commit()


def _row(start: datetime, number: int) -> dict[str, Any]:
    return {
        "number": f"B{number:08d}",
        "item": "工作时间空岗、脱岗，未公示去向",
        "place": "A01 企业开办窗口",
        "owner": "市场监管局",
        "person": "王小明",
        "status": "open",
        "at": start - timedelta(seconds=91 * number),
        "photos": number % 3,
        "note": "巡查时不在岗，未见离岗公示牌。",
    }


def cookie(app: Flask) -> str:
    """Return the Cookie header of the floor's user."""
    return app.test_client().get("/sign-in").headers["Set-Cookie"].split(";")[0]
