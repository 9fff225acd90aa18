import hashlib
from typing import Any

import pytest
from sqlalchemy import event, select

from app import clock
from app.audit.models import AuditEntry
from app.db.uow import unit_of_work
from app.documents import services
from app.documents.models import Document
from app.documents.rules import printed_code
from app.extensions import db
from app.jobs import claims, queue
from app.permissions import system_actor
from tests.cast import actor
from tests.factories.documents import CONTENT, issued, number_notice, numbered, rectification
from tests.pages import Page


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


def void(app: Any, document_id: int, replaced_by_id: int | None = None) -> None:
    with app.app_context(), unit_of_work(actor("wang"), clock.now()) as uow:
        services.void(uow, document_id, "期限有误", replaced_by_id=replaced_by_id)


# --- list and record ------------------------------------------------------------------------------


def test_the_list_shows_newest_first_and_filters(app, cast, sign_in):
    make(app, issued, cast)
    make(app, numbered, cast)
    client = sign_in("wang")
    page = Page(client.get("/documents"))
    assert [row[:3] for row in page.rows("#documents-rows")] == [
        ["云政服督整〔2026〕2号", "整改通知书", "正在生成"],
        ["云政服督整〔2026〕1号", "整改通知书", "现行有效"],
    ]
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
    made = (issued, numbered, issued, issued)
    current, waiting, old, dead = (make(app, one, cast) for one in made)
    void(app, old, replaced_by_id=current)
    void(app, dead)
    for document_id, serial, state in (
        (current, 1, "真实有效"),
        (waiting, 2, "正在生成"),
        (old, 3, "已被替代"),
        (dead, 4, "已作废"),
    ):
        page = Page(anonymous.get(f"/verify/{code_of(app, document_id)}"))
        words = page.text("main")
        for told in (f"云政服督整〔2026〕{serial}号", "整改通知书", "2026-11-18", state):
            assert told in words
        for secret in ("市场监督管理局", "空岗", "期限有误", "王巡"):
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
