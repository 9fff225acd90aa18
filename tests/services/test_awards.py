"""Awards: who is proposed and who is not, publication, objections, decision, papers, withdrawal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from app import clock as office
from app.core.errors import Invalid, NotAllowed, Stale
from app.db.uow import unit_of_work
from app.documents.models import Document
from app.documents.rules import DocumentKind, DocumentStatus
from app.evaluations import award_queries, award_services, month_services
from app.evaluations.award_rules import AwardState, Choice
from app.evaluations.models import AwardCandidate, AwardObjection
from app.evaluations.month_rules import MonthVerb, Scored
from app.evaluations.rules import Span
from app.extensions import db
from app.permissions import Permission, Role
from tests.cast import actor
from tests.factories.evaluations import EARLY, seen, standing_rules, step
from tests.factories.evaluations_awards import (
    MEETING,
    QUARTER_ON,
    award_of,
    award_rules,
    candidates,
    complete,
    decided,
    in_publication,
    proposed,
    settled,
    to_decide,
    withdrawn,
)

pytestmark = pytest.mark.both_databases


def of_window_a(site: Any, award_id: int) -> AwardCandidate:
    staff = site.cast.window_a_staff
    return next(row for row in candidates(award_id) if row.staff_member_id == staff)


def decide(award_id: int, choices: list[Choice]) -> None:
    version = award_of(award_id).version
    with unit_of_work(actor("director", Permission.EVALUATION_LOCK), office.now()) as uow:
        award_services.decide(uow, award_id, version, choices, MEETING, "https://example.test")


def papers(award_id: int) -> list[Document]:
    return list(award_queries.papers_of(db.session(), award_id))


def test_the_rulebook_composes_the_months_and_the_appraisal(db_context: Any, site: Any) -> None:
    award_id = complete(site)
    row = of_window_a(site, award_id)
    appraisal = Decimal(award_of(award_id).inputs["appraisal"][str(row.holder_id)])
    assert row.total == Decimal(98) * Decimal("0.8") + appraisal * Decimal("0.2")
    assert any("2026-09 98" in why for _points, why in row.lines)
    ranks = [each.rank for each in candidates(award_id) if each.rank is not None]
    assert ranks == sorted(ranks) and ranks[0] == 1
    assert sum(each.within for each in candidates(award_id)) == 1
    assert row.is_last == (row.total == min(each.total for each in candidates(award_id) if each.total))


def test_who_lacks_a_figure_is_not_scored_and_nothing_is_published(db_context: Any, site: Any) -> None:
    award_id = proposed(site)
    assert all(row.total is None and row.fault and row.rank is None for row in candidates(award_id))
    with pytest.raises(NotAllowed, match="无法计分"), unit_of_work(actor("head"), office.now()) as uow:
        award_services.publish(uow, award_id, award_of(award_id).version)


def test_a_figure_beyond_its_bounds_is_refused(db_context: Any, site: Any) -> None:
    award_id = proposed(site)
    award = award_of(award_id)
    asked, _votes = award_services.inputs_asked(award)
    owner, version = candidates(award_id)[0].holder_id, award.version
    with pytest.raises(Invalid) as refused, unit_of_work(actor("head"), office.now()) as uow:
        award_services.enter_inputs(uow, award_id, version, asked, {owner: Decimal(101)})
    assert refused.value.field == f"value_{owner}"
    assert award_of(award_id).runs == 1


def test_an_event_of_the_period_bars_and_the_score_is_shown(db_context: Any, site: Any) -> None:
    standing_rules()
    seen(site, datetime(2026, 9, 17, 2, 0, tzinfo=UTC), "R-01")
    award_id = complete(site)
    row = of_window_a(site, award_id)
    assert row.rank is None and row.total is not None
    assert ["一票否决：%(name)s", {"name": "推诿群众"}] in row.barred
    tally = award_queries.tally(db.session(), award_of(award_id))
    assert tally.barred >= 1
    assert tally.candidates == tally.eligible + tally.barred + tally.faults


def test_who_was_not_there_all_the_time_stands_apart(db_context: Any, site: Any) -> None:
    settled(site, date(2026, 8, 1))
    award_id = complete(site)
    assert award_of(award_id).months == 2
    for row in candidates(award_id):
        assert (row.rank is None) == bool(row.barred)
        assert row.months <= 2


def test_a_running_quarter_is_proposed_and_not_published(db_context: Any, site: Any) -> None:
    settled(site, date(2026, 10, 1))
    award_id = complete(site, first_on=date(2026, 10, 1))
    with pytest.raises(NotAllowed, match="还没有结束"), unit_of_work(actor("head"), office.now()) as uow:
        award_services.publish(uow, award_id, award_of(award_id).version)


def test_an_open_month_of_the_period_stops_the_publication(db_context: Any, site: Any) -> None:
    award_id = complete(site)
    with unit_of_work(actor("head", Permission.EVALUATION_COMPUTE), EARLY) as uow:
        month_services.compute_month(uow, site.cast.centre, date(2026, 8, 1))
    with pytest.raises(NotAllowed, match="没有锁定"), unit_of_work(actor("head"), office.now()) as uow:
        award_services.publish(uow, award_id, award_of(award_id).version)


def test_nothing_is_proposed_without_rules_or_settled_months(db_context: Any, site: Any) -> None:
    standing_rules()
    for prepare, reason in ((lambda: None, "没有施行"), (award_rules, "还没有锁定的月份")):
        prepare()
        with pytest.raises(NotAllowed, match=reason), unit_of_work(actor("head"), office.now()) as uow:
            award_services.propose(uow, site.cast.centre, Scored.STAFF, Span.QUARTER, QUARTER_ON)
    with pytest.raises(Invalid, match="还没有开始"), unit_of_work(actor("head"), office.now()) as uow:
        award_services.propose(uow, site.cast.centre, Scored.STAFF, Span.QUARTER, date(2027, 1, 1))


def test_the_publication_lasts_working_days_and_nobody_decides_before(db_context: Any, site: Any) -> None:
    award_id = in_publication(site)
    award = award_of(award_id)
    assert (award.published_on, award.publication_until) == (date(2026, 11, 18), date(2026, 11, 25))
    with pytest.raises(NotAllowed, match="公示期还没有结束"):
        decide(award_id, [])
    version = award.version
    with pytest.raises(NotAllowed), unit_of_work(actor("head"), office.now()) as uow:
        award_services.publish(uow, award_id, version)


def test_the_hall_sees_the_list_once_it_is_published(db_context: Any, site: Any) -> None:
    award_id = complete(site)

    def sees(name: str) -> bool:
        return award_id in {row.id for row in db.session.scalars(award_queries.visible_to(actor(name)))}

    assert sees("head") and sees("auditor") and not sees("window_a") and not sees("outside_head")
    with unit_of_work(actor("head"), office.now()) as uow:
        award_services.publish(uow, award_id, award_of(award_id).version)
    assert sees("window_a")
    page, _total = award_queries.list_candidates(actor("window_a"), award_of(award_id), {})
    own = site.cast.window_a_staff
    assert all(row.within or row.staff_member_id == own for row in page.rows)
    assert own in {row.staff_member_id for row in page.rows}


def test_objections_are_noted_once_and_only_during_the_publication(db_context: Any, site: Any) -> None:
    award_id = in_publication(site)

    def note(received_on: date, key: str) -> None:
        with unit_of_work(actor("head"), office.now()) as uow:
            award_services.note_objection(uow, award_id, received_on, "向女士", "反映空岗", "已核查", key)

    note(date(2026, 11, 18), "first")
    with pytest.raises(NotAllowed, match="已经登记"):
        note(date(2026, 11, 18), "first")
    with pytest.raises(Invalid, match="公示期内"):
        note(date(2026, 11, 17), "second")
    withdrawn(award_id)
    with pytest.raises(NotAllowed, match="公示期间"):
        note(date(2026, 11, 18), "third")
    assert len(db.session.scalars(select(AwardObjection)).all()) == 1


def test_a_decision_numbers_the_form_and_the_notice(db_context: Any, site: Any) -> None:
    award_id = decided(site)
    award = award_of(award_id)
    assert award.state is AwardState.DECIDED and award.decision == MEETING
    assert [paper.kind for paper in papers(award_id)] == [
        DocumentKind.AWARD_DECISION,
        DocumentKind.AWARD_NOTICE,
    ]
    form, notice = papers(award_id)
    honoured = [row for row in candidates(award_id) if row.decided_rank is not None]
    assert [line["name"] for line in notice.values["honoured"]] == [row.name for row in honoured]
    assert len(form.values["candidates"]) + len(form.values["left_out"]) == len(candidates(award_id))


def test_a_rank_other_than_the_proposed_one_needs_a_reason(db_context: Any, site: Any) -> None:
    award_id = to_decide(site)
    first, second = [row for row in candidates(award_id) if row.rank is not None][:2]
    first_id, second_id = first.id, second.id
    with pytest.raises(Invalid, match="写明理由") as refused:
        decide(award_id, [Choice(second_id, 1, "递补")])
    assert refused.value.field == f"reason_{first_id}"
    assert award_of(award_id).state is AwardState.IN_PUBLICATION
    with pytest.raises(Invalid, match="超过名额"):
        decide(award_id, [Choice(first_id, 1), Choice(second_id, 2, "增加一名")])
    decide(award_id, [Choice(first_id, None, "已调离"), Choice(second_id, 1, "递补")])
    rows = {row.id: row for row in candidates(award_id)}
    assert (rows[first_id].decided_rank, rows[first_id].reason) == (None, "已调离")
    assert (rows[second_id].decided_rank, rows[second_id].reason) == (1, "递补")


def test_who_is_barred_is_not_honoured(db_context: Any, site: Any) -> None:
    standing_rules()
    seen(site, datetime(2026, 9, 17, 2, 0, tzinfo=UTC), "R-01")
    award_id = to_decide(site)
    row_id = of_window_a(site, award_id).id
    choices = [Choice(row.id, row.rank) for row in candidates(award_id) if row.within]
    with pytest.raises(Invalid, match="没有资格"):
        decide(award_id, [*choices, Choice(row_id, 1, "破例")])


def test_who_proposed_it_does_not_decide(db_context: Any, site: Any) -> None:
    award_id = to_decide(site)
    facts = award_services.facts_of(db.session(), actor("head"), award_of(award_id), office.today())
    assert facts.user_id == facts.proposed_by_id
    both = replace(actor("head"), roles=frozenset({Role.SECTION_HEAD, Role.DIRECTOR}))
    version = award_of(award_id).version
    with pytest.raises(NotAllowed, match="由另一人"), unit_of_work(both, office.now()) as uow:
        award_services.decide(uow, award_id, version, [], MEETING, "https://example.test")


def test_of_two_who_decide_one_wins(db_context: Any, site: Any) -> None:
    award_id = to_decide(site)
    version = award_of(award_id).version
    withdrawn(award_id)
    with pytest.raises(Stale), unit_of_work(actor("director"), office.now()) as uow:
        award_services.decide(uow, award_id, version, [], MEETING, "https://example.test")


def test_a_withdrawn_award_voids_its_papers_and_makes_room_for_another(db_context: Any, site: Any) -> None:
    award_id = decided(site)
    with pytest.raises(NotAllowed), unit_of_work(actor("head"), office.now()) as uow:
        award_services.propose(uow, site.cast.centre, Scored.STAFF, Span.QUARTER, QUARTER_ON)
    withdrawn(award_id)
    assert {paper.status for paper in papers(award_id)} == {DocumentStatus.VOID}
    assert proposed(site) != award_id


def test_a_year_shares_out_the_best_grade_and_writes_to_each_department(
    db_context: Any, site: Any, clock: Any
) -> None:
    clock.tick(days=60)
    award_id = complete(site, Span.YEAR, date(2026, 1, 1))
    rows = candidates(award_id)
    scored = [row for row in rows if row.total is not None]
    most = len(scored) * 20 // 100
    assert sum(row.outcome == "优秀" for row in scored) <= most
    with unit_of_work(actor("head"), office.now()) as uow:
        award_services.publish(uow, award_id, award_of(award_id).version)
    clock.tick(days=30)
    decide(award_id, [Choice(row.id, row.rank) for row in rows if row.within])
    results = [paper for paper in papers(award_id) if paper.kind is DocumentKind.YEAR_RESULT]
    departments = {row.department_id for row in rows if row.department_id}
    assert len(results) == len(departments)
    printed = [person["name"] for paper in results for person in paper.values["people"]]
    assert sorted(printed) == sorted(row.name for row in rows if row.department_id)


def test_steps_out_of_turn_are_refused(db_context: Any, site: Any) -> None:
    award_id = complete(site)
    with pytest.raises(NotAllowed):
        decide(award_id, [])
    assert award_of(award_id).state is AwardState.PROPOSED
    month_id = settled(site)
    step(month_id, "director", MonthVerb.REOPEN, reason="漏算")
    with pytest.raises(NotAllowed, match="没有锁定"), unit_of_work(actor("head"), office.now()) as uow:
        award_services.publish(uow, award_id, award_of(award_id).version)


def test_the_same_proposal_is_kept_once_and_an_outdated_one_is_not_published(
    db_context: Any, site: Any
) -> None:
    award_id = complete(site)
    runs = award_of(award_id).runs
    with unit_of_work(actor("head"), office.now()) as uow:
        award_services.propose(uow, site.cast.centre, Scored.STAFF, Span.QUARTER, QUARTER_ON)
    assert award_of(award_id).runs == runs
    month_id = settled(site)
    step(month_id, "director", MonthVerb.REOPEN, reason="漏算")
    seen(site, datetime(2026, 9, 18, 2, 0, tzinfo=UTC))
    with unit_of_work(actor("head", Permission.EVALUATION_COMPUTE), EARLY) as uow:
        month_services.compute_month(uow, site.cast.centre, date(2026, 9, 1))
    step(month_id, "head", MonthVerb.PUBLISH, EARLY)
    step(month_id, "director", MonthVerb.LOCK)
    with pytest.raises(NotAllowed, match="重新拟定"), unit_of_work(actor("head"), office.now()) as uow:
        award_services.publish(uow, award_id, award_of(award_id).version)
    with unit_of_work(actor("head"), office.now()) as uow:
        award_services.propose(uow, site.cast.centre, Scored.STAFF, Span.QUARTER, QUARTER_ON)
    assert award_of(award_id).runs == runs + 1
