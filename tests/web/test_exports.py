"""The button beside a list."""

from __future__ import annotations

import io
import json

import pytest
from openpyxl import load_workbook

from app.audit.models import AuditEntry
from app.extensions import db
from app.jobs.models import Job
from app.transfers import exporting
from app.transfers.workbook import XLSX
from tests.factories.inspections import make_findings
from tests.pages import Page, follow


def test_a_list_is_handed_over_under_its_filters(site, sign_in):
    with site.app.app_context():
        make_findings(site, 3)
    wang = sign_in("wang")
    page = Page(wang.get("/findings?status=open&q=空岗"))
    (form,) = page.forms_to("/exports/findings")
    assert (form.values["status"], form.values["q"]) == (["open"], ["空岗"])
    response = form.submit()
    assert (response.status_code, response.mimetype) == (200, XLSX)
    assert response.headers["Cache-Control"] == "no-store"
    assert "filename*=UTF-8''%E9%97%AE%E9%A2%98-20261118-1000.xlsx" in response.headers["Content-Disposition"]
    sheet = load_workbook(io.BytesIO(response.data)).worksheets[0]
    listed = [row[0] for row in page.rows("#inspections-findings-rows")]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == listed
    with site.app.app_context():
        entry = db.session.scalars(db.select(AuditEntry).where(AuditEntry.action == "list.exported")).one()
        payload = json.loads(entry.payload)
    assert payload["filter"] == {"status": "open", "q": "***"}
    assert payload["sha256"] == exporting.sha256_of(response.data)


def test_a_long_list_becomes_a_task_and_the_list_stays(site, sign_in, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exporting, "EXPORT_AT_ONCE", 2)
    with site.app.app_context():
        make_findings(site, 3)
    wang = sign_in("wang")
    (form,) = Page(wang.get("/findings?red_line=0")).forms_to("/exports/findings")
    response = form.submit()
    assert response.location == "/findings?red_line=0"
    page = follow(response)
    with site.app.app_context():
        job = db.session.scalars(db.select(Job).where(Job.title != "")).one()
        assert job.args == {"list": "findings", "filters": {"red_line": "0"}}
    assert page.link("查看进度") == f"/jobs/{job.id}"
    assert "导出 Excel：问题" in Page(wang.get(f"/jobs/{job.id}")).title
