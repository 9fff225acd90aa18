"""Windows and other places from a table, by number; judged against all that the centre has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from wtforms import Form

from app.core.errors import DomainError, Invalid
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.extensions import db
from app.organisation import change_services, checks, hours_rules, pinyin, queries
from app.organisation.common_imports import (
    TICKS,
    Fault,
    check_day,
    departments,
    differing,
    in_chunks,
    insert,
    kinds,
    lacking,
    words_of,
)
from app.organisation.forms import PointForm
from app.organisation.models import OpeningHours, PatrolPoint, ServedDepartment, Zone
from app.organisation.rules import PointKind
from app.transfers.importing import Cells, Judged, folded
from app.transfers.models import Batch
from app.transfers.rules import NO, YES, Outcome

_POINT = ("name", "kind", "zone_id", "department_id", "comprehensive", "walking_order", "opened_on")


class PointChecker:
    """A table of windows and other places, by number."""

    def __init__(self, centre_id: int, today: date) -> None:
        self.today = today
        named_departments, self.opened, called = departments(centre_id)
        zones = db.session.execute(
            select(Zone.id, Zone.name, Zone.floor)
            .where(Zone.centre_id == centre_id, Zone.closed_on.is_(None))
            .order_by(Zone.position, Zone.id)
        ).all()
        named = {folded(zone.floor + zone.name): zone.id for zone in zones}
        form = PointForm()
        form.offer([(zone.id, zone.name) for zone in zones], [(each, "") for each in self.opened])
        self.forms: Sequence[Form] = (form,)
        self.words: Mapping[str, Mapping[str, Any]] = {
            "zone_id": named | {folded(zone.name): zone.id for zone in zones},
            "department_id": named_departments,
            "served": named_departments,
            "kind": kinds(PointKind),
            "comprehensive": TICKS,
        }
        self.choices: Mapping[str, Sequence[str]] = {
            "zone_id": [zone.name for zone in zones],
            "kind": words_of(PointKind),
            "department_id": called,
            "served": called,
            "comprehensive": [YES, NO],
        }
        rows = db.session.execute(
            select(
                PatrolPoint.id,
                PatrolPoint.version,
                PatrolPoint.number,
                PatrolPoint.closed_on,
                *(getattr(PatrolPoint, name) for name in _POINT),
            ).where(PatrolPoint.centre_id == centre_id)
        ).all()
        self.points = {row.number.lower(): row for row in rows}
        self.orders = Counter[int]()
        for row in rows:
            self.orders[row.zone_id] = max(self.orders[row.zone_id], row.walking_order)
        self.hours, self.served = _hours(centre_id, today), _served(centre_id, today)

    def judge(self, number: int, given: Cells) -> Judged:
        key = str(given.get("number") or "").lower()
        row = self.points.get(key)
        if row is None:
            return self._new(number, key, given)
        values = differing(row, given, _POINT)
        whole = {name: getattr(row, name) for name in _POINT} | values
        faults: list[Fault] = [] if row.closed_on is None else [("number", _closed(row))]
        faults += self._as_a_whole(whole, given)
        # What holds from a day on is changed on the point's own page, where the day is asked for.
        if "hours" in given and set(hours_rules.read(given["hours"])) != self.hours.get(row.id, set()):
            faults.append(("hours", Invalid(N_("与现有的开放时间不同，请在巡查点页面按日期更改。"))))
        if "served" in given and set(given["served"]) != self.served.get(row.id, set()):
            faults.append(("served", Invalid(N_("与现有的受理部门不同，请在巡查点页面按日期更改。"))))
        outcome = Outcome.CHANGED if values else Outcome.UNCHANGED
        return Judged(number, outcome, key, row.id, row.version, values, faults)

    def _new(self, number: int, key: str, given: Cells) -> Judged:
        faults = lacking(given, "number", "name", "zone_id")
        defaults: dict[str, Any] = {
            "kind": PointKind.WINDOW,
            "department_id": None,
            "comprehensive": False,
            "opened_on": self.today,
            "served": [],
            "hours": "",
        }
        values = defaults | dict(given)
        if not faults:
            zone = values["zone_id"]
            values.setdefault("walking_order", min(self.orders[zone] + 1, 9999))
            self.orders[zone] = max(self.orders[zone], values["walking_order"])
        return Judged(
            number, Outcome.NEW, key, values=values, faults=faults + self._as_a_whole(values, values)
        )

    def _as_a_whole(self, row: Cells, given: Cells) -> list[Fault]:
        faults = check_day(row["opened_on"], self.today, "opened_on")
        if row["comprehensive"] and row["kind"] is not PointKind.WINDOW:
            faults.append(("comprehensive", Invalid(N_("只有窗口才能是综合窗口。"))))
        if row["department_id"] and row["comprehensive"]:
            faults.append(("department_id", Invalid(N_("综合窗口不单属一个部门，请改填受理部门。"))))
        if given.get("served") and not row["comprehensive"]:
            faults.append(("served", Invalid(N_("只有综合窗口才填受理部门。"))))
        since = self.opened.get(row["department_id"])
        if since and since > row["opened_on"]:
            faults.append(("department_id", Invalid(N_("这个部门 %(day)s 才进驻。"), day=str(since))))
        return faults


def _closed(row: Any) -> DomainError:
    said = N_("这个编号用过了，%(day)s 起停用。请换一个，或者恢复原来的巡查点。")
    return Invalid(said, day=str(row.closed_on))


def _hours(centre_id: int, today: date) -> dict[int, set[hours_rules.Hours]]:
    rows = db.session.execute(
        select(
            OpeningHours.patrol_point_id,
            OpeningHours.weekday,
            OpeningHours.opens_at,
            OpeningHours.closes_at,
            OpeningHours.extended,
        )
        .join(PatrolPoint, PatrolPoint.id == OpeningHours.patrol_point_id)
        .where(
            PatrolPoint.centre_id == centre_id,
            queries.in_force(OpeningHours.from_on, OpeningHours.to_on, today),
        )
    )
    found: dict[int, set[hours_rules.Hours]] = {}
    for point_id, weekday, opens_at, closes_at, extended in rows:
        slot = hours_rules.Hours(weekday, opens_at, closes_at, extended)
        found.setdefault(point_id, set()).add(slot)
    return found


def _served(centre_id: int, today: date) -> dict[int, set[int]]:
    rows = db.session.execute(
        select(ServedDepartment.patrol_point_id, ServedDepartment.department_id)
        .join(PatrolPoint, PatrolPoint.id == ServedDepartment.patrol_point_id)
        .where(
            PatrolPoint.centre_id == centre_id,
            queries.in_force(ServedDepartment.from_on, ServedDepartment.to_on, today),
        )
    )
    found: dict[int, set[int]] = {}
    for point_id, department_id in rows:
        found.setdefault(point_id, set()).add(department_id)
    return found


def apply_points(uow: UnitOfWork, batch: Batch, judged: Sequence[Judged]) -> None:
    """Open the new points in bulk, and correct those that the table says otherwise."""
    checks.take_turn(uow, batch.centre_id)
    for new in in_chunks(judged):
        rows = [
            {name: row.values[name] for name in (*_POINT, "number")}
            | {"centre_id": batch.centre_id, "version": 1, "initials": pinyin.initials(row.values["name"])}
            for row in new
        ]
        ids = insert(uow, batch, PatrolPoint, PatrolPoint.number, rows)
        hours: list[dict[str, Any]] = []
        served: list[dict[str, Any]] = []
        for values in (row.values for row in new):
            child = {"patrol_point_id": ids[values["number"]], "from_on": values["opened_on"], "version": 1}
            hours += [child | slot._asdict() for slot in hours_rules.read(values["hours"])]
            served += [child | {"department_id": department_id} for department_id in values["served"]]
        uow.bulk_insert(OpeningHours, hours, subject=batch)
        uow.bulk_insert(ServedDepartment, served, subject=batch)
    for row in judged:
        if row.outcome is Outcome.CHANGED:
            change_services.change_point(uow, row.row_id or 0, row.version, row.values)
