"""Kinds of bodies, places and people. Pure."""

from enum import StrEnum

from app.core.actions import Action


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


CENTRE_OPENED = Action("centre.opened")
SECTION_OPENED = Action("section.opened")
DEPARTMENT_ADDED = Action("department.added")
ZONE_ADDED = Action("zone.added")
PATROL_POINT_OPENED = Action("patrol_point.opened")
STAFF_ADDED = Action("staff_member.added")
STAFF_POSTED = Action("staff_member.posted")
CHIEF_NAMED = Action("chief_representative.named")
ABSENCE_GRANTED = Action("staff_member.absence_granted")
