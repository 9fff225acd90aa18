import hashlib
from typing import Any

import pytest
from sqlalchemy import event, select

from app import clock
from app.audit.models import AuditEntry
from app.db.uow import unit_of_work
from app.documents import services
from app.documents.models import Document
from app.documents.rules import GUESS_WINDOW, GUESSES, printed_code
from app.extensions import db
from app.jobs import claims, queue
from app.permissions import system_actor
from tests.cast import actor
from tests.factories.documents import CONTENT, issued, number_notice, numbered, rectification, voided
from tests.pages import Page, follow


@pytest.fixture(autouse=True)
def _silent_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "wake", lambda url: None)


def make(app: Any, function: Any, *args: Any, **options: Any) -> Any:
    with app.app_context():
        return function(*args, **options)


def code_of(app: Any, document_id: int) -> str:
    with app.app_context():
        return db.session.get_one(Document, document_id).code


def actions(app: Any, action: str) -> list[tuple[int | None, str]]:
    with app.app_context():
        rows = db.session.execute(
            select(AuditEntry.subject_id, AuditEntry.actor_name).where(AuditEntry.action == action)
        )
        return [(subject_id, name) for subject_id, name in rows]


def void(app: Any, document_id: int) -> None:
    with app.app_context(), unit_of_work(actor("head"), clock.now()) as uow:
        services.void(uow, document_id, "期限有误")


# --- list and record ------------------------------------------------------------------------------


def test_the_list_shows_newest_first_and_filters(app, cast, sign_in):
    make(app, issued, cast)
    make(app, numbered, cast)
    client = sign_in("wang")
    page = Page(client.get("/documents"))
    assert [row[:4] for row in page.rows("#documents-rows")] == [
        ["云政服督整〔2026〕2号", "整改通知书", "云栖市市场监督管理局", "正在生成"],
        ["云政服督整〔2026〕1号", "整改通知书", "云栖市市场监督管理局", "现行有效"],
    ]
    assert page.all("#documents-rows td a")[0]["href"].startswith("/rectifications/")
    found = Page(page.form("form.search").fill(q="云政服督整〔2026〕1号").submit())
    assert [row[0] for row in found.rows("#documents-rows")] == ["云政服督整〔2026〕1号"]
    assert len(Page(client.get(page.link("现行有效"))).rows("#documents-rows")) == 1
    assert "没有符合条件的文书" in Page(client.get("/documents?status=void")).text("main")
    assert "没有符合条件的文书" in Page(client.get("/documents?q=%00%25")).text("main")


def test_an_empty_list_says_where_documents_come_from(sign_in):
    assert "下发整改通知后" in Page(sign_in("wang").get("/documents")).text("main")


@pytest.mark.parametrize("count", [3, 30])
def test_the_list_takes_the_same_statements_for_few_and_for_many(app, cast, sign_in, count):
    for _ in range(count):
        make(app, numbered, cast)
    for username in ("wang", "chief_a"):
        client = sign_in(username)
        statements: list[str] = []
        with app.app_context():
            engine = db.engine

        def note(_c: Any, _cursor: Any, statement: str, *_: Any, seen: list[str] = statements) -> None:
            if statement.startswith(("SELECT", "WITH")):
                seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        assert len(Page(client.get("/documents")).rows("#documents-rows")) == count
        event.remove(engine, "before_cursor_execute", note)
        assert len(statements) <= 6, statements


def test_a_numbered_document_asks_again_until_it_is_issued(app, cast, sign_in):
    document_id = make(app, numbered, cast)
    address = f"/documents/{document_id}"
    client = sign_in("wang")
    page = Page(client.get(address))
    assert page.title == "云政服督整〔2026〕1号"
    assert "正在生成" in page.text("#documents-document")
    assert page.link("刷新") == address  # without scripts
    asking = page.one("#documents-document")
    assert (asking["hx-get"], asking["hx-trigger"]) == (address, "every 1s")
    htmx = {"HX-Request": "true"}
    assert Page(client.get(address, headers=htmx)).one("#documents-document").has_attr("hx-trigger")
    with app.app_context(), unit_of_work(system_actor("worker"), clock.now()) as uow:
        services.issue(uow, document_id, CONTENT)
    part = Page(client.get(address, headers=htmx))
    assert not part.full
    assert not part.one("#documents-document").has_attr("hx-trigger")
    assert "现行有效" in part.text("#documents-document")
    assert hashlib.sha256(CONTENT).hexdigest() in part.text("#documents-document")


def test_a_failure_is_said_with_its_reason(app, cast, sign_in, clock):
    document_id = make(app, numbered, cast)
    client = sign_in("wang")
    for attempt in range(1, 6):
        with app.app_context():
            claim = claims.claim(clock.now)
            assert claim
            claims.fail(claim, "证据照片无法读取", clock.now)
        page = Page(client.get(f"/documents/{document_id}"))
        words = page.text("#documents-document")
        assert "证据照片无法读取" in words
        assert (f"第 {attempt} 次" in words) == (attempt < 5)
        clock.tick(minutes=10)
        client = sign_in("wang")
    assert "生成失败" in words
    assert not page.one("#documents-document").has_attr("hx-trigger")


# --- bytes ----------------------------------------------------------------------------------------


def test_the_file_is_sent_byte_for_byte_and_reading_leaves_no_trace(app, cast, sign_in):
    document_id = make(app, issued, cast)
    response = sign_in("wang").get(f"/documents/{document_id}/file")
    assert response.data == CONTENT
    assert response.content_type == "application/pdf"
    assert response.headers["Content-Disposition"] == "inline; filename=notice-2026-1.pdf"
    assert response.headers["Cache-Control"] == "no-store"
    assert not actions(app, "document.printed")


def test_a_reprint_is_byte_equal_and_recorded_each_time(app, cast, sign_in):
    document_id = make(app, issued, cast)
    client = sign_in("wang")
    for count in (1, 2):
        form = Page(client.get(f"/documents/{document_id}")).form()
        response = client.post(form.action, {})
        assert response.status_code == 303
        assert client.get(response.location).data == CONTENT
        assert actions(app, "document.printed") == [(document_id, "王巡")] * count


def test_there_is_no_file_before_it_is_issued_and_no_print_after_it_is_void(app, cast, sign_in):
    document_id = make(app, numbered, cast)
    client = sign_in("wang")
    assert client.get(f"/documents/{document_id}/file").status_code == 404
    assert client.post(f"/documents/{document_id}/print").status_code == 409
    void(app, document_id)
    assert client.post(f"/documents/{document_id}/print").status_code == 409
    assert not actions(app, "document.printed")
    words = Page(client.get(f"/documents/{document_id}")).text("main")
    assert "已作废" in words and "期限有误" in words


def test_a_void_document_keeps_its_original_for_the_file(app, cast, sign_in):
    document_id = make(app, issued, cast)
    void(app, document_id)
    client = sign_in("wang")
    page = Page(client.get(f"/documents/{document_id}"))
    assert client.get(page.link("查看文书（PDF）")).data == CONTENT
    assert not page.forms_to(f"/documents/{document_id}/print")


# --- who may --------------------------------------------------------------------------------------


def test_a_document_out_of_scope_is_not_there_and_the_refusal_is_logged(app, cast, sign_in):
    with app.app_context(), unit_of_work(system_actor("test"), clock.now()) as uow:
        document_id = number_notice(uow, cast, rectification(uow, cast, cast.department_b)).id
        uow.session.flush()
    for username, name in (("chief_a", "李首"), ("outsider", "韩外")):
        client = sign_in(username)
        for address in (f"/documents/{document_id}", f"/documents/{document_id}/file"):
            assert client.get(address).status_code == 404
        assert client.post(f"/documents/{document_id}/print").status_code == 404
        assert actions(app, "access.refused").count((document_id, name)) == 3
        assert client.get("/documents/999999").status_code == 404
        assert len(actions(app, "access.refused")) % 3 == 0, "what does not exist is no refusal"
    assert Page(sign_in("chief_b").get(f"/documents/{document_id}")).title


def test_who_has_no_documents_to_read_is_refused(sign_in, anonymous):
    assert sign_in("sysadmin").get("/documents").status_code == 403
    assert anonymous.get("/documents").status_code == 303


# --- the public page ------------------------------------------------------------------------------


def test_the_verify_page_says_how_a_paper_stands(app, cast, anonymous):
    current = make(app, issued, cast)
    old, dead = make(app, voided, cast, by=current), make(app, voided, cast)
    for document_id, serial, state in (
        (current, 1, "真实有效"),
        (old, 2, "已被替代"),
        (dead, 3, "已作废"),
    ):
        page = Page(anonymous.get(f"/verify/{code_of(app, document_id)}"))
        words = page.text("main")
        for told in (f"云政服督整〔2026〕{serial}号", "整改通知书", "2026-11-18", state):
            assert told in words
        others = {"云政服督整〔2026〕1号", "云政服督整〔2026〕2号"} - {f"云政服督整〔2026〕{serial}号"}
        for secret in ("市场监督管理局", "空岗", "期限有误", "王巡", *others):
            assert secret not in page.html
        assert ("现行有效" in words) == (document_id == current)


def test_an_unknown_code_is_a_404_that_says_what_to_do(anonymous):
    for code in ("2222222222", "x", "%2e%2e", "<script>", "%00"):
        page = Page(anonymous.get(f"/verify/{code}"), status=404)
        assert "查无此文书" in page.text("main")


def test_a_code_may_be_typed_any_way(app, cast, anonymous):
    code = code_of(app, make(app, issued, cast))
    page = Page(anonymous.get("/verify"))
    response = page.form().fill(code=printed_code(code).lower()).submit()
    assert response.location.endswith(f"/verify/{code}")
    assert "真实有效" in Page(anonymous.get(response.location)).text("main")
    assert Page(anonymous.get("/verify?code=%20-")).title == "文书核验"


def test_every_wrong_code_gets_the_same_calm_answer(app, cast, anonymous):
    waiting = code_of(app, make(app, numbered, cast))
    wrong = ("2222222222", "x", "<script>", "2" * 200, waiting)
    answers = {Page(anonymous.get(f"/verify/{code}"), 404).text("[role=alert]") for code in wrong}
    assert len(answers) == 1, "what is not rendered yet is no paper either"


def test_who_tries_many_codes_waits_with_a_right_one_too_and_is_recorded(app, cast, anonymous, clock):
    code = code_of(app, make(app, issued, cast))
    for _ in range(GUESSES):
        assert anonymous.get("/verify/2222222222").status_code == 404
    for tried in (code, "2222222222"):
        response = anonymous.get(f"/verify/{tried}")
        assert int(response.headers["Retry-After"]) == GUESS_WINDOW.total_seconds() + 1
        page = Page(response, 429)
        assert "次数过多，请 11 分钟后再试" in page.text("main")
        assert "整改通知书" not in page.text("main")
    elsewhere = anonymous.get(f"/verify/{code}", environ_base={"REMOTE_ADDR": "10.9.8.7"})
    assert elsewhere.status_code == 200
    with app.app_context():
        (entry,) = db.session.query(AuditEntry).filter_by(action="document.codes_guessed").all()
        assert (entry.result, entry.address, entry.actor_id) == ("refused", "127.0.0.1", None)
    clock.tick(minutes=10)
    assert Page(anonymous.get(f"/verify/{code}")).text("main")


# --- void, and who printed ------------------------------------------------------------------------


def test_a_section_head_voids_with_a_reason_and_is_told_what_happens(app, cast, sign_in):
    document_id = make(app, issued, cast)
    head = sign_in("head")
    page = Page(head.get(f"/documents/{document_id}"))
    (form,) = page.forms_to(f"/documents/{document_id}/void")
    assert "文号永久保留，不再使用。此操作不能撤销。" in page.text("details.confirm")
    again = Page(form.fill(reason="  ").submit(), 422)
    assert "请填写此项" in again.text(".errors")
    (form,) = again.forms_to(f"/documents/{document_id}/void")
    done = follow(form.fill(reason="责任单位有误。").submit())
    assert "已作废，文号不再使用" in done.text("#flashes")
    assert "责任单位有误。" in done.text(".facts")
    assert not done.forms_to(f"/documents/{document_id}/void")
    row = Page(head.get("/documents?status=void")).rows("#documents-rows")[0]
    assert "原因：责任单位有误。" in row[2]
    stale = Page(form.submit(), 409)
    assert "已经作废或被替代" in stale.text(".errors")


def test_only_who_may_void_is_offered_it(app, cast, sign_in):
    document_id = make(app, issued, cast)
    for username, status in (("wang", 403), ("chief_a", 403), ("director", 422)):
        client = sign_in(username)
        page = Page(client.get(f"/documents/{document_id}"))
        assert bool(page.forms_to(f"/documents/{document_id}/void")) == (status == 422)
        assert client.post(f"/documents/{document_id}/void", {"reason": ""}).status_code == status


def test_the_page_says_who_printed_and_how_often(app, cast, sign_in):
    document_id = make(app, issued, cast)
    wang = sign_in("wang")
    page = Page(wang.get(f"/documents/{document_id}"))
    assert "还没有人打印过" in page.text("main")
    for username in ("wang", "zhao", "zhao"):
        sign_in(username).post(f"/documents/{document_id}/print")
    page = Page(wang.get(f"/documents/{document_id}"))
    assert "共打印 3 次" in page.text("main")
    assert len(page.all(".prints li")) == 3
    assert "王巡" in page.text(".prints")


def test_papers_name_each_other(app, cast, sign_in):
    new = make(app, issued, cast)
    old = make(app, voided, cast, by=new)
    wang = sign_in("wang")
    assert Page(wang.get(f"/documents/{old}")).link("云政服督整〔2026〕1号") == f"/documents/{new}"
    assert Page(wang.get(f"/documents/{new}")).link("云政服督整〔2026〕2号") == f"/documents/{old}"


def test_a_failed_rendering_is_seen_in_the_list(app, cast, sign_in, clock):
    make(app, numbered, cast)
    wang = sign_in("wang")
    assert Page(wang.get("/documents")).rows("#documents-rows")[0][3] == "正在生成"
    for attempt in range(1, 6):
        with app.app_context():
            claims.fail(claims.claim(clock.now), "证据照片无法读取", clock.now)
        wanted = "生成失败，将重试" if attempt < 5 else "生成失败"
        assert Page(wang.get("/documents")).rows("#documents-rows")[0][3] == wanted
        clock.tick(minutes=6)
        wang = sign_in("wang")
