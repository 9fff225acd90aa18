"""The demo as it stands once its three months are told: every list and figure has something to show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import distinct, func, select

from app import clock as office
from app import create_app
from app.accounts import queries as accounts
from app.attachments.models import Attachment
from app.audit import verification
from app.bulletins import queries as bulletins
from app.bulletins.models import Bulletin
from app.bulletins.rules import BulletinStatus, Content
from app.db import migrate
from app.db.uow import end_reading
from app.documents.models import Document
from app.documents.rules import DocumentKind, DocumentStatus
from app.evaluations import award_queries, comparison_queries, reading
from app.evaluations.award_rules import AwardState
from app.evaluations.models import AwardCandidate, AwardObjection, AwardRun, EvaluationMonth, Objection
from app.evaluations.month_rules import MonthState, ObjectionStatus, Scored
from app.evaluations.rules import ItemKind, Span
from app.extensions import db
from app.inspections import figure_queries, plan_queries, rules
from app.inspections.models import (
    Checklist,
    ChecklistItem,
    DutyRoster,
    Finding,
    FindingStatement,
    Patrol,
    PatrolCheck,
)
from app.inspections.plan_rules import RoundState
from app.inspections.rules import Answer, CheckResult, Finder, FindingStatus, PatrolMode, PatrolStatus
from app.organisation.models import Absence, Centre
from app.organisation.rules import AbsenceKind
from app.permissions import Actor, Origin
from app.rectifications import queries as ledger
from app.rectifications.models import (
    Extension,
    Instruction,
    Recheck,
    Rectification,
    Submission,
    SupervisionOrder,
)
from app.rectifications.rules import Due, InstructionKind, RecheckResult, RectificationStatus, Rung
from app.seeding import demo, demo_notices, demo_rulebooks, reference
from tests.cast import NOW
from tests.databases import settings

TODAY = NOW.date()


@pytest.fixture(scope="module")
def _told(tmp_path_factory: pytest.TempPathFactory, _cheap_passwords: None) -> Iterator[Flask]:
    own = settings(tmp_path_factory.mktemp("story"))
    migrate.upgrade(own)
    app = create_app(own)
    with app.app_context():
        demo.run(own, NOW)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def told(_told: Flask) -> Iterator[Flask]:
    with _told.app_context():
        yield _told


def every(column: Any) -> set[Any]:
    return set(db.session.scalars(select(column).distinct()))


def centres() -> list[Centre]:
    return list(db.session.scalars(select(Centre).order_by(Centre.id)))


def actor(username: str = "yansongtao") -> Actor:
    user = accounts.find_user(username)
    assert user is not None
    found = accounts.actor_of(user.id, TODAY, Origin())
    assert found is not None
    return found


@pytest.mark.usefixtures("_cheap_passwords")
def test_the_story_stands_on_any_day(tmp_path: Path) -> None:
    """Play it for a Saturday of a year without a calendar."""
    own = settings(tmp_path)
    migrate.upgrade(own)
    app = create_app(own)
    with app.app_context():
        demo.run(own, office.at_office(datetime(2027, 3, 6, 8)))
        assert every(Rectification.status) == set(RectificationStatus)
        assert every(SupervisionOrder.rung) == set(Rung)
        assert every(Extension.granted) == {None, True, False}
        assert every(Objection.status) == set(ObjectionStatus)
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize(
    ("column", "kinds"),
    [
        (Patrol.mode, PatrolMode),
        (PatrolCheck.result, CheckResult),
        (Finding.source, rules.FindingSource),
        (Finding.finder, Finder),
        (Finding.confirmation, rules.Confirmation),
        (Checklist.purpose, rules.ChecklistPurpose),
        (Rectification.status, RectificationStatus),
        (Rectification.rung, Rung),
        (SupervisionOrder.rung, Rung),
        (Instruction.kind, InstructionKind),
        (Recheck.result, RecheckResult),
        (Absence.kind, AbsenceKind),
    ],
    ids=lambda value: value.key if hasattr(value, "key") else "",
)
def test_every_kind_occurs(told: Flask, column: Any, kinds: type[StrEnum]) -> None:
    assert every(column) - {None} == set(kinds)


def test_papers_of_every_kind_are_numbered_but_the_result_of_a_running_year(told: Flask) -> None:
    assert set(DocumentKind) - every(Document.kind) == {DocumentKind.YEAR_RESULT}


def test_every_state_occurs_that_a_step_leads_to(told: Flask) -> None:
    # No step of the product leads to the two left out.
    assert every(Patrol.status) == set(PatrolStatus) - {PatrolStatus.REVIEWED}
    assert every(Finding.status) == set(FindingStatus) - {FindingStatus.NO_ACTION}
    assert {DocumentStatus.NUMBERED, DocumentStatus.VOID} <= every(Document.status)
    assert every(Extension.granted) == {None, True, False}
    assert every(Rectification.on_time) == {None, True, False}
    found = select(ChecklistItem.red_line).join(Finding, Finding.item_id == ChecklistItem.id)
    assert set(db.session.scalars(found)) == {0, 1, 2, 3, 4, 5}


def test_deadlines_stand_in_every_way(told: Flask) -> None:
    rows = db.session.scalars(select(Rectification)).all()
    stands = {clock.due for clock in ledger.clocks_of(rows, NOW).values()}
    assert stands == set(Due)


def test_rounds_are_walked_twice_a_day_and_now_and_then_missed(told: Flask) -> None:
    first = TODAY - timedelta(days=90)
    for centre in centres():
        assert len(plan_queries.rounds_of(centre.id)) == 2
        board = plan_queries.board(centre.id, first, TODAY, NOW)
        assert board.expected > 110
        assert 0.9 < board.done / board.expected < 1
        assert board.windows_seen / board.windows_open > 0.95
        assert all(cell.on_duty for day in board.days for cell in day.cells.values())
    upper = plan_queries.board(centres()[0].id, first, TODAY, NOW)
    assert upper.count(RoundState.LATE)
    assert upper.count(RoundState.MISSED)
    weeks = db.session.scalar(select(func.count()).select_from(DutyRoster))
    assert weeks == 2 * 14


def test_checks_hold_every_answer_and_what_was_seen_of_the_open(told: Flask) -> None:
    checks = db.session.scalars(select(PatrolCheck)).all()
    assert {answer for check in checks for answer in check.answers.values()} == set(Answer)
    assert {seen for check in checks for seen in (check.followed or {}).values()} == set(rules.Followed)


def test_a_mystery_visit_is_hidden_and_others_are_released(told: Flask) -> None:
    visits = db.session.scalars(select(Patrol).where(Patrol.mode == PatrolMode.MYSTERY)).all()
    assert [visit.hidden for visit in visits].count(True) == 1
    assert len(visits) == 4


def test_notes_belong_to_their_items_and_photos_to_those_that_ask(told: Flask) -> None:
    entered = {one["note"] for one in reference.read("demo/story.toml")["entries"] if "note" in one}
    rows = db.session.execute(select(Finding, ChecklistItem).join(ChecklistItem)).all()
    for finding, item in rows:
        notes = reference.words()[item.code]["notes"]
        assert finding.note in notes or finding.note in entered, finding.number
        assert finding.photos or not (item.photo_required or item.red_line), finding.number
    assert 120 <= len(rows) <= 260
    assert db.session.scalar(select(func.count(distinct(Attachment.sha256)))) >= 30


def test_words_are_kept_for_every_item() -> None:
    asked = {
        item["code"]: item
        for name in reference.CHECKLISTS
        for group in reference.read(f"checklists/{name}.toml")["groups"]
        for item in group["items"]
    }
    assert set(reference.words()) == set(asked)
    for code, said in reference.words().items():
        assert bool(said.get("scene")) == bool(asked[code].get("photo_required")), code


def test_fates_are_made_of_known_steps_and_all_are_used() -> None:
    story = reference.read("demo/story.toml")
    steps = [step for fate in story["fates"].values() for step in fate["steps"]]
    assert {step[2] for step in steps} == set(demo_notices.STEPS)
    told = {case[-1] for case in story["seen"]["cases"]}
    told |= {seen[2] for visit in story["visits"] for seen in visit.get("seen", ())}
    told |= {one["fate"] for one in (*story["entries"], *story["instructions"])}
    by_chance = {name for name, fate in story["fates"].items() if "weight" in fate}
    assert told - {"on_spot", "left_open", "void"} <= set(story["fates"])
    assert set(story["fates"]) == (told | by_chance) & set(story["fates"])


def test_disputes_name_a_witness_or_wait_for_one(told: Flask) -> None:
    said = db.session.scalars(select(FindingStatement).where(FindingStatement.text != "")).all()
    assert {bool(statement.witness) for statement in said} == {True, False}


def test_outsiders_and_those_without_an_account_are_named(told: Flask) -> None:
    for finding in db.session.scalars(select(Finding).where(Finding.finder == Finder.EXTERNAL)):
        assert finding.on_behalf_name
        assert finding.on_behalf_capacity
        assert finding.patrol_id is None
    assert every(Submission.on_behalf_name) == {None, "项衡之"}


def test_instructions_reach_a_section_a_department_and_the_town(told: Flask) -> None:
    rows = db.session.scalars(select(Rectification).where(Rectification.instruction_id.is_not(None))).all()
    assert {(bool(row.section_id), bool(row.department_id), bool(row.to_centre_id)) for row in rows} == {
        (True, False, False),
        (False, True, False),
        (False, False, True),
    }


def test_recordings_stand_in_every_way(told: Flask) -> None:
    rows = db.session.scalars(select(Finding).where(Finding.camera.is_not(None))).all()
    stands = {
        rules.recording_standing(
            row.recording_saved_at is not None,
            rules.kept_until(office.local(row.occurred_at).date(), 30),
            TODAY,
        )
        for row in rows
    }
    assert stands == set(rules.Recording)


def test_the_self_found_outweigh_the_exposed(told: Flask) -> None:
    span = figure_queries.Span(centres()[0].id, TODAY - timedelta(days=90), TODAY)
    figures = figure_queries.figures(actor(), span, NOW)
    assert figures.self_found.numerator > 8 * (figures.self_found.denominator or 0) > 50
    assert all(figure.numerator for figure in (*figures.modes, *figures.sources, *figures.red_lines))
    assert all(target.reached for target in figures.targets)


def test_three_months_are_settled_and_one_is_heard(told: Flask) -> None:
    months = db.session.scalars(select(EvaluationMonth).order_by(EvaluationMonth.first_on)).all()
    assert [(month.first_on.month, month.state) for month in months] == [
        (7, MonthState.ANNOUNCED),
        (8, MonthState.ANNOUNCED),
        (9, MonthState.ANNOUNCED),
        (10, MonthState.PUBLISHED),
    ]
    assert months[-1].objections_until and months[-1].objections_until > TODAY
    assert all(comparison_queries.differences(month) == [] for month in months[:3])
    objections = db.session.scalars(select(Objection)).all()
    assert {row.status for row in objections if row.month_id == months[-1].id} == set(ObjectionStatus)
    assert {row.status for row in objections if row.month_id != months[-1].id} == {
        ObjectionStatus.UPHELD,
        ObjectionStatus.REVOKED,
    }


def test_a_quarter_is_awarded_a_month_is_in_publication_and_the_year_runs(told: Flask) -> None:
    awards = db.session.scalars(select(AwardRun).order_by(AwardRun.id)).all()
    assert {(award.span, award.subject, award.state) for award in awards} == {
        (Span.QUARTER, Scored.WINDOW, AwardState.DECIDED),
        (Span.QUARTER, Scored.STAFF, AwardState.DECIDED),
        (Span.MONTH, Scored.WINDOW, AwardState.WITHDRAWN),
        (Span.MONTH, Scored.WINDOW, AwardState.IN_PUBLICATION),
        (Span.YEAR, Scored.STAFF, AwardState.PROPOSED),
    }
    for award in awards:
        tally = award_queries.tally(db.session(), award)
        assert not tally.faults and tally.eligible > tally.proposed >= (award.quota or 0)
        if award.state is AwardState.DECIDED:
            assert award.months == 3
            assert tally.honoured == award.quota and tally.barred
    candidates = db.session.scalars(select(AwardCandidate).where(AwardCandidate.reason != "")).all()
    assert {row.decided_rank is None for row in candidates} == {True, False}
    assert db.session.scalars(select(AwardObjection)).all()


def test_weeks_are_told_but_for_one_and_the_running_one_is_a_draft(told: Flask) -> None:
    rows = db.session.scalars(select(Bulletin).order_by(Bulletin.week_on, Bulletin.edition)).all()
    assert {row.status for row in rows} == set(BulletinStatus)
    assert rows[-1].status is BulletinStatus.DRAFT and rows[-1].week_on <= TODAY <= rows[-1].last_on
    found = bulletins.cadence(rows[0].centre_id, TODAY.year, TODAY)
    assert len(found.missing) == 2  # the one that was missed, and that in which the story begins
    assert found.figure.numerator + 3 == found.figure.denominator  # one more waits for the director
    for row in rows:
        if row.figures:
            content = Content.read(row.figures)
            assert content.found == content.basic[4].now.numerator > 0
            assert content.found == sum(body.found for body in content.bodies)


def test_words_are_kept_for_every_item_of_people_that_costs_points() -> None:
    book = demo_rulebooks.OWN / "staff.yaml"
    items = {
        item.id
        for _, item in reading.read_rulebook(book.read_text("utf-8")).items()
        if item.kind is ItemKind.DEDUCT
    }
    assert items - {"quarrel", "gifts"} == set(reference.read("demo/months.toml")["reasons"])


def test_the_log_answers_for_all_of_it(told: Flask) -> None:
    end_reading()
    report = verification.verify(db.engine, told.config["DUBAN"])
    assert report.ok
