"""The places of a demo centre, out of its places.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any

from app.db.uow import UnitOfWork
from app.organisation import services
from app.organisation.hours_rules import Hours
from app.organisation.models import Centre, Department, PatrolPoint, Section, Zone
from app.organisation.rules import CentreLevel, DepartmentKind, PointKind, SectionKind

WEEK = [Hours(weekday, time(9), time(17)) for weekday in range(5)]
SATURDAY = Hours(5, time(9), time(12), extended=True)


@dataclass
class Places:
    """A demo centre's ids, by the names its seed file gives them."""

    centre_id: int
    name: str  # the short one
    sections: dict[str, int] = field(default_factory=dict)
    departments: dict[str, int] = field(default_factory=dict)
    windows: dict[str, list[str]] = field(default_factory=dict)  # department -> numbers of its windows
    points: dict[str, int] = field(default_factory=dict)
    comprehensive: list[str] = field(default_factory=list)  # numbers of the windows that serve several


def plant(
    uow: UnitOfWork, data: Mapping[str, Any], today: date, opened_on: date, parent_id: int | None
) -> Places:
    """Open the centre with its sections, departments, zones and patrol points."""
    given = {**data["centre"], "level": CentreLevel(data["centre"]["level"])}
    centre = services.open_centre(uow, Centre(**given, parent_id=parent_id, opened_on=opened_on))
    places = Places(centre.id, centre.short_name)
    for raw in data["sections"]:
        section = Section(
            centre_id=centre.id, kind=SectionKind(raw["kind"]), name=raw["name"], opened_on=opened_on
        )
        places.sections[raw["name"]] = services.open_section(uow, section).id
    _departments(uow, data, places, today, opened_on)
    _points(uow, data, places, opened_on)
    return places


def _departments(
    uow: UnitOfWork, data: Mapping[str, Any], places: Places, today: date, opened_on: date
) -> None:
    for kind, lines in data["departments"].items():
        for short_name, name, windows in lines:
            qualification = data["qualifications"].get(short_name, "")
            department = Department(
                centre_id=places.centre_id,
                kind=DepartmentKind(kind),
                name=name,
                short_name=short_name,
                qualification=qualification,
                qualified_until=today + timedelta(days=40) if qualification else None,
                opened_on=opened_on,
            )
            places.departments[short_name] = services.add_department(uow, department).id
            places.windows[short_name] = windows.split()


def _points(uow: UnitOfWork, data: Mapping[str, Any], places: Places, opened_on: date) -> None:
    owner = {number: name for name, numbers in places.windows.items() for number in numbers}
    served = {number: row["departments"] for row in data["served"] for number in row["windows"].split()}
    places.comprehensive = list(served)
    for position, raw in enumerate(data["zones"], 1):
        zone = services.add_zone(
            uow,
            Zone(centre_id=places.centre_id, name=raw["name"], floor=raw["floor"], position=position),
        )
        for step, (number, name, kind) in enumerate(raw["points"], 1):
            point = PatrolPoint(
                centre_id=places.centre_id,
                zone_id=zone.id,
                kind=PointKind(kind),
                number=number,
                name=name,
                comprehensive=number in served,
                department_id=places.departments[owner[number]] if number in owner else None,
                walking_order=step * 10,
                opened_on=opened_on,
            )
            hours = [*WEEK, SATURDAY] if number in data["hours"]["extended"] else WEEK
            departments = [places.departments[short_name] for short_name in served.get(number, ())]
            places.points[number] = services.open_point(uow, point, hours, departments).id
