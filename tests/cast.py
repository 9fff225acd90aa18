"""A small invented cast: three centres, their halls, and one person for every role.

Written once into the template, so every test starts with the same ids. Usernames are the keys of USERS.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

from flask import Flask

from app import clock, config
from app.accounts import queries as account_queries
from app.accounts import services as accounts
from app.accounts.models import User
from app.core.actions import Action
from app.db.mixins import Audited
from app.db.uow import UnitOfWork, unit_of_work
from app.inspections import rules as inspections
from app.inspections.models import Checklist, ChecklistItem
from app.organisation import pinyin
from app.organisation import rules as org
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
from app.permissions import Actor, Origin, Permission, Role, system_actor
from app.worktime import calendar_files
from app.worktime import services as worktime

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)  # a Wednesday, 10:00 at the office
OPENED = date(2024, 1, 2)
PASSWORD = "correct-horse-云栖-7"

# username: (role, centre, staff member or None, name)
USERS: dict[str, tuple[Role, str, str | None, str]] = {
    "wang": (Role.INSPECTOR, "centre", None, "王巡"),
    "zhao": (Role.INSPECTOR, "centre", None, "赵访"),
    "head": (Role.SECTION_HEAD, "centre", None, "钱科"),
    "director": (Role.DIRECTOR, "centre", None, "孙任"),
    "chief_a": (Role.CHIEF_REPRESENTATIVE, "centre", "chief_a_staff", "李首"),
    "chief_b": (Role.CHIEF_REPRESENTATIVE, "centre", "chief_b_staff", "周首"),
    "window_a": (Role.WINDOW_STAFF, "centre", "window_a_staff", "吴窗"),
    "complaints": (Role.COMPLAINT_OFFICER, "centre", None, "郑诉"),
    "auditor": (Role.AUDITOR, "centre", None, "冯审"),
    "sysadmin": (Role.SYSTEM_ADMINISTRATOR, "centre", None, "陈系"),
    "secadmin": (Role.SECURITY_ADMINISTRATOR, "centre", None, "褚安"),
    "disclosure": (Role.DISCLOSURE_OFFICER, "centre", None, "卫公"),
    "legal": (Role.LEGAL_REVIEWER, "centre", None, "蒋法"),
    "lower": (Role.INSPECTOR, "lower_centre", None, "沈下"),
    "lower_head": (Role.SECTION_HEAD, "lower_centre", None, "冉下"),
    "outside_security": (Role.SECURITY_ADMINISTRATOR, "other_centre", None, "秦外"),
    "outsider": (Role.INSPECTOR, "other_centre", None, "韩外"),
    "outside_head": (Role.SECTION_HEAD, "other_centre", None, "杨外"),
    "outside_admin": (Role.SYSTEM_ADMINISTRATOR, "other_centre", None, "朱外"),
}


def populate(app: Flask) -> SimpleNamespace:
    """Bring the cast in and return its ids: `cast.point_a`, `cast.chief_a_staff`, `cast.users["wang"]` …"""
    cast: dict[str, Any] = {"users": {}}
    with app.app_context():
        _places(cast)
        _calendars()
        hashed = accounts.hash_password(PASSWORD)
        for username, (role, centre, staff, name) in USERS.items():
            with unit_of_work(system_actor("cast"), NOW) as uow:
                user = User(
                    username=username,
                    name=name,
                    centre_id=cast[centre],
                    staff_member_id=cast[staff] if staff else None,
                    password_hash=hashed,
                )
                accounts.add_user(uow, user, frozenset({role}))
                cast["users"][username] = user.id
    return SimpleNamespace(**cast)


def _places(cast: dict[str, Any]) -> None:
    def add(key: str, row: Audited, action: Action, **extra: Any) -> None:
        uow.session.add(row)
        uow.session.flush()
        uow.record(action, row, **extra)
        cast[key] = row.id

    def person(key: str, number: str, name: str, initials: str, department: str | None) -> None:
        member = StaffMember(
            centre_id=cast["centre"],
            department_id=cast[department] if department else None,
            kind=org.StaffKind.WINDOW_STAFF if department else org.StaffKind.GUIDE,
            staff_number=number,
            name=name,
            sort_key=key,
            initials=initials,
            joined_on=OPENED,
        )
        add(key, member, org.STAFF_ADDED)

    for key, parent, name, short, prefix in (
        ("centre", None, "云栖市政务服务中心", "云栖市中心", "云政服"),
        ("lower_centre", "centre", "云栖市青坪区政务服务中心", "青坪区中心", "青政服"),
        ("other_centre", None, "松岚市政务服务中心", "松岚市中心", "松政服"),
    ):
        with unit_of_work(system_actor("cast"), NOW) as uow:
            centre = Centre(
                parent_id=cast[parent] if parent else None,
                name=name,
                short_name=short,
                initials=pinyin.initials(short),
                level=org.CentreLevel.DISTRICT if parent else org.CentreLevel.CITY,
                number_prefix=prefix,
                opened_on=OPENED,
            )
            add(key, centre, org.CENTRE_OPENED)
    with unit_of_work(system_actor("cast"), NOW) as uow:
        for key, kind, name in (
            ("section", org.SectionKind.SUPERVISION, "督查科"),
            ("complaints_section", org.SectionKind.COMPLAINTS, "投诉科"),
        ):
            section = Section(
                centre_id=cast["centre"],
                kind=kind,
                name=name,
                initials=pinyin.initials(name),
                opened_on=OPENED,
            )
            add(key, section, org.SECTION_OPENED)
        for key, name, short, initials in (
            ("department_a", "云栖市市场监督管理局", "市场监管局", "scjgj"),
            ("department_b", "云栖市住房保障局", "住房保障局", "zfbzj"),
        ):
            add(key, _department(cast["centre"], name, short, initials), org.DEPARTMENT_ADDED)
        add("zone", _zone(cast["centre"], "一楼大厅"), org.ZONE_ADDED)
        add("point_a", _point(cast, "A01", "企业开办", "department_a", 1), org.PATROL_POINT_OPENED)
        add("point_b", _point(cast, "B01", "公积金", "department_b", 2), org.PATROL_POINT_OPENED)
        add("point_shared", _point(cast, "K01", "综合窗口", None, 3), org.PATROL_POINT_OPENED)
        for department in ("department_a", "department_b"):
            uow.session.add(
                ServedDepartment(
                    patrol_point_id=cast["point_shared"], department_id=cast[department], from_on=OPENED
                )
            )
        person("chief_a_staff", "1001", "李首信", "lsx", "department_a")
        person("window_a_staff", "1002", "吴窗口", "wck", "department_a")
        person("chief_b_staff", "2001", "周首诺", "zsn", "department_b")
        person("window_b_staff", "2002", "𠮷㛃伟", "jjw", "department_b")
        person("guide_staff", "9001", "何导", "hd", None)
        for staff, point in (("window_a_staff", "point_a"), ("window_b_staff", "point_b")):
            uow.session.add(
                Posting(
                    staff_member_id=cast[staff],
                    patrol_point_id=cast[point],
                    role=org.PostingRole.A,
                    from_on=OPENED,
                )
            )
        for department, staff in (("department_a", "chief_a_staff"), ("department_b", "chief_b_staff")):
            uow.session.add(
                ChiefRepresentative(
                    department_id=cast[department], staff_member_id=cast[staff], from_on=OPENED
                )
            )
    with unit_of_work(system_actor("cast"), NOW) as uow:
        department = _department(cast["other_centre"], "松岚市税务局", "税务局", "swj")
        add("other_department", department, org.DEPARTMENT_ADDED)
        add("other_zone", _zone(cast["other_centre"], "办税大厅"), org.ZONE_ADDED)
        point = _point(cast, "T01", "综合纳税", "other_department", 1, "other_centre", "other_zone")
        add("other_point", point, org.PATROL_POINT_OPENED)
    with unit_of_work(system_actor("cast"), NOW) as uow:
        _checklist(uow, cast)


def _department(centre_id: int, name: str, short_name: str, initials: str) -> Department:
    return Department(
        centre_id=centre_id,
        kind=org.DepartmentKind.AUTHORITY,
        name=name,
        short_name=short_name,
        sort_key=initials,
        initials=initials,
        opened_on=OPENED,
    )


def _zone(centre_id: int, name: str) -> Zone:
    return Zone(centre_id=centre_id, name=name, initials=pinyin.initials(name), floor="1F", position=1)


def _point(
    cast: dict[str, Any],
    number: str,
    name: str,
    department: str | None,
    order: int,
    centre: str = "centre",
    zone: str = "zone",
) -> PatrolPoint:
    return PatrolPoint(
        centre_id=cast[centre],
        zone_id=cast[zone],
        kind=org.PointKind.WINDOW,
        number=number,
        name=name,
        initials=pinyin.initials(name),
        comprehensive=department is None,
        department_id=cast[department] if department else None,
        walking_order=order,
        opened_on=OPENED,
    )


def _checklist(uow: UnitOfWork, cast: dict[str, Any]) -> None:
    checklist = Checklist(
        centre_id=cast["centre"],
        code="daily",
        edition=1,
        name="日常巡查清单",
        effective_on=OPENED,
        source="测试用",
    )
    uow.session.add(checklist)
    uow.session.flush()
    cast["checklist"] = checklist.id
    cast["items"] = {}
    for position, (code, wording, severity, red_line, workdays) in enumerate(
        (
            ("A-01", "工作时间空岗", inspections.Severity.ORDINARY, 0, 3),
            ("A-02", "未亮牌上岗", inspections.Severity.MINOR, 0, 1),
            ("R-01", "推诿刁难办事群众", inspections.Severity.SERIOUS, 1, 2),
        ),
        1,
    ):
        item = ChecklistItem(
            checklist=checklist,
            position=position,
            group_code=code[0],
            group_name="在岗纪律" if code[0] == "A" else "红线",
            code=code,
            wording=wording,
            severity=severity,
            red_line=red_line,
            applies_to=[kind.value for kind in org.PointKind],
            note_required=bool(red_line),
            deadline_workdays=workdays,
        )
        uow.session.add(item)
        uow.session.flush()
        cast["items"][code] = item.id
    uow.record(inspections.CHECKLIST_PUBLISHED, checklist, items=3)


def _calendars() -> None:
    for year in ("2025", "2026"):
        with unit_of_work(system_actor("cast"), NOW) as uow:
            worktime.publish_year(uow, calendar_files.read_year(config.ROOT / f"seeds/calendars/{year}.toml"))


def actor(username: str, permission: Permission | None = None) -> Actor:
    """Return one of the cast as services take him; needs an application context."""
    user = account_queries.find_user(username)
    assert user is not None, f"{username} is not of the cast"
    roles = frozenset(grant.role for grant in user.roles if grant.withdrawn_at is None)
    found = account_queries.build_actor(user, roles, clock.today(), Origin(route="test"))
    return accounts.with_role(found, permission) if permission else found
