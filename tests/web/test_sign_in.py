"""Signing in and out, lock-out, and the life of a session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import select, update

from app.accounts import rules
from app.accounts import services as accounts
from app.accounts.models import RoleGrant, User, UserSession
from app.audit.models import AuditEntry
from app.core.actions import Action
from app.db.uow import unit_of_work
from app.extensions import db
from app.permissions import Role, system_actor
from tests.architecture.source import ROOT
from tests.cast import NOW, PASSWORD
from tests.client import Client, signed_in
from tests.pages import Page, follow

WRONG = "用户名或密码不正确。"
LOCKED = "连续多次输错，账号暂停登录至"


def try_sign_in(client: Any, username: str, password: str = PASSWORD, **more: str) -> Any:
    page = Page(client.get("/sign-in", query_string=more))
    return page.form("main form").fill(username=username, password=password).submit()


def log(app: Any, action: str) -> list[AuditEntry]:
    with app.app_context():
        found = (
            select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.at_us, AuditEntry.seq)
        )
        return list(db.session.scalars(found))


def change_user(app: Any, username: str, **values: Any) -> None:
    with app.app_context(), unit_of_work(system_actor("tester"), NOW) as uow:
        user = uow.session.scalar(select(User).where(User.username == username))
        for name, value in values.items():
            setattr(user, name, value)
        uow.record(Action("user.changed_by_test"), user)


# --- in and out -----------------------------------------------------------------------------------


def test_the_right_password_opens_the_house(app: Any, cast: Any, anonymous: Any) -> None:
    response = try_sign_in(anonymous, "wang")
    assert response.status_code == 303
    assert response.location == "/"
    assert "王巡" in follow(response).text()
    (entry,) = log(app, "session.opened")
    assert (entry.actor_name, entry.subject_id, entry.result) == ("王巡", cast.users["wang"], "ok")
    assert entry.session_id


def test_one_is_led_to_the_page_one_asked_for(anonymous: Any) -> None:
    answer = anonymous.get("/findings?status=open")
    assert answer.status_code == 303
    page = Page(anonymous.get(answer.location))
    response = page.form("main form").fill(username="wang", password=PASSWORD).submit()
    assert response.location == "/findings?status=open"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil",
        "javascript:x",
        "/a\r\nX: y",
        "%2f",
    ],
)
def test_nobody_is_led_to_another_site(anonymous: Any, target: str) -> None:
    response = anonymous.post("/sign-in", {"username": "wang", "password": PASSWORD, "next": target})
    assert response.status_code == 303
    assert response.location == "/"


def test_a_signed_in_reader_needs_no_sign_in_page(sign_in: Any) -> None:
    assert sign_in("wang").get("/sign-in").location == "/"


def test_after_signing_out_the_cookie_is_dead(app: Any, cast: Any, sign_in: Any) -> None:
    client = sign_in("wang")
    thief = _copy(client)
    page = Page(client.get("/"))
    assert page.forms_to("/sign-out")[0].submit().location == "/sign-in"
    for browser in (client, thief):
        assert browser.get("/").location.startswith("/sign-in")
    (entry,) = log(app, "session.closed")
    assert entry.subject_id == cast.users["wang"]


# --- what a stranger learns -----------------------------------------------------------------------


def test_every_failure_looks_the_same(app: Any, cast: Any, anonymous: Any, figure: Any) -> None:
    change_user(app, "zhao", disabled_at=NOW)
    pages = []
    for username, password in (("wang", "wrong"), ("nobody", "wrong"), ("zhao", PASSWORD), ("zhao", "wrong")):
        page = Page(try_sign_in(anonymous, username, password), 422)
        assert WRONG in page.text()
        pages.append(page.text().replace(username, ""))
    assert len(set(pages)) == 1
    entries = log(app, "sign_in.refused")
    assert [json.loads(entry.payload)["reason"] for entry in entries] == [
        "password",
        "unknown",
        "disabled",
        "disabled",
    ]
    assert [entry.subject_id for entry in entries] == [
        cast.users["wang"],
        None,
        cast.users["zhao"],
        cast.users["zhao"],
    ]
    assert {entry.result for entry in entries} == {"refused"}
    figure("S8", "different pages for four ways to fail", len(set(pages)), bar="1", held=len(set(pages)) == 1)
    figure("S13", "entries of four failed sign-ins", len(entries), bar="4", held=len(entries) == 4)


def test_no_password_is_written_anywhere(app: Any, anonymous: Any, caplog: Any) -> None:
    Page(try_sign_in(anonymous, "wang", "hunter2-hunter2"), 422)
    page = Page(try_sign_in(anonymous, "hunter2-hunter2", "x"), 422)
    assert page.one("input[type=password]").get("value", "") == ""
    with app.app_context():
        for table in db.metadata.sorted_tables:
            for row in db.session.execute(select(table)):
                assert "hunter2" not in repr(row), table.name
    assert "hunter2" not in caplog.text


def test_an_unknown_account_costs_as_much_as_a_known_one(
    app: Any, anonymous: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One hash is checked either way; the time of it is measured in bench."""
    checked = []
    real = accounts._verify
    monkeypatch.setattr(accounts, "_verify", lambda hashed, typed: checked.append(1) or real(hashed, typed))
    try_sign_in(anonymous, "nobody", "wrong")
    try_sign_in(anonymous, "wang", "wrong")
    assert len(checked) == 2


def test_nobodys_password_costs_as_much_to_check_as_a_real_one() -> None:
    """In a process of its own: the tests' hasher is a cheap one."""
    code = (
        "from app.accounts import services as s\n"
        "assert not s._hasher.check_needs_rehash(s._unknown)\n"
        "assert not s._verify(s._unknown, 'x')\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=ROOT, env={**os.environ, "DUBAN_ENV": "test"}
    )


# --- locking --------------------------------------------------------------------------------------


def test_an_account_rests_after_five_failures_and_longer_each_time(
    app: Any, cast: Any, anonymous: Any, clock: Any
) -> None:
    for _ in range(5):
        Page(try_sign_in(anonymous, "wang", "wrong"), 422)
    assert f"{LOCKED} 10:01" in Page(try_sign_in(anonymous, "wang"), 422).text(), "when it ends"
    assert WRONG in Page(try_sign_in(anonymous, "wang", "wrong"), 422).text()
    (locked,) = log(app, "account.locked")
    assert json.loads(locked.payload)["failures"] == 5
    assert locked.subject_id == cast.users["wang"]
    clock.tick(minutes=1, seconds=1)
    Page(try_sign_in(anonymous, "wang", "wrong"), 422)
    clock.tick(minutes=1, seconds=1)
    assert LOCKED in Page(try_sign_in(anonymous, "wang"), 422).text(), "the second rest is longer"
    clock.tick(minutes=61)
    assert try_sign_in(anonymous, "wang").status_code == 303


def test_a_success_forgets_the_failures_before_it(anonymous: Any, app: Any) -> None:
    for _ in range(4):
        try_sign_in(anonymous, "wang", "wrong")
    assert try_sign_in(anonymous, "wang").status_code == 303
    fresh = Client(app)
    for _ in range(4):
        try_sign_in(fresh, "wang", "wrong")
    assert try_sign_in(fresh, "wang").status_code == 303


def test_an_address_is_slowed_down_but_never_locked(
    app: Any, anonymous: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hall may share one: another's mistakes must not keep a colleague out."""
    naps: list[float] = []
    monkeypatch.setattr("time.sleep", lambda seconds: naps.append(seconds))
    for n in range(rules.ADDRESS_FREE_FAILURES + 3):
        try_sign_in(anonymous, f"nobody{n}", "wrong")
    assert try_sign_in(anonymous, "wang").status_code == 303
    assert max(nap for nap in naps if nap > 0.01) <= 2.0


# --- the life of a session ------------------------------------------------------------------------


def _copy(client: Client) -> Client:
    """Steal a cookie."""
    thief = Client(client.application)
    with client.session_transaction() as mine, thief.session_transaction() as stolen:
        stolen.update(mine)
    return thief


def test_a_session_ends_when_idle(sign_in: Any, clock: Any) -> None:
    client = sign_in("wang")
    for _ in range(3):
        clock.tick(hours=1, minutes=59)
        assert client.get("/account/password").status_code == 200
    clock.tick(hours=2, minutes=1)
    assert client.get("/account/password").location.startswith("/sign-in")


def test_a_session_ends_after_a_working_day_however_busy(sign_in: Any, clock: Any) -> None:
    client = sign_in("wang")
    for _ in range(12):
        clock.tick(minutes=59)
        assert client.get("/account/password").status_code == 200
    clock.tick(minutes=30)
    assert client.get("/account/password").location.startswith("/sign-in")


def test_being_seen_is_noted_at_most_once_a_minute(app: Any, sign_in: Any, clock: Any) -> None:
    client = sign_in("wang")

    def seen() -> Any:
        with app.app_context():
            return db.session.scalar(select(UserSession.seen_at))

    clock.tick(seconds=59)
    client.get("/account/password")
    assert seen() == NOW
    clock.tick(seconds=2)
    client.get("/account/password")
    assert seen() == NOW.replace(minute=1, second=1)


def test_a_new_sign_in_is_a_new_session(app: Any, anonymous: Any) -> None:
    anonymous.get("/sign-in")
    with anonymous.session_transaction() as before:
        planted = dict(before)
    try_sign_in(anonymous, "wang")
    with anonymous.session_transaction() as after:
        assert after["token"]
        assert after.get("csrf_token") != planted.get("csrf_token")
    with app.app_context():
        kept = db.session.scalars(select(UserSession.token_hash)).all()
        assert after["token"] not in kept, "the table keeps the hash only"


def test_a_changed_password_ends_all_other_sessions(sign_in: Any) -> None:
    here, elsewhere = sign_in("wang"), sign_in("wang")
    page = Page(here.get("/account/password"))
    new = "brand-new-words-9"
    follow(page.form("main form").fill(old=PASSWORD, new=new, again=new).submit())
    assert here.get("/account/password").status_code == 200
    assert elsewhere.get("/account/password").location.startswith("/sign-in")
    assert signed_in(here.application, "wang", new).get("/account/password").status_code == 200


def test_a_disabled_account_is_out_at_once(app: Any, sign_in: Any) -> None:
    client = sign_in("wang")
    change_user(app, "wang", disabled_at=NOW)
    assert client.get("/account/password").location.startswith("/sign-in")


def test_a_withdrawn_role_counts_from_the_next_request(app: Any, sign_in: Any) -> None:
    client = sign_in("auditor")
    assert client.get("/audit").status_code == 200
    with app.app_context(), unit_of_work(system_actor("tester"), NOW) as uow:
        grant = uow.session.scalar(select(RoleGrant).where(RoleGrant.role == Role.AUDITOR))
        grant.withdrawn_at = NOW
        uow.record(Action("user.changed_by_test"), grant.user)
    assert client.get("/audit").status_code == 403


def test_an_ended_session_stays_ended(app: Any, sign_in: Any) -> None:
    client = sign_in("wang")
    with app.app_context(), unit_of_work(system_actor("tester"), NOW) as uow:
        uow.session.execute(update(UserSession).values(ended_at=NOW))
    assert client.get("/account/password").location.startswith("/sign-in")


def test_a_forged_cookie_opens_nothing(app: Any, sign_in: Any) -> None:
    sign_in("wang")
    for value in ("", "x", "x.y.z", "eyJ0b2tlbiI6IngifQ.Z.Z", "\x7f" * 10, "a" * 3000):
        client = Client(app)
        client.set_cookie("duban", value)
        assert client.get("/account/password").location.startswith("/sign-in")
    for token in (1, None, ["x"], {"a": 1}, "", "x" * 10_000):
        client = Client(app)
        with client.session_transaction() as session:
            session["token"] = token
        assert client.get("/account/password").location.startswith("/sign-in")


# --- one's own password ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", "brand-new-words-9", "brand-new-words-9", "原密码不正确。"),
        (PASSWORD, PASSWORD, PASSWORD, "新密码不能与原密码相同。"),
        (PASSWORD, "short", "short", "密码至少 10 个字符。"),
        (PASSWORD, "1234567890", "1234567890", "这个密码太常见，请换一个。"),
        (PASSWORD, "1234-567-890", "1234-567-890", "这个密码太常见，请换一个。"),
        (PASSWORD, "wang-likes-tea", "wang-likes-tea", "密码不能包含用户名。"),
        (PASSWORD, "brand-new-words-9", "brand-new-words-8", "两次输入的新密码不一样。"),
        (PASSWORD, "", "", "请填写此项。"),
    ],
)
def test_a_bad_new_password_is_refused_with_its_reason(
    app: Any, sign_in: Any, old: str, new: str, again: str, said: str
) -> None:
    page = Page(sign_in("wang").get("/account/password"))
    page = Page(page.form("main form").fill(old=old, new=new, again=again).submit(), 422)
    assert said in page.text()
    assert [tag.get("value", "") for tag in page.all("input[type=password]")] == [""] * 3
    assert not log(app, "user.password_changed")


def test_who_must_change_his_password_does_nothing_else_first(app: Any, sign_in: Any) -> None:
    change_user(app, "wang", must_change_password=True)
    client = sign_in("wang")
    for url in ("/", "/findings", "/patrols/new"):
        assert client.get(url).location == "/account/password"
    assert client.post("/patrols", {"zone": "1", "mode": "daily"}).location == "/account/password"
    page = Page(client.get("/account/password"))
    new = "brand-new-words-9"
    follow(page.form("main form").fill(old=PASSWORD, new=new, again=new).submit())
    assert client.get("/findings").status_code == 200
