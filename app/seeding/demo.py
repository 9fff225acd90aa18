"""The demo centre: invented, the same on every machine for the same day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from app import clock
from app.accounts.services import hash_password
from app.core.errors import NotAllowed
from app.core.i18n import N_
from app.db.uow import end_reading, unit_of_work
from app.extensions import db
from app.organisation.models import Centre
from app.permissions import Origin, system_actor
from app.seeding import demo_people, demo_places, reference

PASSWORD = "Yunqi-2026-demo"  # noqa: S105  (printed on the sign-in page of every demo)
PREPARED_BEFORE = timedelta(days=60)  # the log begins before the first patrol of the demo month


def run(today: date) -> None:
    """Fill a database that has no centre yet. Raise NotAllowed on any other."""
    end_reading()
    if db.session.scalar(select(Centre.id).limit(1)):
        raise NotAllowed(N_("数据库里已有中心，演示数据只能装入空数据库。"))
    actor = system_actor("演示数据", Origin(route="seed demo"))
    began = clock.at_office(datetime.combine(today - PREPARED_BEFORE, time(8)))
    opened_on = date(today.year - 2, 1, 2)
    password_hash = hash_password(PASSWORD)
    with unit_of_work(actor, began) as uow:
        places = demo_places.plant(uow, reference.read("demo/places.toml"), today, opened_on)
        demo_people.plant(uow, reference.read("demo/people.toml"), places, today, opened_on, password_hash)
    reference.plant(actor, began)
