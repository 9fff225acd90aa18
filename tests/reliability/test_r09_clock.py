"""R9: leap days, years without a calendar, the last minute of the year, clocks set back, other time zones."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.audit import verification
from app.extensions import db
from app.permissions import Role
from tests.cast import NOW
from tests.client import signed_in
from tests.factories.base import one_each
from tests.sweeps import set_up
from tests.web.test_sweep_access import HOLDERS, addresses

pytestmark = pytest.mark.usefixtures("quick_photos")
MOMENTS = {
    "the last minute of the year": datetime(2026, 12, 31, 15, 59, tzinfo=UTC),
    "the first minute of a year without a calendar": datetime(2026, 12, 31, 16, 0, tzinfo=UTC),
    "a leap day without a calendar": datetime(2028, 2, 29, 4, 0, tzinfo=UTC),
    "a working Saturday": datetime(2026, 2, 14, 4, 0, tzinfo=UTC),
    "a day of the Spring Festival": datetime(2026, 2, 17, 4, 0, tzinfo=UTC),
    "set back by two days": NOW - timedelta(days=2),
    "midnight at the office": datetime(2026, 11, 18, 16, 0, tzinfo=UTC),
}
ZONES = ("Asia/Shanghai", "UTC", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu")
READERS = (
    Role.INSPECTOR,
    Role.SECTION_HEAD,
    Role.CHIEF_REPRESENTATIVE,
    Role.SYSTEM_ADMINISTRATOR,
    Role.AUDITOR,
)
# What differs between two answers to one question: tokens, and the number of the request.
CHANCE = re.compile(rb"""name="csrf_token"[^>]*|hx-headers='[^']*'|value="[^"]{60,}"|[0-9a-f]{16,}""")


def test_every_page_opens_at_odd_moments(site: Any, clock: Any, length: Any, tell: Any) -> None:
    urls = addresses(site)
    looked, broken = 0, []
    for moment in length.some(MOMENTS, 8.0):
        clock.set(MOMENTS[moment])
        for role in READERS:
            client = signed_in(site.app, HOLDERS[role])
            for url in length.some(urls.values(), 1.0):
                status = client.get(url).status_code
                looked += 1
                if status >= 500:
                    broken.append(f"{moment}: {url} as {role}: {status}")
    tell(f"pages that failed, of {looked} opened at {len(MOMENTS)} odd moments", len(broken), bar="0",
         held=not broken, seen=broken[:10])  # fmt: skip


def test_every_form_is_taken_or_refused_at_odd_moments(site: Any, clock: Any, length: Any, tell: Any) -> None:
    """What was prepared on an ordinary day is sent at an odd one; then the log is verified."""
    sent, broken = 0, []
    pairs = [(example, moment) for example in one_each() for moment in MOMENTS]
    for example, moment in length.some(pairs, 10.0):
        clock.set(NOW)
        play = set_up(site, example)
        clock.set(MOMENTS[moment])
        response = play.post(play.other(example.actor))
        sent += 1
        if response.status_code >= 500:
            broken.append(f"{example.name} at {moment}: {response.status_code}")
        with site.app.app_context():
            report = verification.verify(db.engine, site.settings)
            db.session.remove()
        broken += [f"{example.name} at {moment}: {fault}" for fault in report.faults if fault.centre_id]
    tell(f"forms that failed, or a log that does not verify, of {sent} sent at odd moments", len(broken),
         bar="0", held=not broken, seen=broken[:10])  # fmt: skip


@pytest.fixture
def zone() -> Iterator[Any]:
    """Move this process to another time zone."""
    home = os.environ.get("TZ")

    def move(name: str | None) -> None:
        if name is None:
            os.environ.pop("TZ", None)
        else:
            os.environ["TZ"] = name
        time.tzset()

    yield move
    move(home)


def test_pages_are_the_same_in_other_time_zones(site: Any, zone: Any, length: Any, tell: Any) -> None:
    urls = addresses(site)
    client = signed_in(site.app, HOLDERS[Role.SECTION_HEAD])
    compared, different = 0, []
    for url in length.some(urls.values(), 6.0):
        seen = set()
        for name in ZONES:
            zone(name)
            seen.add(CHANCE.sub(b"", client.get(url).data))
        compared += 1
        if len(seen) > 1:
            different.append(url)
    what = f"pages that differ between {len(ZONES)} time zones, of {compared}"
    tell(what, len(different), bar="0", held=not different, seen=different[:10])
