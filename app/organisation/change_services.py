"""What was entered is corrected, closed and reopened; the log keeps what stood there before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import func, or_, select

from app.accounts.models import User
from app.core.actions import Action
from app.core.errors import Invalid, NotAllowed
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.organisation import checks, rules, term_rules, term_services
from app.organisation.models import (
    Centre,
    ChiefRepresentative,
    Department,
    PatrolPoint,
    Posting,
    Section,
    ServedDepartment,
    StaffMember,
    Zone,
)
from app.organisation.services import spell
from app.rectifications.models import Rectification
from app.rectifications.rules import OPEN_STATUSES

Row = TypeVar("Row", Centre, Section, Department, Zone, PatrolPoint, StaffMember)
OPEN_POINTS = N_("还有在用的巡查点：%(names)s。请先停用或移走。")
OPEN_RECTIFICATIONS = N_("还有 %(count)d 件整改没有销号，请先办结。")


def _amend(
    uow: UnitOfWork,
    action: Action,
    row: Row,
    values: Mapping[str, Any],
    check: Callable[[UnitOfWork, Row], None],
) -> Row:
    """Correct a row; nothing is recorded where nothing was changed."""
    checks.take_turn(uow, row.id if isinstance(row, Centre) else row.centre_id)
    with uow.session.no_autoflush:
        for name, value in values.items():
            setattr(row, name, value)
        check(uow, row)
        spell(row)
        if uow.session.is_modified(row):
            uow.record(action, row)
    return row


def change_centre(uow: UnitOfWork, row_id: int, version: int, values: Mapping[str, Any]) -> Centre:
    """Correct a centre; its place in the tree may change, but not to below itself."""
    row = uow.get(Centre, row_id, version)
    return _amend(uow, rules.CENTRE_CHANGED, row, values, checks.check_centre)


def change_section(uow: UnitOfWork, row_id: int, version: int, values: Mapping[str, Any]) -> Section:
    """Correct a section."""
    row = uow.get(Section, row_id, version)
    return _amend(uow, rules.SECTION_CHANGED, row, values, checks.check_section)


def change_department(uow: UnitOfWork, row_id: int, version: int, values: Mapping[str, Any]) -> Department:
    """Correct a department."""
    row = uow.get(Department, row_id, version)
    return _amend(uow, rules.DEPARTMENT_CHANGED, row, values, checks.check_department)


def change_zone(uow: UnitOfWork, row_id: int, version: int, values: Mapping[str, Any]) -> Zone:
    """Correct a zone."""
    row = uow.get(Zone, row_id, version)
    return _amend(uow, rules.ZONE_CHANGED, row, values, checks.check_zone)


def change_point(uow: UnitOfWork, row_id: int, version: int, values: Mapping[str, Any]) -> PatrolPoint:
    """Correct a patrol point; it stays comprehensive while departments are served there."""
    row = uow.get(PatrolPoint, row_id, version)
    if row.comprehensive and not values.get("comprehensive", True) and _serves(uow, row):
        raise Invalid(N_("还有受理部门，请先在“受理部门”里全部取消。"), field="comprehensive")
    return _amend(uow, rules.PATROL_POINT_CHANGED, row, values, checks.check_point)


def _serves(uow: UnitOfWork, point: PatrolPoint) -> bool:
    served = select(ServedDepartment.id).where(
        ServedDepartment.patrol_point_id == point.id,
        or_(ServedDepartment.to_on.is_(None), ServedDepartment.to_on >= checks.today(uow)),
    )
    return uow.session.scalar(served.limit(1)) is not None


def change_staff(uow: UnitOfWork, row_id: int, version: int, values: Mapping[str, Any]) -> StaffMember:
    """Correct a person; he joined no later than his first posting began."""
    row = uow.get(StaffMember, row_id, version)
    first = uow.session.scalar(
        select(func.min(Posting.from_on)).where(
            Posting.staff_member_id == row.id,
            or_(Posting.to_on.is_(None), Posting.to_on >= Posting.from_on),
        )
    )
    if first and values["joined_on"] > first:
        raise Invalid(N_("到岗日期晚于第一个岗位安排（%(day)s 起）。"), field="joined_on", day=str(first))
    return _amend(uow, rules.STAFF_CHANGED, row, values, checks.check_staff)


# --- closing --------------------------------------------------------------------------------------


def _close(uow: UnitOfWork, action: Action, row: Row, on: date, opened: date | None) -> Row:
    rules.check_day(on, checks.today(uow), "on")
    if checks.closed(row):
        raise NotAllowed(N_("已经停用了。"))
    if opened and on < opened:
        raise Invalid(N_("停用日期早于启用日期 %(day)s。"), field="on", day=str(opened))
    if isinstance(row, StaffMember):
        row.left_on = on
    else:
        row.closed_on = on
    uow.record(action, row)
    return row


def close_centre(uow: UnitOfWork, row_id: int, version: int, on: date) -> Centre:
    """Close a centre in which nothing is open any more."""
    row = uow.get(Centre, row_id, version)
    checks.take_turn(uow, row.id)
    points = checks.still_open(
        select(PatrolPoint.number).where(PatrolPoint.centre_id == row.id), PatrolPoint.closed_on, on
    )
    checks.none_left(uow.session.scalars(points.order_by(PatrolPoint.number)).all(), OPEN_POINTS)
    below = select(Centre.short_name).where(Centre.parent_id == row.id)
    checks.none_left(
        uow.session.scalars(checks.still_open(below, Centre.closed_on, on)).all(),
        N_("下面还有在用的中心：%(names)s。请先停用或改换上级。"),
    )
    return _close(uow, rules.CENTRE_CLOSED, row, on, row.opened_on)


def close_section(uow: UnitOfWork, row_id: int, version: int, on: date) -> Section:
    """Close a section to which no account and no open rectification belongs."""
    row = uow.get(Section, row_id, version)
    checks.take_turn(uow, row.centre_id)
    users = select(User.name).where(User.section_id == row.id, User.disabled_at.is_(None))
    checks.none_left(
        uow.session.scalars(users).all(), N_("还有用户属于这个科室：%(names)s。请安全管理员先改换科室。")
    )
    _nothing_to_mend(uow, Rectification.section_id == row.id)
    return _close(uow, rules.SECTION_CLOSED, row, on, row.opened_on)


def _nothing_to_mend(uow: UnitOfWork, whose: Any) -> None:
    count = uow.session.scalar(
        select(func.count()).select_from(Rectification).where(whose, Rectification.status.in_(OPEN_STATUSES))
    )
    if count:
        raise Invalid(OPEN_RECTIFICATIONS, field="on", count=count)


def close_department(uow: UnitOfWork, row_id: int, version: int, on: date) -> Department:
    """Close a department that has left windows, people and duties; its chief representative's term ends."""
    row = uow.get(Department, row_id, version)
    checks.take_turn(uow, row.centre_id)
    served = select(ServedDepartment.patrol_point_id).where(
        ServedDepartment.department_id == row.id,
        or_(ServedDepartment.to_on.is_(None), ServedDepartment.to_on >= on),
    )
    points = select(PatrolPoint.number).where(
        or_(PatrolPoint.department_id == row.id, PatrolPoint.id.in_(served))
    )
    points = checks.still_open(points, PatrolPoint.closed_on, on).order_by(PatrolPoint.number)
    checks.none_left(
        uow.session.scalars(points).all(), N_("还有窗口办理它的业务：%(names)s。请先停用或改换部门。")
    )
    staff = select(StaffMember.name).where(StaffMember.department_id == row.id)
    staff = checks.still_open(staff, StaffMember.left_on, on).order_by(StaffMember.sort_key)
    checks.none_left(
        uow.session.scalars(staff).all(), N_("还有在岗人员：%(names)s。请先登记离岗或改换部门。")
    )
    _nothing_to_mend(uow, Rectification.department_id == row.id)
    chiefs = select(ChiefRepresentative).where(
        ChiefRepresentative.department_id == row.id,
        or_(ChiefRepresentative.to_on.is_(None), ChiefRepresentative.to_on >= on),
    )
    for term in uow.session.scalars(chiefs).all():
        term.to_on = term_rules.last_before(term.from_on, on)
    return _close(uow, rules.DEPARTMENT_CLOSED, row, on, row.opened_on)


def close_zone(uow: UnitOfWork, row_id: int, version: int, on: date) -> Zone:
    """Close a zone without open points."""
    row = uow.get(Zone, row_id, version)
    checks.take_turn(uow, row.centre_id)
    points = select(PatrolPoint.number).where(PatrolPoint.zone_id == row.id)
    points = checks.still_open(points, PatrolPoint.closed_on, on).order_by(PatrolPoint.number)
    checks.none_left(uow.session.scalars(points).all(), OPEN_POINTS)
    return _close(uow, rules.ZONE_CLOSED, row, on, None)


def close_point(
    uow: UnitOfWork, row_id: int, version: int, on: date, *, end_terms: bool = False
) -> PatrolPoint:
    """Close a patrol point; whoever is posted there from that day on is named, or his posting ends."""
    row = uow.get(PatrolPoint, row_id, version)
    checks.take_turn(uow, row.centre_id)
    postings = uow.session.scalars(
        select(Posting).where(
            Posting.patrol_point_id == row.id, or_(Posting.to_on.is_(None), Posting.to_on >= on)
        )
    ).all()
    held = [posting for posting in postings if not term_rules.withdrawn(posting.from_on, posting.to_on)]
    if not end_terms:
        checks.none_left(
            [posting.staff_member.name for posting in held],
            N_("这一天起还有人安排在这里：%(names)s。请先换岗，或勾选同时结束。"),
            "end_terms",
        )
    term_services.end_all(uow, held, on)
    return _close(uow, rules.PATROL_POINT_CLOSED, row, on, row.opened_on)


def leave_staff(
    uow: UnitOfWork, row_id: int, version: int, on: date, *, end_terms: bool = False
) -> StaffMember:
    """Enter that a person leaves; what he is posted to from that day on is named, or ends."""
    row = uow.get(StaffMember, row_id, version)
    checks.take_turn(uow, row.centre_id)
    terms = term_services.held_from(uow, row.id, on)
    if not end_terms:
        checks.none_left(
            [place for _, place in terms],
            N_("这一天起还有安排：%(names)s。请先换人，或勾选同时结束。"),
            "end_terms",
        )
    term_services.end_all(uow, [term for term, _ in terms], on)
    return _close(uow, rules.STAFF_LEFT, row, on, row.joined_on)


# --- reopening ------------------------------------------------------------------------------------


def _reopen(uow: UnitOfWork, action: Action, row: Row, check: Callable[[UnitOfWork, Row], None]) -> Row:
    if not checks.closed(row):
        raise NotAllowed(N_("没有停用，不必恢复。"))
    checks.take_turn(uow, row.id if isinstance(row, Centre) else row.centre_id)
    with uow.session.no_autoflush:
        if isinstance(row, StaffMember):
            row.left_on = None
        else:
            row.closed_on = None
        check(uow, row)
    uow.record(action, row)
    return row


def reopen_centre(uow: UnitOfWork, row_id: int, version: int) -> Centre:
    """Reopen a centre that was closed by mistake or opens again."""
    row = uow.get(Centre, row_id, version)
    if row.parent_id and uow.get(Centre, row.parent_id).closed_on:
        raise Invalid(N_("上级中心已经停用。"))
    return _reopen(uow, rules.CENTRE_REOPENED, row, checks.check_centre)


def reopen_section(uow: UnitOfWork, row_id: int, version: int) -> Section:
    """Reopen a section."""
    return _reopen(uow, rules.SECTION_REOPENED, uow.get(Section, row_id, version), checks.check_section)


def reopen_department(uow: UnitOfWork, row_id: int, version: int) -> Department:
    """Reopen a department; who answers for it has to be named anew."""
    row = uow.get(Department, row_id, version)
    return _reopen(uow, rules.DEPARTMENT_REOPENED, row, checks.check_department)


def reopen_zone(uow: UnitOfWork, row_id: int, version: int) -> Zone:
    """Reopen a zone."""
    return _reopen(uow, rules.ZONE_REOPENED, uow.get(Zone, row_id, version), checks.check_zone)


def reopen_point(uow: UnitOfWork, row_id: int, version: int) -> PatrolPoint:
    """Reopen a patrol point, whose zone and department must be there; people are posted anew."""
    row = uow.get(PatrolPoint, row_id, version)
    return _reopen(uow, rules.PATROL_POINT_REOPENED, row, checks.check_point)


def return_staff(uow: UnitOfWork, row_id: int, version: int) -> StaffMember:
    """Enter that a person who had left serves again; he is posted anew."""
    return _reopen(uow, rules.STAFF_RETURNED, uow.get(StaffMember, row_id, version), checks.check_staff)
