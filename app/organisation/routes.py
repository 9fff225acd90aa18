from __future__ import annotations

from flask import Blueprint, Response, g, request

from app import clock
from app.audit import queries as audit
from app.extensions import db
from app.organisation import queries
from app.organisation.rules import DepartmentKind, PointKind, StaffKind
from app.permissions import Permission
from app.web.access import actor, requires
from app.web.page import render

bp = Blueprint("organisation", __name__)


@bp.get("/patrol-points")
@requires(Permission.ORGANISATION_READ)
def points() -> Response:
    listed = queries.list_points(actor(), request.args, clock.today())
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
        hours=queries.hours_of_point(session, row.id, today),
        history=audit.history_of("patrol_point", row.id),
    )


@bp.get("/staff")
@requires(Permission.ORGANISATION_READ)
def staff() -> Response:
    listed = queries.list_staff(actor(), request.args, clock.today())
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
        absences=queries.absences_of_staff(session, row.id),
        history=audit.history_of("staff_member", row.id),
    )


@bp.get("/departments")
@requires(Permission.ORGANISATION_READ)
def departments() -> Response:
    listed = queries.list_departments(actor(), request.args, clock.today())
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
