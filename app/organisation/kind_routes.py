"""What is particular to centres, sections, departments, zones, points and people when they are entered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from app import clock
from app.core.actions import Action
from app.core.i18n import NN_
from app.db.scope import row_id
from app.db.uow import UnitOfWork
from app.organisation import (
    change_services,
    find_queries,
    hours_rules,
    hours_services,
    queries,
    rules,
    services,
)
from app.organisation.entry_routes import words_of_hours
from app.organisation.forms import (
    CentreForm,
    CloseForm,
    CloseWithTermsForm,
    DepartmentForm,
    LeaveForm,
    PointForm,
    RecordForm,
    SectionForm,
    StaffForm,
    ZoneForm,
)
from app.organisation.models import Centre, Department, PatrolPoint, Section, StaffMember, Zone
from app.permissions import Actor
from app.web.access import actor


@dataclass(frozen=True)
class Kind:
    """What is particular to one of the six: its words, its form, its queries and services."""

    noun: str
    section: str  # the entry of the navigation it stands under
    list: str
    record: str
    key: str  # the name of its id in the record's address
    get: Callable[[Actor, int], Any]
    form: type[RecordForm]
    begin: Callable[[Centre], dict[str, Any]]  # what a new one begins with
    offer: Callable[[Any, Centre, Any], None]  # set the form's choices, for a row if there is one
    add: Callable[[UnitOfWork, Centre, Any], Any]
    change: Callable[..., Any]
    close: Callable[..., Any]
    reopen: Callable[..., Any]
    opened: Action
    changed: Action
    closed: Action
    reopened: Action
    closing: type[CloseForm] = CloseForm

    def url(self, row: Any) -> str:
        return url_for(f"organisation.{self.record}", **{self.key: row.id})


def _offer_centre(form: CentreForm, _centre: Centre, row: Centre | None) -> None:
    if row and row.id == actor().centre_id:
        del form.parent_id  # what stands above one's own centre is not in sight
        return
    form.offer([pair for pair in find_queries.centres_offered(actor()) if not row or pair[0] != row.id])


def _offer_nothing(_form: RecordForm, _centre: Centre, _row: Any) -> None:
    pass


def _offer_point(form: PointForm, centre: Centre, row: PatrolPoint | None) -> None:
    form.offer(
        find_queries.zones_offered(centre.id, row.zone_id if row else None),
        find_queries.departments_offered(centre.id, row.department_id if row else None),
    )
    if row:
        form.only_columns()


def _offer_staff(form: StaffForm, centre: Centre, row: StaffMember | None) -> None:
    form.offer(find_queries.departments_offered(centre.id, row.department_id if row else None))


def _begin_point(centre: Centre) -> dict[str, Any]:
    """Begin with the zone asked for, the next place in it, and the hours of the window entered before."""
    today = clock.today()
    zone_id = row_id(request.args.get("zone"))
    slots = [hours_services.slot_of(row) for row in find_queries.usual_hours(centre.id, today)]
    return {
        "zone_id": zone_id,
        "walking_order": find_queries.next_step(zone_id) if zone_id else 10,
        "opened_on": today,
        "hours": hours_rules.write(slots or hours_rules.OFFICE, words_of_hours()),
    }


def _add_point(uow: UnitOfWork, centre: Centre, form: PointForm) -> PatrolPoint:
    point = PatrolPoint(centre_id=centre.id, **form.columns())
    return services.open_point(uow, point, form.hours.slots, form.served.data or ())


KINDS = {
    "centres": Kind(
        noun=NN_("中心"),
        section="organisation.centres",
        list="centres",
        record="centre",
        key="centre_id",
        get=queries.get_centre,
        form=CentreForm,
        begin=lambda centre: {"parent_id": centre.id, "opened_on": clock.today()},
        offer=_offer_centre,
        add=lambda uow, _centre, form: services.open_centre(uow, Centre(**form.columns())),
        change=change_services.change_centre,
        close=change_services.close_centre,
        reopen=change_services.reopen_centre,
        opened=rules.CENTRE_OPENED,
        changed=rules.CENTRE_CHANGED,
        closed=rules.CENTRE_CLOSED,
        reopened=rules.CENTRE_REOPENED,
    ),
    "sections": Kind(
        noun=NN_("科室"),
        section="organisation.centres",
        list="sections",
        record="section",
        key="section_id",
        get=queries.get_section,
        form=SectionForm,
        begin=lambda _centre: {"opened_on": clock.today()},
        offer=_offer_nothing,
        add=lambda uow, centre, form: services.open_section(
            uow, Section(centre_id=centre.id, **form.columns())
        ),
        change=change_services.change_section,
        close=change_services.close_section,
        reopen=change_services.reopen_section,
        opened=rules.SECTION_OPENED,
        changed=rules.SECTION_CHANGED,
        closed=rules.SECTION_CLOSED,
        reopened=rules.SECTION_REOPENED,
    ),
    "departments": Kind(
        noun=NN_("进驻部门"),
        section="organisation.departments",
        list="departments",
        record="department",
        key="department_id",
        get=queries.get_department,
        form=DepartmentForm,
        begin=lambda _centre: {"opened_on": clock.today()},
        offer=_offer_nothing,
        add=lambda uow, centre, form: services.add_department(
            uow, Department(centre_id=centre.id, **form.columns())
        ),
        change=change_services.change_department,
        close=change_services.close_department,
        reopen=change_services.reopen_department,
        opened=rules.DEPARTMENT_ADDED,
        changed=rules.DEPARTMENT_CHANGED,
        closed=rules.DEPARTMENT_CLOSED,
        reopened=rules.DEPARTMENT_REOPENED,
    ),
    "zones": Kind(
        noun=NN_("区域"),
        section="organisation.points",
        list="zones",
        record="zone",
        key="zone_id",
        get=queries.get_zone,
        form=ZoneForm,
        begin=lambda centre: {"position": find_queries.next_position(centre.id)},
        offer=_offer_nothing,
        add=lambda uow, centre, form: services.add_zone(uow, Zone(centre_id=centre.id, **form.columns())),
        change=change_services.change_zone,
        close=change_services.close_zone,
        reopen=change_services.reopen_zone,
        opened=rules.ZONE_ADDED,
        changed=rules.ZONE_CHANGED,
        closed=rules.ZONE_CLOSED,
        reopened=rules.ZONE_REOPENED,
    ),
    "patrol-points": Kind(
        noun=NN_("巡查点"),
        section="organisation.points",
        list="points",
        record="point",
        key="point_id",
        get=queries.get_point,
        form=PointForm,
        begin=_begin_point,
        offer=_offer_point,
        add=_add_point,
        change=change_services.change_point,
        close=change_services.close_point,
        reopen=change_services.reopen_point,
        opened=rules.PATROL_POINT_OPENED,
        changed=rules.PATROL_POINT_CHANGED,
        closed=rules.PATROL_POINT_CLOSED,
        reopened=rules.PATROL_POINT_REOPENED,
        closing=CloseWithTermsForm,
    ),
    "staff": Kind(
        noun=NN_("人员"),
        section="organisation.staff",
        list="staff",
        record="staff_member",
        key="staff_member_id",
        get=queries.get_staff_member,
        form=StaffForm,
        begin=lambda _centre: {"joined_on": clock.today()},
        offer=_offer_staff,
        add=lambda uow, centre, form: services.add_staff(
            uow, StaffMember(centre_id=centre.id, **form.columns())
        ),
        change=change_services.change_staff,
        close=change_services.leave_staff,
        reopen=change_services.return_staff,
        opened=rules.STAFF_ADDED,
        changed=rules.STAFF_CHANGED,
        closed=rules.STAFF_LEFT,
        reopened=rules.STAFF_RETURNED,
        closing=LeaveForm,
    ),
}
