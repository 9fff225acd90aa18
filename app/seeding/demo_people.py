"""The people of a demo centre and their accounts, out of its people.toml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from app import clock
from app.accounts import services as accounts
from app.accounts.models import User
from app.db.uow import UnitOfWork
from app.organisation import queries as organisation
from app.organisation import services, term_services
from app.organisation.models import Absence, ChiefRepresentative, Posting, StaffMember
from app.organisation.rules import AbsenceKind, PostingRole, StaffKind
from app.permissions import Role
from app.seeding.demo_places import Places

A, B = PostingRole.A, PostingRole.B
KINDS = {
    "供水公司": StaffKind.COMPANY_STAFF,
    "燃气公司": StaffKind.COMPANY_STAFF,
    "供电公司": StaffKind.COMPANY_STAFF,
    "衡砚咨询": StaffKind.INTERMEDIARY,
}


class _Hall:
    """People being added to a demo centre; ids by name."""

    def __init__(self, uow: UnitOfWork, places: Places, opened_on: date) -> None:
        self.uow, self.places, self.opened_on = uow, places, opened_on
        self.ids: dict[str, int] = {}
        self.letters = organisation.initials(places.name)[:2].upper()

    def add(self, name: str, kind: StaffKind, department: str | None = None, title: str = "") -> int:
        member = StaffMember(
            centre_id=self.places.centre_id,
            department_id=self.places.departments[department] if department else None,
            kind=kind,
            staff_number=f"{self.letters}{len(self.ids) + 1:03d}",
            name=name,
            title=title,
            joined_on=self.opened_on,
        )
        self.ids[name] = services.add_staff(self.uow, member).id
        return self.ids[name]

    def post(self, name: str, role: PostingRole, place: str) -> None:
        point_id = self.places.points.get(place)
        posting = Posting(
            staff_member_id=self.ids[name],
            patrol_point_id=point_id,
            post="" if point_id else place,
            role=role,
            from_on=self.opened_on,
        )
        term_services.post_staff(self.uow, posting)


def plant(
    uow: UnitOfWork,
    data: Mapping[str, Any],
    places: Places,
    opened_on: date,
    password_hash: str,
) -> None:
    """Add the staff with their postings, chief representatives and accounts."""
    hall = _Hall(uow, places, opened_on)
    for department, names in data["departments"].items():
        _department(hall, department, names)
    for name in data["comprehensive"]["staff"]:
        hall.add(name, StaffKind.WINDOW_STAFF, title="综合窗口受理员")
    posted = _fill(hall, data["comprehensive"]["staff"], places.comprehensive)
    for name in data["comprehensive"]["staff"]:
        if name not in posted:
            hall.post(name, A, "综合收件")
    taken: set[str] = set()
    for kind, name, place in data["others"]["staff"]:
        hall.add(name, StaffKind(kind))
        hall.post(name, B if place in places.points and place in taken else A, place)
        taken.add(place)
    _accounts(hall, data, password_hash)


def _department(hall: _Hall, department: str, names: list[str]) -> None:
    kind = KINDS.get(department, StaffKind.WINDOW_STAFF)
    for name in names:
        hall.add(name, kind, department, title="首席代表" if name == names[0] else "")
    windows = hall.places.windows[department]
    # The chief representative comes last: he stands in rather than serve.
    posted = _fill(hall, [*names[1:], names[0]], windows)
    for name in names:
        if name not in posted:
            hall.post(name, A, "后台审核")
    term_services.name_chief(
        hall.uow,
        ChiefRepresentative(
            department_id=hall.places.departments[department],
            staff_member_id=hall.ids[names[0]],
            from_on=hall.opened_on,
        ),
    )


def _fill(hall: _Hall, names: list[str], windows: list[str]) -> set[str]:
    """Post one person to each window and the next as B-role; return who was posted."""
    posted: set[str] = set()
    for place, window in enumerate(windows):
        for role, name in ((A, names[place]), (B, names[(place + 1) % len(names)])):
            hall.post(name, role, window)
            posted.add(name)
    return posted


def grant_absences(uow: UnitOfWork, absences: list[list[Any]], today: date) -> None:
    """Grant the leave and errands around a day."""
    people = {member.name: member.id for member in uow.session.scalars(select(StaffMember))}

    def moment(day: int, hour: int) -> datetime:
        return clock.at_office(datetime.combine(today + timedelta(days=day), time(hour)))

    for name, kind, begins, ends, stand_in, note in absences:
        absence = Absence(
            staff_member_id=people[name],
            kind=AbsenceKind(kind),
            begins_at=moment(*begins),
            ends_at=moment(*ends),
            stand_in_id=people[stand_in],
            note=note,
        )
        term_services.grant_absence(uow, absence)


def _accounts(hall: _Hall, data: Mapping[str, Any], password_hash: str) -> None:
    chiefs = {names[0] for names in data["departments"].values()}
    rows: list[tuple[str, str, Role, int | None, int | None]] = [
        (username, name, Role(role), hall.places.sections[section], None)
        for section, username, name, role in data["users"]["staff"]
    ]
    rows += [
        (username, name, _role(name in chiefs), None, hall.ids[name])
        for name, username in data["usernames"].items()
    ]
    for username, name, role, section_id, staff_member_id in rows:
        user = User(
            username=username,
            name=name,
            centre_id=hall.places.centre_id,
            section_id=section_id,
            staff_member_id=staff_member_id,
            password_hash=password_hash,
        )
        accounts.add_user(hall.uow, user, frozenset({role}))


def _role(chief: bool) -> Role:
    return Role.CHIEF_REPRESENTATIVE if chief else Role.WINDOW_STAFF
