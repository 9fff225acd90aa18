"""The upper demo centre as the large demo walks it: its places, who answers for them, its working days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from app import clock
from app.accounts.models import User
from app.core.workdays import WorkCalendar
from app.db.mixins import Audited
from app.documents.models import Document, DocumentFile
from app.extensions import db
from app.inspections import plan_queries as plan
from app.inspections import queries as inspections
from app.inspections.models import ChecklistItem, Finding, Patrol, PatrolCheck
from app.inspections.rules import Answer
from app.organisation import queries as organisation
from app.organisation.models import Centre, Section, Zone
from app.permissions import Actor, Role
from app.rectifications import rules
from app.rectifications.models import Recheck, Rectification, RectifiedFinding, Submission
from app.rectifications.rules import Deadline
from app.seeding import demo_stage
from app.worktime.queries import calendar

WRITTEN: tuple[type[Audited], ...] = (
    Patrol,
    PatrolCheck,
    Finding,
    Rectification,
    RectifiedFinding,
    Submission,
    Recheck,
    Document,
    DocumentFile,
)


@dataclass(frozen=True)
class Body:
    """Who answers for a place: a department or one of the centre's own sections."""

    department_id: int | None
    section_id: int | None
    name: str


@dataclass(frozen=True)
class Item:
    """What is asked at a place."""

    id: int
    code: str
    wording: str
    clause: str
    red_line: bool
    workdays: int


@dataclass(frozen=True)
class Spot:
    """One patrol point: what is asked there, who answers for it, who serves there."""

    id: int
    number: str
    name: str
    in_order: dict[str, str]  # the answers if nothing is wrong
    items: tuple[Item, ...]
    red_lines: tuple[Item, ...]
    bodies: tuple[Body, ...]
    staff: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Hall:
    """The centre, loaded once: its zones in walking order and the people who act."""

    centre_id: int
    centre_name: str
    number_prefix: str
    checklist_id: int
    zones: tuple[tuple[int, tuple[Spot, ...]], ...]
    inspectors: tuple[Actor, ...]
    heads: tuple[Actor, ...]
    chiefs: dict[int, Actor]  # department -> its chief representative
    days: tuple[date, ...]
    calendar: WorkCalendar
    last_ids: dict[type[Audited], int]

    def due(self, on: date, workdays: int) -> tuple[datetime, bool]:
        """Return when so many working days after a day end (UTC), and whether that is provisional."""
        deadline = Deadline(on, workdays=workdays)
        state = rules.clock_state(deadline, self.calendar, on)
        return clock.at_office(rules.due_moment(deadline, state)), state.provisional


def load(began: date, until: date) -> Hall:
    """Return the demo centre with the working days from `began` to the day before `until`."""
    session = db.session()
    centre = session.scalars(select(Centre).where(Centre.parent_id.is_(None))).one()
    users = session.scalars(select(User).where(User.centre_id == centre.id).order_by(User.id)).all()
    actors = [demo_stage.actor_of(user, until) for user in users]
    checklist = inspections.current_checklist(centre.id, until)
    if checklist is None:
        raise LookupError("the demo centre has its checklist")
    items = inspections.items_of(checklist.id)
    zones = session.scalars(
        select(Zone).where(Zone.centre_id == centre.id).order_by(Zone.position, Zone.id)
    ).all()
    every_day = (began + timedelta(days=n) for n in range((until - began).days))
    return Hall(
        centre_id=centre.id,
        centre_name=centre.name,
        number_prefix=centre.number_prefix,
        checklist_id=checklist.id,
        zones=tuple((zone.id, _spots(zone, items, until)) for zone in zones),
        inspectors=tuple(actor for actor in actors if Role.INSPECTOR in actor.roles),
        heads=tuple(actor for actor in actors if Role.SECTION_HEAD in actor.roles),
        chiefs={department: actor for actor in actors for department in sorted(actor.department_ids)},
        days=tuple(day for day in every_day if plan.works(day)),
        calendar=calendar(),
        last_ids={model: session.scalar(select(func.max(model.id))) or 0 for model in WRITTEN},
    )


def _spots(zone: Zone, items: list[ChecklistItem], on: date) -> tuple[Spot, ...]:
    session = db.session()
    points = organisation.points_of_zone(session, zone.id, on)
    posted = organisation.postings_today(session, [point.id for point in points], on)
    # Where no department is at home, the centre's own last section answers, as in the small demo.
    general = session.scalars(
        select(Section).where(Section.centre_id == zone.centre_id).order_by(Section.id.desc())
    ).first()
    spots = []
    for point in points:
        near = organisation.departments_of_point(session, point, on)
        bodies = [Body(department.id, None, department.name) for department in near]
        if not bodies and general:
            bodies = [Body(None, general.id, general.name)]
        asked = [_item(item) for item in inspections.items_for(items, point)]
        spots.append(
            Spot(
                point.id,
                point.number,
                point.name,
                {item.code: Answer.OK.value for item in asked},
                tuple(item for item in asked if not item.red_line),
                tuple(item for item in asked if item.red_line),
                tuple(bodies),
                tuple((each.staff.id, each.staff.name) for each in posted[point.id]),
            )
        )
    return tuple(spots)


def _item(row: ChecklistItem) -> Item:
    return Item(row.id, row.code, row.wording, row.clause, bool(row.red_line), row.deadline_workdays or 1)
