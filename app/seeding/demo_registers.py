"""The small ledgers of the demo centre, told by seeds/demo/registers.toml through the services."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import select

from app import clock
from app.accounts.models import User
from app.accounts.queries import build_actor
from app.attachments.services import StoredFile, receive, take_room
from app.config import Settings
from app.core.on_behalf import NOBODY, Represented
from app.db.uow import end_reading, root_centre_id, short_transaction, unit_of_work
from app.extensions import db
from app.inspections.plan_queries import works
from app.organisation.models import Department, StaffMember
from app.permissions import Actor, Origin
from app.registers import entry_queries, services
from app.registers.models import RegisterEntry
from app.registers.rules import KINDS, Content, EntryStatus, Kind, Level, Register
from app.seeding.reference import read
from app.worktime.queries import calendar

RECORDERS, CONFIRMERS = ("shenyanqiu", "luoqiming"), ("yansongtao", "gaoweisong")
DAYS = 100
_SHEETS = {Register.PRAISE: ("#f3e6d0", "#a8321f"), Register.HONOUR: ("#f6efda", "#8a6b1f")}


def run(settings: Settings, now: datetime) -> None:
    """Tell what was entered and confirmed before `now`, in the order of its time."""
    told = _Told(settings, now)
    for number, raw in enumerate(read("demo/registers.toml")["entries"]):
        told.plan(number, raw)
    told.play()


class _Told:
    """The entries as they are told: who acts, which days there are, and what happens when."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self.settings, self.now, self.today = settings, now, clock.local(now).date()
        self.centre_id = root_centre_id(db.session())
        self.actors = {
            user.username: self._actor(user)
            for user in db.session.scalars(select(User).where(User.username.in_(RECORDERS + CONFIRMERS)))
        }
        people = db.session.scalars(select(StaffMember).where(StaffMember.centre_id == self.centre_id))
        self.people = {row.name: (row.id, row.department_id) for row in people}
        departments = db.session.scalars(select(Department).where(Department.centre_id == self.centre_id))
        self.departments = {row.short_name: row.id for row in departments}
        known = calendar()
        self.days = [
            day for back in range(DAYS) if works(day := self.today - timedelta(days=back), known)
        ]
        self.sheets = {register: self._sheet(register) for register in _SHEETS}
        self.steps: list[tuple[datetime, int, Callable[[datetime], None]]] = []

    def _actor(self, user: User) -> Actor:
        roles = frozenset(grant.role for grant in user.roles if grant.withdrawn_at is None)
        return build_actor(user, roles, self.today, Origin(route="seed demo"))

    def _sheet(self, register: Register) -> StoredFile:
        """Draw a letter, a banner or a certificate, and put it into the store."""

        def make_room(sha256: str, size: int, name: str) -> None:
            with short_transaction() as session:
                take_room(session, self.centre_id, sha256, size, name)

        paper, ink = _SHEETS[register]
        image = Image.new("RGB", (900, 1200), paper)
        draw = ImageDraw.Draw(image)
        draw.rectangle((40, 40, 860, 1160), outline=ink, width=10)
        draw.rectangle((300, 120, 600, 180), fill=ink)
        for line in range(12):
            draw.rectangle((120, 280 + 60 * line, 780 - 37 * (line % 4), 296 + 60 * line), fill="#6b6357")
        draw.ellipse((600, 960, 760, 1120), outline="#b5321f", width=12)
        file = io.BytesIO()
        image.save(file, "JPEG", quality=80)
        file.seek(0)
        return receive(self.settings.attachments, file, f"{register}.jpg", make_room)

    def plan(self, number: int, raw: Mapping[str, Any]) -> None:
        """Plan that an entry is recorded, and what the second person says the next working day."""
        state = EntryStatus(raw.get("state", EntryStatus.CONFIRMED))
        recorder = self.actors[RECORDERS[number % len(RECORDERS)]]
        decider = self.actors[CONFIRMERS[number % len(CONFIRMERS)]]
        key, reason = f"demo-register-{number}", raw.get("reason", "")

        def record(at: datetime) -> None:
            content = self._content(raw)
            files = (self.sheets[KINDS[content.kind].register],) if KINDS[content.kind].evidence else ()
            with unit_of_work(recorder, at) as uow:
                services.record_entry(uow, self.centre_id, key, content, files)

        def decide(at: datetime) -> None:
            row = db.session.scalars(select(RegisterEntry).where(RegisterEntry.form_key == key)).one()
            entry_id, version = row.id, row.version
            with unit_of_work(decider, at) as uow:
                if state is EntryStatus.REFUSED:
                    services.refuse_entry(uow, entry_id, version, reason)
                else:
                    services.confirm_entries(uow, [(entry_id, version)])
            if state is EntryStatus.VOID:
                with unit_of_work(decider, at + timedelta(minutes=40)) as uow:
                    services.void_entry(uow, entry_id, version + 1, reason)

        self._at(self._moment(raw["ago"], 16, number), record)
        if state is not EntryStatus.RECORDED and raw["ago"]:
            self._at(self._moment(raw["ago"] - 1, 10, number), decide)

    def _at(self, when: datetime, what: Callable[[datetime], None]) -> None:
        if when <= self.now:
            self.steps.append((when, len(self.steps), what))

    def _moment(self, ago: int, hour: int, number: int) -> datetime:
        return clock.at_office(datetime.combine(self.days[ago], time(hour, number % 50)))

    def _content(self, raw: Mapping[str, Any]) -> Content:
        day = self.days[raw["ago"]]
        staff_id, department_id = self.people[raw["staff"]] if "staff" in raw else (None, None)
        point = self._point(staff_id, day)
        return Content(
            kind=Kind(raw["kind"]),
            happened_on=day,
            staff_member_id=staff_id,
            patrol_point_id=point,
            department_id=self.departments[raw["department"]] if "department" in raw else department_id,
            giver=raw.get("giver", ""),
            matter=raw.get("matter", ""),
            awarded_by=raw.get("awarded_by", ""),
            honour_level=Level(raw["level"]) if "level" in raw else None,
            quantity=raw.get("quantity", 1),
            minutes=raw.get("minutes"),
            text=raw.get("text", ""),
            represented=Represented(*raw["on_behalf"]) if "on_behalf" in raw else NOBODY,
        )

    def _point(self, staff_id: int | None, day: date) -> int | None:
        if staff_id is None:
            return None
        found = entry_queries.posted_at(db.session(), [staff_id], day, day).get((staff_id, day))
        return found.id if found else None

    def play(self) -> None:
        for when, _, what in sorted(self.steps, key=lambda step: step[:2]):
            end_reading()
            what(when)
