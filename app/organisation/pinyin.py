"""Pinyin of names: a key that sorts Chinese text alike on every database, and the initials people type."""

from __future__ import annotations

import re
from functools import lru_cache

KEY_MAX = 240
INITIALS_MAX = 60

# Readings of surnames that differ from those of the same characters elsewhere; the longest match wins.
SURNAMES = {
    "尉迟": ("yu4", "chi2"),
    "万俟": ("mo4", "qi2"),
    "长孙": ("zhang3", "sun1"),
    "澹台": ("tan2", "tai2"),
    "令狐": ("ling2", "hu2"),
    "单于": ("chan2", "yu2"),
    "曾": ("zeng1",),
    "单": ("shan4",),
    "仇": ("qiu2",),
    "解": ("xie4",),
    "区": ("ou1",),
    "查": ("zha1",),
    "任": ("ren2",),
    "朴": ("piao2",),
    "盖": ("ge3",),
    "乐": ("yue4",),
    "员": ("yun4",),
    "召": ("shao4",),
    "种": ("chong2",),
    "秘": ("bi4",),
    "缪": ("miao4",),
    "覃": ("qin2",),
    "翟": ("zhai2",),
    "黑": ("he4",),
    "洗": ("xian3",),
    "祭": ("zhai4",),
    "葛": ("ge3",),
    "华": ("hua4",),
    "纪": ("ji3",),
    "燕": ("yan1",),
    "於": ("yu1",),
    "过": ("guo1",),
    "哈": ("ha3",),
    "撒": ("sa3",),
    "繁": ("po2",),
    "隗": ("wei3",),
    "折": ("she2",),
    "卜": ("bu3",),
    "都": ("du1",),
    "重": ("chong2",),
    "角": ("jue2",),
    "宁": ("ning4",),
    "那": ("na1",),
    "相": ("xiang4",),
    "长": ("chang2",),
    "牟": ("mu4",),
    "句": ("gou1",),
}
# Characters of names that the dictionary does not know.
CHARACTERS = {"𠮷": "ji2"}

_RUNS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]+|[A-Za-z0-9]+")


def sort_key(text: str, *, person: bool = False) -> str:
    """Return lower-case letters and digits that sort as a dictionary does: syllable, tone, character.

    Neither case nor punctuation is left for a database's collation to decide about.
    """
    parts = [
        f"{syllable or 'zz'}{ord(char):05x}" if syllable is not None else char
        for char, syllable in _read(text, person)
    ]
    return "".join(parts)[:KEY_MAX]


def initials(text: str, *, person: bool = False) -> str:
    """Return the first letter of each syllable, as typed to find a name: 张三 → zs."""
    letters = [char if syllable is None else syllable[:1] for char, syllable in _read(text, person)]
    return "".join(letters)[:INITIALS_MAX]


def _read(text: str, person: bool) -> list[tuple[str, str | None]]:
    """Return each character with its syllable: "" for an unknown one, None for a Latin letter or digit."""
    found: list[tuple[str, str | None]] = []
    surname = _surname(text) if person else ""
    if surname:
        found.extend(zip(surname, SURNAMES[surname], strict=True))
    for run in _RUNS.findall(text[len(surname) :]):
        if run.isascii():
            found.extend((char, None) for char in run.lower())
        else:
            found.extend(zip(run, _syllables(run), strict=True))
    return found


def _surname(name: str) -> str:
    return next((name[:length] for length in (2, 1) if name[:length] in SURNAMES), "")


@lru_cache(maxsize=4096)
def _syllables(run: str) -> tuple[str, ...]:
    # Loaded when a name is written: it costs 0.4 s and 58 MB, and no page that reads needs it.
    from pypinyin import Style, lazy_pinyin

    def unknown(chars: str) -> list[str]:
        return [CHARACTERS.get(char, "") for char in chars]

    read = lazy_pinyin(run, style=Style.TONE3, neutral_tone_with_five=True, errors=unknown)  # type: ignore[arg-type]
    return tuple(syllable if syllable[:1].isalpha() else "" for syllable in read)
