"""A centre with a month to be scored: people at windows, a rulebook, findings; nothing else."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from bench.floors import scoring as floor
from bench.sites import Site

FIRST, AFTER = datetime(2026, 9, 30, 16, tzinfo=UTC), datetime(2026, 10, 31, 16, tzinfo=UTC)
MONTH, OPENED = date(2026, 10, 1), date(2020, 1, 1)
AT = datetime(2026, 11, 2, 2, tzinfo=UTC)
HEAD = "yansongtao"
WINDOWS = 50


@dataclass(frozen=True)
class Hall:
    """The rows that a further finding refers to."""

    centre_id: int
    user_id: int
    section_id: int
    people: list[int]
    windows: list[int]
    items: list[int]

    def finding(self, number: int, chance: random.Random) -> dict[str, Any]:
        """Return a finding; those of one person are never so close together that they are one event."""
        from app.inspections.rules import Confirmation, Finder, FindingSource, FindingStatus

        turn, place = divmod(number, len(self.people))
        return {
            "version": 1,
            "centre_id": self.centre_id,
            "number": f"Z{number:06}",
            "item_id": chance.choice(self.items),
            "patrol_point_id": self.windows[place % WINDOWS],
            "section_id": self.section_id,
            "staff_member_id": self.people[place],
            "finder": Finder.INTERNAL,
            "source": FindingSource.VIDEO,
            "status": FindingStatus.OPEN,
            "confirmation": Confirmation.PENDING,
            "occurred_at": FIRST + timedelta(minutes=35 * turn + place % 5 + 1),
            "note": "",
            "photos": 0,
            "recorded_by_id": self.user_id,
            "recorded_at": AT,
            "void_reason": "",
            "search_words": "",
        }


def fill(site: Site, people: int, events: int) -> Hall:
    """Bring the centre in, straight into its tables."""
    from app.db.uow import unit_of_work
    from app.evaluations import rulebook_services
    from app.extensions import db
    from app.inspections.models import Finding

    with site.app.app_context():
        user_id = site.actor(HEAD).user_id
        with db.engine.begin() as connection:
            hall = _hall(connection, user_id, people)
            chance = random.Random(3)
            rows = [hall.finding(number, chance) for number in range(events)]
            connection.execute(insert(Finding), rows)
        with unit_of_work(site.actor(HEAD), AT) as uow:
            row = rulebook_services.import_rulebook(uow, hall.centre_id, rulebook())
            rulebook_services.put_in_force(uow, row.id, OPENED)
        return hall


def _hall(connection: Connection, user_id: int, people: int) -> Hall:
    from app.inspections.models import Checklist, ChecklistItem
    from app.inspections.rules import ChecklistPurpose, Severity
    from app.organisation import models, rules

    def add(model: Any, rows: list[dict[str, Any]], **common: Any) -> list[int]:
        connection.execute(insert(model), [{"version": 1, **common, **row} for row in rows])
        where = model.id if not common else getattr(model, next(iter(common)))
        found = select(model.id).where(where == next(iter(common.values()))) if common else select(model.id)
        return list(connection.scalars(found.order_by(model.id)))

    centre = {
        "name": "计分中心",
        "short_name": "计分",
        "initials": "jf",
        "level": rules.CentreLevel.DISTRICT,
        "number_prefix": "计",
        "opened_on": OPENED,
    }
    centre_id = add(models.Centre, [centre])[-1]
    named = {"initials": "x", "opened_on": OPENED}
    section = {**named, "kind": rules.SectionKind.SUPERVISION, "name": "督查科"}
    (section_id,) = add(models.Section, [section], centre_id=centre_id)
    zone = {"name": "大厅", "initials": "dt", "floor": "一楼", "position": 1}
    (zone_id,) = add(models.Zone, [zone], centre_id=centre_id)
    point = {
        **named,
        "zone_id": zone_id,
        "kind": rules.PointKind.WINDOW,
        "name": "窗口",
        "comprehensive": False,
    }
    points = [{**point, "number": f"Z{place:02}", "walking_order": place} for place in range(WINDOWS)]
    windows = add(models.PatrolPoint, points, centre_id=centre_id)
    staff = {"kind": rules.StaffKind.WINDOW_STAFF, "initials": "ry", "title": "", "joined_on": OPENED}
    numbers = [f"{place:04}" for place in range(people)]
    members = [{**staff, "staff_number": n, "name": f"人员{n}", "sort_key": n} for n in numbers]
    persons = add(models.StaffMember, members, centre_id=centre_id)
    for place, person in enumerate(persons):
        post = {"staff_member_id": person, "role": rules.PostingRole.A, "from_on": OPENED}
        add(models.Posting, [post], patrol_point_id=windows[place % WINDOWS])
    list_id = add(
        Checklist,
        [
            {
                "code": "bench",
                "purpose": ChecklistPurpose.ROUTINE,
                "edition": 1,
                "name": "清单",
                "effective_on": OPENED,
                "source": "",
            }
        ],
        centre_id=centre_id,
    )[0]
    item = {
        "group_code": "Z",
        "group_name": "类",
        "clause": "",
        "severity": Severity.MINOR,
        "red_line": 0,
        "applies_to": ["window"],
        "photo_required": False,
        "note_required": False,
    }
    named_items = enumerate(zip(floor.CODES, floor.NAMES, strict=True))
    items = add(
        ChecklistItem,
        [{**item, "position": place, "code": code, "wording": name} for place, (code, name) in named_items],
        checklist_id=list_id,
    )
    return Hall(centre_id, user_id, section_id, persons, windows, items)


def rulebook() -> str:
    """Return the rulebook that the floor has as code."""
    rows = [
        "rulebook: bench",
        "title: 计分",
        "version: 1",
        "effective_from: 2020-01-01",
        "subject: staff",
        "period: month",
        "scores:",
        "  - {id: month, name: 月度得分, base: 100, floor: 0, ceiling: 100}",
        "categories:",
    ]
    for category, most in floor.MAXIMA.items():
        rows.append(f"  - id: {category}")
        rows.append(f"    name: {category}\n    max: {most}\n    stop_at_zero: true\n    items:")
        rows += [
            f"      - {{id: {code}, name: {name}, deduct: {points}, links: [{code}]}}"
            for code, name, points in zip(floor.CODES, floor.NAMES, floor.POINTS, strict=True)
            if floor.category_of(code) == category
        ]
    return "\n".join(rows) + "\n"
