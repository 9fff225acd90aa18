import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.organisation.pinyin import INITIALS_MAX, KEY_MAX, SURNAMES, initials, sort_key

names = st.text(max_size=60)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("张三", "zs"),
        ("曾单", "zd"),
        ("单雄", "sx"),
        ("仇英", "qy"),
        ("解冰", "xb"),
        ("区明", "om"),
        ("查禾", "zh"),
        ("尉迟敬", "ycj"),
        ("单于朔", "cys"),
        ("长孙禾", "zsh"),
        ("欧阳喆", "oyz"),
        ("高𠮷", "gj"),
        ("沈㛃", "sj"),
        ("艾 A", "aa"),
        ("", ""),
    ],
)
def test_initials_of_a_person(name: str, letters: str) -> None:
    assert initials(name, person=True) == letters


def test_a_body_is_not_read_as_a_surname() -> None:
    assert initials("区政务服务局") == "qzwfwj"
    assert initials("区政务", person=True) == "ozw"


def test_names_sort_by_syllable_tone_and_character() -> None:
    wanted = ["安宁", "曹一", "陈二", "李三", "李四", "林五", "曾六", "张七", "章八", "周九"]
    mixed = wanted[5:] + wanted[:5]
    assert sorted(mixed, key=lambda name: sort_key(name, person=True)) == wanted


def test_one_character_is_kept_together_before_its_homophones() -> None:
    keys = [sort_key(name, person=True) for name in ("张一", "张卓", "章一")]
    assert keys == sorted(keys)


def test_an_unknown_character_sorts_last_and_has_no_initial() -> None:
    assert sort_key("\U000323af") > sort_key("祚")
    assert initials("\U000323af") == ""


@given(names, st.booleans())
def test_keys_are_plain_and_fit_their_columns(name: str, person: bool) -> None:
    key, letters = sort_key(name, person=person), initials(name, person=person)
    assert len(key) <= KEY_MAX
    assert len(letters) <= INITIALS_MAX
    assert not key or (key.isascii() and key.isalnum() and key == key.lower())
    assert not letters or (letters.isascii() and letters.isalnum() and letters == letters.lower())
    assert key == sort_key(name, person=person)


def test_every_surname_has_a_reading_for_each_character() -> None:
    assert all(len(surname) == len(reading) for surname, reading in SURNAMES.items())
