import tomllib
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import func, select

from app import clock as office
from app import create_app
from app.accounts import queries as accounts
from app.accounts.labels import LABELS
from app.accounts.models import User
from app.accounts.password_rules import PROFILES, password_faults
from app.accounts.services import sign_in
from app.audit.models import AuditHead
from app.config import ROOT
from app.core.errors import Invalid, NotAllowed
from app.db import migrate
from app.db.uow import unit_of_work
from app.extensions import db
from app.inspections.checklist_services import publish_checklist
from app.inspections.models import Checklist, ChecklistItem
from app.inspections.queries import current_checklist
from app.inspections.rules import Severity
from app.organisation import list_queries, queries
from app.organisation.models import Centre, Department, PatrolPoint, StaffMember
from app.organisation.rules import CentreLevel, DepartmentKind, PointKind, PostingRole, StaffKind
from app.permissions import Origin, Role, system_actor
from app.seeding import demo, demo_stage, reference
from app.worktime.models import CalendarYear
from tests.cast import NOW
from tests.databases import settings

TODAY = date(2026, 11, 18)
STANDARD: dict[str, Any] = tomllib.loads(
    (ROOT / "seeds/checklists/standard.toml").read_text(encoding="utf-8")
)


def planted(folder: Path, today: date) -> Flask:
    """Return an application whose database holds the demo centres without the work done there."""
    own = settings(folder)
    migrate.upgrade(own)
    app = create_app(own)
    with app.app_context():
        demo.plant(today)
    return app


def close(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def _planted(tmp_path_factory: pytest.TempPathFactory, _cheap_passwords: None) -> Iterator[Flask]:
    app = planted(tmp_path_factory.mktemp("demo"), TODAY)
    yield app
    close(app)


@pytest.fixture
def demo_app(_planted: Flask) -> Iterator[Flask]:
    with _planted.app_context():
        yield _planted


# --- the demo centre ------------------------------------------------------------------------------


def test_the_demo_halls_have_the_places_of_their_plan(demo_app):
    upper, town = db.session.scalars(select(Centre).order_by(Centre.id))
    assert (town.parent_id, town.level) == (upper.id, CentreLevel.TOWN)
    points = db.session.scalars(select(PatrolPoint)).all()
    windows = [point for point in points if point.kind is PointKind.WINDOW]
    assert (len(windows), len(points) - len(windows)) == (40, 6)
    assert sum(point.centre_id == town.id for point in points) == 5
    assert sum(point.comprehensive and point.department_id is None for point in windows) == 8
    assert {point.kind for point in points} == set(PointKind)
    for point in points:
        departments = queries.departments_of_point(db.session(), point, TODAY)
        if point.kind is PointKind.WINDOW:
            assert len(departments) > 1 if point.comprehensive else len(departments) == 1
        else:
            assert departments == []


def test_every_window_has_an_a_and_a_b_role(demo_app):
    windows = db.session.scalars(select(PatrolPoint).where(PatrolPoint.kind == PointKind.WINDOW)).all()
    posted = queries.postings_today(db.session(), [window.id for window in windows], TODAY)
    for window in windows:
        people = posted[window.id]
        assert [role for _, role, _ in people] == [PostingRole.A, PostingRole.B], window.number
        assert len({staff.id for staff, _, _ in people}) == 2
    assert any(absence for people in posted.values() for _, _, absence in people)


def test_every_department_but_one_has_a_chief_representative_with_an_account(demo_app):
    departments = db.session.scalars(select(Department)).all()
    assert len(departments) == 25
    assert {department.kind for department in departments} == set(DepartmentKind)
    without = []
    for department in departments:
        chief = queries.chief_of(db.session(), department.id, TODAY)
        assert chief is not None
        assert chief.department_id == department.id
        user = db.session.query(User).filter_by(staff_member_id=chief.id).one_or_none()
        if user is None:
            without.append(department.short_name)
        else:
            assert [grant.role for grant in user.roles] == [Role.CHIEF_REPRESENTATIVE]
    assert without == ["衡砚咨询"]  # the section head enters its steps


def test_ninety_people_are_found_by_pinyin(demo_app):
    assert db.session.scalar(select(func.count()).select_from(StaffMember)) == 90
    assert set(db.session.scalars(select(StaffMember.kind))) == set(StaffKind)
    town = db.session.scalars(select(Centre.id).where(Centre.parent_id.is_not(None))).one()
    staff = select(func.count()).select_from(StaffMember)
    assert db.session.scalar(staff.where(StaffMember.centre_id == town)) == 9
    inspector = accounts.find_user("shenyanqiu")
    assert inspector is not None
    actor = accounts.build_actor(inspector, frozenset({Role.INSPECTOR}), TODAY, Origin())
    for typed, name in (("gjx", "高𠮷祥"), ("zz", "查喆"), ("qlx", "仇立夏"), ("ycym", "尉迟月明")):
        for query, alone in ((typed, False), (name, True)):
            names = [member.name for member in list_queries.list_staff(actor, {"q": query}, TODAY).page.rows]
            assert name in names, query
            assert not alone or len(names) == 1, query


def test_each_listed_account_signs_in_with_its_role(demo_app):
    assert not password_faults(demo.PASSWORD, "", PROFILES["mlps"])
    for username, word, centre in demo.SIGN_INS:
        user = accounts.find_user(username)
        assert user is not None
        assert user.name
        assert user.centre_id is not None
        assert db.session.get_one(Centre, user.centre_id).short_name == centre
        assert [LABELS[Role][grant.role] for grant in user.roles] == [word]
        assert not password_faults(demo.PASSWORD, username, PROFILES["mlps"])
    assert {word for _, word, _ in demo.SIGN_INS} == set(LABELS[Role].values())
    assert sign_in("shenyanqiu", demo.PASSWORD, Origin(), "pytest", NOW)


def test_the_sign_in_page_and_the_terminal_list_the_same_accounts():
    page = BeautifulSoup((ROOT / "templates/accounts/_demo.html").read_text(encoding="utf-8"), "html.parser")
    rows = [
        (row.th.get_text(), *(cell.get_text().strip('{_(")} ') for cell in reversed(row.select("td"))))
        for row in page.select("tbody tr")
    ]
    assert rows == list(demo.SIGN_INS)
    assert page.code.get_text() == demo.PASSWORD
    assert all(username in demo.sign_ins() for username, _, _ in demo.SIGN_INS)


@pytest.mark.usefixtures("_cheap_passwords")
def test_the_demo_is_the_same_on_every_machine(tmp_path):
    heads = []
    for name in ("one", "other"):
        app = planted(tmp_path / name, TODAY)
        with app.app_context():
            heads.append(db.session.scalars(select(AuditHead.hash).order_by(AuditHead.centre_id)).all())
        close(app)
    assert heads[0] == heads[1]  # the log holds every value, so one hash stands for all of a centre


def test_a_database_with_a_centre_is_left_alone(demo_app):
    assert not demo.is_empty()
    with pytest.raises(NotAllowed):
        demo.plant(TODAY)
    assert db.session.scalar(select(func.count()).select_from(Centre)) == len(demo.CENTRES)


def test_the_log_of_the_demo_begins_before_its_story(demo_app):
    start = office.local(datetime.combine(TODAY, NOW.timetz())) - timedelta(days=demo_stage.DAYS + 7)
    for centre_id in db.session.scalars(select(Centre.id)):
        assert current_checklist(centre_id, start.date()) is not None


# --- reference data -------------------------------------------------------------------------------


def test_reference_data_is_brought_in_once(demo_app):
    years = sorted(db.session.scalars(select(CalendarYear.year)))
    assert years == sorted(int(path.stem) for path in (ROOT / "seeds/calendars").glob("*.toml"))
    assert reference.plant(system_actor("test"), NOW) == ([], [])
    assert db.session.scalar(select(func.count()).select_from(Checklist)) == len(demo.CENTRES) * len(
        reference.CHECKLISTS
    )


def test_a_checklist_comes_to_every_centre_without_one(db_context, cast):
    years, centres = reference.plant(system_actor("test"), NOW)
    assert centres == ["云栖市政务服务中心", "云栖市青坪区政务服务中心", "松岚市政务服务中心"]
    assert 2019 in years
    assert 2026 not in years  # the cast has it


def every_item() -> list[dict[str, Any]]:
    return [item for group in STANDARD["groups"] for item in group["items"]]


def test_the_standard_checklist_asks_something_sensible_everywhere():
    items = every_item()
    assert len({item["code"] for item in items}) == len(items)
    assert len({item["wording"] for item in items}) == len(items)
    for kind in PointKind:
        assert sum(kind.value in item["applies_to"] for item in items) >= 5, kind
    assert {item.get("red_line", 0) for item in items} == {0, 1, 2, 3, 4, 5}
    for item in items:
        assert len(item["wording"]) <= 40
        assert Severity(item["severity"])
        if item.get("red_line"):
            assert item["photo_required"] and item["clause"].startswith("五条红线第"), item["code"]
        assert item.get("photo_required") or item.get("note_required"), item["code"]


# --- editions -------------------------------------------------------------------------------------


def edition(number: int, change: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    item = {
        "code": "X01",
        "wording": "台面杂乱",
        "severity": "minor",
        "applies_to": ["window"],
        "deadline_workdays": 1,
    }
    if change:
        change(item)
    groups = [{"code": "place", "name": "现场", "items": [item]}]
    return {"code": "small", "edition": number, "name": "小清单", "source": "测试", "groups": groups}


def publish(centre_id: int, data: dict[str, Any], now: datetime = NOW) -> int | None:
    with unit_of_work(system_actor("test"), now) as uow:
        checklist = publish_checklist(uow, centre_id, data)
        return checklist.id if checklist else None


@pytest.mark.both_databases
def test_a_new_edition_retires_the_former_and_the_same_is_not_published_twice(db_context, cast):
    first = publish(cast.lower_centre, edition(1))
    assert first
    assert publish(cast.lower_centre, edition(1)) is None
    later = NOW + timedelta(days=3)
    second = publish(cast.lower_centre, edition(2, lambda item: item.update(wording="台面凌乱")), later)
    row = db.session.get_one(Checklist, first)
    assert row.retired_on == date(2026, 11, 21)
    for day, expected in ((20, first), (21, second)):
        found = current_checklist(cast.lower_centre, date(2026, 11, day))
        assert found is not None
        assert found.id == expected
    items = db.session.scalars(select(ChecklistItem).where(ChecklistItem.checklist_id == second)).all()
    assert [(item.wording, item.deadline_workdays, item.deadline_hours) for item in items] == [
        ("台面凌乱", 1, None)
    ]


@pytest.mark.both_databases
@pytest.mark.parametrize("number", [1, 2])
def test_an_edition_that_stands_is_not_rewritten(db_context, cast, number):
    publish(cast.lower_centre, edition(2))
    with pytest.raises(Invalid):
        publish(cast.lower_centre, edition(number, lambda item: item.update(wording="别的")))


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item.pop("wording"),
        lambda item: item.update(severity="terrible"),
        lambda item: item.update(applies_to=["moon"]),
        lambda item: item.update(deadline_hours=4),
        lambda item: item.pop("deadline_workdays"),
    ],
)
def test_a_broken_item_is_named(db_context, cast, change):
    with pytest.raises(Invalid, match="X01"):
        publish(cast.lower_centre, edition(1, change))


# --- commands -------------------------------------------------------------------------------------


def run(app: Flask, *words: str, typed: str = "") -> Any:
    return app.test_cli_runner().invoke(args=words, input=typed)


def test_an_administrator_is_made_on_the_terminal(app, cast):
    words = ("users", "create-admin", "--role", "auditor", "--username", "dushen", "--name", "都慎")
    result = run(app, *words, typed="river-stone-42\nriver-stone-42\n")
    assert result.exit_code == 0, result.output
    assert "river-stone" not in result.output
    with app.app_context():
        user = accounts.find_user("dushen")
        assert user is not None
        assert user.must_change_password
        assert (user.centre_id, user.sort_key) == (cast.centre, queries.name_key("都慎"))
        assert [grant.role for grant in user.roles] == [Role.AUDITOR]
    assert "已有人使用" in run(app, *words).output


@pytest.mark.parametrize(
    ("roles", "typed", "said"),
    [
        (("auditor", "security_administrator"), "", "不能由同一人兼任"),
        (("inspector",), "", "Invalid value"),
        (("auditor",), "short\nshort\n", "至少 10 个字符"),
        ((), "", "Missing option"),
    ],
)
def test_an_administrator_is_refused(app, cast, roles, typed, said):
    options = [word for role in roles for word in ("--role", role)]
    result = run(app, "users", "create-admin", *options, "--username", "x1", "--name", "某甲", typed=typed)
    assert result.exit_code != 0
    assert said in result.output
    with app.app_context():
        assert accounts.find_user("x1") is None


@pytest.mark.usefixtures("_cheap_passwords")
def test_a_centre_comes_before_its_administrators(tmp_path):
    own = settings(tmp_path)
    migrate.upgrade(own)
    app = create_app(own)
    admin = ("users", "create-admin", "--role", "auditor", "--username", "first", "--name", "某甲")
    assert "centres open" in run(app, *admin, typed="river-stone-42\nriver-stone-42\n").output
    opened = run(
        app, "centres", "open", "清溪镇便民服务中心", "--short-name", "清溪", "--number-prefix", "清政服"
    )
    assert opened.exit_code == 0, opened.output
    assert run(app, *admin, typed="river-stone-42\nriver-stone-42\n").exit_code == 0
    seeded = run(app, "seed", "reference")
    assert "2026" in seeded.output
    assert "清溪镇便民服务中心" in seeded.output
    assert "没有变化" in run(app, "seed", "reference").output
    close(app)
