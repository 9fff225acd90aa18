"""The demo centre: invented, the same on every machine for the same day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from app import clock, config
from app.accounts.services import hash_password
from app.config import Settings
from app.core.errors import NotAllowed
from app.core.i18n import N_
from app.db.uow import end_reading, unit_of_work
from app.extensions import db
from app.organisation.models import Centre
from app.permissions import Origin, system_actor
from app.seeding import demo_month, demo_people, demo_places, reference

PASSWORD = "Yunqi-2026-demo"  # noqa: S105  (shown on the sign-in page of every demo)
PREPARED_BEFORE = timedelta(days=60)  # the log begins before the first patrol of the demo month
# One account of each role; the others are in seeds/demo/people.toml.
SIGN_INS = (
    ("shenyanqiu", "督查员"),
    ("luoqiming", "督查员"),
    ("yansongtao", "科长"),
    ("gaoweisong", "中心主任"),
    ("cenxiaoyun", "首席代表"),
    ("miaoshutang", "首席代表"),
    ("puzhilin", "窗口工作人员"),
    ("miaoqinghe", "投诉专员"),
    ("hexiaolan", "政务公开专员"),
    ("taozhengyan", "法制审核员"),
    ("fangyanbing", "审计员"),
    ("yuankewei", "系统管理员"),
    ("shiwangshuo", "安全管理员"),
)


def is_empty() -> bool:
    """Return whether the database has no centre yet."""
    end_reading()
    return db.session.scalar(select(Centre.id).limit(1)) is None


def run(settings: Settings | None = None, now: datetime | None = None) -> None:
    """Fill an empty database: the hall, its people and accounts, reference data, a month of work.

    Raise NotAllowed if there is a centre already.
    """
    settings, now = settings or config.load(), now or clock.now()
    plant(clock.local(now).date())
    demo_month.run(settings, now)


def plant(today: date) -> None:
    """Bring in the demo centre as it stands on a day, without the work done there."""
    if not is_empty():
        raise NotAllowed(N_("数据库里已有中心，演示数据只能装入空数据库。"))
    actor = system_actor("演示数据", Origin(route="seed demo"))
    began = clock.at_office(datetime.combine(today - PREPARED_BEFORE, time(8)))
    opened_on = date(today.year - 2, 1, 2)
    password_hash = hash_password(PASSWORD)
    with unit_of_work(actor, began) as uow:
        places = demo_places.plant(uow, reference.read("demo/places.toml"), today, opened_on)
        demo_people.plant(uow, reference.read("demo/people.toml"), places, today, opened_on, password_hash)
    reference.plant(actor, began)


def sign_ins() -> str:
    """Return the accounts to try, for the terminal."""
    lines = [f"  {username:<14}{role}" for username, role in SIGN_INS]
    return "\n".join([f"演示账号（密码都是 {PASSWORD}）", *lines])
