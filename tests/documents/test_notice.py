from collections.abc import Callable

import pytest

from app.documents import fonts
from app.documents.printing import plain
from app.documents.renderer import Renderer
from app.rectifications.documents import NOTICE_TEMPLATE, NoticeFact, NoticePhoto, RectificationNotice

LONG = (
    "江城市住房和城乡建设局（江城市人民防空办公室、江城市城市管理综合行政执法局）驻政务服务中心联合审批服务处"
)
Print = Callable[..., bytes]
Pages = Callable[[bytes], list[str]]


@pytest.fixture(scope="module")
def printed(
    renderer: Renderer, make_notice: Callable[..., RectificationNotice], images: dict[str, bytes]
) -> Print:
    def render(**over: object) -> bytes:
        notice = make_notice(**over)
        shown = {photo.sha256: images[photo.sha256] for photo in notice.photos}
        return renderer.render(NOTICE_TEMPLATE, plain(notice), shown)

    return render


def test_a_plain_notice_is_one_page_and_the_part_that_comes_back(printed: Print, pages: Pages):
    notice, back = pages(printed())
    for words in (
        "江城市政务服务中心整改通知书政服督整〔2026〕12号",
        "江城市税务局：",
        "2026年11月20日9:05",
        "A-03工作时间空岗超过15分钟",
        "《考核细则》第十二条第三项",
        "立即恢复窗口A、B岗值守",
        "2026年11月27日17时前",
        "由督查科张敏复查",
        "将发出督办单。",
        "江城市政务服务中心督查科2026年11月2日",
        "本通知书一式两份",
        "—1—",
    ):
        assert words in notice
    for words in ("回执", "签收人（签名）", "有异议", "整改反馈", "复查意见", "准予销号", "销号日期", "—2—"):
        assert words in back


def test_a_notice_names_the_one_it_takes_the_place_of(printed: Print, pages: Pages):
    notice, _ = pages(printed(replaces="政服督整〔2026〕9号"))
    assert "原《整改通知书》（政服督整〔2026〕9号）已作废，由本通知书替代。" in notice


def test_a_notice_numbered_before_the_template_grew_is_still_printed(
    renderer: Renderer, make_notice: Callable[..., RectificationNotice], pages: Pages
):
    values = plain(make_notice())
    del values["replaces"], values["instruction"]
    assert "整改通知书" in pages(renderer.render(NOTICE_TEMPLATE, values, {}))[0]


def test_every_page_can_be_checked(printed: Print, pages: Pages):
    for page in pages(printed(checkpoint="审计检查点 第18452条 3f9ac1e0")):
        assert "政服督整〔2026〕12号验证码K7QM4-F2PXY" in page
        assert "https://duban.jiangcheng.example/verify/K7QM4F2PXY" in page
        assert "审计检查点第18452条3f9ac1e0" in page
    assert "审计检查点" not in pages(printed())[0]


def test_photos_stand_in_a_row_with_their_times(
    printed: Print,
    pages: Pages,
    photos: tuple[NoticePhoto, ...],
    make_notice: Callable[..., RectificationNotice],
):
    fact = make_notice().facts[0]
    content = printed(facts=(fact, fact, fact), photos=photos)
    first, *middle, back = pages(content)
    assert len(middle) == 1
    for n, photo in enumerate(photos, 1):
        assert f"图{n}" in first
        assert "".join(photo.caption.split()) in first
    assert content.count(b"/DCTDecode") == 4
    assert "回执" in back
    assert len(content) < 400_000


@pytest.mark.parametrize("count", [1, 2, 3])
def test_fewer_photos_are_larger(printed: Print, photos: tuple[NoticePhoto, ...], count: int):
    assert printed(photos=photos[:count]).count(b"/DCTDecode") == count


def test_a_long_account_runs_over_pages_without_loss(printed: Print, pages: Pages):
    account = "".join(f"第{n}次巡查无人值守。" for n in range(400))
    fact = NoticeFact("2026年11月20日 9:05", "三号窗口", "A-03 空岗", note=account + "\n完")
    found = pages(printed(facts=(fact,)))
    assert len(found) > 3
    # A page ends in the middle of a sentence: count a character that occurs once in each.
    text = "".join(found)
    assert text.count("巡") == 400
    assert "复查意见" in found[-1]
    assert "回执" in found[-1]


def test_long_names_do_not_push_the_returned_part_over_its_page(printed: Print, pages: Pages):
    issuer = "江城高新技术产业开发区行政审批和政务服务中心督查考核科"
    found = pages(printed(recipient=LONG, issuer=issuer, centre_name=issuer.removesuffix("督查考核科")))
    assert f"{LONG}：" in found[0]
    assert "回执" in found[-1]
    assert "复查意见" in found[-1]
    assert len(found) <= 3


def test_a_notice_that_is_not_in_force_says_so_on_every_page(printed: Print, pages: Pages):
    # The mark is turned, its characters are read one by one.
    assert all({"作", "废"} <= set(page) for page in pages(printed(mark="作废")))
    assert not any("废" in page for page in pages(printed()))


def test_what_people_typed_is_printed_as_typed(printed: Print, pages: Pages):
    fact = NoticeFact("9:05", "三号窗口", '<b>A-03</b> & "空岗"', note="㛃\x00喆\u202e䶮 evidence:abc")
    text = pages(printed(facts=(fact,)))[0]
    assert '<b>A-03</b>&"空岗"' in text
    assert "㛃喆䶮" in text


def test_a_person_or_clause_left_out_is_a_dash(printed: Print, pages: Pages):
    assert pages(printed(facts=(NoticeFact("9:05", "三号窗口", "A-03"),)))[0].count("—") >= 4


def test_three_known_fonts_and_no_more(printed: Print, embedded: Callable[[bytes], set[str]]):
    names = embedded(printed())
    assert names <= fonts.known_families()
    assert len(names) <= 3


def test_the_same_notice_has_the_same_bytes_in_another_process(
    printed: Print, make_notice: Callable[..., RectificationNotice]
):
    printed(recipient="𠮷祥街道办事处")
    first = printed()
    assert printed() == first
    with Renderer() as fresh:
        assert fresh.render(NOTICE_TEMPLATE, plain(make_notice())) == first
