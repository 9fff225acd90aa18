"""The printed weekly bulletin: what it says, where its sums tie, how a correction names what it replaces."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from app.bulletins.documents import NO_PRACTICE, NO_REQUIREMENTS, TEMPLATE, bulletin
from app.bulletins.models import Bulletin
from app.bulletins.rules import Body, BulletinStatus, Content, Pair, Problem
from app.core.figures import Figure, Form, Rows
from app.documents.printing import plain
from app.documents.renderer import Renderer

ROWS = Rows("inspections.findings")
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def count(name: str, number: int) -> Figure:
    return Figure("", name, "", Form.COUNT, number, ROWS)


def share(name: str, part: int, whole: int) -> Figure:
    return Figure("R01", name, "", Form.SHARE, part, ROWS, whole, ROWS)


CONTENT = Content(
    (
        Pair(share("窗口覆盖率", 180, 184), share("窗口覆盖率", 184, 184)),
        Pair(count("发现问题", 506), count("发现问题", 420)),
    ),
    (Problem("C03", "在岗位上吃东西", 500, 12, ROWS), Problem("F01", "台面物品摆放杂乱", 6, 0, ROWS)),
    (Problem("A03", "综合窗口", 506, 12, ROWS),),
    (
        count("下发整改", 10),
        count("销号", 8),
        share("按期销号率", 6, 8),
        count("整改中", 2),
        count("即将到期", 1),
        count("已逾期", 1),
    ),
    (Body("市场监管局", 500, 9, 8, 1, 1, ROWS, ROWS), Body("综合科", 6, 1, 0, 1, 0, None, ROWS)),
)


def row(**over: object) -> Bulletin:
    values: dict[str, object] = {
        "week_on": date(2026, 11, 16),
        "edition": 1,
        "status": BulletinStatus.REVIEWED,
        "good_practice": "综合窗口把表格放在等候区。",
        "requirements": "请存在重复问题的窗口当面说明原因。\n请按期整改。",
        "figures": CONTENT.plain(),
        "reviewed_at": NOW,
        "correction_reason": "",
    }
    return Bulletin(**{**values, **over})


def printed(renderer: Renderer, pages: Callable[[bytes], list[str]], of: Bulletin, corrects: str = "") -> str:
    values = plain(bulletin(of, "江城市政务服务中心", corrects, "", NOW))
    values |= {
        "number": "江政服通〔2026〕11号",
        "code": "K7QM4-F2PXY",
        "verify_url": "https://duban.example/verify/K7QM4F2PXY",
    }
    return "".join(pages(renderer.render(TEMPLATE, values, {})))


def test_it_says_all_five_sections(renderer: Renderer, pages: Callable[[bytes], list[str]]) -> None:
    text = printed(renderer, pages, row())
    for said in (
        "2026年第47周通报",
        "江政服通〔2026〕11号",
        "2026年11月16日至2026年11月22日",
        "发现问题506个，涉及1个窗口和区域、2类事项，其中12个为重复发生",
        "97.8%（180/184）",
        "-2.2个百分点",
        "+20.5%",
        "综合窗口把表格放在等候区",
        "下发整改10件，销号8件，其中按期销号6件，按期销号率75.0%",
        "整改中2件，即将到期1件，已逾期1件",
        "请按期整改",
        "2026年11月23日16:00",
    ):
        assert said in text.replace(" ", ""), said
    sections = [
        text.index(mark) for mark in ("一、基本", "二、好的", "三、发现", "四、整改", "五、工作", "附表")
    ]
    assert sections == sorted(sections)
    assert "更正" not in text


def test_a_correction_names_what_it_replaces(renderer: Renderer, pages: Callable[[bytes], list[str]]) -> None:
    text = printed(renderer, pages, row(edition=2, correction_reason="漏报一个窗口"), "江政服通〔2026〕9号")
    assert "江政服通〔2026〕9号因漏报一个窗口予以更正，以本通报为准" in text.replace(" ", "")


def test_a_quiet_week_has_its_paper_too(renderer: Renderer, pages: Callable[[bytes], list[str]]) -> None:
    quiet = Content(CONTENT.basic, (), (), (*[count("", 0)] * 2, share("", 0, 0), *[count("", 0)] * 3), ())
    text = printed(renderer, pages, row(figures=quiet.plain(), good_practice="", requirements=""))
    for said in ("本周巡查没有发现问题", "本周没有发现问题", NO_PRACTICE, NO_REQUIREMENTS):
        assert said in text.replace(" ", "")
    assert "附表" not in text
