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
_ACTOR = system_actor("演示数据", Origin(route="seed demo"))
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
    open_centre(today, date(today.year - 2, 1, 2), today - PREPARED_BEFORE)
    grant_absences(today)


def open_centre(today: date, opened_on: date, logged_on: date) -> None:
    """Open the demo centre with its people and what they work by; the log begins on a day after."""
    if not is_empty():
        raise NotAllowed(N_("数据库里已有中心，演示数据只能装入空数据库。"))
    at = _morning(logged_on)
    password_hash = hash_password(PASSWORD)
    with unit_of_work(_ACTOR, at) as uow:
        places = demo_places.plant(uow, reference.read("demo/places.toml"), today, opened_on)
        demo_people.plant(uow, reference.read("demo/people.toml"), places, opened_on, password_hash)
    reference.plant(_ACTOR, at)


def grant_absences(today: date) -> None:
    """Grant the leave and errands around a day."""
    with unit_of_work(_ACTOR, _morning(today - PREPARED_BEFORE)) as uow:
        demo_people.grant_absences(uow, reference.read("demo/people.toml")["absences"], today)


def _morning(day: date) -> datetime:
    return clock.at_office(datetime.combine(day, time(8)))


def sign_ins() -> str:
    """Return the accounts to try, for the terminal."""
    lines = [f"  {username:<14}{role}" for username, role in SIGN_INS]
    return "\n".join([f"演示账号（密码都是 {PASSWORD}）", *lines])
