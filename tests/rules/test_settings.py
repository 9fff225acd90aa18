"""Settings: what may be decided, and how rounds and numbers are written."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.documents.rules import (
    KIND_MARKS,
    NUMBER_PATTERN,
    DocumentKind,
    check_mark,
    check_pattern,
    document_number,
)
from app.permissions import GRANTS, Permission, Role
from app.settings.rules import (
    NUMBERED,
    SETTINGS,
    Group,
    Round,
    check_together,
    mark_key,
    rounds_of,
    settings_of,
)

DIGITS = "0123456789"


def test_every_default_is_a_value_of_its_kind() -> None:
    # The names of organs are the centre's own: they begin empty.
    for setting in SETTINGS.values():
        setting.kind.check(setting.default)
    for group in Group:
        check_together(group, {setting.key: setting.default for setting in settings_of(group)})
        assert settings_of(group)


def test_every_kind_of_document_has_its_number_settings() -> None:
    assert set(NUMBERED) == set(KIND_MARKS) == set(DocumentKind)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rectification_workdays", 0),
        ("rectification_workdays", 61),
        ("rectification_workdays", "3"),
        ("rectification_workdays", True),
        ("rectification_hour", 21),
        ("court", "院" * 101),
        ("court", 7),
        ("password_profile", "easy"),
        ("patrol_rounds", []),
        ("patrol_rounds", "开门 08:30-09:30"),
        ("patrol_rounds", [f"第{n}轮 {n:02}:00-{n:02}:30" for n in range(13)]),
        ("rectification_notice_mark", ""),
        ("rectification_notice_mark", "督1"),
    ],
)
def test_a_value_of_another_kind_is_refused(key: str, value: Any) -> None:
    with pytest.raises(Invalid):
        SETTINGS[key].kind.check(value)


def test_passwords_are_the_security_administrators_and_the_rest_is_not() -> None:
    holders = {
        permission: {role for role in Role if permission in GRANTS[role]}
        for permission in (Permission.SETTING_READ, Permission.SETTING_MANAGE, Permission.ACCOUNT_MANAGE)
    }
    assert holders[Permission.ACCOUNT_MANAGE] == {Role.SECURITY_ADMINISTRATOR}
    assert holders[Permission.SETTING_MANAGE] == {Role.SYSTEM_ADMINISTRATOR, Role.DIRECTOR}
    assert holders[Permission.SETTING_READ] == {
        Role.SECTION_HEAD,
        Role.DIRECTOR,
        Role.AUDITOR,
        Role.SYSTEM_ADMINISTRATOR,
        Role.SECURITY_ADMINISTRATOR,
    }
    assert {group for group in Group if group.permission is Permission.ACCOUNT_MANAGE} == {Group.SECURITY}


# --- rounds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "开门 08:30-09:30",
        "开门 0830-0930",
        "开门0830-0930",
        "开门：8:30～9:30",
        "  开门　８：３０ 至 ９：３０ ",
        "开门,8.30—9.30",
    ],
)
def test_a_round_is_read_however_it_is_typed(line: str) -> None:
    assert rounds_of([line]) == (Round("开门", time(8, 30), time(9, 30)),)


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (["开门"], 1),
        (["08:30-09:30"], 1),
        (["开门 08:30-09:30", "上午 25:00-26:00"], 2),
        (["开门 09:30-08:30"], 1),
        (["开门 08:30-09:30", "上午 09:00-10:00"], 2),
        (["开门 08:30-09:30", "开门 10:00-11:00"], 2),
        (["开\0门 08:30-09:30"], 1),
        (["长" * 21 + " 08:30-09:30"], 1),
    ],
)
def test_a_round_that_cannot_stand_is_named_by_its_line(lines: list[str], number: int) -> None:
    with pytest.raises(Invalid) as refused:
        rounds_of(lines)
    assert refused.value.params["line"] == number


names = st.text(st.characters(categories=["Lo"], max_codepoint=0x9FFF), min_size=1, max_size=20)


@given(names, st.times(), st.times())
def test_a_round_reads_as_it_was_written(name: str, one: time, other: time) -> None:
    begins, ends = (each.replace(second=0, microsecond=0) for each in sorted((one, other)))
    if begins == ends or any(char in "至到" for char in name):
        return
    wanted = Round(name, begins, ends)
    try:
        found = rounds_of([wanted.line])
    except Invalid:
        # A name that folds into digits or marks is none.
        return
    assert (found[0].begins, found[0].ends) == (begins, ends)
    assert rounds_of([found[0].line]) == found


# --- numbers --------------------------------------------------------------------------------------


def test_a_number_reads_as_its_pattern_says() -> None:
    assert document_number(NUMBER_PATTERN, "云政服", "督整", 2026, 12) == "云政服督整〔2026〕12号"
    assert document_number("{代字}〔{年份}〕第{序号}号", "云", "督", 2026, 1) == "督〔2026〕第1号"
    # What stands in the prefix is text, whatever it looks like.
    assert document_number(NUMBER_PATTERN, "{序号}", "督", 2026, 1) == "{序号}督〔2026〕1号"


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "号",
        "{字头}{代字}〔{年份}〕号",
        "{字头}{代字}{序号}号",
        "{字头}〔{年份}〕{序号}号",
        "{字头}{代字}[{年份}]{序号}号",
        "{字头}{代字}〔{年份}〕{序号}{序号}号",
        "{字头}{字头}{代字}〔{年份}〕{序号}号",
        "{字头}{代字}〔{年份}〕1{序号}号",
        "{字头}{代字}〔{年份}〕{序号}号{",
        "{字头}{代字}〔{年份}〕{序号}{月份}号",
        "{字头}{代字}〔{年份}〕{序号}号\0",
    ],
)
def test_a_pattern_that_official_numbers_cannot_have_is_refused(pattern: str) -> None:
    with pytest.raises(Invalid):
        check_pattern(pattern)


# 一 is a letter to Unicode, and a number to whoever reads a document.
words = st.text(st.characters(categories=["Lo"]).filter(lambda char: not char.isnumeric()), max_size=5)


@given(st.permutations(["{字头}", "{代字}", "〔{年份}〕", "{序号}"]), st.lists(words, min_size=5, max_size=5))
def test_no_two_numbers_of_a_pattern_are_alike(places: list[str], between: list[str]) -> None:
    pattern = "".join(part for pair in zip(between, [*places, ""], strict=True) for part in pair)
    check_pattern(pattern)
    numbers = {
        document_number(pattern, "云", mark, year, serial)
        for mark in ("督", "督整")
        for year in (2026, 2027)
        for serial in (1, 2, 11, 12, 111, 2026)
    }
    assert len(numbers) == 24


@pytest.mark.parametrize("mark", ["督2", "督 整", "〔督", "{代字}", "督②"])
def test_a_mark_is_words_only(mark: str) -> None:
    with pytest.raises(Invalid):
        check_mark(mark)


def test_two_kinds_of_documents_do_not_share_a_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.settings import rules

    first = SETTINGS[mark_key(DocumentKind.RECTIFICATION_NOTICE)]
    second = rules.Setting("trial_mark", "试行文书的代字", rules.Mark(), "督试", Group.NUMBERING)
    monkeypatch.setitem(SETTINGS, second.key, second)
    values = {setting.key: setting.default for setting in settings_of(Group.NUMBERING)}
    check_together(Group.NUMBERING, values)
    with pytest.raises(Invalid) as refused:
        check_together(Group.NUMBERING, {**values, second.key: values[first.key]})
    assert refused.value.field == second.key
