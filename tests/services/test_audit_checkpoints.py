"""Checkpoints, anchors, the nightly work, exports, and issued documents under the log."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import event, select

from app.audit import anchors, chain, checkpoints, jobs, keys, paper_checks, queries, reports, services
from app.audit.chain import Link, check
from app.audit.export import Wanted
from app.audit.models import AuditCheckpoint, AuditEntry, AuditHead
from app.core.actions import Action
from app.db.uow import unit_of_work
from app.documents import services as documents
from app.documents.models import Document
from app.documents.rules import DocumentKind, DocumentStatus
from app.extensions import db
from app.organisation.models import Department
from app.permissions import Permission, system_actor
from tests.cast import NOW, actor
from tests.services.audit_tools import found, owner, run, verify

pytestmark = pytest.mark.both_databases
TRIED = Action("sign_in.tried")
KEPT = b"%PDF-1.7 the paper as it was issued"


def write(times: int, at: Any = NOW) -> None:
    with unit_of_work(system_actor("test"), at) as uow:
        for _ in range(times):
            uow.record(TRIED)


def signed_rows() -> list[AuditCheckpoint]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.id)))


def test_a_checkpoint_is_signed_for_every_chain_with_something_new(db_context, site, cast):
    signed = checkpoints.sign(site.settings, NOW)
    heads = {head.centre_id: (head.seq, head.hash) for head in db.session.scalars(select(AuditHead))}
    assert {each.centre_id: (each.seq, each.hash) for each in signed} == heads
    raw = keys.public_key(site.settings)
    assert {each.key_id for each in signed} == {hashlib.sha256(raw).hexdigest()[:16]}
    for each in signed:
        text = f'["duban.audit.checkpoint",{each.centre_id},{each.seq},"{each.hash}",{each.at_us}]'
        Ed25519PublicKey.from_public_bytes(raw).verify(bytes.fromhex(each.signature), text.encode())
    lines = anchors.anchor_file(site.settings.instance).read_text().splitlines()
    assert [json.loads(line) for line in lines] == [each._asdict() for each in signed]
    assert checkpoints.sign(site.settings, NOW) == []
    assert len(signed_rows()) == len(heads)


def test_the_limits_of_what_no_anchor_witnesses(figure):
    minutes = checkpoints.LONGEST_UNSIGNED.total_seconds() / 60 + 1  # the worker asks every minute
    rows = checkpoints.MOST_UNSIGNED
    figure("S6", "minutes, entries until an anchor", [minutes, rows], bar="5, 200", held=True)
    assert (minutes, rows) == (5, 200)


def test_the_worker_signs_before_five_minutes_or_at_two_hundred_entries(db_context, site, cast):
    checkpoints.sign(site.settings, NOW)
    before = len(signed_rows())
    write(1)
    jobs.sign_due(site.settings, NOW + timedelta(minutes=3))
    assert len(signed_rows()) == before
    jobs.sign_due(site.settings, NOW + timedelta(minutes=4))
    assert len(signed_rows()) == before + 1
    write(199)
    jobs.sign_due(site.settings, NOW)
    assert len(signed_rows()) == before + 1
    write(1)
    jobs.sign_due(site.settings, NOW)
    assert len(signed_rows()) == before + 2
    assert verify(site).ok


def test_a_made_up_checkpoint_does_not_keep_the_worker_from_signing(db_context, site, cast):
    with owner(site) as connection:
        run(
            connection,
            "INSERT INTO audit_checkpoints (centre_id, seq, hash, at_us, key_id, signature) "
            "VALUES (:c, 1000000, 'x', 1, 'x', 'x')",
            c=cast.centre,
        )
    assert cast.centre in {each.centre_id for each in checkpoints.sign(site.settings, NOW)}


def test_the_foot_of_a_paper_names_the_last_checkpoint(db_context, site, cast):
    assert checkpoints.foot_line(db.session(), cast.centre) == ""
    checkpoints.sign(site.settings, NOW)
    row = next(row for row in signed_rows() if row.centre_id == cast.centre)
    groups = " ".join(row.hash[i : i + 4] for i in range(0, 20, 4))
    assert checkpoints.foot_line(db.session(), cast.centre) == (
        f"审计检查点 {cast.centre}/{row.seq} · {groups} · 2026-11-18 10:00 · 密钥 {keys.grouped(row.key_id)}"
    )


def test_the_whole_log_is_checked_once_a_night(db_context, site, cast):
    reports.result_file(site.settings.instance).unlink(missing_ok=True)
    jobs.verify_at_night(site.settings, NOW)  # ten in the morning
    assert reports.last_results(site.settings.instance) == {}
    night = NOW + timedelta(hours=16)
    jobs.verify_at_night(site.settings, night)
    full = reports.last_results(site.settings.instance)["full"]
    assert (full["ok"], full["at"]) == (True, night.isoformat())
    jobs.verify_at_night(site.settings, night + timedelta(minutes=30))
    assert reports.last_full_at(site.settings.instance) == night


def test_a_short_result_does_not_cover_up_a_full_one(db_context, site, cast):
    checkpoints.sign(site.settings, NOW)
    with owner(site) as connection:
        run(connection, "UPDATE audit_entries SET route = 'x' WHERE centre_id = 1 AND seq = 3")
    for full in (True, False):
        reports.keep(site.settings.instance, reports.as_json(verify(site, full=full), NOW, "test"))
    results = reports.last_results(site.settings.instance)
    assert (results["full"]["ok"], results["recent"]["ok"]) == (False, True)
    assert results["full"]["faults"][0]["place"] == "1/3"
    reports.result_file(site.settings.instance).unlink()


# --- issued documents ------------------------------------------------------------------------------


@pytest.fixture
def document_id(db_context, site, cast) -> int:
    with unit_of_work(system_actor("test"), NOW) as uow:
        document = Document(
            centre_id=cast.centre,
            kind=DocumentKind.RECTIFICATION_NOTICE,
            year=2026,
            serial=1,
            number="云政服督整〔2026〕1号",
            status=DocumentStatus.NUMBERED,
            code="K7QM4F2PXY",
            subject_type="rectification",
            subject_id=1,
            template="rectifications/notice.html",
            template_version="0",
            values={},
            evidence=[],
            numbered_at=NOW,
        )
        uow.session.add(document)
        uow.session.flush()
        uow.record(Action("document.numbered"), document)
    with unit_of_work(system_actor("worker"), NOW) as uow:
        return documents.issue(uow, document.id, KEPT).id


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE document_files SET content = :x", paper_checks.FILE_DIFFERS),
        ("UPDATE documents SET sha256 = :h", paper_checks.FILE_DIFFERS),
        ("DELETE FROM document_files", paper_checks.NO_FILE),
        ("UPDATE documents SET sha256 = NULL", paper_checks.NO_DOCUMENT),
    ],
)
@pytest.mark.parametrize("full", [True, False])
def test_a_changed_paper_is_named(site, document_id, change, problem, full):
    assert verify(site, full=full).documents == 1
    assert verify(site, full=full).ok
    with owner(site) as connection:
        values = {"x": KEPT + b"!"} if ":x" in change else {"h": "0" * 64} if ":h" in change else {}
        run(connection, change, **values)
    report = verify(site, full=full)
    assert [(fault.problem, fault.about) for fault in report.faults] == [(problem, "云政服督整〔2026〕1号")]


def test_a_paper_exchanged_with_its_hash_is_named(site, document_id):
    other = b"%PDF-1.7 another paper"
    with owner(site) as connection:
        run(connection, "UPDATE document_files SET content = :b", b=other)
        run(connection, "UPDATE documents SET sha256 = :h", h=hashlib.sha256(other).hexdigest())
    assert found(verify(site))[0].endswith(paper_checks.ISSUE_DIFFERS)


def test_a_paper_nobody_issued_is_named(db_context, site, cast, document_id):
    with owner(site) as connection:
        run(
            connection,
            "INSERT INTO documents (centre_id, kind, year, serial, number, status, code, subject_type, "
            'subject_id, template, template_version, "values", evidence, numbered_at, sha256, reason, '
            "version) "
            "SELECT centre_id, kind, year, 2, number, status, 'other', subject_type, subject_id, template, "
            'template_version, "values", evidence, numbered_at, sha256, reason, version FROM documents',
        )
        run(
            connection,
            "INSERT INTO document_files (document_id, content, version) "
            "SELECT (SELECT max(id) FROM documents), content, version FROM document_files",
        )
    assert found(verify(site)) == [f"{cast.centre}/— {paper_checks.NO_ISSUE}"]


# --- export ----------------------------------------------------------------------------------------


def exported(site: Any, path: Path, **options: Any) -> tuple[list[dict[str, Any]], Any]:
    done = services.export_log(db.engine, site.settings, system_actor("test"), NOW, path, Wanted(**options))
    assert not path.with_name(f"{path.name}.part").exists()
    return [json.loads(line) for line in path.read_text().splitlines()], done


def test_an_exported_file_can_be_checked_by_itself(db_context, site, cast, tmp_path):
    write(5)
    checkpoints.sign(site.settings, NOW)
    path = tmp_path / "log.jsonl"
    lines, done = exported(site, path)
    header, trailer = lines[0]["header"], lines[-1]["trailer"]
    body = path.read_bytes().rsplit(b"\n", 2)[0] + b"\n"
    assert trailer["sha256"] == hashlib.sha256(body).hexdigest()
    assert done.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    entries = [line["entry"] for line in lines if "entry" in line]
    assert len(entries) == trailer["entries"] == done.entries
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(header["public_key"]))
    signed = [line["checkpoint"] for line in lines if "checkpoint" in line]
    assert len(signed) == trailer["checkpoints"] == len(header["chains"])
    assert header["hashed_fields"] == list(chain.FIELDS)
    for place in header["chains"]:
        links = [Link(**entry) for entry in entries if entry["centre_id"] == place["centre_id"]]
        checked = check(links, place["centre_id"])
        assert checked.fault is None
        assert (links[0].seq, checked.last.seq) == (place["first_seq"], place["last_seq"])
    for each in signed:
        text = json.dumps(
            [header["checkpoint_domain"], each["centre_id"], each["seq"], each["hash"], each["at_us"]],
            separators=(",", ":"),
        )
        key.verify(bytes.fromhex(each["signature"]), text.encode())
    names = {place["centre_id"]: place["centre"] for place in header["chains"]}
    assert names[cast.centre] == "云栖市政务服务中心"


def test_an_export_is_recorded(db_context, site, cast, tmp_path):
    _, done = exported(site, tmp_path / "log.jsonl", centre_ids=frozenset({cast.other_centre}))
    db.session.rollback()
    newest = (
        select(AuditEntry).where(AuditEntry.centre_id == cast.other_centre).order_by(AuditEntry.seq.desc())
    )
    entry = db.session.scalars(newest.limit(1)).one()
    assert entry.action == "audit.exported"
    assert json.loads(entry.payload) == {
        "entries": done.entries,
        "sha256": done.sha256,
        "since": None,
        "until": None,
        "centres": [cast.other_centre],
    }


def test_an_export_of_some_days_is_a_whole_stretch(db_context, site, cast, tmp_path):
    write(2, NOW + timedelta(days=1))
    write(1, NOW)  # a clock that was set back
    write(2, NOW + timedelta(days=1))
    write(3, NOW + timedelta(days=2))
    day = date(2026, 11, 19)
    lines, _ = exported(site, tmp_path / "log.jsonl", since=day, until=day)
    links = [Link(**line["entry"]) for line in lines if "entry" in line]
    assert len(links) == 5
    assert check(links, cast.centre, (links[0].seq - 1, links[0].previous)).fault is None


def test_an_export_that_cannot_be_recorded_leaves_no_file(db_context, site, cast, tmp_path, monkeypatch):
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the log is away")

    monkeypatch.setattr(services, "unit_of_work", fail)
    with pytest.raises(RuntimeError, match="away"):
        services.export_log(db.engine, site.settings, system_actor("test"), NOW, tmp_path / "log.jsonl")
    assert list(tmp_path.iterdir()) == []


# --- commands --------------------------------------------------------------------------------------


def test_the_commands_say_what_they_found(app, site, cast, tmp_path):
    runner = app.test_cli_runner()
    signed = runner.invoke(args=["audit", "checkpoint"])
    assert signed.exit_code == 0
    assert "checkpoints.jsonl" in signed.output
    assert "没有新的记录" in runner.invoke(args=["audit", "checkpoint"]).output
    good = runner.invoke(args=["audit", "verify"])
    assert (good.exit_code, good.output.splitlines()[-1]) == (0, "完好")
    made = runner.invoke(args=["audit", "export", str(tmp_path / "log.jsonl"), "--from", "2026-11-18"])
    assert made.exit_code == 0
    assert "SHA-256" in made.output
    with owner(site) as connection:
        run(connection, "UPDATE audit_entries SET route = 'x' WHERE centre_id = 1 AND seq = 3")
    bad = runner.invoke(args=["audit", "verify"])
    assert bad.exit_code == 1
    assert f"1/3  {chain.ALTERED}" in bad.output
    as_json = json.loads(runner.invoke(args=["audit", "verify", "--json"]).output)
    assert (as_json["ok"], as_json["faults"][0]["place"]) == (False, "1/3")
    short = runner.invoke(args=["audit", "verify", "--since-checkpoint"])
    assert (short.exit_code, short.output.splitlines()[-1]) == (0, "完好")
    reports.result_file(site.settings.instance).unlink()


# --- the story of one record -----------------------------------------------------------------------


def test_the_history_of_a_record_names_what_it_leads_to_and_says_nothing_of_the_machine(db_context, cast):
    renamed = Action("department.renamed")
    with unit_of_work(actor("sysadmin", Permission.ORGANISATION_READ), NOW + timedelta(hours=1)) as uow:
        row = uow.get(Department, cast.department_a)
        row.name = "甲"
        uow.record(renamed, row)
    services.record_refusal(system_actor("anonymous"), NOW, permission="csrf", subject=row)
    statements: list[str] = []

    def note(*args: Any) -> None:
        statements.append(args[2])

    event.listen(db.engine, "before_cursor_execute", note)
    story = queries.history_of("department", cast.department_a)
    event.remove(db.engine, "before_cursor_execute", note)
    # One statement for the entries, one for each table that their ids lead to; none for each row.
    tables = {change.field for each in story for change in each.changes if isinstance(change.after, str)}
    assert len([each for each in statements if each.startswith("SELECT")]) <= 1 + len(tables)
    assert {change.after for change in story[1].changes if change.field == "centre_id"} != {cast.centre}
    assert [each.action for each in story] == ["department.renamed", "department.added"]
    assert story[0].changes == (queries.Change("name", "云栖市市场监督管理局", "甲"),)
    assert story[1].changes[0].field
    kinds = {change.field: change.after for change in story[1].changes if not change.part}
    assert kinds["kind"].__class__.__name__ == "DepartmentKind"
    assert not {"address", "session_id", "route", "hash"} & set(queries.Event.__dataclass_fields__)
    assert len(queries.history_of("department", cast.department_a, limit=1)) == 1
