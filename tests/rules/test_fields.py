"""What people type: forgiven where it can be read, refused in plain words where it cannot be kept."""

from datetime import date, datetime

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import Form

from app.core.errors import Invalid
from app.fields import (
    Cards,
    Choice,
    Choices,
    Day,
    Line,
    Moment,
    OneTimeKey,
    Paragraphs,
    Whole,
    one_time_key,
    optional,
    refuse,
    required,
)


class Sheet(Form):
    key = OneTimeKey()
    line = Line("行", optional, most=10)
    text = Paragraphs("文", required, most=2000)
    day = Day("日")
    moment = Moment("时")
    whole = Whole("数", least=8, most=20)
    one = Choice("选", coerce=int, choices=[(1, "甲"), (2, "乙")])
    some = Choices("多选", coerce=int, choices=[(1, "甲"), (2, "乙")])
    card = Cards("单选", choices=[("a", "甲"), ("b", "乙")], default="a")


def sheet(**typed):
    form = Sheet(MultiDict({"text": "好", "one": "1", **typed}), meta={"today": date(2026, 11, 22)})
    form.validate()
    return form


def said(field):
    return [str(error) for error in field.errors]


@pytest.mark.parametrize(
    "typed",
    [
        "1122",
        "20261122",
        "2026-11-22",
        "2026/11/22",
        "2026.11.22",
        "2026年11月22日",
        "２０２６-１１-２２",
        "１１２２",
        " 2026-11-22 ",
    ],
)
def test_a_date_is_read_however_it_is_written(typed):
    form = sheet(day=typed)
    assert (form.day.data, said(form.day)) == (date(2026, 11, 22), [])


def test_a_day_without_zeros_is_read():
    assert sheet(day="2026-1-2").day.data == date(2026, 1, 2)


@pytest.mark.parametrize(
    "typed",
    ["昨天", "1322", "0229", "2026-02-29", "2026-11", "112", "11222", "0001-01-01", "9999-12-31", "--", "\0"],
)
def test_what_is_no_date_is_refused_and_kept(typed):
    form = sheet(day=typed)
    assert form.day.data is None
    assert said(form.day) == ["日期不对，请写成 2026-11-22 或 1122。"]
    assert form.day._value() == typed


def test_four_digits_need_a_year_to_stand_in():
    form = Sheet(MultiDict({"day": "1122"}))
    assert form.day.data is None


@pytest.mark.parametrize(
    "typed",
    [
        "2026-11-22 09:05",
        "2026-11-22T09:05",
        "2026-11-22T09:05:59",
        "2026/11/22 9:05",
        "２０２６-１１-２２　０９：０５",
    ],
)
def test_a_time_is_read_to_the_minute(typed):
    assert sheet(moment=typed).moment.data == datetime(2026, 11, 22, 9, 5)


@pytest.mark.parametrize(
    "typed",
    ["2026-11-22", "2026-11-22 24:00", "2026-11-22 09:055", "0001-01-01 00:00", "9999-12-31 23:59", "x"],
)
def test_what_is_no_time_is_refused_and_kept(typed):
    form = sheet(moment=typed)
    assert form.moment.data is None
    assert said(form.moment) == ["时间不对，请写成 2026-11-22 09:05。"]
    assert form.moment._value() == typed


@pytest.mark.parametrize(("typed", "number"), [("8", 8), ("20", 20), ("１７", 17), (" 9 ", 9), ("008", 8)])
def test_a_whole_number_within_its_bounds(typed, number):
    assert sheet(whole=typed).whole.data == number


@pytest.mark.parametrize("typed", ["7", "21", "-1", "8.5", "1e1", "八", "9" * 30])
def test_a_number_beyond_its_bounds_is_refused(typed):
    form = sheet(whole=typed)
    assert said(form.whole) == ["请填写 8 到 20 之间的整数。"]
    assert form.whole._value() == typed


def test_empty_typed_fields_are_nothing():
    form = sheet(day="", moment=" ", whole="")
    assert (form.day.data, form.moment.data, form.whole.data) == (None, None, None)
    assert not (form.day.errors or form.moment.errors or form.whole.errors)


def test_a_control_character_is_named_by_its_place():
    form = sheet(text="窗口\x07空岗", line="a\0b")
    assert said(form.text) == ["第 3 个字符是无法保存的控制字符，请删除后重试。"]
    assert said(form.line) == ["第 2 个字符是无法保存的控制字符，请删除后重试。"]


def test_ten_thousand_characters_are_refused_with_figures_and_kept():
    form = sheet(text="机" * 10_000)
    assert said(form.text) == ["最多 2000 个字，现在是 10000 个字。"]
    assert form.text.data == "机" * 10_000
    assert not sheet(text="机" * 2000).text.errors


def test_rare_characters_and_emoji_stay_as_they_are():
    text = "𠮷㛃伟 👨‍👩‍👧‍👦 ①Ａ"
    form = sheet(text=text)
    assert (form.text.data, form.errors) == (text, {})


def test_line_ends_become_plain_ones_and_a_line_is_one_line():
    form = sheet(text=" 一\r\n二\r三\t四 ", line=" 甲 \r\n 乙 ")
    assert form.text.data == "一\n二\n三\t四"
    assert form.line.data == "甲 乙"


@pytest.mark.parametrize("typed", ["", "   ", "\r\n"])
def test_what_is_required_is_asked_for_once(typed):
    assert said(sheet(text=typed).text) == ["请填写此项。"]


@pytest.mark.parametrize(
    ("name", "typed"),
    [("one", "3"), ("one", "x"), ("one", "9" * 30), ("some", "3"), ("some", "x"), ("card", "c")],
)
def test_what_is_not_on_offer_is_refused_in_our_words(name, typed):
    form = sheet(**{name: typed})
    assert said(form[name]) == ["这一项不在可选范围内，请重新选择。"]


def test_a_one_time_key_is_kept_or_made():
    assert sheet(key="ab12-ab12").key.data == "ab12-ab12"
    for bad in ("", "\0" * 8, "x" * 41, "' OR 1=1", "a"):
        made = sheet(key=bad).key.data
        assert made != bad
        assert one_time_key(made) == made
        assert one_time_key(bad) == ""
    assert sheet().key.data != sheet().key.data


def test_a_refusal_stands_beside_its_field_or_on_top():
    form = sheet()
    beside, above = Invalid("不行。", field="day"), Invalid("不行。", field="nowhere")
    refuse(form, beside)
    refuse(form, above)
    assert (form.day.errors, form.form_errors) == ([beside], [above])


def test_what_was_typed_wrongly_is_not_called_missing():
    class Needed(Form):
        day = Day("日", required)
        one = Choice("选", [required], coerce=int, choices=[(1, "甲")])

    for typed, words in (
        ("", ["请填写此项。"] * 2),
        ("x", ["日期不对，请写成 2026-11-22 或 1122。", "这一项不在可选范围内，请重新选择。"]),
    ):
        form = Needed(MultiDict({"day": typed, "one": typed}))
        assert not form.validate()
        assert said(form.day) + said(form.one) == words
