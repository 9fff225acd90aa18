"""With the statistics of a million rows, no list reads or sorts a whole ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import event, text

from app.db.sqlite import refresh_statistics
from app.db.uow import short_transaction
from app.extensions import db

ROWS = 1_000_000
BIG = (
    "audit_entries",
    "findings",
    "rectifications",
    "documents",
    "patrols",
    "patrol_checks",
    "rectified_findings",
    "rectification_submissions",
    "rectification_rechecks",
    "document_files",
    "attachments",
    "register_entries",
)
LEDGERS = (
    "/",
    "/findings",
    "/findings?status=open",
    "/findings?status=void&red_line=1",
    "/findings?red_line=1",
    "/findings?department=1",
    "/findings?department=1&status=open",
    "/findings?point=1",
    "/findings?point=1&red_line=1",
    "/findings?patrol=1",
    "/findings?valid=1&from=2025-03-03&to=2025-03-03",
    "/findings?valid=1&red_line=1&from=2025-03-03&to=2025-03-09",
    "/findings?centre=1&valid=1",
    "/findings?q=空岗",
    "/findings?q=空岗&status=open",
    "/rectifications",
    "/rectifications?stands=open",
    "/rectifications?stands=due_soon",
    "/rectifications?stands=overdue",
    "/rectifications?stands=waiting",
    "/rectifications?stands=closed",
    "/rectifications?stands=closed&on_time=0&year=2025",
    "/rectifications?mine=receive",
    "/rectifications?mine=answer",
    "/rectifications?mine=recheck",
    "/rectifications?department=1",
    "/rectifications?department=1&stands=closed",
    "/rectifications?stands=closed&closed_from=2025-03-03&closed_to=2025-03-03",
    "/rectifications?from=2025-03-03&to=2025-03-31",
    "/rectifications?stands=closed&from=2025-03-03&to=2025-03-31&third=1",
    "/rectifications?stands=open&owner=staff:1",
    "/rectifications?stands=open&owner=user:1",
    "/rectifications?stands=open&owner=none",
    "/rectifications?stands=open&point=1",
    "/rectifications?stands=open&section=1",
    "/rectifications?q=首席",
    "/rectifications?valid=1&from=2025-03-03&to=2025-03-31",
    "/rectifications/figures",
    "/instructions?state=closed&from=2025-03-03&to=2025-03-31",
    "/patrols",
    "/patrols?mode=mystery",
    "/patrols?zone=1",
    "/patrols?released=0",
    "/patrols?centre=1",
    "/registers",
    "/registers?register=praise",
    "/registers?register=attendance&status=recorded",
    "/registers?kind=late",
    "/registers?kind=late&month=2026-11&status=confirmed",
    "/registers?status=refused",
    "/registers?mine=confirm",
    "/registers?level=city",
    "/registers?staff=1",
    "/registers?point=1&month=2026-10",
    "/registers?department=1",
    "/registers?batch=1",
    "/registers?q=表扬",
    "/documents",
    "/documents?kind=rectification_notice",
    "/documents?status=void",
    "/documents?q=1234",
    "/documents?q=云政服督整〔2025〕",
)
# What is gathered by these is few by its nature: work in hand, one round, one number, red lines, found words,
# the rounds of today; and what lies between two days, where several centres are looked at together.
FEW = (
    "rowid=?",
    "ix_findings_item_id",
    "ix_findings_patrol",
    "ix_rectifications_status",
    "ix_rectifications_instruction_id",
    "ix_rectifications_rechecker",
    "ix_rectifications_owner",
    "ix_rectifications_department",
    "ix_documents_serial",
    "round_on>? AND round_on<?",
    "closed_at>? AND closed_at<?",
    "issued_at>? AND issued_at<?",
    "occurred_at>? AND occurred_at<?",
    "happened_on>? AND happened_on<?",
)
LOG = (
    "/audit",
    "/audit?result=refused",
    "/audit?action=finding.recorded",
    "/audit?subject=finding",
    "/audit?subject=finding&subject_id=7",
    "/audit?person=王巡",
    "/audit?person=王巡&action=finding.recorded",
    "/audit?person=王巡&subject=finding",
    "/audit?action=finding.recorded&subject=staff_member",
    "/audit?since=2025-01-01&until=2025-01-31",
    "/audit?since=2025-01-01&person=王巡",
)
CASES = (
    *(("wang", url) for url in LEDGERS),  # his centre has others below it
    *(("outsider", url) for url in LEDGERS),
    *(("chief_a", url) for url in ("/", "/rectifications?mine=answer", "/rectifications?stands=overdue")),
    *(("window_a", url) for url in ("/", "/rectifications", "/rectifications?stands=open")),
    *(("auditor", url) for url in ("/", *LOG)),
)


def pretend(site: Any) -> None:
    """Tell SQLite that the ledgers are long, as its own ANALYZE with a limit of 1000 would say it."""
    with site.app.app_context():
        with short_transaction() as session:
            refresh_statistics(session)
            run = session.connection().execute
            for table in BIG:
                run(text("DELETE FROM sqlite_stat1 WHERE tbl = :table"), {"table": table})
                for _, index, _, _, partial in run(text(f"PRAGMA index_list({table})")).all():
                    width = len(run(text(f"PRAGMA index_info({index})")).all())
                    rows = 100 if partial else ROWS
                    said = " ".join([str(rows), *["1001"] * (width - 1), "1"])
                    run(
                        text("INSERT INTO sqlite_stat1 VALUES (:table, :index, :said)"),
                        {"table": table, "index": index, "said": said},
                    )
        site.let_go()  # connections read the statistics when they are opened


@contextmanager
def plans(site: Any) -> Iterator[list[tuple[str, list[str]]]]:
    """Collect every SELECT that is sent, with SQLite's plan for it."""
    found: list[tuple[str, list[str]]] = []

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found.append((statement, [row[3] for row in rows]))

    with site.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def ledger_of(line: str) -> str | None:
    """Return the big table that a line of a plan walks, if it does."""
    words = line.split()
    return words[1] if len(words) > 1 and words[0] in ("SCAN", "SEARCH") and words[1] in BIG else None


@pytest.fixture
def large(site: Any) -> Any:
    pretend(site)
    return site


@pytest.mark.parametrize(("username", "url"), CASES)
def test_no_list_reads_or_sorts_a_whole_ledger(large: Any, sign_in: Any, username: str, url: str) -> None:
    client = sign_in(username)
    with plans(large) as found:
        assert client.get(quote(url, safe="/?=&.")).status_code == 200
    assert found
    for statement, lines in found:
        walks = [line for line in lines if ledger_of(line)]
        whole = [line for line in walks if line.startswith("SCAN") and "INDEX" not in line]
        assert not whole, (whole, statement)
        sorts = any("FOR ORDER BY" in line for line in lines)
        assert not sorts or not walks or any(few in walks[0] for few in FEW), (lines, statement)
