"""The smallest honest Flask application with a list page: what ours is compared with.

Sign-in cookie, one look-up of the user, one keyset query of 50 objects through the ORM, one template
of a table with nine columns, CSRF protection. No roles, no scope, no filters, no counts, no languages,
no macros, no audit.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

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


def build(file: Path, count: int) -> tuple[Flask, str]:
    """Return the application on a new database of `count` rows, and the Cookie header of its user."""
    app = Flask("floor")
    app.config.update(SECRET_KEY="floor" * 8, SQLALCHEMY_DATABASE_URI=f"sqlite:///{file}")
    db = SQLAlchemy(app, model_class=Base)
    CSRFProtect(app)
    manager = LoginManager(app)
    template = app.jinja_env.from_string(PAGE)

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

    start = datetime(2026, 11, 18, 9, tzinfo=UTC).replace(tzinfo=None)
    with app.app_context():
        db.create_all()
        with db.engine.begin() as connection:
            connection.execute(insert(User), [{"id": 1, "name": "沈砚秋"}])
            rows = [
                {
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
                for number in range(count)
            ]
            connection.execute(insert(Finding), rows)
    header = app.test_client().get("/sign-in").headers["Set-Cookie"]
    return app, header.split(";")[0]
