"""What a finding entered by hand is about: places, items, people and bodies as a clerk types them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from app import clock
from app.core.errors import Invalid
from app.core.i18n import N_
from app.db import drafts
from app.db.drafts import Draft
from app.extensions import db
from app.inspections import entry_rules, queries, walk_queries
from app.inspections.models import ChecklistItem, Finding
from app.inspections.rules import ChecklistPurpose
from app.organisation import queries as organisation
from app.organisation.models import Department, PatrolPoint, Section, StaffMember
from app.permissions import Actor

DRAFT = "finding"
SHOWN = 10


@dataclass(frozen=True)
class Offer:
    """What may be typed at a centre on a day; the lists under the fields show it."""

    points: Sequence[PatrolPoint]
    items: Sequence[ChecklistItem]
    staff: Sequence[StaffMember]
    departments: Sequence[Department]
    sections: Sequence[Section]

    def point(self, typed: str) -> PatrolPoint:
        rows = (
            (point, (point.number, point.name, organisation.initials(point.name))) for point in self.points
        )
        return entry_rules.pick(typed, rows, "point")

    def item(self, typed: str) -> ChecklistItem:
        rows = ((item, (item.code, item.wording, organisation.initials(item.wording))) for item in self.items)
        return entry_rules.pick(typed, rows, "item")

    def person(self, typed: str, near: Sequence[int]) -> StaffMember:
        """Return a person, one posted at the place before another of the same name or initials."""
        rows = [(person, (person.name, person.initials, person.staff_number)) for person in self.staff]
        try:
            return entry_rules.pick(typed, [row for row in rows if row[0].id in near], "staff")
        except Invalid:
            return entry_rules.pick(typed, rows, "staff")

    def owner(self, typed: str) -> str:
        """Return the body that is meant, as a finding keeps it: `department:3`."""
        rows = [
            *((f"department:{d.id}", (d.short_name, d.name, d.initials)) for d in self.departments),
            *((f"section:{s.id}", (s.name, organisation.initials(s.name))) for s in self.sections),
        ]
        return entry_rules.pick(typed, rows, "owner")


def offer(centre_id: int, on: date) -> Offer:
    """Return what may be typed at a centre on a day."""
    session = db.session()
    points = select(PatrolPoint).where(
        PatrolPoint.centre_id == centre_id, organisation.open_on(PatrolPoint, on)
    )
    staff = select(StaffMember).where(
        StaffMember.centre_id == centre_id, or_(StaffMember.left_on.is_(None), StaffMember.left_on > on)
    )
    items: list[ChecklistItem] = []
    for purpose in ChecklistPurpose:
        checklist = queries.current_checklist(centre_id, on, purpose)
        items += queries.items_of(checklist.id) if checklist else []
    return Offer(
        list(session.scalars(points.order_by(PatrolPoint.number, PatrolPoint.id))),
        items,
        list(session.scalars(staff.order_by(StaffMember.sort_key, StaffMember.id))),
        *walk_queries.bodies(centre_id, on),
    )


def near(point: PatrolPoint, on: date) -> list[int]:
    """Return who is posted at a place on a day."""
    return [one.staff.id for one in walk_queries.staff_choices(point, on)]


def owner_meant(point: PatrolPoint, person: StaffMember | None, on: date) -> str:
    """Return the body that answers if none is typed. Raise Invalid if that is not plain."""
    departments = organisation.departments_of_point(db.session(), point, on)
    if len(departments) == 1:
        return f"department:{departments[0].id}"
    if person and person.department_id:
        return f"department:{person.department_id}"
    raise Invalid(N_("这里不止一个单位，请写明责任单位。"), field="owner")


def find_draft(actor: Actor) -> Draft | None:
    """Return where the files of the actor's entry wait until it is complete."""
    return drafts.find(db.session(), actor.user_id, DRAFT, 0)


def entered_already(form_key: str) -> Finding | None:
    """Return the finding that a form, sent twice, has become."""
    return db.session.scalar(select(Finding).where(Finding.form_key == form_key))


def entered_today(actor: Actor, now: datetime) -> list[Finding]:
    """Return the last findings that the actor entered by hand today, the latest first."""
    begins = clock.at_office(datetime.combine(clock.local(now).date(), time()))
    rows = (
        select(Finding)
        .where(
            Finding.centre_id == actor.centre_id,
            Finding.recorded_by_id == actor.user_id,
            Finding.form_key.is_not(None),
            Finding.recorded_at >= begins,
        )
        .options(joinedload(Finding.item), joinedload(Finding.patrol_point), joinedload(Finding.staff_member))
    )
    return list(db.session.scalars(rows.order_by(Finding.id.desc()).limit(SHOWN)))
