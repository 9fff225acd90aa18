"""Where the demo's story is played: its days, its two halls, who acts in them, and what happens when."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from app import clock
from app.accounts.models import User
from app.accounts.queries import build_actor
from app.config import Settings
from app.core.on_behalf import NOBODY, Represented
from app.core.workdays import WorkCalendar
from app.db.uow import end_reading
from app.extensions import db
from app.inspections import plan_queries as plan
from app.inspections import queries as inspections
from app.inspections.rules import ChecklistPurpose, Severity
from app.organisation import queries as organisation
from app.organisation.models import Absence, Centre, Department, Section, StaffMember, Zone
from app.organisation.rules import PointKind
from app.permissions import Actor, Origin, Role
from app.seeding import reference
from app.seeding.demo_photos import Photos
from app.worktime.queries import calendar

SEED = 20261122
DAYS = 92
Event = Callable[[datetime], None]


@dataclass(frozen=True)
class Item:
    """What a checklist asks, with the words of words.toml for it."""

    id: int
    code: str
    wording: str
    kinds: frozenset[str]
    red_line: bool
    minor: bool
    workdays: int
    weight: int
    notes: tuple[str, ...]
    mended: str
    scene: str | None


@dataclass(frozen=True)
class Spot:
    """One patrol point: who answers for it, who serves there with his department, the A-role first."""

    id: int
    number: str
    kind: PointKind
    departments: tuple[int, ...]
    staff: tuple[tuple[int, int | None], ...]


@dataclass(frozen=True)
class Hall:
    """A centre: its zones in walking order, what is asked there, and who supervises."""

    centre_id: int
    name: str
    inspectors: tuple[Actor, ...]
    head: Actor
    zones: Mapping[str, tuple[int, tuple[Spot, ...]]]
    checklists: Mapping[ChecklistPurpose, tuple[int, tuple[Item, ...]]]
    general: int  # the section that answers where no department is at home


@dataclass(frozen=True)
class Answerer:
    """Who takes a body's steps: he himself, or the section head in the name of one without an account."""

    actor: Actor
    person: Represented = NOBODY
    staff_id: int | None = None  # the chief representative; else the user answers himself
    name: str = ""


@dataclass
class Stage:
    """The story as it runs: things that will happen, in the order of their time."""

    settings: Settings
    now: datetime
    story: dict[str, Any]
    calendar: WorkCalendar
    days: list[date]
    halls: tuple[Hall, ...]
    actors: Mapping[str, Actor]
    answerers: Mapping[str, Answerer]  # by `department:3`, `section:1`, `centre:2`
    names: Mapping[str, str]  # of bodies, by the short name of the seed files
    away: Mapping[int, list[tuple[datetime, datetime]]]
    photos: Photos
    rng: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311  (no secret)
    queue: list[tuple[datetime, int, Event]] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=itertools.count)

    @property
    def upper(self) -> Hall:
        return self.halls[0]

    def chance(self, habit: str) -> bool:
        return self.rng.random() < float(self.story["habits"][habit])

    def at(self, when: datetime, what: Event) -> None:
        """Let something happen, unless its time has not come yet."""
        if when <= self.now:
            heapq.heappush(self.queue, (when, next(self.order), what))

    def play(self) -> None:
        while self.queue:
            when, _, what = heapq.heappop(self.queue)
            end_reading()
            what(when)

    def told(self, ago: int, at: str) -> datetime:
        """Return a time of the day that lies so many working days back."""
        return moment(self.days[-1 - ago], at)

    def later(self, day: date, workdays: int) -> date:
        """Return the day so many working days after one."""
        while workdays:
            day += timedelta(days=1)
            workdays -= plan.works(day, self.calendar)
        return day

    def hall_of(self, place: str) -> Hall:
        """Return the hall that has a zone or a patrol point of this name."""
        return next(
            hall
            for hall in self.halls
            if place in hall.zones
            or any(s.number == place for _, spots in hall.zones.values() for s in spots)
        )

    def is_away(self, staff_id: int, at: datetime) -> bool:
        return any(begins <= at < ends for begins, ends in self.away.get(staff_id, ()))


def moment(day: date, at: str) -> datetime:
    return clock.at_office(datetime.combine(day, time.fromisoformat(at)))


def actor_of(user: User, today: date) -> Actor:
    roles = frozenset(grant.role for grant in user.roles if grant.withdrawn_at is None)
    return build_actor(user, roles, today, Origin(route="seed demo"))


def set_up(settings: Settings, now: datetime) -> Stage:
    """Look over the two halls once, as they stand; the story changes none of it."""
    today, days = clock.local(now).date(), calendar()
    every_day = [today - timedelta(days=back) for back in range(DAYS, -1, -1)]
    users = db.session.scalars(select(User).order_by(User.id)).all()
    actors = {user.username: actor_of(user, today) for user in users}
    centres = db.session.scalars(select(Centre).order_by(Centre.id)).all()
    departments = db.session.scalars(select(Department).order_by(Department.id)).all()
    sections = db.session.scalars(select(Section).order_by(Section.id)).all()
    halls = tuple(_hall(centre, today, list(actors.values())) for centre in centres)
    names = {row.short_name: f"department:{row.id}" for row in departments}
    names |= {f"{row.centre_id}:{row.name}": f"section:{row.id}" for row in sections}
    names |= {row.name: f"section:{row.id}" for row in sections}
    names |= {row.short_name: f"centre:{row.id}" for row in centres}
    away: dict[int, list[tuple[datetime, datetime]]] = {}
    for absence in db.session.scalars(select(Absence).order_by(Absence.id)):
        away.setdefault(absence.staff_member_id, []).append((absence.begins_at, absence.ends_at))
    return Stage(
        settings,
        now,
        reference.read("demo/story.toml"),
        days,
        [day for day in every_day if plan.works(day, days)],
        halls,
        actors,
        _answerers(halls, list(actors.values()), departments, today),
        names,
        away,
        Photos(settings, [centre.id for centre in centres], random.Random(SEED)),  # noqa: S311
    )


def _hall(centre: Centre, today: date, actors: list[Actor]) -> Hall:
    own = [actor for actor in actors if actor.centre_id == centre.id]
    general = db.session.scalars(
        select(Section.id).where(Section.centre_id == centre.id).order_by(Section.id.desc())
    ).first()
    zones = db.session.scalars(
        select(Zone).where(Zone.centre_id == centre.id).order_by(Zone.position, Zone.id)
    ).all()
    if general is None:
        raise LookupError("every demo centre has a section of its own")
    return Hall(
        centre.id,
        centre.short_name,
        tuple(actor for actor in own if Role.INSPECTOR in actor.roles),
        next(actor for actor in own if Role.SECTION_HEAD in actor.roles),
        {zone.name: (zone.id, _spots(zone.id, today)) for zone in zones},
        {purpose: _checklist(centre.id, today, purpose) for purpose in ChecklistPurpose},
        general,
    )


def _spots(zone_id: int, today: date) -> tuple[Spot, ...]:
    session = db.session()
    points = organisation.points_of_zone(session, zone_id, today)
    posted = organisation.postings_today(session, [point.id for point in points], today)
    return tuple(
        Spot(
            point.id,
            point.number,
            point.kind,
            tuple(row.id for row in organisation.departments_of_point(session, point, today)),
            tuple((one.staff.id, one.staff.department_id) for one in posted[point.id]),
        )
        for point in points
    )


def _checklist(centre_id: int, today: date, purpose: ChecklistPurpose) -> tuple[int, tuple[Item, ...]]:
    words = reference.words()
    checklist = inspections.current_checklist(centre_id, today, purpose)
    if checklist is None:
        raise LookupError("every demo centre has its checklists")
    return checklist.id, tuple(
        Item(
            row.id,
            row.code,
            row.wording,
            frozenset(row.applies_to),
            bool(row.red_line),
            row.severity is Severity.MINOR,
            row.deadline_workdays or 1,
            words[row.code].get("weight", 1),
            tuple(words[row.code]["notes"]),
            words[row.code]["mended"],
            words[row.code].get("scene"),
        )
        for row in inspections.items_of(checklist.id)
    )


def _answerers(
    halls: tuple[Hall, ...], actors: list[Actor], departments: Any, today: date
) -> dict[str, Answerer]:
    heads = {hall.centre_id: hall.head for hall in halls}
    chiefs = {row: actor for actor in actors for row in actor.department_ids}
    found = {f"centre:{hall.centre_id}": Answerer(hall.head, name=hall.head.name) for hall in halls}
    for actor in actors:
        if Role.SECTION_HEAD in actor.roles and actor.section_id:
            found[f"section:{actor.section_id}"] = Answerer(actor, name=actor.name)
    leading = organisation.chiefs_of(db.session(), [row.id for row in departments], today)
    for row in departments:
        chief: StaffMember = leading[row.id]
        own = chiefs.get(row.id)
        person = NOBODY if own else Represented(chief.name, chief.title)
        found[f"department:{row.id}"] = Answerer(
            own or heads[row.centre_id], person, chief.id, f"{chief.name}（{chief.title}）"
        )
    return found
