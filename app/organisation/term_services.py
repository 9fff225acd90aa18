"""Who serves where and when: postings, chief representatives, absences; terms are ended, not overwritten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from app import clock
from app.core.errors import Invalid
from app.core.i18n import N_
from app.db.uow import UnitOfWork
from app.organisation import checks, rules
from app.organisation.models import (
    Absence,
    ChiefRepresentative,
    Department,
    PatrolPoint,
    Posting,
    StaffMember,
)
from app.organisation.rules import PostingRole
from app.organisation.term_rules import DAY, last_before, meet, never, withdrawn

LONGEST_ABSENCE = timedelta(days=366)


def _within(uow: UnitOfWork, member: StaffMember, from_on: date, to_on: date | None) -> None:
    """Refuse a term that is out of order, too far ahead, or outside the time the person serves."""
    rules.check_day(from_on, checks.today(uow), "from_on")
    if to_on and to_on < from_on:
        raise Invalid(N_("结束日期早于起始日期。"), field="to_on")
    if to_on:
        rules.check_day(to_on, checks.today(uow) + timedelta(days=10 * 366), "to_on")
    if from_on < member.joined_on:
        raise Invalid(
            N_("%(name)s %(day)s 才到岗。"), field="from_on", name=member.name, day=str(member.joined_on)
        )
    if member.left_on and (to_on is None or to_on >= member.left_on):
        raise Invalid(
            N_("%(name)s %(day)s 起离岗，须在这之前结束。"),
            field="to_on" if from_on < member.left_on else "from_on",
            name=member.name,
            day=str(member.left_on),
        )


def _open_then(body: PatrolPoint | Department, from_on: date, to_on: date | None, field: str) -> None:
    """Refuse a term at a place or department that is not there all the time."""
    called = checks.name_of(body)
    if from_on < body.opened_on:
        raise Invalid(N_("%(name)s %(day)s 才启用。"), field="from_on", name=called, day=str(body.opened_on))
    if body.closed_on and (to_on is None or to_on >= body.closed_on):
        raise Invalid(N_("%(name)s %(day)s 起停用。"), field=field, name=called, day=str(body.closed_on))


# --- postings -------------------------------------------------------------------------------------


def post_staff(uow: UnitOfWork, posting: Posting, *, end_former: bool = False) -> Posting:
    """Post a person to a window, or to a post without one.

    Two A-roles at once are refused; `end_former` ends the one he leaves the day before.
    """
    member = uow.get(StaffMember, posting.staff_member_id)
    checks.take_turn(uow, member.centre_id)
    _check_posting(uow, posting, member, end_former=end_former)
    uow.session.add(posting)
    uow.session.flush()
    uow.record(rules.STAFF_POSTED, member)
    return posting


def _check_posting(uow: UnitOfWork, posting: Posting, member: StaffMember, *, end_former: bool) -> None:
    if posting.patrol_point_id and posting.post:
        raise Invalid(N_("窗口和岗位只填一个。"), field="post")
    if not posting.patrol_point_id and not posting.post:
        raise Invalid(N_("请填写窗口编号，或者没有窗口的岗位名称。"), field="point")
    _within(uow, member, posting.from_on, posting.to_on)
    if posting.patrol_point_id:
        point = uow.get(PatrolPoint, posting.patrol_point_id)
        checks.same_centre(member.centre_id, point)
        _open_then(point, posting.from_on, posting.to_on, "point")
    for other, place in postings_that_meet(uow, posting):
        if (other.patrol_point_id, other.post) == (posting.patrol_point_id, posting.post):
            raise Invalid(
                N_("%(name)s %(day)s 起已经安排在这里。"),
                field="point",
                name=member.name,
                day=str(other.from_on),
            )
        if other.role is PostingRole.A and posting.role is PostingRole.A:
            _leave(other, place, posting.from_on, member, end_former=end_former)


def _leave(other: Posting, place: str, on: date, member: StaffMember, *, end_former: bool) -> None:
    """End the A-role that another one follows, or say where the person is posted."""
    said = {"name": member.name, "place": place, "day": str(other.from_on)}
    if other.from_on >= on:
        raise Invalid(
            N_("%(name)s 自 %(day)s 起已安排为 %(place)s 的 A 角；请填写截止日期，或者先撤销那个安排。"),
            field="to_on",
            **said,
        )
    if not end_former:
        raise Invalid(
            N_("%(name)s 自 %(day)s 起是 %(place)s 的 A 角，不能同时在两处；勾选下面一项可一并结束。"),
            field="point",
            **said,
        )
    other.to_on = on - DAY


def postings_that_meet(uow: UnitOfWork, posting: Posting) -> list[tuple[Posting, str]]:
    """Return the person's other postings that share a day with this one, each with its place in words."""
    rows = uow.session.execute(
        select(Posting, PatrolPoint)
        .outerjoin(PatrolPoint, PatrolPoint.id == Posting.patrol_point_id)
        .where(
            Posting.staff_member_id == posting.staff_member_id,
            or_(Posting.to_on.is_(None), Posting.to_on >= posting.from_on),
        )
        .order_by(Posting.from_on, Posting.id)
    )
    return [
        (other, point.audit_name if point else other.post)
        for other, point in rows
        if other is not posting and meet(other.from_on, other.to_on, posting.from_on, posting.to_on)
    ]


def move_posting(
    uow: UnitOfWork, posting_id: int, version: int, *, point_id: int | None, post: str, from_on: date
) -> Posting:
    """Move a person from one place to another in one step: the old term ends the day before."""
    former = uow.get(Posting, posting_id, version)
    member = former.staff_member
    checks.take_turn(uow, member.centre_id)
    _still_running(former, from_on - DAY, "from_on")
    follower = Posting(
        staff_member_id=member.id,
        patrol_point_id=point_id,
        post=post,
        role=former.role,
        from_on=from_on,
        to_on=former.to_on,
    )
    former.to_on = from_on - DAY
    _check_posting(uow, follower, member, end_former=False)
    uow.session.add(follower)
    uow.session.flush()
    uow.record(rules.STAFF_MOVED, member)
    return follower


def _still_running(term: Posting | ChiefRepresentative, last: date, field: str) -> None:
    """Refuse a last day outside the term."""
    if last < term.from_on:
        raise Invalid(
            N_("这项安排 %(day)s 才开始；没有发生过的请用“撤销”。"), field=field, day=str(term.from_on)
        )
    if term.to_on is not None and last >= term.to_on:
        raise Invalid(N_("这项安排 %(day)s 已经结束。"), field=field, day=str(term.to_on))


def end_posting(uow: UnitOfWork, posting_id: int, version: int, to_on: date) -> Posting:
    """End a posting after a day."""
    row = uow.get(Posting, posting_id, version)
    _still_running(row, to_on, "to_on")
    rules.check_day(to_on, checks.today(uow), "to_on")
    row.to_on = to_on
    uow.record(rules.POSTING_ENDED, row.staff_member)
    return row


def withdraw_posting(uow: UnitOfWork, posting_id: int, version: int, reason: str) -> Posting:
    """Withdraw a posting that was entered by mistake or never came about."""
    row = uow.get(Posting, posting_id, version)
    _not_withdrawn(row.from_on, row.to_on)
    row.to_on = never(row.from_on)
    uow.record(rules.POSTING_WITHDRAWN, row.staff_member, reason=reason)
    return row


def _not_withdrawn(from_on: date, to_on: date | None) -> None:
    if withdrawn(from_on, to_on):
        raise Invalid(N_("这项登记已经撤销。"))


def end_all(uow: UnitOfWork, terms: Sequence[Posting | ChiefRepresentative], on: date) -> None:
    """End terms the day before; what would only have begun then never was. One entry for each subject."""
    subjects = {}
    for term in terms:
        term.to_on = last_before(term.from_on, on)
        subject = term.audit_subject()
        action = rules.POSTING_ENDED if isinstance(term, Posting) else rules.CHIEF_ENDED
        subjects[id(subject)] = (action, subject)
    for action, subject in subjects.values():
        uow.record(action, subject)


def held_from(
    uow: UnitOfWork, staff_member_id: int, on: date
) -> list[tuple[Posting | ChiefRepresentative, str]]:
    """Return what a person is posted to or answers for on a day or later, each with its place in words."""
    postings = uow.session.execute(
        select(Posting, PatrolPoint)
        .outerjoin(PatrolPoint, PatrolPoint.id == Posting.patrol_point_id)
        .where(Posting.staff_member_id == staff_member_id, or_(Posting.to_on.is_(None), Posting.to_on >= on))
    )
    chiefs = uow.session.execute(
        select(ChiefRepresentative, Department)
        .join(Department, Department.id == ChiefRepresentative.department_id)
        .where(
            ChiefRepresentative.staff_member_id == staff_member_id,
            or_(ChiefRepresentative.to_on.is_(None), ChiefRepresentative.to_on >= on),
        )
    )
    found: list[tuple[Posting | ChiefRepresentative, str]] = [
        (posting, point.audit_name if point else posting.post) for posting, point in postings
    ]
    found += [(chief, department.short_name) for chief, department in chiefs]
    return [(term, place) for term, place in found if not withdrawn(term.from_on, term.to_on)]


# --- chief representatives ------------------------------------------------------------------------


def name_chief(uow: UnitOfWork, chief: ChiefRepresentative) -> ChiefRepresentative:
    """Name a department's chief representative; the term of the one before ends the day before."""
    department = uow.get(Department, chief.department_id)
    member = uow.get(StaffMember, chief.staff_member_id)
    checks.take_turn(uow, department.centre_id)
    checks.same_centre(department.centre_id, member)
    _within(uow, member, chief.from_on, chief.to_on)
    _open_then(department, chief.from_on, chief.to_on, "department_id")
    in_office = select(ChiefRepresentative).where(
        ChiefRepresentative.department_id == department.id,
        or_(ChiefRepresentative.to_on.is_(None), ChiefRepresentative.to_on >= chief.from_on),
    )
    for former in uow.session.scalars(in_office).all():
        if not meet(former.from_on, former.to_on, chief.from_on, chief.to_on):
            continue
        if former.staff_member_id == member.id:
            raise Invalid(
                N_("%(name)s 自 %(day)s 起已是首席代表。"),
                field="person",
                name=member.name,
                day=str(former.from_on),
            )
        if former.from_on >= chief.from_on:
            raise Invalid(N_("这一天以后已有首席代表，请核对起始日期。"), field="from_on")
        former.to_on = chief.from_on - DAY
    uow.session.add(chief)
    uow.session.flush()
    uow.record(rules.CHIEF_NAMED, department)
    return chief


def end_chief(uow: UnitOfWork, chief_id: int, version: int, to_on: date) -> ChiefRepresentative:
    """End the term of a chief representative after a day."""
    row = uow.get(ChiefRepresentative, chief_id, version)
    _still_running(row, to_on, "to_on")
    rules.check_day(to_on, checks.today(uow), "to_on")
    row.to_on = to_on
    uow.record(rules.CHIEF_ENDED, row.department)
    return row


def withdraw_chief(uow: UnitOfWork, chief_id: int, version: int, reason: str) -> ChiefRepresentative:
    """Withdraw a chief representative who was entered by mistake."""
    row = uow.get(ChiefRepresentative, chief_id, version)
    _not_withdrawn(row.from_on, row.to_on)
    row.to_on = never(row.from_on)
    uow.record(rules.CHIEF_WITHDRAWN, row.department, reason=reason)
    return row


# --- absences -------------------------------------------------------------------------------------


def grant_absence(uow: UnitOfWork, absence: Absence) -> Absence:
    """Grant leave or an errand, so that the empty seat is not an empty post."""
    member = uow.get(StaffMember, absence.staff_member_id)
    checks.take_turn(uow, member.centre_id)
    _check_length(uow, absence, member)
    _check_free(uow, member, absence, "begins_at")
    if absence.stand_in_id == member.id:
        raise Invalid(N_("顶岗人员不能是本人。"), field="stand_in")
    if absence.stand_in_id:
        stand_in = uow.get(StaffMember, absence.stand_in_id)
        checks.same_centre(member.centre_id, stand_in)
        first, last = (clock.local(at).date() for at in (absence.begins_at, absence.ends_at))
        if first < stand_in.joined_on or (stand_in.left_on and last >= stand_in.left_on):
            raise Invalid(N_("%(name)s 这段时间不在岗。"), field="stand_in", name=stand_in.name)
        _check_free(uow, stand_in, absence, "stand_in")
    uow.session.add(absence)
    uow.session.flush()
    uow.record(rules.ABSENCE_GRANTED, member)
    return absence


def _check_length(uow: UnitOfWork, absence: Absence, member: StaffMember) -> None:
    if absence.ends_at <= absence.begins_at:
        raise Invalid(N_("结束时间应当晚于开始时间。"), field="ends_at")
    if absence.ends_at - absence.begins_at > LONGEST_ABSENCE:
        raise Invalid(N_("超过一年，请核对年份。"), field="ends_at")
    first, last = (clock.local(at).date() for at in (absence.begins_at, absence.ends_at))
    rules.check_day(first, checks.today(uow), "begins_at")
    if first < member.joined_on:
        raise Invalid(
            N_("%(name)s %(day)s 才到岗。"), field="begins_at", name=member.name, day=str(member.joined_on)
        )
    if member.left_on and last > member.left_on:
        raise Invalid(
            N_("%(name)s %(day)s 起离岗，须在这之前结束。"),
            field="ends_at",
            name=member.name,
            day=str(member.left_on),
        )


def _check_free(uow: UnitOfWork, member: StaffMember, absence: Absence, field: str) -> None:
    """Refuse a time in which the person is away already."""
    other = uow.session.scalars(
        select(Absence).where(
            Absence.staff_member_id == member.id,
            Absence.begins_at < absence.ends_at,
            Absence.ends_at > absence.begins_at,
            Absence.ends_at > Absence.begins_at,
        )
    ).first()
    if other is not None:
        raise Invalid(
            N_("%(name)s 在 %(begin)s 至 %(end)s 已登记请假或公出。"),
            field=field,
            name=member.name,
            begin=_minute(other.begins_at),
            end=_minute(other.ends_at),
        )


def _minute(at: datetime) -> str:
    return str(clock.local(at))[:16]


def end_absence(uow: UnitOfWork, absence_id: int, version: int, ends_at: datetime) -> Absence:
    """Enter that a person was back earlier than granted."""
    row = uow.get(Absence, absence_id, version)
    if not row.begins_at < ends_at <= row.ends_at:
        raise Invalid(
            N_("返岗时间应当在 %(begin)s 和 %(end)s 之间；延长请另行登记。"),
            field="ends_at",
            begin=_minute(row.begins_at),
            end=_minute(row.ends_at),
        )
    row.ends_at = ends_at
    uow.record(rules.ABSENCE_ENDED, row.staff_member)
    return row


def withdraw_absence(uow: UnitOfWork, absence_id: int, version: int, reason: str) -> Absence:
    """Withdraw an absence that was entered by mistake or did not come about."""
    row = uow.get(Absence, absence_id, version)
    if row.ends_at <= row.begins_at:
        raise Invalid(N_("这项登记已经撤销。"))
    row.ends_at = row.begins_at
    uow.record(rules.ABSENCE_WITHDRAWN, row.staff_member, reason=reason)
    return row
