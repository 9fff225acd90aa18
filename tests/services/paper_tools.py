"""What a pack of a month has to be when it is done."""

from __future__ import annotations

import io
import re
import subprocess
from typing import Any

from pypdf import PdfReader
from sqlalchemy import func, select

from app.db.uow import end_reading
from app.documents import queries as documents
from app.documents.models import Document, DocumentFile
from app.documents.rules import DocumentKind, DocumentStatus
from app.evaluations import month_queries, print_queries
from app.evaluations.models import EvaluationMonth, Score
from app.extensions import db
from app.jobs.models import Job
from app.jobs.rules import JobState


def job(job_id: int) -> Job:
    end_reading()
    return db.session.get_one(Job, job_id, populate_existing=True)


def papers(month_id: int) -> list[Document]:
    month = db.session.get_one(EvaluationMonth, month_id, populate_existing=True)
    return print_queries.all_papers(db.session(), month)


def check_whole(site: Any, month_id: int, job_id: int) -> None:
    """Check that each score has one sheet with its bytes, no number is missing, and nothing is left over."""
    end_reading()  # what the worker has committed since
    month = db.session.get_one(EvaluationMonth, month_id, populate_existing=True)
    run = month_queries.run_of(month)
    assert run is not None
    found = papers(month_id)
    scores = db.session.scalar(select(func.count(Score.id)).where(Score.run_id == run.id))
    assert job(job_id).state is JobState.DONE, job(job_id).message
    assert len(found) == scores + 1  # the notice
    assert all(document.status is DocumentStatus.ISSUED for document in found)
    assert len({(each.subject_type, each.subject_id) for each in found}) == len(found)
    for kind in DocumentKind:
        mine = sorted(db.session.scalars(select(Document.serial).where(Document.kind == kind)))
        assert mine == list(range(1, len(mine) + 1)), f"{kind}: a number is lost or used twice"
    files = db.session.scalar(
        select(func.count(DocumentFile.id)).where(DocumentFile.document_id.in_([each.id for each in found]))
    )
    assert files == len(found)
    settings = site.app.config["DUBAN"]
    left = [path for path in (settings.instance / "results" / str(job_id)).rglob("*") if path.is_file()]
    binder = f"evaluation-{month.first_on:%Y-%m}.pdf"
    assert [path.name for path in left] == [binder], "files of a lost attempt are left"
    pages = subprocess.run(["pdfinfo", str(left[0])], capture_output=True, text=True, check=True).stdout
    contents = documents.contents_of([each.id for each in found]).values()
    assert re.search(
        rf"Pages:\s+{sum(len(PdfReader(io.BytesIO(content)).pages) for content in contents)}\b", pages
    )
    assert job(job_id).result["papers"] == len(found)
