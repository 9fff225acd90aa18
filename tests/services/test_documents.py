import hashlib
import io
import json
import threading
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from app import clock
from app.attachments import store
from app.audit.models import AuditEntry
from app.core.errors import NotAllowed, Stale
from app.db.uow import end_reading, short_transaction, unit_of_work
from app.documents import jobs, queries, rules, services
from app.documents.models import Document
from app.documents.printing import template_version
from app.documents.rules import CODE_ALPHABET, DocumentStatus, printed_code, tidy_code
from app.extensions import db
from app.jobs import queue, worker
from app.jobs.models import Job
from app.jobs.rules import JobState, retry_delay
from app.permissions import system_actor
from app.rectifications.documents import NOTICE_TEMPLATE
from tests.cast import NOW, actor
from tests.factories.documents import (
    BASE_URL,
    CONTENT,
    issued,
    number_notice,
    numbered,
    rectification,
    voided,
)

pytestmark = pytest.mark.both_databases


@pytest.fixture(autouse=True)
def _silent_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "wake", lambda url: None)


def get(document_id: int) -> Document:
    end_reading()
    return db.session.get_one(Document, document_id)


def entries(document_id: int) -> list[tuple[str, dict[str, Any]]]:
    end_reading()
    rows = db.session.execute(
        select(AuditEntry.action, AuditEntry.payload)
        .where(AuditEntry.subject_type == "document", AuditEntry.subject_id == document_id)
        .order_by(AuditEntry.seq)
    )
    return [(action, json.loads(payload)) for action, payload in rows]


# --- numbers --------------------------------------------------------------------------------------


def test_a_number_comes_with_values_code_and_job_in_one_change(db_context, cast):
    with unit_of_work(actor("wang"), clock.now()) as uow:
        document = number_notice(uow, cast, photos=("a" * 64,))
        assert db.session.query(Job).count() == 1
    document = get(document.id)
    assert document.number == "云政服督整〔2026〕1号"
    assert document.status is DocumentStatus.NUMBERED
    assert document.template == NOTICE_TEMPLATE
    assert document.template_version == template_version(NOTICE_TEMPLATE)
    assert set(document.code) <= set(CODE_ALPHABET)
    assert document.values["number"] == document.number
    assert document.values["code"] == printed_code(document.code)
    assert document.values["verify_url"] == f"{BASE_URL}/verify/{document.code}"
    assert document.evidence == ["a" * 64]
    ((action, payload),) = entries(document.id)
    assert action == "document.numbered"
    assert payload["changes"]["number"] == [None, document.number]
    assert payload["changes"]["values"] == [None, "***"]


def test_numbers_follow_each_other_and_a_rolled_back_one_is_used_again(db_context, cast):
    taken = [get(numbered(cast)).serial]
    with pytest.raises(ZeroDivisionError), unit_of_work(actor("wang"), clock.now()) as uow:
        assert number_notice(uow, cast).serial == 2
        raise ZeroDivisionError
    taken += [get(numbered(cast)).serial, get(numbered(cast)).serial]
    assert taken == [1, 2, 3]


def test_two_sessions_in_turn_take_numbers_without_gap_or_repeat(app, cast):
    taken: list[int] = []

    def work(keep: bool) -> None:
        for turn in range(6):
            with app.app_context():
                try:
                    with unit_of_work(system_actor("test"), NOW) as uow:
                        serial = services.next_serial(uow, cast.centre, "finding", 2026)
                        if not keep and turn % 2:
                            raise ZeroDivisionError
                    taken.append(serial)
                except ZeroDivisionError:
                    pass

    workers = [threading.Thread(target=work, args=(keep,)) for keep in (True, False)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert sorted(taken) == list(range(1, 10))


def test_centres_kinds_and_years_are_counted_apart(db_context, cast):
    with unit_of_work(system_actor("test"), NOW) as uow:
        for key in ((cast.centre, "finding", 2026), (cast.lower_centre, "finding", 2026)):
            assert services.next_serial(uow, *key) == 1
        assert services.next_serial(uow, cast.centre, "patrol", 2026) == 1
        assert services.next_serial(uow, cast.centre, "finding", 2027) == 1
        assert services.next_serial(uow, cast.centre, "finding", 2026) == 2


def test_the_year_of_a_number_is_that_of_the_office(db_context, cast, clock):
    clock.set(NOW.replace(month=12, day=31, hour=15, minute=59))
    assert get(numbered(cast)).number == "云政服督整〔2026〕1号"
    clock.tick(minutes=1)  # midnight in Shanghai
    assert get(numbered(cast)).number == "云政服督整〔2027〕1号"


# --- issuing --------------------------------------------------------------------------------------


def test_issuing_keeps_the_bytes_and_their_hash_stands_in_the_log(db_context, cast, clock):
    document_id = numbered(cast)
    issued_at = clock.tick(seconds=1)
    with unit_of_work(system_actor("worker"), issued_at) as uow:
        services.issue(uow, document_id, CONTENT)
    document = get(document_id)
    assert (document.status, document.issued_at) == (DocumentStatus.ISSUED, issued_at)
    assert document.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert queries.content_of(document_id) == CONTENT
    action, payload = entries(document_id)[-1]
    assert action == "document.issued"
    assert payload["changes"]["sha256"] == [None, document.sha256]
    assert "%PDF" not in json.dumps(payload)


def test_a_document_is_never_issued_twice(db_context, cast):
    document_id = issued(cast)
    with pytest.raises(NotAllowed), unit_of_work(system_actor("worker"), clock.now()) as uow:
        services.issue(uow, document_id, b"other")
    assert queries.content_of(document_id) == CONTENT


def test_two_workers_that_rendered_the_same_document_issue_it_once(app, cast, monkeypatch):
    with app.app_context():
        document_id = numbered(cast)
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def work(content: bytes) -> None:
        with app.app_context():
            barrier.wait()
            try:
                with unit_of_work(system_actor("worker"), NOW) as uow:
                    services.issue(uow, document_id, content)
                outcomes.append("issued")
            except Exception as error:
                outcomes.append(type(error).__name__)

    workers = [threading.Thread(target=work, args=(content,)) for content in (b"one", b"two")]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert len(outcomes) == 2 and outcomes.count("issued") == 1, outcomes
    with app.app_context():
        assert [action for action, _ in entries(document_id)] == ["document.numbered", "document.issued"]


class _Renderer:
    """Stands in for the warm child: fails as often as told, then prints."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.given = failures, {}

    def render(self, template: str, values: dict[str, Any], evidence: dict[str, bytes]) -> bytes:
        self.given = evidence
        if self.failures:
            self.failures -= 1
            raise jobs.DocumentError("文书排版出错：%(detail)s", detail="试验")
        return f"{template} {values['number']}".encode()


def test_a_failed_rendering_is_retried_and_keeps_its_number(app, cast, clock, monkeypatch):
    renderer = _Renderer(failures=2)
    monkeypatch.setattr(jobs, "_renderer", lambda settings: renderer)
    with app.app_context():
        document_id = numbered(cast)
        number = get(document_id).number
    for attempt in (1, 2):
        assert worker.run_due(app) == 1
        with app.app_context():
            document = get(document_id)
            assert (document.status, document.number) == (DocumentStatus.NUMBERED, number)
            job = queries.pending_job(document)
            assert job and (job.attempts, job.message) == (attempt, "文书排版出错：试验")
        clock.now += retry_delay(attempt)
    assert worker.run_due(app) == 1
    with app.app_context():
        document = get(document_id)
        assert (document.status, document.number) == (DocumentStatus.ISSUED, number)
        assert queries.pending_job(document) is None
        assert queries.content_of(document_id) == f"{NOTICE_TEMPLATE} {number}".encode()
        assert get(numbered(cast)).serial == document.serial + 1


def test_evidence_comes_out_of_the_store_and_a_missing_photo_is_named(app, cast, site, clock, monkeypatch):
    renderer = _Renderer()
    monkeypatch.setattr(jobs, "_renderer", lambda settings: renderer)
    content = b"\xff\xd8\xff a photo"
    sha256 = hashlib.sha256(content).hexdigest()
    with app.app_context():
        document_id = numbered(cast, photos=(sha256,))
    worker.run_due(app)
    with app.app_context():
        job = queries.pending_job(get(document_id))
        assert job and job.message == f"证据照片无法读取：{sha256}"
    path = store.path_of(site.settings.attachments, sha256)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    clock.now += retry_delay(1)
    worker.run_due(app)
    assert renderer.given == {sha256: content}
    with app.app_context():
        assert get(document_id).status is DocumentStatus.ISSUED


def test_a_document_voided_before_it_was_rendered_is_left_alone(app, cast, monkeypatch):
    monkeypatch.setattr(jobs, "_renderer", lambda settings: pytest.fail("rendered"))
    with app.app_context():
        document_id = numbered(cast)
        with unit_of_work(actor("wang"), clock.now()) as uow:
            services.void(uow, document_id, "填错责任单位")
    assert worker.run_due(app) == 1
    with app.app_context():
        document = get(document_id)
        assert (document.status, document.sha256) == (DocumentStatus.VOID, None)
        assert db.session.query(Job).one().state is JobState.DONE
        assert get(numbered(cast)).serial == 2, "a void number stays taken"


def test_the_real_worker_prints_a_notice_with_its_photo(app, cast, site):
    buffer = io.BytesIO()
    Image.new("RGB", (640, 480), (90, 120, 140)).save(buffer, "JPEG")
    sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
    path = store.path_of(site.settings.attachments, sha256)
    path.parent.mkdir(parents=True)
    path.write_bytes(buffer.getvalue())
    with app.app_context():
        document_id = numbered(cast, photos=(sha256,))
    try:
        assert worker.run_due(app) == 1
    finally:
        jobs.stop()
    with app.app_context():
        document, content = get(document_id), queries.content_of(document_id)
        assert document.status is DocumentStatus.ISSUED
        assert content and content.startswith(b"%PDF-")
        assert hashlib.sha256(content).hexdigest() == document.sha256


# --- afterwards -----------------------------------------------------------------------------------


def test_a_print_is_recorded_and_changes_nothing(db_context, cast):
    document_id = issued(cast)
    version = get(document_id).version
    with unit_of_work(actor("wang"), clock.now()) as uow:
        services.record_print(uow, document_id)
    assert entries(document_id)[-1] == ("document.printed", {})
    assert get(document_id).version == version
    assert queries.content_of(document_id) == CONTENT


def test_only_a_document_in_force_is_printed(db_context, cast):
    waiting, void = numbered(cast), issued(cast)
    with unit_of_work(actor("wang"), clock.now()) as uow:
        services.void(uow, void, "填错责任单位")
    for document_id in (waiting, void):
        with pytest.raises(NotAllowed), unit_of_work(actor("wang"), clock.now()) as uow:
            services.record_print(uow, document_id)


def test_a_document_is_voided_once_with_a_reason(db_context, cast):
    old = issued(cast)
    with unit_of_work(actor("head"), clock.now()) as uow:
        services.void(uow, old, "期限有误")
    document = get(old)
    assert (document.status, document.reason) == (DocumentStatus.VOID, "期限有误")
    assert entries(old)[-1][1]["reason"] == "期限有误"
    with pytest.raises(NotAllowed), unit_of_work(actor("head"), clock.now()) as uow:
        services.void(uow, old, "再次作废")
    assert get(issued(cast)).serial == 2, "a void number stays taken"


def test_a_document_that_changed_meanwhile_is_not_voided(db_context, cast):
    old = numbered(cast)
    seen = get(old).version
    with unit_of_work(system_actor("worker"), clock.now()) as uow:
        services.issue(uow, old, CONTENT)
    with pytest.raises(Stale), unit_of_work(actor("head"), clock.now()) as uow:
        services.void(uow, old, "期限有误", seen)
    assert get(old).status is DocumentStatus.ISSUED


def test_a_corrected_document_takes_the_place_of_one(db_context, cast):
    new = issued(cast)
    old, gone = voided(cast, by=new), voided(cast)
    assert (get(old).status, get(old).superseded_by_id) == (DocumentStatus.SUPERSEDED, new)
    assert entries(old)[-1][1]["by"] == get(new).number
    with unit_of_work(actor("head"), clock.now()) as uow:
        services.supersede(uow, gone, get(new), "另行签发")
    assert (get(gone).status, get(gone).superseded_by_id) == (DocumentStatus.VOID, new), "void stays void"
    assert get(gone).reason == "期限有误"
    relations = queries.relations(get(new))
    assert (relations.successor, [row.id for row in relations.predecessors]) == (None, [old, gone])
    assert queries.relations(get(old)).successor.id == new
    with pytest.raises(NotAllowed), unit_of_work(actor("head"), clock.now()) as uow:
        services.supersede(uow, old, get(new), "再次替代")


def test_whoever_printed_a_document_stands_in_its_log(db_context, cast):
    document_id = issued(cast)
    assert queries.prints_of(document_id) == queries.Prints(0, [])
    for name in ("wang", "zhao", "wang"):
        with unit_of_work(actor(name), clock.now()) as uow:
            services.record_print(uow, document_id)
    prints = queries.prints_of(document_id, limit=2)
    assert prints.count == 3
    assert [who for _, who in prints.latest] == [actor("wang").name, actor("zhao").name]
    assert prints.latest[0][0] == clock.now()


def test_documents_are_found_by_kind_state_year_and_day(db_context, cast):
    first = voided(cast)
    second = issued(cast)
    wang = actor("wang")

    def found(**args):
        return [row.id for row in queries.list_documents(wang, args)[0].rows]

    assert found() == [second, first]
    assert found(status="void") == [first]
    assert found(kind="rectification_notice", year="2026", q="2") == [second]
    assert found(year="2025") == []
    assert found(since="2026-11-18", until="2026-11-18") == [second, first]
    assert found(since="2026-11-19") == found(until="2026-11-17") == []
    assert found(since="gestern", until="2026-02-30") == [second, first]


def test_wrong_codes_are_counted_for_each_address_and_forgotten_after_a_while(db_context, cast):
    def guess(address, now):
        with short_transaction() as session:
            return services.note_guess(session, address, now)

    now = clock.now()
    assert [guess("10.0.0.1", now) for _ in range(rules.GUESSES)] == list(range(1, rules.GUESSES + 1))
    assert guess("10.0.0.2", now) == 1
    assert queries.must_wait("10.0.0.1", now) == rules.GUESS_WINDOW
    assert queries.must_wait("10.0.0.2", now) is None
    later = now + rules.GUESS_WINDOW
    assert queries.must_wait("10.0.0.1", later) is None
    assert guess("10.0.0.1", later) == 1


def test_everyone_sees_the_documents_of_his_scope(db_context, cast):
    with unit_of_work(system_actor("test"), clock.now()) as uow:
        a = number_notice(uow, cast, rectification(uow, cast, cast.department_a, cast.window_a_staff)).id
        b = number_notice(uow, cast, rectification(uow, cast, cast.department_b)).id
    scopes = {
        "wang": {a, b},
        "auditor": {a, b},
        "chief_a": {a},
        "chief_b": {b},
        "window_a": {a},
        "lower": set(),
        "outsider": set(),
        "sysadmin": set(),
    }
    for username, expected in scopes.items():
        found = {document.id for document in db.session.scalars(queries.visible_to(actor(username)))}
        assert found == expected, username


def test_a_document_is_found_by_its_number_its_serial_and_its_code(db_context, cast):
    first, second = get(numbered(cast)), get(numbered(cast))
    me = actor("wang")

    def found(**args: str) -> list[int]:
        page, total = queries.list_documents(me, args)
        assert total == len(page.rows)
        return [int(line.number.split("〕")[1][:-1]) for line in page.rows]

    assert found() == [2, 1]
    assert found(q="2") == [2]
    assert found(q="云政服督整〔2026〕1") == [1]
    assert found(q=printed_code(second.code).lower()) == [2]
    assert found(q="%") == []
    assert found(status="numbered", kind="rectification_notice") == [2, 1]
    assert found(status="void") == []
    assert first.code != second.code


def test_a_code_is_found_however_it_was_typed(db_context, cast):
    code = get(issued(cast)).code
    wide = "".join(chr(ord(char) + 0xFEE0) for char in code)
    apart = f" {code[:3]} {code[3:]} "
    for typed in (code, code.lower(), printed_code(code), apart, wide, f"验证码：{code}"):
        assert tidy_code(typed) == code
        document = queries.find_by_code(typed)
        assert document and document.code == code
    for typed in ("", code[:-1], code + "2", "%", "' OR 1=1 --", "\0", "验证码"):
        assert queries.find_by_code(typed) is None


# --- the command ----------------------------------------------------------------------------------


def test_the_command_proves_a_file(app, cast, tmp_path, monkeypatch):
    file = tmp_path / "notice.pdf"
    file.write_bytes(CONTENT)
    run = app.test_cli_runner().invoke
    with app.app_context():
        document_id = issued(cast)
    result = run(args=["documents", "verify", str(file)])
    assert result.exit_code == 0, result.output
    for line in ("文号：云政服督整〔2026〕1号", "种类：整改通知书", "日期：2026-11-18", "状态：现行有效"):
        assert line in result.output
    file.write_bytes(CONTENT + b"\n")
    result = run(args=["documents", "verify", str(file)])
    assert result.exit_code == 1
    assert "未登记" in result.output
    file.write_bytes(CONTENT)
    with app.app_context(), unit_of_work(actor("wang"), clock.now()) as uow:
        services.void(uow, document_id, "填错责任单位")
    result = run(args=["documents", "verify", str(file)])
    assert result.exit_code == 1
    assert "状态：已作废" in result.output
    assert "原因：填错责任单位" in result.output


def test_the_command_names_what_took_a_documents_place(app, cast, tmp_path):
    with app.app_context():
        new = issued(cast)
        old = voided(cast, by=new)
        with db.engine.begin() as connection:  # the stand-in bytes are the same for both
            table = Document.__table__
            connection.execute(db.update(table).where(table.c.id == new).values(sha256="0" * 64))
        number = get(new).number
        assert get(old).superseded_by_id == new
    file = tmp_path / "old.pdf"
    file.write_bytes(CONTENT)
    result = app.test_cli_runner().invoke(args=["documents", "verify", str(file)])
    assert result.exit_code == 1
    for line in ("状态：已被替代", "原因：期限有误", f"替代文书：{number}"):
        assert line in result.output


def test_a_hash_that_never_stood_in_the_log_proves_nothing(db_context, cast, app, tmp_path):
    document_id = issued(cast)
    forged = CONTENT.replace(b"real", b"fake") + b"!"
    digest = hashlib.sha256(forged).hexdigest()
    # What a forger with a database client would do.
    with db.engine.begin() as connection:
        connection.execute(
            db.update(Document.__table__).where(Document.__table__.c.id == document_id).values(sha256=digest)
        )
    file = tmp_path / "forged.pdf"
    file.write_bytes(forged)
    proof = queries.prove(forged, digest)
    assert proof and not proof.recorded and not proof.stored
    result = app.test_cli_runner().invoke(args=["documents", "verify", str(file)])
    assert result.exit_code == 1
    assert "警告" in result.output
