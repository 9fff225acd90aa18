"""The figures of rectifications and instructions (R14, R16, R18), each against the rows it leads to."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from app import clock
from app.core.figures import Figure, Rows
from app.db.uow import unit_of_work
from app.extensions import db
from app.rectifications import figure_queries, instruction_queries, queries
from app.rectifications.models import Recheck, Rectification, RectifiedFinding, Submission
from app.rectifications.rules import (
    RECTIFICATION_ISSUED,
    InstructionKind,
    RecheckResult,
    RectificationStatus,
)
from tests.cast import actor
from tests.factories.inspections import make_findings
from tests.factories.rectifications import make_instructions

pytestmark = pytest.mark.both_databases
S = RectificationStatus
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))


def notice(site: Any, number: int, status: RectificationStatus, **fields: Any) -> Rectification:
    """Enter a notice of department A, issued two days ago, that stands so."""
    cast, now = site.cast, clock.now()
    values = {
        "centre_id": cast.centre,
        "number": f"云政服督整〔2026〕{number}号",
        "form_key": f"n{number}",
        "status": status,
        "department_id": cast.department_a,
        "owner_id": cast.chief_a_staff,
        "requirement": "恢复值守。",
        "issued_on": clock.today() - timedelta(days=2),
        "issued_at": now - timedelta(days=2),
        "issued_by_id": cast.users["wang"],
        "rechecker_id": cast.users["zhao"],
        "deadline_workdays": 3,
        "due_at": now + timedelta(days=1),
        **fields,
    }
    with unit_of_work(actor("wang"), now) as uow:
        row = Rectification(**values)
        uow.session.add(row)
        uow.record(RECTIFICATION_ISSUED, row, findings=[])
    return row


def struck_off(site: Any, number: int, *, on_time: bool, checker: str = "zhao", **fields: Any) -> None:
    """Enter a notice that was handed in by the chief of department A and accepted by somebody."""
    cast, now = site.cast, clock.now()
    closed = {"closed_at": now, "handed_in_at": now, "on_time": on_time, **fields}
    row_id = notice(site, number, S.CLOSED, **closed).id
    with unit_of_work(actor("wang"), now) as uow:
        row = uow.get(Rectification, row_id)
        answer = Submission(
            rectification_id=row.id,
            round=1,
            form_key=f"s{number}",
            measures="已安排顶岗。",
            done_on=clock.today(),
            submitted_at=now,
            submitted_by_id=cast.users["chief_a"],
        )
        uow.session.add(answer)
        uow.session.flush()
        uow.session.add(
            Recheck(
                rectification_id=row.id,
                submission_id=answer.id,
                result=RecheckResult.ACCEPTED,
                checked_at=now,
                checked_by_id=cast.users[checker],
            )
        )
        uow.record(RECTIFICATION_ISSUED, row, findings=[])


def nineteen(site: Any) -> None:
    """Enter a ledger of nineteen issues: sixteen struck off, fourteen in time, one by its own owner."""
    for number in range(1, 15):
        struck_off(site, number, on_time=True, checker="chief_a" if number == 7 else "zhao")
    for number in (15, 16):
        struck_off(site, number, on_time=False)
    notice(site, 17, S.RECEIVED)
    notice(site, 18, S.RETURNED, due_at=clock.now() - timedelta(hours=1), owner_id=None)
    notice(site, 19, S.SUBMITTED)
    notice(site, 20, S.CANCELLED)


def rows_behind(rows: Rows) -> int:
    """Return how many rows the list shows that a number leads to."""
    who, query = actor("director"), rows.query
    if rows.endpoint == "rectifications.index":
        return queries.ledger(who, query, clock.now()).total
    return instruction_queries.list_instructions(who, query)[1]


def leads_to_its_rows(figure: Figure) -> None:
    assert rows_behind(figure.rows) == figure.numerator, (figure.name, figure.rows)
    assert figure.base is not None
    assert rows_behind(figure.base) == figure.denominator, (figure.name, figure.base)


# --- R14 ------------------------------------------------------------------------------------------


def test_nineteen_issues_how_many_are_struck_off_in_time_and_by_whom(db_context, site, cast):
    nineteen(site)
    found = figure_queries.close_out(actor("director"), cast.centre, *NOVEMBER, clock.now())
    assert [(one.numerator, one.denominator, one.printed) for one in found] == [
        (16, 19, "84.2%"),
        (14, 16, "87.5%"),
        (15, 16, "93.8%"),
        (14, 16, "87.5%"),
    ]
    for figure in found:
        leads_to_its_rows(figure)


def test_what_was_issued_before_and_struck_off_now_counts_where_it_belongs(db_context, site, cast):
    earlier = clock.now() - timedelta(days=30)
    struck_off(site, 1, on_time=False, issued_at=earlier, issued_on=earlier.date())
    who = actor("director")
    november = figure_queries.close_out(who, cast.centre, *NOVEMBER, clock.now())
    october = figure_queries.close_out(who, cast.centre, *OCTOBER, clock.now())
    assert [one.printed for one in november] == ["—", "—", "—", "0.0%"]
    assert [one.printed for one in october] == ["100.0%", "0.0%", "100.0%", "—"]
    for figure in (*november, *october):
        leads_to_its_rows(figure)


def test_the_figures_are_of_one_centre_and_of_rows_in_sight(db_context, site, cast):
    nineteen(site)
    for who, centre in (("director", cast.lower_centre), ("chief_b", cast.centre)):
        found = figure_queries.close_out(actor(who), centre, *NOVEMBER, clock.now())
        assert {one.printed for one in found} == {"—"}, who


# --- R16 ------------------------------------------------------------------------------------------


def test_open_by_owner_down_to_section_window_and_person(db_context, site, cast):
    nineteen(site)
    notice(site, 21, S.RECEIVED, department_id=None, section_id=cast.section, owner_id=None,
           owner_user_id=cast.users["head"])  # fmt: skip
    make_findings(site, 2)
    with unit_of_work(actor("wang"), clock.now()) as uow:
        row = uow.session.query(Rectification).filter_by(number="云政服督整〔2026〕17号").one()
        for finding_id in (1, 2):  # two findings of one window are one notice there
            uow.session.add(RectifiedFinding(rectification_id=row.id, finding_id=finding_id))
        uow.record(RECTIFICATION_ISSUED, row, findings=[1, 2])
    held = figure_queries.in_hand(actor("director"), cast.centre, clock.now())

    def told(owed: list[figure_queries.Owed]) -> list[tuple[int, int, int]]:
        return [(one.open, one.overdue, one.waiting) for one in owed]

    assert told(held.bodies) == [(2, 1, 1), (1, 0, 0)]
    assert sum(one.open for one in held.points) >= 1
    assert {one.name: (one.open, one.overdue, one.waiting) for one in held.people} == {
        "": (1, 1, 0),
        "李首信": (1, 0, 1),
        "钱科": (1, 0, 0),
    }
    for one in (*held.bodies, *held.points, *held.people):
        for count, stands in ((one.open, "open"), (one.overdue, "overdue"), (one.waiting, "waiting")):
            rows = Rows("rectifications.index", {**one.query, "stands": stands})
            assert rows_behind(rows) == count, (one, stands)


# --- R18 ------------------------------------------------------------------------------------------


def test_instructions_closed_of_received_and_in_how_many_days(db_context, site, cast):
    make_instructions(site, 6)  # two of each kind, a day apart, the last five days ago
    now = clock.now()
    struck_off(site, 1, on_time=True, instruction_id=1)
    struck_off(site, 2, on_time=True, instruction_id=4, closed_at=now - timedelta(days=1))
    notice(site, 3, S.CANCELLED, instruction_id=4)
    struck_off(site, 4, on_time=True, instruction_id=2)
    notice(site, 5, S.RECEIVED, instruction_id=2)  # not all of it is mended yet
    notice(site, 6, S.CANCELLED, instruction_id=3)  # taken back: nothing came of it
    shares, days = figure_queries.instructions(actor("director"), cast.centre, *NOVEMBER)
    assert {one.name: (one.numerator, one.denominator) for one in shares} == {
        InstructionKind.LEADER: (2, 2),
        InstructionKind.SUPERIOR: (0, 2),
        InstructionKind.MEDIA: (0, 2),
    }
    # One was given today and closed today, the other given three days ago and closed yesterday.
    assert [(one.numerator, one.denominator, one.printed) for one in days] == [
        (2, 2, "1.0"),
        (0, 0, "—"),
        (0, 0, "—"),
    ]
    for figure in shares:
        leads_to_its_rows(figure)
    assert db.session.query(Rectification).count() == 6
