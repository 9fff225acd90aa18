"""Kinds of bodies, places and people; which days may be entered. Pure."""

from datetime import date, timedelta
from enum import StrEnum

from app.core.actions import Action
from app.core.errors import Invalid
from app.core.i18n import N_


class CentreLevel(StrEnum):
    CITY = "city"
    DISTRICT = "district"
    TOWN = "town"
    VILLAGE = "village"


class SectionKind(StrEnum):
    SUPERVISION = "supervision"
    COMPLAINTS = "complaints"
    DISCLOSURE = "disclosure"
    GENERAL = "general"


class DepartmentKind(StrEnum):
    AUTHORITY = "authority"
    PUBLIC_COMPANY = "public_company"
    INTERMEDIARY = "intermediary"


class PointKind(StrEnum):
    WINDOW = "window"
    WAITING_AREA = "waiting_area"
    GUIDE_DESK = "guide_desk"
    TERMINAL = "terminal"
    CONVENIENCE = "convenience"


class StaffKind(StrEnum):
    WINDOW_STAFF = "window_staff"
    GUIDE = "guide"
    AGENT = "agent"
    VOLUNTEER = "volunteer"
    LAWYER = "lawyer"
    PROJECT_OFFICER = "project_officer"
    COMPANY_STAFF = "company_staff"
    INTERMEDIARY = "intermediary"


class PostingRole(StrEnum):
    A = "A"
    B = "B"


class AbsenceKind(StrEnum):
    LEAVE = "leave"
    ERRAND = "errand"


class Lack(StrEnum):
    """What a centre still needs before it can be patrolled; each is a filter of a list."""

    HOURS = "hours"
    DEPARTMENT = "department"
    POSTING = "posting"
    CHIEF = "chief"


FAR_AHEAD = timedelta(days=366)
REASON_MAX = 200

_WHY = frozenset({"reason"})
CENTRE_OPENED = Action("centre.opened")
CENTRE_CHANGED = Action("centre.changed")
CENTRE_CLOSED = Action("centre.closed")
CENTRE_REOPENED = Action("centre.reopened")
SECTION_OPENED = Action("section.opened")
SECTION_CHANGED = Action("section.changed")
SECTION_CLOSED = Action("section.closed")
SECTION_REOPENED = Action("section.reopened")
DEPARTMENT_ADDED = Action("department.added")
DEPARTMENT_CHANGED = Action("department.changed")
DEPARTMENT_CLOSED = Action("department.closed")
DEPARTMENT_REOPENED = Action("department.reopened")
ZONE_ADDED = Action("zone.added")
ZONE_CHANGED = Action("zone.changed")
ZONE_CLOSED = Action("zone.closed")
ZONE_REOPENED = Action("zone.reopened")
PATROL_POINT_OPENED = Action("patrol_point.opened")
PATROL_POINT_CHANGED = Action("patrol_point.changed")
PATROL_POINT_HOURS_CHANGED = Action("patrol_point.hours_changed")
PATROL_POINT_SERVED_CHANGED = Action("patrol_point.served_changed")
PATROL_POINT_CLOSED = Action("patrol_point.closed")
PATROL_POINT_REOPENED = Action("patrol_point.reopened")
STAFF_ADDED = Action("staff_member.added")
STAFF_CHANGED = Action("staff_member.changed")
STAFF_LEFT = Action("staff_member.left")
STAFF_RETURNED = Action("staff_member.returned")
STAFF_POSTED = Action("staff_member.posted")
STAFF_MOVED = Action("staff_member.moved")
POSTING_ENDED = Action("staff_member.posting_ended")
POSTING_WITHDRAWN = Action("staff_member.posting_withdrawn", _WHY)
CHIEF_NAMED = Action("chief_representative.named")
CHIEF_ENDED = Action("chief_representative.ended")
CHIEF_WITHDRAWN = Action("chief_representative.withdrawn", _WHY)
ABSENCE_GRANTED = Action("staff_member.absence_granted")
ABSENCE_ENDED = Action("staff_member.absence_ended")
ABSENCE_WITHDRAWN = Action("staff_member.absence_withdrawn", _WHY)


def check_day(day: date, today: date, field: str) -> None:
    """Refuse a day more than a year ahead; the past is open, and the log shows when it was entered."""
    if day > today + FAR_AHEAD:
        raise Invalid(N_("%(day)s 在一年以后，请核对年份。"), field=field, day=day.isoformat())
