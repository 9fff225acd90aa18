"""The demo: two invented centres, the same on every machine for the same day."""

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
from app.seeding import demo_people, demo_places, demo_rulebooks, demo_story, reference

PASSWORD = "Yunqi-2026-demo"  # noqa: S105  (shown on the sign-in page of every demo)
_ACTOR = system_actor("演示数据", Origin(route="seed demo"))
PREPARED_BEFORE = timedelta(days=180)  # the log begins before the first month that is scored
CENTRES = ("yunqi", "liuxi")  # the upper one first: folders of seeds/demo
# Accounts of every role, with the centre; the others stand in the people.toml of the centres.
SIGN_INS = (
    ("shenyanqiu", "督查员", "云栖中心"),
    ("luoqiming", "督查员", "云栖中心"),
    ("yansongtao", "科长", "云栖中心"),
    ("gaoweisong", "中心主任", "云栖中心"),
    ("cenxiaoyun", "首席代表", "云栖中心"),
    ("miaoshutang", "首席代表", "云栖中心"),
    ("puzhilin", "窗口工作人员", "云栖中心"),
    ("miaoqinghe", "投诉专员", "云栖中心"),
    ("hexiaolan", "政务公开专员", "云栖中心"),
    ("taozhengyan", "法制审核员", "云栖中心"),
    ("fangyanbing", "审计员", "云栖中心"),
    ("yuankewei", "系统管理员", "云栖中心"),
    ("shiwangshuo", "安全管理员", "云栖中心"),
    ("qiaoyushan", "科长", "柳溪中心"),
    ("shaotingquan", "督查员", "柳溪中心"),
    ("luoxiangwan", "首席代表", "柳溪中心"),
)


def is_empty() -> bool:
    """Return whether the database has no centre yet."""
    end_reading()
    return db.session.scalar(select(Centre.id).limit(1)) is None


def run(settings: Settings | None = None, now: datetime | None = None) -> None:
    """Fill an empty database: the halls, their people and accounts, reference data, three months of work.

    Raise NotAllowed if there is a centre already.
    """
    settings, now = settings or config.load(), now or clock.now()
    plant(clock.local(now).date())
    demo_story.run(settings, now)


def plant(today: date) -> None:
    """Bring in the demo centres as they stand on a day, without the work done there."""
    open_centre(today, date(today.year - 2, 1, 2), today - PREPARED_BEFORE)
    grant_absences(today)


def open_centre(today: date, opened_on: date, logged_on: date) -> None:
    """Open the demo centres with their people and what they work by; the log begins on a day after."""
    if not is_empty():
        raise NotAllowed(N_("数据库里已有中心，演示数据只能装入空数据库。"))
    at = _morning(logged_on)
    password_hash = hash_password(PASSWORD)
    upper: int | None = None
    for folder in CENTRES:
        places_of, people_of = (reference.read(f"demo/{folder}/{name}.toml") for name in ("places", "people"))
        with unit_of_work(_ACTOR, at) as uow:  # one unit of work, one centre's chain
            places = demo_places.plant(uow, places_of, today, opened_on, upper)
            demo_people.plant(uow, people_of, places, opened_on, password_hash)
        upper = upper or places.centre_id
    reference.plant(_ACTOR, at)
    demo_rulebooks.plant(_ACTOR, at)


def grant_absences(today: date) -> None:
    """Grant the leave and errands around a day."""
    for folder in CENTRES:
        granted = reference.read(f"demo/{folder}/people.toml")["absences"]["granted"]
        with unit_of_work(_ACTOR, _morning(today - PREPARED_BEFORE)) as uow:
            demo_people.grant_absences(uow, granted, today)


def _morning(day: date) -> datetime:
    return clock.at_office(datetime.combine(day, time(8)))


def sign_ins() -> str:
    """Return the accounts to try, for the terminal."""
    lines = [f"  {username:<14}{centre}  {role}" for username, role, centre in SIGN_INS]
    return "\n".join([f"演示账号（密码都是 {PASSWORD}）", *lines])
