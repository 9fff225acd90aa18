"""The papers of an award: what was decided and why, who is honoured, what a department is told of a year."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from app.documents.printing import plain
from app.documents.renderer import Renderer
from app.evaluations.award_documents import (
    DECISION_TEMPLATE,
    NOTICE_TEMPLATE,
    RESULT_TEMPLATE,
    AwardDecision,
    AwardNotice,
    AwardPaper,
    CandidateLine,
    YearResult,
)

SHARED: dict[str, Any] = {
    "centre_name": "江城市政务服务中心",
    "period": "2026年第三季度",
    "award": "服务标兵",
    "subject": "人员",
    "rulebook": "季度服务标兵评选细则（第 2 版）",
    "source": "江城市评选办法",
    "months": 3,
    "readings": ("季度得分是各月得分的平均",),
    "published": "2026年10月12日至2026年10月19日",
    "decision": "主任办公会审定。",
    "issuer": "江城市政务服务中心",
    "issued_on": date(2026, 10, 20),
    "number": "政服评审〔2026〕3号",
    "verify_url": "https://duban.jiangcheng.example/verify/K7QM4F2PXY",
    "code": "K7QM4-F2PXY",
}
FIRST = CandidateLine("李某某", "税务局", "99.5", "1", "—", "优秀", "决定理由：已调离", ("月度得分：99.5",))
SECOND = CandidateLine("王某某", "公安局", "98", "2", "1", "合格", "决定理由：递补", ("月度得分：98",))
BARRED = CandidateLine("赵某某", "税务局", "97", "—", "—", "合格", "一票否决：触碰红线", ())
PAPERS: list[tuple[str, AwardPaper, tuple[str, ...]]] = [
    (
        DECISION_TEMPLATE,
        AwardDecision(
            quota="1",
            candidates=(FIRST, SECOND),
            left_out=(BARRED,),
            objections=("2026年10月14日：反映空岗 核查处理：不属实",),
            proposed_by="晏某某",
            decided_by="郜某某",
            **SHARED,
        ),
        (
            "2026年第三季度服务标兵评选审批表",
            "2026年10月12日至2026年10月19日",
            "反映空岗",
            "决定理由：已调离",
            "一票否决：触碰红线",
            "中心主任（签名）",
            "季度服务标兵评选细则（第2版）",
        ),
    ),
    (
        NOTICE_TEMPLATE,
        AwardNotice(counted="1名窗口工作人员", honoured=(SECOND,), **SHARED),
        (
            "关于表彰2026年第三季度服务标兵的通报",
            "1名窗口工作人员予以通报表彰",
            "王某某（公安局）",
            "月度得分：98",
        ),
    ),
    (
        RESULT_TEMPLATE,
        YearResult(
            recipient="江城市税务局", people=(FIRST, BARRED), assessed=81, **SHARED | {"period": "2026年度"}
        ),
        (
            "关于2026年度窗口人员考核结果的函",
            "江城市税务局：",
            "2名工作人员",
            "参加考核81人",
            "一票否决：触碰红线",
        ),
    ),
]


@pytest.mark.parametrize(("template", "paper", "words"), PAPERS, ids=[paper[0] for paper in PAPERS])
def test_each_paper_is_one_page_and_says_what_it_has_to(
    template: str,
    paper: AwardPaper,
    words: tuple[str, ...],
    renderer: Renderer,
    pages: Callable[[bytes], list[str]],
) -> None:
    (page,) = pages(renderer.render(template, plain(paper), {}))
    for said in ("江城市政务服务中心", "政服评审〔2026〕3号", "K7QM4-F2PXY", *words):
        assert said in page


def test_nobody_else_is_in_the_notice_or_in_anothers_result() -> None:
    notice, result = (plain(paper) for _template, paper, _words in PAPERS[1:])
    assert [line["name"] for line in notice["honoured"]] == ["王某某"]  # type: ignore[attr-defined]
    assert {line["department"] for line in result["people"]} == {"税务局"}  # type: ignore[attr-defined]
