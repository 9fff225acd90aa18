"""Which font file plays which part in print: the site's own first, then what set-up fetched, then Noto."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pylopdf_fonts_zh_cn as noto
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

FETCHED = Path(__file__).resolve().parents[2] / ".fonts"


@dataclass(frozen=True)
class Font:
    """A font file and the name under which the PDF embeds it."""

    family: str
    path: Path


# Role: file names a site may use in INSTANCE/fonts (offices own licences for these), then what stands in.
ROLES: dict[str, tuple[frozenset[str], tuple[Font, ...]]] = {
    "fang": (
        frozenset({"fangsong", "fangsong_gb2312", "仿宋", "仿宋_gb2312", "simfang"}),
        (Font("FandolFang", FETCHED / "FandolFang-Regular.otf"),),
    ),
    "title": (
        frozenset({"xiaobiaosong", "小标宋", "方正小标宋简体", "方正小标宋_gbk", "fzxbsjw"}),
        (Font("FandolSong-Bold", FETCHED / "FandolSong-Bold.otf"),),
    ),
    "hei": (
        frozenset({"heiti", "黑体", "simhei"}),
        (Font("FandolHei", FETCHED / "FandolHei-Regular.otf"), Font("NotoSansSC", noto.sans_path())),
    ),
    "kai": (
        frozenset({"kaiti", "kaiti_gb2312", "楷体", "楷体_gb2312", "simkai"}),
        (Font("FandolKai", FETCHED / "FandolKai-Regular.otf"),),
    ),
}
# Every stack ends with this face, so that a character it has is never missing.
SERIF = Font("NotoSerifSC", noto.serif_path())
# 50 MB with 𠮷 and the like: added only to a document that needs it.
RARE = Font("BabelStoneHan", FETCHED / "BabelStoneHan.ttf")


def fonts(site: Path | None) -> dict[str, Font]:
    """Return the font of each role that has a file of its own; `site` is the folder INSTANCE/fonts."""
    own = sorted(site.iterdir()) if site and site.is_dir() else []
    chosen: dict[str, Font] = {}
    for role, (names, stand_ins) in ROLES.items():
        mine = (
            Font(f"Site-{role}", path)
            for path in own
            if path.suffix.lower() in {".ttf", ".otf"} and path.stem.lower() in names
        )
        fetched = (font for font in stand_ins if font.path.is_file())
        if font := next(mine, None) or next(fetched, None):
            chosen[role] = font
    return chosen


def known_families(site: Path | None = None) -> frozenset[str]:
    """Return every name that may stand in the font list of a PDF."""
    return frozenset(font.family for font in (*fonts(site).values(), SERIF, RARE))


@cache
def _characters(path: Path) -> frozenset[int]:
    if not path.is_file():
        return frozenset()
    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


def missing(characters: Iterable[str], font: Font) -> set[str]:
    """Return the visible characters that the font cannot draw."""
    drawable = _characters(font.path)
    return {c for c in characters if ord(c) not in drawable and not c.isspace()}
