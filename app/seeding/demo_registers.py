"""The small ledgers of the upper demo centre, told by seeds/demo/registers.toml through the services."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import select

from app import clock
from app.attachments.services import StoredFile, receive, take_room
from app.core.on_behalf import NOBODY, Represented
from app.db.uow import short_transaction, unit_of_work
from app.extensions import db
from app.inspections.models import Finding
from app.inspections.rules import FindingSource, FindingStatus
from app.organisation.models import Department, StaffMember
from app.permissions import Actor
from app.registers import entry_queries, services
from app.registers.models import RegisterEntry
from app.registers.rules import KINDS, Content, EntryStatus, Kind, Level, Register, join_shown
from app.seeding import demo_months
from app.seeding.demo_stage import Event, Stage, moment
from app.seeding.reference import read

RECORDERS, CONFIRMERS = ("shenyanqiu", "luoqiming"), ("yansongtao", "gaoweisong")
PLAYED = 3  # clips at a meeting
_PAPERS = {Register.PRAISE: ("#f3e6d0", "#a8321f"), Register.HONOUR: ("#f6efda", "#8a6b1f")}


@dataclass(frozen=True)
class _Hall:
    """What the entries need to know of the centre."""

    centre_id: int
    people: Mapping[str, tuple[int, int | None]]
    departments: Mapping[str, int]
    papers: Mapping[Register, StoredFile]


def plan(stage: Stage) -> None:
    """Plan that each entry is recorded, and what a second person says to it the next working day."""
    hall = _hall(stage)
    for number, told in enumerate(read("demo/registers.toml")["entries"]):
        state = EntryStatus(told.get("state", EntryStatus.CONFIRMED))
        recorder, decider = (stage.actors[names[number % len(names)]] for names in (RECORDERS, CONFIRMERS))
        key, minute, day = f"demo-register-{number}", number % 50, _day(stage, told)
        stage.at(moment(day, f"16:{minute:02}"), _record(hall, told, day, key, recorder))
        if state is EntryStatus.RECORDED:
            continue
        next_day = stage.later(day, 1)
        stage.at(moment(next_day, f"10:{minute:02}"), _decide(key, state, told.get("reason", ""), decider))
        if state is EntryStatus.VOID:
            stage.at(moment(next_day, f"15:{minute:02}"), _void(key, told["reason"], decider))


def _day(stage: Stage, told: Mapping[str, Any]) -> date:
    """Return the day an entry is told of, by working days back or by a month and its working day."""
    return demo_months.day_told(stage, told) if "month" in told else stage.days[-1 - told["ago"]]


def _hall(stage: Stage) -> _Hall:
    centre_id = stage.upper.centre_id
    people = db.session.scalars(select(StaffMember).where(StaffMember.centre_id == centre_id))
    departments = db.session.scalars(select(Department).where(Department.centre_id == centre_id))
    return _Hall(
        centre_id,
        {row.name: (row.id, row.department_id) for row in people},
        {row.short_name: row.id for row in departments},
        {register: _paper(stage, centre_id, register) for register in _PAPERS},
    )


def _paper(stage: Stage, centre_id: int, register: Register) -> StoredFile:
    """Draw a letter or a certificate, and put it into the store."""

    def make_room(sha256: str, size: int, name: str) -> None:
        with short_transaction() as session:
            take_room(session, centre_id, sha256, size, name)

    ground, ink = _PAPERS[register]
    image = Image.new("RGB", (900, 1200), ground)
    draw = ImageDraw.Draw(image)
    draw.rectangle((40, 40, 860, 1160), outline=ink, width=10)
    draw.rectangle((300, 120, 600, 180), fill=ink)
    for line in range(11):
        draw.rectangle((120, 280 + 60 * line, 780 - 37 * (line % 4), 296 + 60 * line), fill="#6b6357")
    draw.ellipse((600, 960, 760, 1120), outline="#b5321f", width=12)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    file.seek(0)
    return receive(stage.settings.attachments, file, f"{register}.jpg", make_room)


def _record(hall: _Hall, told: Mapping[str, Any], day: date, key: str, recorder: Actor) -> Event:
    def happen(at: datetime) -> None:
        content = _content(hall, told, day)
        rule = KINDS[content.kind]
        files = (hall.papers[rule.register],) if rule.evidence else ()
        with unit_of_work(recorder, at) as uow:
            services.record_entry(uow, hall.centre_id, key, content, files)

    return happen


def _decide(key: str, state: EntryStatus, reason: str, decider: Actor) -> Event:
    def happen(at: datetime) -> None:
        entry_id, version = _entry(key)
        with unit_of_work(decider, at) as uow:
            if state is EntryStatus.REFUSED:
                services.refuse_entry(uow, entry_id, version, reason)
            else:
                services.confirm_entries(uow, [(entry_id, version)])

    return happen


def _void(key: str, reason: str, decider: Actor) -> Event:
    def happen(at: datetime) -> None:
        entry_id, version = _entry(key)
        with unit_of_work(decider, at) as uow:
            services.void_entry(uow, entry_id, version, reason)

    return happen


def _entry(key: str) -> tuple[int, int]:
    row = db.session.scalars(select(RegisterEntry).where(RegisterEntry.form_key == key)).one()
    return row.id, row.version


def _content(hall: _Hall, told: Mapping[str, Any], day: date) -> Content:
    staff_id, department_id = hall.people[told["staff"]] if "staff" in told else (None, None)
    posted = entry_queries.posted_at(db.session(), [staff_id], day, day) if staff_id else {}
    point = next(iter(posted.values()), None)
    return Content(
        kind=Kind(told["kind"]),
        happened_on=day,
        staff_member_id=staff_id,
        patrol_point_id=point.id if point else None,
        department_id=hall.departments[told["department"]] if "department" in told else department_id,
        giver=told.get("giver", ""),
        matter=told.get("matter", ""),
        awarded_by=told.get("awarded_by", ""),
        honour_level=Level(told["level"]) if "level" in told else None,
        quantity=told.get("quantity", 1),
        minutes=told.get("minutes"),
        shown=_played(hall.centre_id, day) if "shown" in KINDS[Kind(told["kind"])].required else "",
        text=told.get("text", ""),
        represented=Represented(*told["on_behalf"]) if "on_behalf" in told else NOBODY,
    )


def _played(centre_id: int, day: date) -> str:
    """Return the numbers of the latest findings of which a meeting of that day has clips."""
    filmed = select(Finding.number).where(
        Finding.centre_id == centre_id,
        Finding.source.in_((FindingSource.VIDEO, FindingSource.MYSTERY)),
        Finding.status != FindingStatus.VOID,
        Finding.occurred_at < clock.at_office(datetime.combine(day, time(12))),
    )
    latest = filmed.order_by(Finding.occurred_at.desc(), Finding.id.desc()).limit(PLAYED)
    return join_shown(db.session.scalars(latest))
