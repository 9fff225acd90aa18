"""Accounts as the security administrator and their owners meet them; what becomes of an old cookie."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.extensions import db
from app.permissions import Role
from app.settings.rules import Group
from tests.cast import PASSWORD
from tests.client import Client, signed_in
from tests.factories.accounts import add_user, make_users
from tests.factories.settings import decide
from tests.pages import Page, follow

NEW = "Quiet-otter-7"


def user_id(app: Any, username: str) -> int:
    from app.accounts import queries

    with app.app_context():
        user = queries.find_user(username)
        assert user is not None
        return user.id


def take(client: Any, app: Any, username: str, verb: str, **values: Any) -> Any:
    """Fill in the form of one verb on an account's record and send it."""
    url = f"/accounts/{user_id(app, username)}"
    return Page(client.get(url)).forms_to(f"{url}/{verb}")[0].fill(**values).submit()


def renew(client: Any, old: str, new: str) -> Any:
    form = Page(client.get("/account/password")).form("main form")
    return form.fill(old=old, new=new, again=new).submit()


def copy_of(client: Client) -> Client:
    """Steal a cookie."""
    thief = Client(client.application)
    with client.session_transaction() as mine, thief.session_transaction() as stolen:
        stolen.update(mine)
    return thief


def told(client: Any, url: str = "/") -> str:
    """Return what the sign-in page says to whoever comes with a dead cookie."""
    answer = client.get(url)
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in")
    return Page(client.get(answer.location)).text("#flashes")


# --- the journey ----------------------------------------------------------------------------------


def test_from_a_new_account_to_a_withdrawn_role(app: Any, site: Any, sign_in: Any, caplog: Any) -> None:
    secadmin = sign_in("secadmin")
    page = Page(secadmin.get("/accounts/new"))
    form = page.form("main form").fill(username="HeDao", staff="hd", roles=["inspector"])
    page = Page(form.submit())
    password = page.text(".secret")
    assert page.title == "何导的临时密码", "the name is that of the staff member"
    assert page.response.headers["Cache-Control"] == "no-store"

    newcomer = signed_in(app, "hedao", password)
    assert newcomer.get("/findings").location == "/account/password"
    assert "请先修改密码" in Page(newcomer.get("/account/password")).text()
    assert follow(renew(newcomer, password, NEW)).title
    assert Page(newcomer.get("/findings")).title

    page = follow(take(secadmin, app, "hedao", "roles", roles=["director"], reason="轮岗"))
    assert "角色已变更" in page.text("#flashes")
    assert told(newcomer, "/findings") == "账号的角色有变动，请重新登录。"
    assert newcomer.post("/patrols", {"zone": "1"}).location.startswith("/sign-in")

    again = signed_in(app, "hedao", NEW)
    assert again.get("/patrols/new").status_code == 403
    with app.app_context():  # the temporary password stands nowhere
        for table in db.metadata.sorted_tables:
            for row in db.session.execute(select(table)):
                assert password not in repr(row), table.name
    assert password not in caplog.text


# --- an old cookie is dead ------------------------------------------------------------------------


def _sign_out(app: Any, client: Any, _secadmin: Any) -> None:
    Page(client.get("/")).forms_to("/sign-out")[0].submit()


def _new_password(app: Any, client: Any, _secadmin: Any) -> None:
    renew(signed_in(app, "wang"), PASSWORD, NEW)


def _disable(app: Any, _client: Any, secadmin: Any) -> None:
    follow(take(secadmin, app, "wang", "disable", reason="调离"))


def _roles(app: Any, _client: Any, secadmin: Any) -> None:
    follow(take(secadmin, app, "wang", "roles", roles=["inspector", "director"], reason="兼任"))


def _reset(app: Any, _client: Any, secadmin: Any) -> None:
    Page(take(secadmin, app, "wang", "temporary-password"))


def _ended_elsewhere(app: Any, _client: Any, _secadmin: Any) -> None:
    page = Page(signed_in(app, "wang").get("/account"))
    follow(page.forms_to("/account/sessions/end-others")[0].submit())


def _ended_by_administrator(app: Any, _client: Any, secadmin: Any) -> None:
    follow(take(secadmin, app, "wang", "sessions/end"))


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (_sign_out, ""),
        (_new_password, "密码已在另一处修改，请用新密码登录。"),
        (_disable, "这个账号已停用，不能再登录。如有疑问，请联系安全管理员。"),
        (_roles, "账号的角色有变动，请重新登录。"),
        (_reset, "密码已由安全管理员重置，请用临时密码登录。"),
        (_ended_elsewhere, "这次登录已在另一处结束，请重新登录。"),
        (_ended_by_administrator, "这次登录已由安全管理员结束，请重新登录。"),
    ],
)
def test_a_replayed_cookie_is_dead_and_says_why_once(
    app: Any, sign_in: Any, happens: Callable[..., None], said: str, figure: Any
) -> None:
    client, secadmin = sign_in("wang"), sign_in("secadmin")
    thief, reader, asking = (copy_of(client) for _ in range(3))
    assert thief.get("/findings").status_code == 200
    happens(app, client, secadmin)
    assert thief.post("/patrols", {"zone": "1", "mode": "daily"}).location.startswith("/sign-in")
    assert told(reader, "/findings") == said
    assert told(reader, "/findings") == "", "said once"
    part = asking.get("/findings", headers={"HX-Request": "true"})
    assert (part.status_code, part.data) == (204, b"")
    assert part.headers["HX-Redirect"].startswith("/sign-in")
    what = f"requests that a stolen cookie gets after: {happens.__name__.strip('_').replace('_', ' ')}"
    figure("S9", what, 0, bar="0 from the next request on", held=True)


def test_an_idle_session_says_so(sign_in: Any, clock: Any) -> None:
    client = sign_in("wang")
    clock.tick(hours=2, minutes=1)
    assert told(client) == "登录已超时，请重新登录。"


# --- the record -----------------------------------------------------------------------------------


def test_a_record_shows_roles_sessions_and_history(app: Any, sign_in: Any) -> None:
    sign_in("wang")
    secadmin = sign_in("secadmin")
    follow(take(secadmin, app, "wang", "roles", roles=["director"], reason="轮岗"))
    sign_in("wang")
    page = Page(secadmin.get(f"/accounts/{user_id(app, 'wang')}"))
    assert page.title == "王巡"
    withdrawn = {role: bool(until) for role, _since, until in page.rows("#grants-rows")}
    assert withdrawn == {"督查员": True, "中心主任": False}
    assert page.rows("#sessions-rows")[0][1] == "127.0.0.1"
    story = page.text(".timeline")
    assert "变更角色" in story
    assert "授予 中心主任" in story
    assert "收回 督查员" in story
    assert "轮岗" in story


def test_the_auditor_reads_accounts_and_changes_none(app: Any, sign_in: Any) -> None:
    auditor = sign_in("auditor")
    wang = user_id(app, "wang")
    assert not Page(auditor.get(f"/accounts/{wang}")).all("main form")
    assert "新增用户" not in Page(auditor.get("/accounts")).text()
    for url in ("/accounts/new", f"/accounts/{wang}/edit"):
        assert auditor.get(url).status_code == 403


def test_one_s_own_record_says_why_nothing_can_be_done(app: Any, sign_in: Any) -> None:
    page = Page(sign_in("secadmin").get(f"/accounts/{user_id(app, 'secadmin')}"))
    assert not page.all("main .steps form")
    assert "不能变更自己的角色" in page.text("main details.more")


def test_the_last_system_administrator_cannot_be_disabled(app: Any, sign_in: Any) -> None:
    secadmin = sign_in("secadmin")
    sysadmin = user_id(app, "sysadmin")
    page = Page(secadmin.get(f"/accounts/{sysadmin}"))
    assert not page.forms_to(f"/accounts/{sysadmin}/disable")
    assert "最后一名系统管理员" in page.text("main details.more")
    page = Page(take(secadmin, app, "sysadmin", "roles", roles=["director"], reason="试"), 409)
    assert "最后一名系统管理员" in page.text(".errors")


def test_roles_that_may_not_meet_come_back_with_what_was_ticked(app: Any, sign_in: Any) -> None:
    page = Page(
        take(
            sign_in("secadmin"), app, "wang", "roles", roles=["auditor", "system_administrator"], reason="试"
        ),
        422,
    )
    assert "不能由同一人兼任" in page.text(".errors")
    form = page.forms_to(f"/accounts/{user_id(app, 'wang')}/roles")[0]
    assert form.values["roles"] == ["auditor", "system_administrator"]
    assert form.values["reason"] == ["试"]


# --- forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"username": "wang"}, "用户名“wang”已有人使用，请换一个。"),
        ({"username": "王巡"}, "用户名由 2 至 60 个小写字母、数字和 . _ - 组成"),
        ({"name": ""}, "请填写此项。"),
        ({"roles": []}, "请填写此项。"),
        ({"staff": "没有这个人"}, "没有找到这名人员"),
        ({"staff": "1001"}, "李首信已有账号“chief_a”，一人只能有一个账号。"),
        ({"staff": "9001", "centre": "lower"}, "何导不是这个中心的人员，请核对中心或人员。"),
        ({"section": "1", "centre": "lower"}, "所选科室不属于这个中心。"),
    ],
)
def test_a_bad_account_is_refused_with_its_reason_and_all_that_was_typed(
    app: Any, cast: Any, sign_in: Any, typed: dict[str, Any], said: str
) -> None:
    values = {"username": "new", "name": "新人", "roles": ["director"], **typed}
    if values.get("centre"):
        values["centre"] = str(cast.lower_centre)
    page = Page(sign_in("secadmin").get("/accounts/new"))
    page = Page(page.form("main form").fill(**values).submit(), 422)
    assert said in page.text(".errors")
    form = page.form("main form")
    for name, value in values.items():
        assert form.values[name] == (value if isinstance(value, list) else [value])


def test_of_several_people_one_is_chosen(app: Any, cast: Any, sign_in: Any) -> None:
    page = Page(sign_in("secadmin").get("/accounts/new"))
    form = page.form("main form").fill(username="new", staff="首", roles=["director"])
    page = Page(form.submit(), 422)
    assert "找到不止一人" in page.text(".errors")
    form = page.form("main form")
    assert form.choices("staff_member") == [str(cast.chief_a_staff), str(cast.chief_b_staff)]
    page = Page(form.fill(staff_member=str(cast.chief_b_staff)).submit(), 422)
    assert "周首诺已有账号“chief_b”" in page.text(".errors")


def test_an_older_form_is_refused_and_says_what_stands_there_now(
    app: Any, site: Any, cast: Any, sign_in: Any
) -> None:
    with app.app_context():
        add_user(site, "second", Role.SECURITY_ADMINISTRATOR)
    url = f"/accounts/{user_id(app, 'wang')}"
    first = Page(sign_in("secadmin").get(f"{url}/edit")).form("main form")
    second = Page(sign_in("second").get(f"{url}/edit")).form("main form")
    follow(first.fill(name="王巡视").submit())
    page = Page(second.fill(section=str(cast.section)).submit(), 409)
    assert "刚被别人改动" in page.text(".errors")
    assert "现在是“王巡视”" in page.text(".errors")
    form = page.form("main form")
    assert form.values["section"] == [str(cast.section)], "what was typed is kept"
    page = follow(form.fill(name="王巡视").submit())
    assert page.title == "王巡视"
    assert "督查科" in page.text("main dl.facts")


# --- lists and one's own page ---------------------------------------------------------------------


def test_accounts_are_filtered_by_words_role_and_state(sign_in: Any) -> None:
    secadmin = sign_in("secadmin")
    for query, name in (("q=wx", "王巡"), ("q=auditor", "冯审"), ("role=director", "孙任")):
        page = Page(secadmin.get(f"/accounts?{query}"))
        assert [row[0] for row in page.rows("#users-rows")] == [name]
    assert "没有符合条件的用户" in Page(secadmin.get("/accounts?state=disabled")).text()
    form = Page(secadmin.get("/accounts")).form("details.more form")
    assert [row[0] for row in Page(form.fill(role="legal_reviewer").submit()).rows("#users-rows")] == ["蒋法"]


def test_a_lower_centre_sees_its_own_accounts_only(app: Any, site: Any, cast: Any) -> None:
    with app.app_context():
        make_users(site, 3)
        add_user(site, "below", Role.SECURITY_ADMINISTRATOR, centre_id=cast.lower_centre)
    page = Page(signed_in(app, "below").get("/accounts"))
    assert {row[2] for row in page.rows("#users-rows")} == {"below", "lower", "lower_head"}


def test_one_s_own_page_marks_this_session_and_ends_another(app: Any, sign_in: Any, clock: Any) -> None:
    here = sign_in("wang")
    clock.tick(minutes=5)
    there = sign_in("wang")
    page = Page(here.get("/account"))
    assert len(page.rows("#sessions-rows")) == 2
    (marked,) = [row for row in page.rows("#sessions-rows") if "本次登录" in row[0]]
    assert marked[2] == "2026-11-18 10:00"
    forms = [
        form for form in page.all("main form") if re.fullmatch(r"/account/sessions/\d+/end", form["action"])
    ]
    assert len(forms) == 1, "not the present one"
    page = follow(page.forms_to(forms[0]["action"])[0].submit())
    assert len(page.rows("#sessions-rows")) == 1
    assert told(there) == "这次登录已在另一处结束，请重新登录。"
    assert here.get("/findings").status_code == 200


def test_the_password_page_says_what_the_profile_asks(app: Any, site: Any, sign_in: Any) -> None:
    wang = sign_in("wang")
    assert "至少 10 个字符" in Page(wang.get("/account/password")).text()
    with app.app_context():
        decide(site, Group.SECURITY, password_profile="mlps")
    text = Page(wang.get("/account/password")).text()
    for said in ("至少 8 个字符", "至少 3 类", "最近 5 次", "每 90 天"):
        assert said in text
    assert "至少 3 类" in Page(renew(wang, PASSWORD, "quiet brown otter"), 422).text(".errors")
    assert "须在 2027-02-16 周二 前更换" in Page(wang.get("/account")).text()
