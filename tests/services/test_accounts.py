"""Accounts under the security administrator: roles kept apart, the last one kept, sessions ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select

from app import clock as office
from app.accounts import admin_queries, admin_services, queries, services
from app.accounts.admin_services import Person
from app.accounts.models import FormerPassword, RoleGrant, User, UserSession
from app.accounts.password_rules import FORMER_KEPT
from app.accounts.rules import SessionEnd
from app.audit.models import AuditEntry
from app.core.errors import Invalid, NotAllowed, NotFound, Stale
from app.db.uow import end_reading, unit_of_work
from app.extensions import db
from app.permissions import Origin, Permission, Role
from app.settings.rules import Group
from tests.cast import PASSWORD, actor
from tests.factories.accounts import add_user, version_of
from tests.factories.settings import decide

pytestmark = pytest.mark.usefixtures("db_context")
R = Role


def take(verb: Callable[..., Any], username: str, *args: Any, by: str = "secadmin", version: int = 0) -> Any:
    user = queries.find_user(username)
    assert user is not None
    user_id, version = user.id, version or user.version
    with unit_of_work(actor(by, Permission.ACCOUNT_MANAGE), office.now()) as uow:
        return verb(uow, user_id, version, *args)


def sign_in(username: str, password: str = PASSWORD) -> str:
    return services.sign_in(username, password, Origin(address="127.0.0.1"), "pytest", office.now())


def held(username: str) -> set[Role]:
    end_reading()
    user = queries.find_user(username)
    assert user is not None
    return set(user.held)


def payload(action: str) -> dict[str, Any]:
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.seq.desc())
    ).first()
    assert entry is not None, action
    found: dict[str, Any] = json.loads(entry.payload)
    return found


def ends(username: str) -> list[SessionEnd | None]:
    end_reading()
    user = queries.find_user(username)
    assert user is not None
    rows = select(UserSession.end_reason).where(UserSession.user_id == user.id).order_by(UserSession.id)
    return list(db.session.scalars(rows))


# --- roles ----------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_roles_are_granted_and_withdrawn_and_the_sessions_end(site: Any) -> None:
    sign_in("wang")
    take(admin_services.set_roles, "wang", frozenset({R.COMPLAINT_OFFICER, R.DIRECTOR}), "轮岗")
    assert held("wang") == {R.COMPLAINT_OFFICER, R.DIRECTOR}
    assert ends("wang") == [SessionEnd.ROLES_CHANGED]
    told = payload("user.roles_changed")
    assert (told["roles_granted"], told["roles_withdrawn"], told["reason"]) == (
        ["complaint_officer", "director"],
        ["inspector"],
        "轮岗",
    )
    grants = db.session.scalars(select(RoleGrant).where(RoleGrant.role == R.INSPECTOR))
    assert [grant.withdrawn_at for grant in grants if grant.user.username == "wang"] == [office.now()]


@pytest.mark.parametrize(
    "roles",
    [
        {R.AUDITOR, R.SYSTEM_ADMINISTRATOR},
        {R.AUDITOR, R.SECURITY_ADMINISTRATOR, R.DIRECTOR},
        {R.SYSTEM_ADMINISTRATOR, R.SECURITY_ADMINISTRATOR},
    ],
)
def test_the_three_offices_never_meet(site: Any, roles: set[Role]) -> None:
    with pytest.raises(Invalid, match="不能由同一人兼任") as refused:
        take(admin_services.set_roles, "wang", frozenset(roles), "试")
    assert refused.value.field == "roles"
    assert held("wang") == {R.INSPECTOR}


def test_nobody_changes_his_own_roles_state_or_password_here(site: Any) -> None:
    add_user(site, "second", R.SECURITY_ADMINISTRATOR)
    for verb, args in (
        (admin_services.set_roles, (frozenset({R.SECURITY_ADMINISTRATOR, R.DIRECTOR}), "试")),
        (admin_services.disable, ("试",)),
        (admin_services.reset_password, ("x",)),
        (admin_services.end_all_sessions, ()),
    ):
        with pytest.raises(NotAllowed, match="自己的"):
            take(verb, "secadmin", *args)
    assert held("secadmin") == {R.SECURITY_ADMINISTRATOR}


def test_nothing_changed_is_no_change(site: Any) -> None:
    with pytest.raises(Invalid, match="没有变动"):
        take(admin_services.set_roles, "wang", frozenset({R.INSPECTOR}), "试")


# --- the last administrator -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "role", "why"),
    [
        ("sysadmin", R.SYSTEM_ADMINISTRATOR, "最后一名系统管理员"),
        ("secadmin", R.SECURITY_ADMINISTRATOR, "最后一名安全管理员"),
    ],
)
def test_the_last_administrator_of_a_tree_stays(site: Any, username: str, role: Role, why: str) -> None:
    """The other tree has a security administrator of its own: he does not count here."""
    by = "secadmin"
    if username == by:  # somebody else must try: a second one, who is then disabled
        add_user(site, "second", R.SECURITY_ADMINISTRATOR)
        by = "second"
        take(admin_services.set_roles, "second", frozenset({R.DIRECTOR}), "试", by="secadmin")
        add_user(site, "third", R.SECURITY_ADMINISTRATOR)
        take(admin_services.disable, "third", "试", by="secadmin")
    who = actor(by, None)
    user = queries.find_user(username)
    assert user is not None
    user_id, version = user.id, user.version
    for verb, args in (
        (admin_services.disable, ("试",)),
        (admin_services.set_roles, (frozenset({R.DIRECTOR}), "试")),
    ):
        with pytest.raises(NotAllowed, match=why), unit_of_work(who, office.now()) as uow:
            verb(uow, user_id, version, *args)
    assert held(username) == {role}


@pytest.mark.parametrize("centre", ["centre", "lower_centre"])
def test_another_anywhere_in_the_tree_lets_the_first_go(site: Any, centre: str) -> None:
    add_user(site, "second", R.SYSTEM_ADMINISTRATOR, centre_id=getattr(site.cast, centre))
    take(admin_services.disable, "sysadmin", "退休")
    with pytest.raises(NotAllowed, match="最后一名系统管理员"):
        take(admin_services.disable, "second", "试")


# --- one account a person, and a place in sight ---------------------------------------------------


def add(username: str, roles: set[Role], **place: Any) -> User:
    with unit_of_work(actor("secadmin", Permission.ACCOUNT_MANAGE), office.now()) as uow:
        person = Person("何导", **place)
        return admin_services.add_account(uow, username, person, frozenset(roles), "hash")


@pytest.mark.both_databases
def test_an_account_is_added_with_its_person_and_must_change_its_password(site: Any) -> None:
    user = add("hedao", {R.WINDOW_STAFF}, centre_id=site.cast.centre, staff_member_id=site.cast.guide_staff)
    assert (user.must_change_password, user.sort_key[:2], user.initials) == (True, "he", "hd")
    assert payload("user.added")["roles"] == ["window_staff"]
    assert payload("user.added")["changes"]["password_hash"] == [None, "***"]


@pytest.mark.parametrize(
    ("username", "place", "field", "why"),
    [
        ("wang", {}, "username", "已有人使用"),
        ("new", {"staff_member_id": "chief_a_staff"}, "staff", "已有账号“chief_a”"),
        (
            "new",
            {"centre_id": "lower_centre", "staff_member_id": "guide_staff"},
            "staff",
            "不是这个中心的人员",
        ),
        ("new", {"centre_id": "lower_centre", "section_id": "section"}, "section", "不属于这个中心"),
        ("new", {"centre_id": "other_centre"}, "centre", "不在您的管理范围内"),
    ],
)
def test_a_wrong_place_is_refused_beside_its_field(
    site: Any, username: str, place: dict[str, str], field: str, why: str
) -> None:
    where = {"centre_id": "centre", **place}
    with pytest.raises(Invalid, match=why) as refused:
        add(username, {R.DIRECTOR}, **{name: getattr(site.cast, key) for name, key in where.items()})
    assert refused.value.field == field


def test_an_account_keeps_its_own_staff_member(site: Any) -> None:
    person = Person("李首信", site.cast.centre, None, site.cast.chief_a_staff)
    assert take(admin_services.change_account, "chief_a", person).name == "李首信"
    with pytest.raises(Invalid, match="已有账号"):
        take(admin_services.change_account, "wang", person)


def test_out_of_sight_is_out_of_reach(site: Any) -> None:
    for verb, args in ((admin_services.disable, ("试",)), (admin_services.unlock, ())):
        with pytest.raises(NotAllowed, match="不在您的管理范围内"):
            take(verb, "wang", *args, by="outside_security")


def test_of_two_administrators_the_second_is_stale(site: Any) -> None:
    add_user(site, "second", R.SECURITY_ADMINISTRATOR)
    seen = version_of("wang")
    take(admin_services.set_roles, "wang", frozenset({R.DIRECTOR}), "试", version=seen)
    for verb, args in (
        (admin_services.set_roles, (frozenset({R.SECTION_HEAD}), "试")),
        (admin_services.disable, ("试",)),
        (admin_services.change_account, (Person("王", site.cast.centre),)),
    ):
        with pytest.raises(Stale):
            take(verb, "wang", *args, by="second", version=seen)
    assert held("wang") == {R.DIRECTOR}


# --- state and passwords --------------------------------------------------------------------------


def test_disabled_enabled_unlocked(site: Any, clock: Any) -> None:
    sign_in("wang")
    take(admin_services.disable, "wang", "调离")
    assert ends("wang") == [SessionEnd.DISABLED]
    with pytest.raises(Invalid):
        sign_in("wang")
    with pytest.raises(NotAllowed, match="已经停用"):
        take(admin_services.disable, "wang", "再试")
    take(admin_services.enable, "wang")
    assert sign_in("wang")
    for _ in range(5):
        with pytest.raises(Invalid):
            sign_in("wang", "wrong")
    with pytest.raises(Invalid, match="暂停登录至 10:01"):
        sign_in("wang")
    take(admin_services.unlock, "wang")
    assert sign_in("wang")
    with pytest.raises(NotAllowed, match="没有暂停登录"):
        take(admin_services.unlock, "wang")


def test_a_temporary_password_ends_sessions_and_must_be_changed(site: Any) -> None:
    sign_in("wang")
    take(admin_services.reset_password, "wang", services.hash_password("Kx7m-Rtp4-Wq9d-h3Nv"))
    assert ends("wang") == [SessionEnd.RESET]
    with pytest.raises(Invalid):
        sign_in("wang")
    token = sign_in("wang", "Kx7m-Rtp4-Wq9d-h3Nv")
    resumed = services.resume(token, Origin(), office.now())
    assert resumed is not None
    assert resumed[1], "must change"
    with pytest.raises(NotAllowed, match="先启用"):
        take(admin_services.disable, "wang", "试")
        take(admin_services.reset_password, "wang", "x")


def change(username: str, old: str, new: str) -> None:
    user = queries.find_user(username)
    assert user is not None
    user_id, hashed = user.id, services.check_new_password(user, old, new)
    with unit_of_work(actor(username, Permission.ACCOUNT_OWN), office.now()) as uow:
        services.change_password(uow, user_id, uow.get(User, user_id).version, hashed)


@pytest.mark.both_databases
def test_under_mlps_the_last_five_passwords_do_not_come_back(site: Any, clock: Any) -> None:
    decide(site, Group.SECURITY, password_profile="mlps")
    used = [PASSWORD, *(f"Quiet-otter-{n}" for n in range(1, 6))]
    for old, new in pairwise(used):
        clock.tick(minutes=1)
        change("wang", old, new)
    for again in used[2:5]:
        with pytest.raises(Invalid, match="最近 5 次"):
            change("wang", used[5], again)
    with pytest.raises(Invalid, match="不能与原密码相同"):
        change("wang", used[5], used[5])
    change("wang", used[5], used[0])  # six back
    assert db.session.scalar(select(func.count()).select_from(FormerPassword)) == FORMER_KEPT


def test_under_modern_only_the_present_one_is_barred(site: Any) -> None:
    change("wang", PASSWORD, "quiet brown otter")
    change("wang", "quiet brown otter", PASSWORD)


def test_under_mlps_a_password_is_changed_after_ninety_days(site: Any, clock: Any) -> None:
    decide(site, Group.SECURITY, password_profile="mlps")
    for days, due in ((90, False), (1, True)):
        clock.tick(days=days)
        resumed = services.resume(sign_in("wang"), Origin(), office.now())
        assert resumed is not None
        assert resumed[1] is due
    assert payload("session.opened")["changes"]["must_change_password"] == [False, True]


def test_a_password_too_weak_for_a_new_profile_is_changed_at_the_next_sign_in(site: Any) -> None:
    change("wang", PASSWORD, "quiet brown otter")
    decide(site, Group.SECURITY, password_profile="mlps")
    resumed = services.resume(sign_in("wang", "quiet brown otter"), Origin(), office.now())
    assert resumed is not None
    assert resumed[1]


@pytest.mark.parametrize(("profile", "minutes"), [("modern", 120), ("mlps", 30)])
def test_the_idle_limit_is_that_of_the_profile(site: Any, clock: Any, profile: str, minutes: int) -> None:
    decide(site, Group.SECURITY, password_profile=profile)
    token = sign_in("wang")
    clock.tick(minutes=minutes)
    assert services.resume(token, Origin(), office.now())
    clock.tick(minutes=minutes, seconds=1)
    assert services.resume(token, Origin(), office.now()) is None
    assert services.how_ended(token, office.now()) is SessionEnd.EXPIRED


def test_a_lower_centre_follows_the_profile_above(site: Any) -> None:
    decide(site, Group.SECURITY, password_profile="mlps")
    assert queries.profile_name(db.session(), site.cast.lower_centre) == "mlps"
    assert queries.profile_name(db.session(), site.cast.other_centre) == "modern"


# --- one's own sessions ---------------------------------------------------------------------------


def test_one_ends_one_s_own_sessions_only(site: Any) -> None:
    sign_in("wang")
    sign_in("zhao")
    mine, theirs = db.session.scalars(select(UserSession.id).order_by(UserSession.id))
    with (
        pytest.raises(NotFound),
        unit_of_work(actor("wang", Permission.ACCOUNT_OWN), office.now()) as uow,
    ):
        services.end_own_session(uow, theirs)
    with unit_of_work(actor("wang", Permission.ACCOUNT_OWN), office.now()) as uow:
        services.end_own_session(uow, mine)
    assert (ends("wang"), ends("zhao")) == ([SessionEnd.ENDED_BY_OWNER], [None])


# --- finding --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "王"}, ["王巡"]),
        ({"q": "wx"}, ["王巡"]),
        ({"q": "WANG"}, ["王巡"]),
        ({"q": "chief"}, ["李首", "周首"]),
        ({"q": "%"}, None),
        ({"role": "auditor"}, ["冯审"]),
        ({"state": "disabled"}, ["孙任"]),
        ({"state": "nonsense", "q": "sr"}, ["孙任"]),
        ({"q": "韩外"}, []),
    ],
)
def test_accounts_are_found(site: Any, query: dict[str, str], names: list[str] | None) -> None:
    take(admin_services.disable, "director", "试")
    listed = admin_queries.list_users(actor("secadmin"), query, office.now())
    found = [user.name for user in listed.page.rows]
    assert len(found) > 10 if names is None else found == names


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("李首信", ["李首信"]),
        ("lsx", ["李首信"]),
        ("1001", ["李首信"]),
        ("首", ["李首信", "周首诺"]),
        ("没有", []),
    ],
)
def test_staff_are_found_by_name_initials_or_number(site: Any, typed: str, names: list[str]) -> None:
    assert [row.name for row in admin_queries.find_staff(actor("secadmin"), typed)] == names
