"""What each password profile asks, and what an old session or password waits for."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts import rules
from app.accounts.admin_services import temporary_password
from app.accounts.password_rules import (
    PASSWORD_MAX,
    PROFILES,
    PasswordProfile,
    classes_of,
    outdated,
    password_faults,
)

MODERN, MLPS = PROFILES["modern"], PROFILES["mlps"]
NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_!@#云栖")


def said(password: str, username: str, profile: PasswordProfile) -> list[str]:
    return [str(fault) for fault in password_faults(password, username, profile)]


def test_the_profiles_are_what_the_regulation_and_the_plan_say():
    assert PasswordProfile(least=10, idle=timedelta(hours=2), absolute=timedelta(hours=12)) == MODERN
    assert (
        PasswordProfile(
            least=8, classes=3, rotation=timedelta(days=90), history=5, idle=timedelta(minutes=30)
        )
        == MLPS
    )


@pytest.mark.parametrize(
    ("password", "modern", "mlps"),
    [
        ("brand-new-words-9", [], []),
        ("Kx7mRtp4", ["密码至少 10 个字符。"], []),
        (
            "kx7mrtp",
            ["密码至少 10 个字符。"],
            ["密码至少 8 个字符。", "密码须含大写字母、小写字母、数字、其他符号中的至少 3 类。"],
        ),
        ("quiet brown otter", [], ["密码须含大写字母、小写字母、数字、其他符号中的至少 3 类。"]),
        ("P@ssw0rd", ["密码至少 10 个字符。", "这个密码太常见，请换一个。"], ["这个密码太常见，请换一个。"]),
        ("Admin123", ["密码至少 10 个字符。", "这个密码太常见，请换一个。"], ["这个密码太常见，请换一个。"]),
        ("Wang-likes-tea-7", ["密码不能包含用户名。"], ["密码不能包含用户名。"]),
        ("aA1-aA1-aA1-", ["这个密码太常见，请换一个。"], ["这个密码太常见，请换一个。"]),
    ],
)
def test_what_is_wrong_with_a_password(password, modern, mlps):
    assert said(password, "wang", MODERN) == modern
    assert said(password, "wang", MLPS) == mlps


@given(st.lists(st.sampled_from(range(4)), min_size=1, max_size=30), st.data())
def test_classes_are_counted_once_each(kinds, data):
    password = "".join(data.draw(st.sampled_from(CLASSES[kind])) for kind in kinds)
    assert classes_of(password) == len(set(kinds))


@given(st.text(max_size=PASSWORD_MAX + 20), st.sampled_from([MODERN, MLPS]))
def test_short_long_or_plain_is_always_named(password, profile):
    found = said(password, "", profile)
    assert (f"密码至少 {profile.least} 个字符。" in found) == (len(password) < profile.least)
    assert (f"密码最多 {PASSWORD_MAX} 个字符。" in found) == (len(password) > PASSWORD_MAX)
    assert any("类" in each for each in found) == (classes_of(password) < profile.classes)


@given(st.sampled_from([MODERN, MLPS]), st.sampled_from(["wang", "a", "kx"]))
def test_a_temporary_password_keeps_every_rule_and_is_easy_to_read_out(profile, username):
    password = temporary_password(username, profile)
    assert not password_faults(password, username, profile)
    assert classes_of(password) == 4
    assert not set(password) & set("0O1lI")


def test_temporary_passwords_do_not_come_twice():
    assert len({temporary_password("wang", MLPS) for _ in range(200)}) == 200


@pytest.mark.parametrize(
    ("profile", "days", "expected"), [(MODERN, 4000, False), (MLPS, 90, False), (MLPS, 91, True)]
)
def test_a_password_grows_old_where_the_profile_says_so(profile, days, expected):
    assert outdated(NOW - timedelta(days=days), NOW, profile) is expected


@given(st.sampled_from([MODERN, MLPS]), st.integers(0, 1000), st.integers(0, 1000))
def test_a_session_ends_idle_or_after_a_day(profile, opened, idle):
    opened_at, seen_at = NOW - timedelta(minutes=opened + idle), NOW - timedelta(minutes=idle)
    assert rules.expired(opened_at, seen_at, NOW, profile) == (
        timedelta(minutes=idle) > profile.idle or timedelta(minutes=opened + idle) > profile.absolute
    )


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0 Safari/537.36",
            "Chrome · Windows",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537.36 Edg/126.0", "Edge · Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox · Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile Safari/604.1",
            "Safari · iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/126.0 MicroMessenger/8.0", "WeChat · Android"),
        ("Mozilla/5.0 (Phone; OpenHarmony 5.0) Chrome/114.0", "Chrome · HarmonyOS"),
        ("pytest", ""),
        ("", ""),
    ],
)
def test_a_device_is_called_by_its_name(agent, device):
    assert rules.device(agent) == device
