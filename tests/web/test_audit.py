"""What an auditor sees, and what is recorded of those who were refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import event, select

from app.audit import checkpoints, reports, verification
from app.audit.models import AuditEntry
from app.core.actions import Action
from app.db.uow import unit_of_work
from app.extensions import db
from app.organisation.models import Department
from app.permissions import system_actor
from tests.cast import NOW
from tests.pages import Page, follow
from tests.services.audit_tools import owner, run

RENAMED = Action("department.renamed")


def rename(site: Any, cast: Any, name: str) -> None:
    with site.app.app_context(), unit_of_work(system_actor("test"), NOW) as uow:
        row = uow.get(Department, cast.department_a)
        row.name = name
        uow.record(RENAMED, row)


def entries(site: Any, action: str) -> list[AuditEntry]:
    with site.app.app_context():
        return list(db.session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def last_seq(site: Any, centre_id: int) -> int:
    with site.app.app_context():
        return max(db.session.scalars(select(AuditEntry.seq).where(AuditEntry.centre_id == centre_id)))


def test_the_ledger_shows_the_newest_entry_with_its_changes(site, cast, sign_in):
    client = sign_in("auditor")
    rename(site, cast, "甲" * 100)
    page = Page(client.get("/audit?subject=department"))
    assert page.title == "审计记录"
    row = page.rows("#audit-rows")[0]
    assert row[0] == f"{cast.centre}/{last_seq(site, cast.centre)}"
    assert row[1] == "2026-11-18 10:00:00"
    assert row[2] == "test"
    assert "云栖市市场监督管理局" in row[6]
    assert "甲" * 100 in row[6]


def test_filters_stand_in_the_address_and_can_be_taken_off(site, cast, sign_in):
    client = sign_in("auditor")
    rename(site, cast, "甲")
    for query, expected in (
        ("action=department.renamed", 1),
        ("action=department.renamed&result=refused", 0),
        (f"subject=department&subject_id={cast.department_a}", 2),
        ("person=冯审&action=session.opened", 1),
        ("person=auditor&action=session.opened", 1),
        ("person=nobody", 0),
        ("since=2026-11-18&until=2026-11-18&action=department.renamed", 1),
        ("since=2026-11-19", 0),
        ("until=2026-11-17", 0),
    ):
        page = Page(client.get(f"/audit?{query}"))
        assert len(page.all("#audit-rows tr")) == expected, query
    page = Page(client.get("/audit?action=department.renamed&result=ok"))
    off = next(str(a["href"]) for a in page.all("a.chip") if "✕" in a.get_text())
    assert "action" not in off
    assert "result=ok" in off
    assert page.form("details.more form").fill(subject="department").submit().status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "since=2026-13-99",
        "until=0001-01-01",
        "since=9999-12-31",
        "subject_id=x",
        "subject_id=-1",
        f"subject_id={'9' * 40}",
        "person=%00",
        "action=%00",
        "result=%EF%BF%BE",
    ],
)
def test_what_does_not_parse_is_left_out(sign_in, query):
    assert Page(sign_in("auditor").get(f"/audit?{query}")).title == "审计记录"


def test_paging_goes_there_and_back(site, cast, sign_in):
    with site.app.app_context(), unit_of_work(system_actor("test"), NOW) as uow:
        for _ in range(130):
            uow.record(Action("sign_in.tried"))
    client = sign_in("auditor")
    first = Page(client.get("/audit?action=sign_in.tried"))
    second = Page(client.get(first.link("下一页")))
    third = Page(client.get(second.link("下一页")))
    places = [row[0] for page in (first, second, third) for row in page.rows("#audit-rows")]
    assert len(places) == len(set(places)) == 130
    assert not [a for a in third.all("a") if a.get_text() == "下一页"]
    assert Page(client.get(third.link("上一页"))).rows("#audit-rows") == second.rows("#audit-rows")
    assert Page(client.get(second.link("上一页"))).rows("#audit-rows") == first.rows("#audit-rows")
    for broken in ("x", "-", "1.2", "1.2.3.4", "9" * 30):
        assert client.get(f"/audit?cursor={broken}").status_code == 422


def test_the_ledger_takes_few_statements_and_their_number_is_constant(site, cast, sign_in):
    client = sign_in("auditor")
    counts = []
    for rows in (5, 120):
        with site.app.app_context(), unit_of_work(system_actor("test"), NOW) as uow:
            for _ in range(rows):
                uow.record(Action("sign_in.tried"))
        seen: list[str] = []

        def note(_c: Any, _cu: Any, statement: str, *_: Any, seen: list[str] = seen) -> None:
            seen.append(statement)

        with site.app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        assert client.get("/audit").status_code == 200
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len([each for each in seen if not each.startswith(("BEGIN", "COMMIT"))]))
    assert counts[0] == counts[1] <= 6


def test_one_entry_has_its_page(site, cast, sign_in):
    client = sign_in("auditor")
    rename(site, cast, "甲")
    seq = last_seq(site, cast.centre)
    page = Page(client.get(f"/audit/{cast.centre}/{seq}"))
    entry = entries(site, "department.renamed")[0]
    assert page.title == f"审计记录 {cast.centre}/{seq}"
    text = page.text("main")
    for said in (entry.hash, entry.previous, "云栖市市场监督管理局", "甲"):
        assert said in text
    assert Page(client.get(page.link("上一条"))).title == f"审计记录 {cast.centre}/{seq - 1}"
    assert client.get(f"/audit/{cast.centre}/999999").status_code == 404
    assert client.get(f"/audit/{cast.centre}/{'9' * 30}").status_code == 404


def test_an_auditor_reads_the_chains_of_his_centre_and_those_below_it(site, cast, sign_in):
    client = sign_in("auditor")
    page = Page(client.get("/audit?subject=centre"))
    assert {row[0].split("/")[0] for row in page.rows("#audit-rows")} == {
        str(cast.centre),
        str(cast.lower_centre),
    }
    assert client.get(f"/audit/{cast.other_centre}/1").status_code == 404
    refusal = entries(site, "access.refused")[-1]
    assert (refusal.actor_name, refusal.result, refusal.centre_id) == ("冯审", "refused", cast.centre)


@pytest.mark.parametrize("username", ["wang", "director", "sysadmin", "secadmin", "window_a"])
def test_nobody_else_reads_the_log(sign_in, username):
    client = sign_in(username)
    for url in ("/audit", "/audit/1/1", "/audit/state"):
        assert client.get(url).status_code == 403
    assert client.post("/audit/verifications", {}).status_code == 403


def test_the_state_page_says_what_nothing_vouches_for_yet(site, cast, sign_in):
    reports.result_file(site.settings.instance).unlink(missing_ok=True)
    client = sign_in("auditor")
    with site.app.app_context():
        checkpoints.sign(site.settings, NOW)
    rename(site, cast, "甲")
    page = Page(client.get("/audit/state"))
    seq = last_seq(site, cast.centre)
    row = next(row for row in page.rows("#audit-chains") if row[0] == "云栖市中心")
    assert row[1] == f"{cast.centre}/{seq}"
    assert row[2].startswith(f"{cast.centre}/{seq - 1} ")
    assert row[3:] == ["2026-11-18 10:00", "1", f"1 条，自 {seq} 起"]
    assert "还没有结果" in page.text("main")
    done = follow(page.form("#audit-verify").submit())
    assert "没有发现问题" in done.text("#flashes")
    assert "完好" in done.text("main")
    assert last_seq(site, cast.centre) == seq  # a check lengthens nothing
    reports.result_file(site.settings.instance).unlink()


def test_the_state_page_names_what_is_wrong(site, cast, sign_in):
    client = sign_in("auditor")
    with owner(site) as connection:
        run(connection, "UPDATE audit_entries SET route = 'x' WHERE centre_id = 1 AND seq = 3")
    done = follow(client.post("/audit/verifications", {}))
    assert "1/3 内容与哈希不符" in done.text("main")
    reports.result_file(site.settings.instance).unlink()


def test_a_long_check_is_left_to_the_night(site, cast, sign_in, monkeypatch):
    monkeypatch.setattr(verification, "MOST_AT_ONCE", 3)
    reports.result_file(site.settings.instance).unlink(missing_ok=True)
    done = follow(sign_in("auditor").post("/audit/verifications", {}))
    assert "全部核对" in done.text("#flashes")
    assert not reports.result_file(site.settings.instance).exists()


@pytest.mark.both_databases
def test_a_refusal_is_one_entry_with_who_what_and_where(site, cast, sign_in):
    client = sign_in("wang")
    assert client.get("/audit").status_code == 403
    (refusal,) = entries(site, "access.refused")
    assert json.loads(refusal.payload) == {"permission": "audit:read"}
    assert (refusal.actor_name, refusal.result, refusal.route) == ("王巡", "refused", "GET /audit")
    assert refusal.address
    assert refusal.session_id
    assert refusal.request_id
    assert client.post("/sign-out", {}, csrf=False).status_code == 400
    forged = entries(site, "access.refused")[-1]
    assert json.loads(forged.payload) == {"permission": "csrf"}
    assert (forged.actor_name, forged.route) == ("王巡", "POST /sign-out")
    foreign = client.post("/sign-out", {}, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 400
    assert len(entries(site, "access.refused")) == 3


@pytest.mark.both_databases
def test_a_made_up_address_does_not_keep_its_refusal_out_of_the_log(site, anonymous):
    answer = anonymous.post("/no%00where", {}, csrf=False, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 400
    assert entries(site, "access.refused")[-1].route == "POST /no\N{REPLACEMENT CHARACTER}where"
