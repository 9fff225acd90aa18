"""The ledgers and records of places and people; what changes them is in the routes beside."""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from app import clock
from app.audit import queries as audit
from app.extensions import db
from app.organisation import (
    hours_routes,
    list_queries,
    queries,
    setup_queries,
    structure_routes,
    term_routes,
)
from app.organisation.models import Centre
from app.organisation.rules import AbsenceKind, DepartmentKind, PointKind, StaffKind
from app.permissions import Permission
from app.web.access import actor, can, requires
from app.web.page import render

bp = Blueprint("organisation", __name__)
structure_routes.register(bp)
term_routes.register(bp)
hours_routes.register(bp)


@bp.get("/centres")
@requires(Permission.ORGANISATION_READ)
def centres() -> Response:
    listed = list_queries.list_centres(actor(), request.args, clock.today())
    return render("organisation/centres.html", listed=listed, steps=_steps(listed.centre))


@bp.get("/centres/<int:centre_id>")
@requires(Permission.ORGANISATION_READ)
def centre(centre_id: int) -> Response:
    g.section = "organisation.centres"
    row = queries.get_centre(actor(), centre_id)
    return render(
        "organisation/centre.html",
        centre=row,
        above=queries.centre_above(actor(), row),
        steps=_steps(row),
        history=audit.history_of("centre", row.id),
    )


def _steps(row: Centre | None) -> list[setup_queries.Step]:
    """Return what a centre still lacks, for whoever enters it."""
    wanted = row is not None and row.closed_on is None and can(Permission.ORGANISATION_MANAGE)
    steps = setup_queries.steps(row.id, clock.today()) if row and wanted else []
    return [] if all(step.done for step in steps) else steps


@bp.get("/sections")
@requires(Permission.ORGANISATION_READ)
def sections() -> Response:
    g.section = "organisation.centres"
    listed = list_queries.list_sections(actor(), request.args, clock.today())
    return render("organisation/sections.html", listed=listed)


@bp.get("/sections/<int:section_id>")
@requires(Permission.ORGANISATION_READ)
def section(section_id: int) -> Response:
    g.section = "organisation.centres"
    row = queries.get_section(actor(), section_id)
    return render("organisation/section.html", section=row, history=audit.history_of("section", row.id))


@bp.get("/patrol-points")
@requires(Permission.ORGANISATION_READ)
def points() -> Response:
    listed = list_queries.list_points(actor(), request.args, clock.today())
    return render("organisation/points.html", listed=listed, kinds=list(PointKind))


@bp.get("/patrol-points/<int:point_id>")
@requires(Permission.ORGANISATION_READ)
def point(point_id: int) -> Response:
    g.section = "organisation.points"
    row, today, session = queries.get_point(actor(), point_id), clock.today(), db.session()
    return render(
        "organisation/point.html",
        point=row,
        departments=queries.departments_of_point(session, row, today) if row.comprehensive else [],
        people=queries.postings_today(session, [row.id], today)[row.id],
        postings=queries.postings_at(session, row.id),
        hours=queries.hours_of_point(session, row.id, today),
        later=queries.hours_to_come(session, row.id, today),
        history=audit.history_of("patrol_point", row.id),
    )


@bp.get("/zones")
@requires(Permission.ORGANISATION_READ)
def zones() -> Response:
    g.section = "organisation.points"
    return render(
        "organisation/zones.html", listed=list_queries.list_zones(actor(), request.args, clock.today())
    )


@bp.get("/zones/<int:zone_id>")
@requires(Permission.ORGANISATION_READ)
def zone(zone_id: int) -> Response:
    g.section = "organisation.points"
    row = queries.get_zone(actor(), zone_id)
    return render(
        "organisation/zone.html",
        zone=row,
        points=queries.points_of_zone(db.session(), row.id, clock.today()),
        history=audit.history_of("zone", row.id),
    )


@bp.get("/staff")
@requires(Permission.ORGANISATION_READ)
def staff() -> Response:
    listed = list_queries.list_staff(actor(), request.args, clock.today())
    return render("organisation/staff.html", listed=listed, kinds=list(StaffKind))


@bp.get("/staff/<int:staff_member_id>")
@requires(Permission.ORGANISATION_READ)
def staff_member(staff_member_id: int) -> Response:
    g.section = "organisation.staff"
    row, session = queries.get_staff_member(actor(), staff_member_id), db.session()
    return render(
        "organisation/staff_member.html",
        member=row,
        postings=queries.postings_of_staff(session, row.id),
        chief_of=queries.chief_posts(session, row.id),
        absences=queries.absences_of_staff(session, row.id),
        history=audit.history_of("staff_member", row.id),
    )


@bp.get("/absences")
@requires(Permission.ORGANISATION_READ)
def absences() -> Response:
    g.section = "organisation.staff"
    listed = list_queries.list_absences(actor(), request.args, clock.now())
    return render("organisation/absences.html", listed=listed, kinds=list(AbsenceKind))


@bp.get("/departments")
@requires(Permission.ORGANISATION_READ)
def departments() -> Response:
    listed = list_queries.list_departments(actor(), request.args, clock.today())
    return render("organisation/departments.html", listed=listed, kinds=list(DepartmentKind))


@bp.get("/departments/<int:department_id>")
@requires(Permission.ORGANISATION_READ)
def department(department_id: int) -> Response:
    g.section = "organisation.departments"
    row, session = queries.get_department(actor(), department_id), db.session()
    return render(
        "organisation/department.html",
        department=row,
        points=queries.points_of_department(session, row.id, clock.today()),
        terms=queries.chief_terms(session, row.id),
        history=audit.history_of("department", row.id),
    )


@bp.get("/chief-representatives")
@requires(Permission.ORGANISATION_READ)
def chiefs() -> Response:
    g.section = "organisation.departments"
    return render(
        "organisation/chiefs.html", listed=list_queries.list_chiefs(actor(), request.args, clock.today())
    )
