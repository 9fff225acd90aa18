"""The papers of the ladder: one page each, with what supervision.md 7.2 (2) asks for."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from app.documents.printing import plain
from app.documents.renderer import Renderer
from app.rectifications.ladder_documents import (
    RECORD_TEMPLATE,
    TEMPLATES,
    ChangeProposal,
    DepartmentReport,
    LadderForm,
    TalkNotice,
    TalkRecord,
    UrgingNotice,
)
from app.rectifications.rules import Rung

SHARED: dict[str, Any] = {
    "centre_name": "江城市政务服务中心",
    "number": "政服督办〔2026〕3号",
    "recipient": "江城市税务局",
    "notice_number": "政服督整〔2026〕12号",
    "notice_date": date(2026, 11, 2),
    "matter": "立即恢复窗口A、B岗值守。",
    "owner": "李某某",
    "deadline": "2026年11月9日17时",
    "progress": ("2026年11月2日 9:05　下发整改通知书", "2026年11月2日 14:00　责任单位签收"),
    "text": "查明逾期原因，限期办结。",
    "issuer": "江城市政务服务中心",
    "issued_on": date(2026, 11, 10),
    "verify_url": "https://duban.jiangcheng.example/verify/K7QM4F2PXY",
    "code": "K7QM4-F2PXY",
}
TALK = {"talk_at": "2026年11月16日 15:00", "place": "二楼会议室", "talk_with": "周某某副局长"}
PAPERS: list[tuple[str, LadderForm, tuple[str, ...]]] = [
    (
        TEMPLATES[Rung.URGING],
        UrgingNotice(times=2, limit="2026年11月12日17时", **SHARED),
        ("督办单", "第2次督办", "2026年11月12日17时前办结", "办理情况反馈", "分管领导（签名）"),
    ),
    (
        TEMPLATES[Rung.CHANGE],
        ChangeProposal(limit="2026年11月12日17时", **SHARED),
        ("更换人员建议函", "建议你单位更换承办人员", "接替人员", "答复意见"),
    ),
    (
        TEMPLATES[Rung.TALK],
        TalkNotice(**TALK, **SHARED),
        ("约谈通知书", "时间：2026年11月16日15:00", "二楼会议室", "约谈对象：周某某副局长"),
    ),
    (
        TEMPLATES[Rung.REPORT],
        DepartmentReport(orders=("2026年11月10日　第1次督办（政服督办〔2026〕2号）",), **SHARED),
        ("关于整改逾期情况的函", "第1次督办（政服督办〔2026〕2号）", "函复"),
    ),
    (
        RECORD_TEMPLATE,
        TalkRecord(commitment="三日内整改到位。", **TALK, **SHARED),
        ("约谈记录", "三日内整改到位。", "约谈对象（签名）"),
    ),
]


@pytest.mark.parametrize(("template", "paper", "words"), PAPERS, ids=[paper[0] for paper in PAPERS])
def test_each_paper_is_one_page_and_says_what_it_has_to(
    renderer: Renderer,
    pages: Callable[[bytes], list[str]],
    template: str,
    paper: LadderForm,
    words: tuple[str, ...],
) -> None:
    (page,) = pages(renderer.render(template, plain(paper), {}))
    shared = ("江城市政务服务中心", "政服督整〔2026〕12号", "江城市税务局", "立即恢复窗口A、B岗值守。")
    for said in (*shared, *words, "查明逾期原因", "2026年11月10日", "政服督办〔2026〕3号验证码K7QM4-F2PXY"):
        assert said in page


def test_a_long_story_goes_on_over_the_page(renderer: Renderer, pages: Callable[[bytes], list[str]]) -> None:
    progress = tuple(f"2026年11月{day}日 9:00　第{day}次督办" for day in range(1, 29))
    paper = UrgingNotice(times=29, limit="2026年12月1日17时", **{**SHARED, "progress": progress})
    found = pages(renderer.render(TEMPLATES[Rung.URGING], plain(paper), {}))
    assert len(found) > 1
    assert all(f"第{day}次督办" in "".join(found) for day in range(1, 29))
