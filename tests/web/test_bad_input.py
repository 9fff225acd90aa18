"""Bad input, word by word: said in the form, under the right status, and nothing lost of what was typed."""

from __future__ import annotations

import gc
import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from app.extensions import db
from app.factory import MAX_REQUEST_BYTES
from app.inspections.models import Finding, Patrol
from app.rectifications.models import Rectification, Submission
from app.rectifications.rules import RectificationStatus
from tests.client import Client
from tests.factories.inspections import begin, completed, jpeg, submitted
from tests.factories.rectifications import answered, issued, received
from tests.pages import Form, Page
from tests.web.test_patrol import refusals
from tests.web.test_rectifications import made

NOTE = "九点零五分无人值守。𠮷㛃伟 🙂👨‍👩‍👧"
LONG = "机" * 10_000
HUGE = 50 * 1024 * 1024


@pytest.fixture
def large_body() -> Iterator[None]:
    """The test client spools a large body into a file and leaves closing it to the collector."""
    yield
    gc.collect()


spooled = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def finding_form(site, app, cast, sign_in) -> Form:
    """A finding at point A, filled in by an inspector."""
    with app.app_context():
        draft_id = begin(site).id
    url = f"/patrols/drafts/{draft_id}/points/{cast.point_a}/findings/new?item=A-01"
    form = Page(sign_in("wang").get(url)).form("#finding-form")
    return form.fill(note=NOTE, staff=cast.window_a_staff, disposition="corrected_on_spot")


@pytest.fixture
def answer_form(site, app, sign_in) -> Form:
    """An answer to a rectification, filled in by its chief representative."""
    url, _ = made(app, site, received)
    (form,) = Page(sign_in("chief_a").get(url)).forms_to(f"{url}/submit")
    return form.fill(measures=NOTE, no_photo_reason="现场涉密。")


@pytest.fixture
def issue_form(site, app, cast, sign_in) -> Form:
    with app.app_context():
        finding_id = submitted(site)[1]
    form = Page(sign_in("wang").get(f"/rectifications/new?finding={finding_id}")).form("#issue-form")
    return form.fill(requirement=NOTE, rechecker=cast.users["zhao"], owner=f"staff:{cast.window_a_staff}")


def refused(form: Form, status: int, *words: str, css: str | None = None) -> Form:
    """Send a form that is refused; return the form as it came back, every typed value still in it."""
    sent = {
        name: values
        for name, values in form.values.items()
        if name not in ("photos", "csrf_token", "version")
    }
    page = Page(form.submit(), status)
    for each in words:
        assert each in page.text(".errors"), page.text(".errors")
    back = page.form(css) if css else next(iter(page.forms_to(form.action)))
    for name, values in sent.items():
        assert back.values[name] == [str(value) for value in values], name
    return back


def files(*contents: bytes) -> list[tuple[io.BytesIO, str]]:
    return [(io.BytesIO(content), f"照片{n}.jpg") for n, content in enumerate(contents, 1)]


def rows(app: Any, model: Any) -> int:
    with app.app_context():
        return db.session.query(model).count()


# --- a finding ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("note", LONG, "最多 2000 个字，现在是 10000 个字。"),
        ("note", "窗口\x07空岗", "第 3 个字符是无法保存的控制字符"),
        ("note", "a\0b", "第 2 个字符是无法保存的控制字符"),
        ("occurred_at", "2026-11-18 10:03", "发生时间不能晚于现在。"),
        ("occurred_at", "2027-01-01T08:00", "发生时间不能晚于现在。"),
        ("occurred_at", "2026-10-01 08:00", "发生时间早于一个月前"),
        ("occurred_at", "昨天上午", "时间不对，请写成 2026-11-22 09:05。"),
        ("occurred_at", "0001-01-01 00:00", "时间不对"),
        ("occurred_at", "", "请填写此项。"),
    ],
)
def test_a_finding_is_refused_in_its_form(finding_form, name, typed, words):
    back = refused(finding_form.fill(**{name: typed}), 422, words)
    assert back.values["disposition"] == ["corrected_on_spot"]


@pytest.mark.parametrize("name", ["item", "owner", "staff", "disposition"])
def test_what_was_not_offered_is_refused_and_the_rest_stays(finding_form, cast, name):
    for typed in ("x", "999999", f"department:{cast.other_department}", "9" * 30):
        finding_form.values[name] = [typed]
        page = Page(finding_form.submit(), 422)
        assert "这一项不在可选范围内，请重新选择。" in page.text(".errors")
        assert page.form("#finding-form").values["note"] == [NOTE]


def test_a_photo_that_is_none_is_named_and_the_good_one_is_kept(finding_form, app):
    finding_form.values["photos"] = files(jpeg("teal"), b"GIF89a no photo at all", b"")
    back = refused(finding_form, 422, "“照片2.jpg”的图片格式暂不支持", "“照片3.jpg”是空文件")
    (kept,) = back.values["photo"]
    image = back.page.one("img.photo-thumb")
    assert back.page._client.get(image["src"]).status_code == 200
    assert back.submit().status_code == 303
    with app.app_context():
        from app.db.drafts import Draft

        (draft,) = db.session.query(Draft).all()
        assert [finding["photos"] for finding in draft.content["findings"].values()] == [[kept]]


@spooled
def test_a_photo_of_fifty_megabytes_is_too_large_and_nothing_else_is_lost(finding_form, large_body):
    finding_form.values["photos"] = files(jpeg("navy"), b"\xff\xd8\xff" + bytes(HUGE))
    back = refused(finding_form, 413, "“照片2.jpg”超过 20 MB")
    assert len(back.values["photo"]) == 1


def test_ten_photos_are_one_too_many_and_all_are_kept(finding_form):
    finding_form.values["photos"] = files(*(jpeg(f"#{25 * n:02x}5050") for n in range(10)))
    back = refused(finding_form, 422, "附件最多 9 个，请减少后再提交。")
    assert len(back.values["photo"]) == 10
    back.values["photo"].pop()
    assert back.submit().status_code == 303


def test_a_red_line_without_evidence_is_refused(finding_form):
    refused(finding_form.fill(item="R-01"), 422, "红线问题必须附照片等证据。")


def test_emoji_and_rare_characters_go_through(finding_form, app):
    assert finding_form.submit().status_code == 303
    page = Page(finding_form.page._client.get(finding_form.submit().location))
    assert "𠮷㛃伟" in page.text("main")


def test_a_finding_saved_twice_is_one(finding_form, app):
    locations = {finding_form.submit().location for _ in range(3)}
    page = Page(finding_form.page._client.get(locations.pop()))
    assert len(page.all("a.point")) == 1


# --- a round --------------------------------------------------------------------------------------


def test_a_round_that_is_not_finished_says_which_points_are_missing(site, app, sign_in):
    with app.app_context():
        draft_id = begin(site).id
    form = Page(sign_in("wang").get(f"/patrols/drafts/{draft_id}")).form("#submit-patrol").fill(note=NOTE)
    refused(form, 409, "还有 3 个巡查点没有查完：A01、B01、K01。")
    refused(form.fill(note=LONG), 422, "现在是 10000 个字")
    assert rows(app, Patrol) == 0


def test_answers_survive_a_refused_closing(site, app, cast, sign_in):
    with app.app_context():
        draft_id = completed(site)
    client, url = sign_in("wang"), f"/patrols/drafts/{draft_id}/points/{cast.point_a}"
    typed = {"all": "closed", "answer-A-02": "not_applicable", "answer-R-01": "ok"}
    page = Page(client.post(url, typed), 409)
    assert "不能再标为未开放" in page.text(".errors")
    assert page.form("#point-answers").values["answer-A-02"] == ["not_applicable"]


@pytest.mark.both_databases
def test_a_round_submitted_twice_is_one_also_at_the_same_moment(site, app, sign_in):
    with app.app_context():
        draft_id = completed(site)
        db.session.remove()
    form = Page(sign_in("wang").get(f"/patrols/drafts/{draft_id}")).form("#submit-patrol").fill(note=NOTE)
    answers = at_once(app, form)
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, "/patrols/1")}
    assert (rows(app, Patrol), rows(app, Finding)) == (1, 1)
    assert form.submit().location == "/patrols/1", "and long afterwards"


def at_once(app: Any, form: Form, taps: int = 4) -> list[Any]:
    """Send a form several times at the same moment, each from a connection of its own."""
    gate, answers = threading.Barrier(taps), []
    clients = [Client(app) for _ in range(taps)]
    for client in clients:
        with form.page._client.session_transaction() as mine, client.session_transaction() as copy:
            copy.update(mine)

    def tap(client: Client) -> None:
        gate.wait()
        answers.append(form.submit(client))

    threads = [threading.Thread(target=tap, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


# --- a notice -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "date", "deadline_on": "2026-11-17"}, "整改期限不能早于今天。"),
        ({"kind": "date", "deadline_on": "1122"}, "2026-11-22 是休息日（周末），请改为工作日。"),
        ({"kind": "date", "deadline_on": "2027-11-22"}, "整改期限超过一年，请核对。"),
        ({"kind": "date", "deadline_on": "尽快"}, "日期不对，请写成 2026-11-22 或 1122。"),
        ({"kind": "date", "deadline_on": ""}, "请填写整改期限。"),
        ({"kind": "date", "deadline_on": "1118", "deadline_hour": "9"}, "整改期限已经过去，请往后推。"),
        ({"deadline_workdays": "0"}, "请填写 1 到 60 之间的整数。"),
        ({"deadline_workdays": "61"}, "请填写 1 到 60 之间的整数。"),
        ({"deadline_workdays": "三"}, "请填写 1 到 60 之间的整数。"),
        ({"deadline_workdays": ""}, "请填写整改期限。"),
        ({"deadline_hour": "24"}, "请填写 8 到 20 之间的整数。"),
        ({"requirement": ""}, "请填写此项。"),
        ({"requirement": LONG}, "现在是 10000 个字"),
    ],
)
def test_a_notice_is_refused_in_its_form(issue_form, app, values, words):
    refused(issue_form.fill(**values), 422, words)
    assert rows(app, Rectification) == 0


def test_unticking_every_finding_loses_nothing(issue_form, app):
    findings = issue_form.values.pop("findings")
    back = refused(issue_form, 422, "请至少选择一个问题。")
    assert back.values["findings"] == findings
    assert back.submit().status_code == 303


def test_what_another_way_of_stating_the_deadline_holds_does_not_matter(issue_form):
    issue_form.values["deadline_on"] = ["2026-02-30"]
    assert issue_form.submit().status_code == 303


@pytest.mark.both_databases
def test_a_notice_issued_twice_is_one_also_at_the_same_moment(issue_form, app):
    answers = at_once(app, issue_form)
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, "/rectifications/1")}
    assert rows(app, Rectification) == 1


def test_a_finding_taken_in_the_meantime_is_a_refusal_that_keeps_the_form(issue_form, app, cast, sign_in):
    other = Page(sign_in("head").get(f"/rectifications/new?finding={issue_form.values['findings'][0]}"))
    assert other.form("#issue-form").submit().status_code == 303
    refused(issue_form, 409, "已经处理，不能再次下发整改。")
    assert rows(app, Rectification) == 1


# --- an answer ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"measures": ""}, "请填写此项。"),
        ({"measures": LONG}, "现在是 10000 个字"),
        ({"measures": "a\0b"}, "第 2 个字符是无法保存的控制字符"),
        ({"done_on": "1119"}, "完成日期不能晚于今天。"),
        ({"done_on": "2026-11-17"}, "完成日期不能早于通知书下发的日期。"),
        ({"done_on": "2026-02-30"}, "日期不对"),
        ({"no_photo_reason": ""}, "请附整改后的照片或其他证据；确实无法提供的，请说明原因。"),
        ({"no_photo_reason": "密" * 201}, "最多 200 个字，现在是 201 个字。"),
    ],
)
def test_an_answer_is_refused_in_its_form(answer_form, app, values, words):
    refused(answer_form.fill(**values), 422, words, css="#submit-form")
    assert rows(app, Submission) == 0


@spooled
def test_a_photo_too_large_leaves_the_answer_and_the_other_photo(answer_form, large_body):
    answer_form.values["photos"] = files(jpeg("green"), b"\xff\xd8\xff" + bytes(HUGE), b"no photo")
    back = refused(
        answer_form, 413, "“照片2.jpg”超过 20 MB", "“照片3.jpg”不能作为证据上传", css="#submit-form"
    )
    assert len(back.values["photo"]) == 1
    later = Page(back.page._client.get(answer_form.page.address)).form("#submit-form")
    assert (later.values["measures"], later.values["photo"]) == ([NOTE], back.values["photo"]), (
        "also tomorrow"
    )
    assert back.submit().status_code == 303


@spooled
def test_a_request_beyond_all_bounds_is_cut_off(answer_form, large_body):
    answer_form.values["photos"] = files(bytes(MAX_REQUEST_BYTES))
    assert Page(answer_form.submit(), 413).title.startswith("413")


@pytest.mark.both_databases
def test_an_answer_handed_in_twice_is_one_also_at_the_same_moment(answer_form, app):
    answers = at_once(app, answer_form)
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, "/rectifications/1")}
    assert rows(app, Submission) == 1
    assert answer_form.submit().status_code == 303
    assert rows(app, Submission) == 1


# --- stale ----------------------------------------------------------------------------------------


def test_a_stale_form_comes_back_filled_in_and_fit_to_be_sent_again(site, app, sign_in):
    url, row_id = made(app, site, answered)
    zhao = sign_in("zhao")
    (form,) = Page(zhao.get(url)).forms_to(f"{url}/return")
    form.fill(note=NOTE).values["version"] = ["1"]
    back = refused(form, 409, "这条记录刚被别人改动，请核对后重新提交。")
    assert back.submit().status_code == 303
    with app.app_context():
        assert db.session.get_one(Rectification, row_id).status is RectificationStatus.RETURNED


@pytest.mark.parametrize("version", ["", "x", "0", "-1", "9" * 40, "1.0", "\0"])
def test_a_version_that_is_none_is_stale(site, app, sign_in, version):
    url, _ = made(app, site, issued)
    page = Page(sign_in("chief_a").post(f"{url}/receive", {"version": version, "statement": NOTE}), 409)
    assert NOTE in page.html


def test_when_somebody_else_was_quicker_the_words_are_given_back(site, app, sign_in):
    url, _ = made(app, site, answered)
    zhao, wang = sign_in("zhao"), sign_in("wang")
    (slow,) = Page(zhao.get(url)).forms_to(f"{url}/return")
    (quick,) = Page(wang.get(url)).forms_to(f"{url}/accept")
    assert quick.fill(note="到位。").submit().status_code == 303
    page = Page(slow.fill(note=NOTE).submit(), 409)
    assert not page.forms_to(f"{url}/return")
    assert f"您填写的“退回原因”没有保存：{NOTE}" in page.text(".errors")


def test_a_refused_receipt_leaves_no_empty_key_in_the_next_form(site, app, sign_in):
    """Somebody else received it; the answer's form that is offered now is a whole one."""
    url, _ = made(app, site, received)
    page = Page(sign_in("chief_a").post(f"{url}/receive", {"version": "1", "statement": NOTE}), 409)
    form = page.form("#submit-form")
    assert len(form.values["form_key"][0]) == 32
    assert form.values["done_on"] == ["2026-11-18"]
    assert NOTE in page.text(".errors")
    assert form.fill(measures="已整改。", no_photo_reason="无").submit().status_code == 303


def test_refusals_of_persons_are_entries_and_slips_of_the_pen_are_not(site, app, sign_in, finding_form):
    refused(finding_form.fill(note=LONG), 422, "10000")
    assert refusals(app) == []
    assert sign_in("auditor").post("/patrols", {"zone": "1"}).status_code == 403
    assert sign_in("wang").post("/patrols", {"zone": "1"}, csrf=False).status_code == 400
    assert [name for name, *_ in refusals(app)] == ["冯审", "王巡"]
