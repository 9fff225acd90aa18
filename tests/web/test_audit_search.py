"""The auditor finds entries by who, what, when, and takes the log away as a file."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, text

from app.audit import entry_queries, reports
from app.audit.entry_queries import Filter, Meant
from app.audit.models import AuditEntry
from app.audit.services import record_refusal
from app.core.actions import Action
from app.db.uow import unit_of_work
from app.extensions import db
from app.jobs import worker
from app.organisation.models import Department
from app.permissions import system_actor
from tests.cast import NOW, actor
from tests.factories.documents import issued
from tests.pages import Page, follow
from tests.services.audit_tools import owner, run
from tests.services.exports import tool

RENAMED = Action("department.renamed")


def rows(page: Page) -> list[list[str]]:
    return page.rows("#audit-rows") if page.all("#audit-rows") else []


def refusals(site: Any, *usernames: str, at: Any = NOW) -> None:
    with site.app.app_context():
        for username in usernames:
            record_refusal(actor(username), at, permission="audit:read")


@pytest.mark.parametrize("typed", ["王巡", "王", "wang", "WX", "wx", "巡"])
def test_a_person_is_found_by_part_of_a_name_initials_or_user_name(site, sign_in, typed):
    client = sign_in("auditor")
    refusals(site, "wang", "zhao")
    page = Page(client.get(f"/audit?result=refused&person={typed}"))
    assert [row[2].split()[0] for row in rows(page)] == ["王巡"]
    assert any("王巡 wang ✕" in chip.get_text() for chip in page.all("a.chip"))


def test_several_people_are_offered_to_choose_from(site, sign_in):
    client = sign_in("auditor")
    refusals(site, "chief_a", "chief_b")
    page = Page(client.get("/audit?result=refused&person=首"))
    assert rows(page) == []
    assert "操作人有多位符合" in page.text("main")
    assert "result=refused" in page.link("周首 chief_b")
    chosen = Page(client.get(page.link("周首 chief_b")))
    assert [row[2].split()[0] for row in rows(chosen)] == ["周首"]


@pytest.mark.both_databases
def test_a_subject_is_found_by_number_or_the_beginning_of_a_name(site, cast, sign_in):
    client = sign_in("auditor")
    with site.app.app_context():
        issued(cast)
        issued(cast)
    number = "云政服督整〔2026〕1号"
    for typed in (number, number.replace("〔", "[").replace("〕", "]"), "云政服督整〔2026〕1"):
        page = Page(client.get("/audit", query_string={"name": typed, "subject": "document"}))
        assert {row[4] for row in rows(page)} == {f"文书 {number}"}, typed
    page = Page(client.get("/audit", query_string={"name": "云政服督整"}))
    assert rows(page) == []
    assert "对象有多个符合" in page.text("main")
    assert rows(Page(client.get(page.link(f"文书 {number}"))))
    page = Page(client.get("/audit", query_string={"name": "没有这个"}))
    assert "没有符合条件的审计记录" in page.text("main")
    page = Page(client.get("/audit", query_string={"name": "%"}))
    assert "没有符合条件的审计记录" in page.text("main")


def test_the_numbers_of_a_record_find_it_too(site, cast, sign_in):
    page = Page(sign_in("auditor").get(f"/audit?subject=department&subject_id={cast.department_a}"))
    assert len(rows(page)) == 1


def test_days_are_typed_short_and_everything_combines(site, cast, sign_in):
    client = sign_in("auditor")
    refusals(site, "wang")
    refusals(site, "wang", at=NOW + timedelta(days=1))
    form = Page(client.get("/audit?result=refused")).form("details.more form")
    form.fill(person="wx", since="1119", until="1119", action="access.refused")
    page = Page(form.submit())
    assert [row[1][:10] for row in rows(page)] == ["2026-11-19"]
    assert "自 2026-11-19 ✕" in page.text("main")


def test_a_day_that_is_none_is_said_beside_its_field(sign_in):
    page = Page(sign_in("auditor").get("/audit?since=1399&until=昨天"))
    assert page.text("#since-error")
    assert page.text("#until-error")
    assert page.all("details.more[open]")
    page = Page(sign_in("auditor").get("/audit?since=1119&until=1118"))
    assert "结束日期早于起始日期" in page.text("#until-error")


def test_what_nobody_in_sight_did_is_found_by_the_name_of_the_machine(site, sign_in):
    with site.app.app_context(), unit_of_work(system_actor("后台任务"), NOW) as uow:
        uow.record(Action("sign_in.tried"))
    page = Page(sign_in("auditor").get("/audit?person=后台任务"))
    assert [row[2] for row in rows(page)] == ["后台任务"]


# --- plans ---------------------------------------------------------------------------------------------

FILTERS = [
    Filter(),
    Filter(result="refused"),
    Filter(action="session.opened"),
    Filter(subject="finding"),
    Filter(subject="finding", subject_id=3),
    Filter(person_id=1),
    Filter(person="后台任务"),
    Filter(since=NOW.date(), until=NOW.date()),
    Filter("refused", "access.refused", "finding", 3, person_id=1, since=NOW.date(), until=NOW.date()),
]


@pytest.mark.both_databases
@pytest.mark.parametrize("wanted", FILTERS)
def test_every_filter_stands_on_an_index(db_context, site, cast, wanted):
    statement = entry_queries.where(select(AuditEntry).where(AuditEntry.centre_id.in_([1, 2])), wanted)
    ordered = statement.order_by(AuditEntry.at_us.desc(), AuditEntry.centre_id.desc(), AuditEntry.seq.desc())
    assert_indexed(site, ordered.limit(51))


@pytest.mark.both_databases
def test_the_beginning_of_a_name_stands_on_an_index(db_context, site, cast):
    names = select(AuditEntry.subject_type, AuditEntry.subject_id, AuditEntry.subject_name).distinct()
    for condition in (AuditEntry.subject_name == "云", entry_queries._begins("云")):
        plan = assert_indexed(site, names.where(condition).limit(10))
        assert "ix_audit_entries_name" in plan


def assert_indexed(site: Any, statement: Any) -> str:
    compiled = str(statement.compile(db.engine, compile_kwargs={"literal_binds": True}))
    with db.engine.connect() as connection:
        if site.kind == "sqlite":
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}").all()
            told = "\n".join(str(row[-1]) for row in plan)
            assert "USING" in told.split("audit_entries")[1], told
        else:
            connection.execute(text("SET enable_seqscan = off"))  # the table is small
            told = "\n".join(connection.exec_driver_sql(f"EXPLAIN {compiled}").scalars())
            assert "Index" in told, told
            assert "Seq Scan" not in told, told
    return told


@pytest.mark.both_databases
def test_refusals_have_an_index_of_their_own(db_context, site, cast):
    wanted = entry_queries.where(select(AuditEntry), Filter(result="refused"))
    assert "ix_audit_entries_refused" in assert_indexed(
        site, wanted.order_by(AuditEntry.at_us.desc()).limit(5)
    )
    meant = Meant(Filter(result="refused"), frozenset({cast.centre}))
    assert entry_queries.list_entries(meant, None)[1] == 0


# --- the log as a file ---------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_an_export_is_made_by_the_worker_fetched_and_checked(site, cast, sign_in, tmp_path, capsys):
    client = sign_in("auditor")
    form = Page(client.get("/audit/export")).form("main form")
    assert list(form.choices("centre")) == ["", str(cast.centre), str(cast.lower_centre)]
    job = follow(form.fill(since="1118", until="").submit())
    assert "导出：审计日志" in job.title
    assert worker.run_due(site.app) == 1
    page = Page(client.get(job.address))
    fetched = client.get(page.link("下载"))
    assert fetched.headers["Content-Disposition"].startswith("attachment")
    sha256 = hashlib.sha256(fetched.data).hexdigest()
    assert sha256 in page.text("main")
    path = tmp_path / "audit.jsonl"
    path.write_bytes(fetched.data)
    assert tool.main([str(path), "--lang", "en"]) == 0
    said = capsys.readouterr().out
    assert "No checkpoint and no anchor vouches" not in said
    assert f"of centres 0, {cast.centre}, {cast.lower_centre} only" in said
    with site.app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "audit.exported")).one()
    assert (entry.actor_name, entry.role, entry.centre_id) == ("冯审", "auditor", cast.centre)
    told = json.loads(entry.payload)
    assert (told["sha256"], told["since"], told["until"]) == (sha256, "2026-11-18", None)


def test_a_wrong_export_form_comes_back_with_what_was_typed(sign_in, cast):
    client = sign_in("auditor")
    for data in ({"since": "1119", "until": "1118"}, {"centre": str(cast.other_centre)}, {"since": "99"}):
        answer = client.post("/audit/exports", data)
        assert answer.status_code == 422
        assert all(value in answer.text for value in data.values() if value != str(cast.other_centre))


def test_who_is_no_auditor_any_more_gets_no_export(site, sign_in, cast):
    client = sign_in("auditor")
    job = follow(client.post("/audit/exports", {"centre": ""}))
    with owner(site) as connection:
        run(
            connection,
            "UPDATE role_grants SET withdrawn_at = :at WHERE role = 'auditor'",
            at=NOW.isoformat(" "),
        )
    worker.run_due(site.app)
    with site.app.app_context():
        assert not db.session.scalars(select(AuditEntry).where(AuditEntry.action == "audit.exported")).all()
    assert not list((site.settings.instance / "results").glob("*/*/*.jsonl"))
    assert job.address


# --- the whole log checked at an auditor's word --------------------------------------------------------


def test_everything_is_checked_in_the_background(site, cast, sign_in):
    reports.result_file(site.settings.instance).unlink(missing_ok=True)
    client = sign_in("auditor")
    with owner(site) as connection:
        run(connection, "UPDATE audit_entries SET route = 'x' WHERE centre_id = 1 AND seq = 3")
    job = follow(Page(client.get("/audit/state")).form("#audit-verify-all").submit())
    assert "核对：全部审计记录" in job.title
    worker.run_due(site.app)
    state = Page(client.get(Page(client.get(job.address)).link("查看结果")))
    assert "有问题" in state.text("main")
    assert "冯审" in state.text("main")
    assert state.link("1/3") == "/audit/1/3"
    reports.result_file(site.settings.instance).unlink()


def test_the_first_letters_of_a_department_are_no_person(site, cast, sign_in):
    with site.app.app_context(), unit_of_work(system_actor("test"), NOW) as uow:
        row = uow.get(Department, cast.department_a)
        row.name = "甲"
        uow.record(RENAMED, row)
    assert rows(Page(sign_in("auditor").get("/audit?person=scjgj"))) == []


def test_what_is_filtered_goes_into_a_workbook(site, cast, sign_in):
    client = sign_in("auditor")
    refusals(site, "wang", "zhao", "wang")
    page = Page(client.get("/audit?result=refused&person=wx&since=1118"))
    answer = page.form("form[action='/exports/audit']").submit()
    assert answer.status_code == 200
    sheet = load_workbook(io.BytesIO(answer.data)).worksheets[0]
    found = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [(row[2], row[4], row[7]) for row in found] == [("王巡", "访问被拒", "被拒")] * 2
    with site.app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "list.exported")).one()
    assert json.loads(entry.payload)["filter"]["person"] != "wx"  # what was typed stays out of the log


def test_an_unclear_filter_gives_no_rows(site, cast, sign_in):
    client = sign_in("auditor")
    refusals(site, "chief_a", "chief_b")
    answer = client.post("/exports/audit", {"person": "首"})
    assert load_workbook(io.BytesIO(answer.data)).worksheets[0].max_row == 1
