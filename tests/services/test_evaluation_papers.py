"""Papers of a month: numbered once, seen by those concerned, packed whole though the worker is lost."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfWriter

from app import clock as office
from app.core.errors import NotAllowed
from app.db.uow import unit_of_work
from app.documents import jobs as paper_jobs
from app.documents import queries as documents
from app.documents import services as paper_services
from app.documents.models import Document
from app.documents.rules import DocumentKind, DocumentStatus
from app.evaluations import jobs as packing
from app.evaluations import print_rules, print_services
from app.evaluations.month_rules import MonthVerb, ObjectionStatus, Scored
from app.extensions import db
from app.jobs import worker
from app.jobs.rules import JobState
from app.permissions import Permission
from tests.cast import actor
from tests.factories.evaluations import decided, locked, objected, published, score_of, step
from tests.services.paper_tools import check_whole, job, papers

pytestmark = pytest.mark.both_databases
BASE = "https://duban.example"
PDF = b"%PDF-1.7 stands in"


def paper(document_id: int) -> Document:
    return db.session.get_one(Document, document_id, populate_existing=True)


def print_sheet(username: str, score_id: int) -> int:
    with unit_of_work(actor(username, Permission.EVALUATION_PRINT), office.now()) as uow:
        return print_services.print_sheet(uow, score_id, BASE).id


def own_score(site: Any, month_id: int) -> int:
    return score_of(month_id, Scored.STAFF, site.cast.window_a_staff).id


def seen_by(username: str) -> set[int]:
    rows = documents.visible_to(actor(username)).with_only_columns(Document.id)
    return set(db.session.scalars(rows))


def test_a_sheet_says_its_lines_their_numbers_and_their_sum(db_context: Any, site: Any) -> None:
    month_id = locked(site)
    document = paper(print_sheet("head", own_score(site, month_id)))
    said = document.values
    assert document.kind is DocumentKind.STAFF_SHEET
    assert document.number == said["number"]
    assert [line["points"] for line in said["lines"]] == ["100", "-2", "-2"]
    assert all(re.fullmatch(r"F9\d{4}", line["source"]) for line in said["lines"][1:])
    assert (said["taken"], said["given"], said["total"], said["published"]) == ("-4", "100", "96", "96")
    facts = dict(said["facts"])
    assert facts["姓名"] == "吴窗口" and facts["窗口"].startswith("A01")
    assert "第1次计算" in said["cutoff"] and said["state"] == "已锁定"
    assert sum(float(share["sum"]) for share in said["shares"]) == 96


def test_a_sheet_is_numbered_once(db_context: Any, site: Any) -> None:
    score_id = own_score(site, locked(site))
    first = print_sheet("head", score_id)
    assert print_sheet("window_a", score_id) == print_sheet("director", score_id) == first


def test_nothing_is_printed_before_it_is_locked(db_context: Any, site: Any) -> None:
    month_id = published(site)
    with pytest.raises(NotAllowed, match="已锁定"):
        print_sheet("head", own_score(site, month_id))
    with pytest.raises(NotAllowed, match="已锁定"), unit_of_work(actor("head"), office.now()) as uow:
        print_services.ask_pack(uow, month_id)


def test_each_sees_the_papers_of_his_own(db_context: Any, site: Any) -> None:
    month_id = locked(site)
    own = print_sheet("head", own_score(site, month_id))
    window = print_sheet("head", score_of(month_id, Scored.WINDOW, site.cast.point_a).id)
    with unit_of_work(actor("head", Permission.EVALUATION_PACK), office.now()) as uow:
        notice = print_services.print_notice(uow, month_id, BASE).id
    assert seen_by("window_a") == {own}
    assert seen_by("chief_a") >= {own, window}
    assert not seen_by("chief_b") & {own, window, notice}
    assert not seen_by("outside_head")
    assert seen_by("director") >= {own, window, notice}
    step(month_id, "director", MonthVerb.ANNOUNCE)
    assert notice in seen_by("window_a") & seen_by("chief_b")


def test_the_notice_names_windows_and_what_they_were_charged_with_but_no_person_for_it(
    db_context: Any, site: Any
) -> None:
    month_id = locked(site)
    with unit_of_work(actor("head", Permission.EVALUATION_PACK), office.now()) as uow:
        said = print_services.print_notice(uow, month_id, BASE).values
        assert print_services.print_notice(uow, month_id, BASE).values == said
    row = next(row for row in said["windows"]["rows"] if row["name"].startswith("A01"))
    assert float(row["base"]) + float(row["taken"]) + float(row["given"]) == float(row["score"])
    (charged,) = [each for each in said["charged"] if each["name"].startswith("A01")]
    assert len(charged["lines"]) == 2 and "吴窗口" not in str(said["charged"])
    assert "吴窗口" in str(said["people"])
    assert "没有收到申诉" in said["hearing"]


def test_a_decision_is_printed_once_it_is_made(db_context: Any, site: Any) -> None:
    objection_id = objected(site)
    with pytest.raises(NotAllowed, match="还没有决定"), unit_of_work(actor("head"), office.now()) as uow:
        print_services.print_decision(uow, objection_id, BASE)
    decided(objection_id, ObjectionStatus.REVOKED)
    with unit_of_work(actor("window_a", Permission.EVALUATION_PRINT), office.now()) as uow:
        document = print_services.print_decision(uow, objection_id, BASE)
        assert "撤销该项计分" in document.values["conclusion"]
        assert print_services.print_decision(uow, objection_id, BASE).id == document.id
        document_id = document.id
    assert document_id in seen_by("window_a") & seen_by("chief_a")
    assert document_id not in seen_by("chief_b")


def test_reopening_takes_the_papers_out_of_force(db_context: Any, site: Any) -> None:
    month_id = locked(site)
    document_id = print_sheet("head", own_score(site, month_id))
    step(month_id, "director", MonthVerb.REOPEN, reason="漏算")
    assert paper(document_id).status is DocumentStatus.VOID
    assert "漏算" in paper(document_id).reason
    step(month_id, "head", MonthVerb.PUBLISH, office.now() - timedelta(days=16))
    step(month_id, "director", MonthVerb.LOCK)
    again = print_sheet("head", own_score(site, month_id))
    assert again != document_id and paper(again).serial == paper(document_id).serial + 1


# --- the pack ---------------------------------------------------------------------------------------


class Killed(BaseException):
    """The worker is gone: nothing of it runs any further."""


def small(pages: int) -> bytes:
    """Return a PDF of so many empty pages."""
    writer, file = PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    writer.write(file)
    return file.getvalue()


class Stand:
    """Stands in for the renderer; every paper has one page."""

    def render_papers(self, papers: list[Any]) -> list[bytes]:
        return [small(1) for _ in papers]

    def render(self, *_: Any) -> bytes:
        return small(1)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print without layout, in slices of three."""
    monkeypatch.setattr(paper_jobs, "_renderer", lambda settings: Stand())
    monkeypatch.setattr(print_rules, "SLICE", 3)


def asked(month_id: int) -> int:
    with unit_of_work(actor("head", Permission.EVALUATION_PACK), office.now()) as uow:
        return print_services.ask_pack(uow, month_id)


def test_the_pack_of_a_month_is_whole(db_context: Any, site: Any, quick: None) -> None:
    month_id = locked(site)
    one = print_sheet("head", own_score(site, month_id))
    job_id = asked(month_id)
    with pytest.raises(NotAllowed, match="正在打印"):
        asked(month_id)
    worker.run_due(site.app)
    check_whole(site, month_id, job_id)
    assert one in {each.id for each in papers(month_id)}, "what was printed before is not printed again"
    assert job(job_id).progress == job(job_id).total > 3


SPOTS = (
    (print_services, "number_slice", "after"),
    (paper_services, "issue_waiting", "before"),
    (paper_services, "issue_waiting", "after"),
    (packing, "_progress", "before"),
    (packing, "_bind", "before"),
    (print_services, "record_pack", "before"),
    (print_services, "record_pack", "after"),
)


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize(("room", "name", "when"), SPOTS, ids=[f"{when} {name}" for _, name, when in SPOTS])
def test_a_pack_that_is_killed_goes_on_where_it_was(
    db_context: Any,
    site: Any,
    quick: None,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
    room: Any,
    name: str,
    when: str,
    nth: int,
) -> None:
    month_id = locked(site)
    job_id = asked(month_id)
    calls = _dies(monkeypatch, room, name, when, nth)
    try:
        worker.run_due(site.app)
    except Killed:
        assert job(job_id).state is JobState.RUNNING
        clock.tick(minutes=4)  # nobody has heard of it for so long
        worker.run_due(site.app)
    assert calls
    check_whole(site, month_id, job_id)


def _dies(patch: pytest.MonkeyPatch, room: Any, name: str, when: str, nth: int) -> list[int]:
    """Let the worker die around the n-th call of something."""
    true: Callable[..., Any] = getattr(room, name)
    calls: list[int] = []

    def call(*args: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == nth and when == "before":
            raise Killed
        answer = true(*args, **named)
        if len(calls) == nth and when == "after":
            raise Killed
        return answer

    patch.setattr(room, name, call)
    return calls


def test_a_pack_of_a_month_that_is_reopened_meanwhile_stops_and_says_so(
    db_context: Any, site: Any, quick: None
) -> None:
    month_id = locked(site)
    job_id = asked(month_id)
    step(month_id, "director", MonthVerb.REOPEN, reason="漏算")
    worker.run_due(site.app)
    assert job(job_id).state is JobState.FAILED
    assert "锁定" in job(job_id).message
    assert papers(month_id) == []


def test_a_cancelled_pack_keeps_what_is_printed_and_can_be_asked_for_again(
    db_context: Any, site: Any, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.jobs import services as jobs

    month_id = locked(site)
    job_id = asked(month_id)
    true = packing._progress

    def cancelled(month_id: int) -> tuple[int, int]:
        with unit_of_work(actor("head"), office.now()) as uow:
            jobs.cancel(uow, job_id)
        monkeypatch.setattr(packing, "_progress", true)
        return true(month_id)

    monkeypatch.setattr(packing, "_progress", cancelled)
    worker.run_due(site.app)
    assert job(job_id).state is JobState.CANCELLED
    kept = {each.id for each in papers(month_id)}
    assert kept
    again = asked(month_id)
    worker.run_due(site.app)
    check_whole(site, month_id, again)
    assert kept <= {each.id for each in papers(month_id)}


def test_what_the_worker_renders_is_a_pdf_of_each(
    db_context: Any, site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same through the real renderer, once."""
    month_id = locked(site)
    job_id = asked(month_id)
    try:
        worker.run_due(site.app)
    finally:
        paper_jobs.stop()
    check_whole_text(site, month_id, job_id, tmp_path)


def check_whole_text(site: Any, month_id: int, job_id: int, folder: Path) -> None:
    found = papers(month_id)
    assert job(job_id).state is JobState.DONE, job(job_id).message
    sheet = next(each for each in found if each.kind is DocumentKind.STAFF_SHEET)
    file = folder / "sheet.pdf"
    file.write_bytes(documents.content_of(sheet.id) or b"")
    text = subprocess.run(["pdftotext", "-raw", str(file), "-"], capture_output=True, text=True).stdout
    assert sheet.number in text
    notice = next(each for each in found if each.kind is DocumentKind.MONTHLY_NOTICE)
    file.write_bytes(documents.content_of(notice.id) or b"")
    text = subprocess.run(["pdftotext", "-raw", str(file), "-"], capture_output=True, text=True).stdout
    for words in ("考核通报", "窗口扣分情况", "人员考核结果", "吴窗口"):
        assert words in text
    binder = site.app.config["DUBAN"].instance / "results" / str(job_id) / "1" / "evaluation-2026-10.pdf"
    bound = subprocess.run(["pdftotext", "-raw", str(binder), "-"], capture_output=True, text=True).stdout
    assert all(each.number in bound for each in found)
