"""Papers that are laid out together: each stands alone afterwards, numbers its own pages and says its sum."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from pypdf import PdfReader
from pypdf.generic import StreamObject

from app.documents import fonts
from app.documents.errors import DocumentError
from app.documents.pdf_pages import bind
from app.documents.printing import plain
from app.documents.renderer import Renderer
from app.evaluations.month_rules import Scored
from app.evaluations.print_rules import SHEET_TEMPLATE
from app.evaluations.sheet_documents import SIGNED_BY, ScoreSheet, SheetLine, SheetShare

Pages = Callable[[bytes], list[str]]
LONG_NAME = "阿卜杜热西提·买买提明江·吐尔逊尼亚孜（综合窗口第三组副组长）"


def sheet(name: str, lines: int, serial: int = 1) -> ScoreSheet:
    """Make the sheet of somebody with so many lines of a point each."""
    base = SheetLine(1, "", "基础分", "", "", 0, "100", "")
    charged = tuple(
        SheetLine(no, "2026-10-12", f"空岗 {no}", "《考核细则》第十二条", f"F{no:04}", 2, "-1", "")
        for no in range(2, lines + 1)
    )
    total = str(101 - lines)
    return ScoreSheet(
        centre_name="江城市政务服务中心",
        title="个人考核表",
        month="2026年10月",
        facts=(("姓名", name), ("部门", "江城市税务局"), ("得分", f"{total}分")),
        shares=(
            SheetShare("在岗", str(1 - lines), "0", str(1 - lines)),
            SheetShare("基础分", "0", "100", "100"),
        ),
        lines=(base, *charged),
        taken=str(1 - lines),
        given="100",
        total=total,
        published=total,
        readings=("“以上”含本数。",),
        basis="《人员考核细则》第2版（2026年1月1日起施行）",
        cutoff="2026年11月2日 10:00（第1次计算）",
        state="已锁定",
        signatures=SIGNED_BY[Scored.STAFF],
        issued_on=date(2026, 11, 18),
        number=f"政服考个〔2026〕{serial}号",
        verify_url="https://duban.jiangcheng.example/verify/K7QM4F2PXY",
        code="K7QM4-F2PXY",
        checkpoint="审计检查点 1/18452 · 3f9a c1e0",
    )


def printed(renderer: Renderer, *sheets: ScoreSheet) -> list[bytes]:
    return renderer.render_papers([(SHEET_TEMPLATE, plain(each)) for each in sheets])


def streams(pdf: bytes) -> bytes:
    """Return everything a file holds, unpacked."""
    reader = PdfReader(io.BytesIO(pdf))
    found = (reader.get_object(number) for number in range(1, reader.trailer["/Size"]))
    return b"\n".join(
        each.get_data() if isinstance(each, StreamObject) else repr(each).encode() for each in found
    )


def test_each_of_a_slice_stands_alone(renderer: Renderer, pages: Pages):
    people = [sheet("吴窗口", 3, 1), sheet("郑窗口", 60, 2), sheet("冯窗口", 1, 3), sheet(LONG_NAME, 4, 4)]
    first, second, third, fourth = printed(renderer, *people)
    (page,) = pages(first)
    for words in (
        "江城市政务服务中心2026年10月个人考核表政服考个〔2026〕1号",
        "姓名吴窗口",
        "F0002证据2件",
        "依据：《考核细则》第十二条",
        "第1至3行相加为98，四舍五入到两位小数，得分98",
        "条文的理解：“以上”含本数。",
        "《人员考核细则》第2版（2026年1月1日起施行）",
        "数据截至：2026年11月2日10:00（第1次计算）",
        "中心主任（签名）",
        "政服考个〔2026〕1号验证码K7QM4-F2PXY",
        "https://duban.jiangcheng.example/verify",
        "审计检查点1/18452·3f9ac1e0",
        "第1页，共1页",
    ):
        assert words in page, words
    assert all("郑窗口" not in text and "2号" not in text for text in (page, *pages(third)))
    assert "姓名冯窗口" in pages(third)[0]
    assert LONG_NAME in pages(fourth)[0]
    long = pages(second)
    assert len(long) > 2
    for number, text in enumerate(long, 1):
        assert f"第{number}页，共{len(long)}页" in text
        assert "政服考个〔2026〕2号验证码" in text
        assert number == len(long) or "序号日期计分说明和依据" in text
    assert "第60页" not in "".join(long)
    assert "第1至60行相加为41" in long[-1] and "F0060" in long[-1], "the sum stands beside the last line"


def test_nobody_signs_a_page_without_a_line(renderer: Renderer, pages: Pages):
    found = [pages(each) for each in printed(renderer, *(sheet("吴窗口", lines) for lines in range(8, 18)))]
    assert {len(each) for each in found} == {1, 2}, "some fill their page to the last line"
    for each in found:
        assert "中心主任（签名）" in each[-1] and "空岗" in each[-1]


def test_nothing_of_another_paper_stays_in_a_file(renderer: Renderer):
    together = printed(renderer, sheet("吴窗口", 3, 1), sheet("郑窗口", 50, 2))
    for content in together:
        assert streams(content).count(b"/Contents") == len(PdfReader(io.BytesIO(content)).pages)
    assert len(PdfReader(io.BytesIO(together[0])).pages) == 1


def test_a_sheet_alone_and_in_a_slice_say_the_same(renderer: Renderer, pages: Pages):
    one, other = sheet("吴窗口", 3, 1), sheet("郑窗口", 50, 2)
    alone = renderer.render(SHEET_TEMPLATE, plain(one))
    assert pages(alone) == pages(printed(renderer, one, other)[0]) == pages(printed(renderer, other, one)[1])


def test_the_same_slice_has_the_same_bytes(renderer: Renderer):
    people = [sheet("吴窗口", 3, 1), sheet("郑窗口", 50, 2)]
    first = printed(renderer, *people)
    with Renderer() as fresh:
        assert printed(fresh, *people) == first


def test_known_fonts_and_no_more(renderer: Renderer, embedded: Callable[[bytes], set[str]]):
    for content in printed(renderer, sheet("吴窗口", 3), sheet("𠮷窗口", 3)):
        assert embedded(content) <= fonts.known_families()


def test_bound_together_they_share_what_is_alike(renderer: Renderer, pages: Pages):
    papers = printed(renderer, *(sheet(f"吴{n}号", 3, n) for n in range(1, 7)))
    file = io.BytesIO()
    bind(papers, file)
    bound = pages(file.getvalue())
    assert [f"姓名吴{n}号" in text for n, text in enumerate(bound, 1)] == [True] * 6
    assert len(file.getvalue()) < 2 * len(papers[0])
    assert bound == [text for content in papers for text in pages(content)]


def test_a_sheet_that_cannot_be_printed_fails_the_slice_with_its_reason(renderer: Renderer):
    broken = replace(sheet("吴窗口", 3), number=None)  # type: ignore[arg-type]
    with pytest.raises(DocumentError):
        printed(renderer, broken)
