"""What no ledger knows of a month: entered, confirmed by a second person, scored; refused out of bounds."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from app import clock as office
from app.core.errors import Invalid, NotAllowed
from app.db.uow import unit_of_work
from app.evaluations import input_queries, input_services, month_queries, month_services
from app.evaluations.input_rules import InputStatus
from app.evaluations.input_services import Typed
from app.evaluations.models import EvaluationMonth, MonthInput, Score, ScoreLine
from app.evaluations.month_rules import MonthVerb, Scored
from app.extensions import db
from app.permissions import Permission
from tests.cast import actor
from tests.factories.evaluations import OCTOBER, asked, asking_rules, computed, entered, seen, step

pytestmark = pytest.mark.both_databases


def month(month_id: int) -> EvaluationMonth:
    return db.session.get_one(EvaluationMonth, month_id, populate_existing=True)


def enter(
    month_id: int, name: str, department: int, amount: str, whole: str = "", reason: str = "月报"
) -> int:
    ask = input_queries.get_ask(month(month_id), "department", name)
    row = next(each for each in ask.rows if each.place.id == department)
    typed = Typed(row, Decimal(amount), Decimal(whole) if whole else None, reason)
    with unit_of_work(actor("head", Permission.INPUT_RECORD), office.now()) as uow:
        return input_services.record_inputs(uow, month_id, ask, [typed])[0].id


def confirm(*ids: int, by: str = "director") -> None:
    wanted = [(each, db.session.get_one(MonthInput, each, populate_existing=True).version) for each in ids]
    with unit_of_work(actor(by, Permission.INPUT_CONFIRM), office.now()) as uow:
        input_services.confirm_inputs(uow, wanted)


def again(site: Any) -> None:
    with unit_of_work(actor("head", Permission.EVALUATION_COMPUTE), office.now()) as uow:
        month_services.compute_month(uow, site.cast.centre, OCTOBER)


def department_score(month_id: int, department: int) -> Score | None:
    run = month_queries.run_of(month(month_id))
    rows = select(Score).where(
        Score.run_id == (run.id if run else 0),
        Score.subject == Scored.DEPARTMENT,
        Score.department_id == department,
    )
    return db.session.scalar(rows)


def test_a_month_says_what_it_waits_for(db_context: Any, site: Any) -> None:
    asking_rules()
    seen(site, datetime(2026, 10, 12, 2, 0, tzinfo=UTC), "R-01", staff_member_id=None)
    month_id = computed(site)
    named = {(ask.subject, ask.about.id): ask for ask in input_queries.asked(month(month_id))}
    assert set(named) == {(Scored.DEPARTMENT, name) for name in ("refusal", "upper", "rate", "volume")}
    (row,) = named[Scored.DEPARTMENT, "refusal"].rows
    assert (row.place.id, row.on) == (site.cast.department_a, datetime(2026, 10, 12).date())
    run = month_queries.run_of(month(month_id))
    assert run
    assert any(fault and "满意率" in what for fault, what, _whom in run.problems)
    with pytest.raises(NotAllowed, match="无法计分"):
        step(month_id, "head", MonthVerb.PUBLISH)


def test_what_is_confirmed_is_scored_with_its_reason(db_context: Any, site: Any) -> None:
    asking_rules()
    event = seen(site, datetime(2026, 10, 14, 2, 0, tzinfo=UTC), "R-01")
    month_id, a, b = computed(site), site.cast.department_a, site.cast.department_b
    ids = [
        enter(month_id, "rate", a, "95", "100"),
        enter(month_id, "upper", a, "3", reason="上级通报"),
        enter(month_id, "refusal", a, "4", reason="态度恶劣"),
        enter(month_id, "rate", b, "1", "1"),
    ]
    again(site)
    assert department_score(month_id, a) is None
    confirm(*ids)
    again(site)
    score = department_score(month_id, a)
    assert score and score.unrounded == 100 + Decimal("9.5") + 3 - 4
    lines = list(db.session.scalars(select(ScoreLine).where(ScoreLine.score_id == score.id)))
    assert sum(line.worth for line in lines) == score.unrounded
    given = next(line for line in lines if line.item == "refusal")
    assert (given.source, given.source_id) == ("finding", event)
    assert "态度恶劣" in given.why
    assert next(line for line in lines if line.item == "upper").source == "month_input"


@pytest.mark.parametrize(
    ("name", "amount", "whole", "reason", "said"),
    [
        ("refusal", "6", "", "重", "6 分不在 2 至 5 分之间"),
        ("refusal", "1.5", "", "轻", "不在 2 至 5"),
        ("refusal", "3", "", " ", "写明理由"),
        ("upper", "-1", "", "扣", "不小于 0"),
        ("rate", "101", "100", "", "0 和总数"),
        ("rate", "5", "", "", "大于 0 的总数"),
        ("volume", "-1", "", "", "-1 不在 0 至"),
    ],
)
def test_what_the_rulebook_cannot_take_is_refused(
    db_context: Any, site: Any, name: str, amount: str, whole: str, reason: str, said: str
) -> None:
    asking_rules()
    seen(site, datetime(2026, 10, 14, 2, 0, tzinfo=UTC), "R-01")
    month_id = computed(site)
    with pytest.raises(Invalid, match=said):
        enter(month_id, name, site.cast.department_a, amount, whole, reason)
    assert not list(db.session.scalars(select(MonthInput.id)))


def test_a_second_person_confirms_once_and_what_is_voided_is_entered_anew(db_context: Any, site: Any) -> None:
    input_id = entered(site)
    row = db.session.get_one(MonthInput, input_id)
    month_id = row.month_id
    with pytest.raises(NotAllowed, match="不能自己确认"):
        confirm(input_id, by="head")
    with pytest.raises(NotAllowed, match="已经有人录入"):
        enter(month_id, "volume", site.cast.department_a, "130")
    confirm(input_id)
    with pytest.raises(NotAllowed):
        confirm(input_id)
    with unit_of_work(actor("head", Permission.INPUT_VOID), office.now()) as uow:
        input_services.void_input(uow, input_id, row.version, "录错")
    assert db.session.get_one(MonthInput, input_id, populate_existing=True).status is InputStatus.VOID
    assert enter(month_id, "volume", site.cast.department_a, "130") != input_id


def test_nothing_is_entered_into_a_month_that_is_published(db_context: Any, site: Any) -> None:
    asking_rules()
    month_id, ask = asked(site)
    ids = [enter(month_id, "rate", place.place.id, "1", "1") for place in ask.rows]
    waiting = enter(month_id, "volume", site.cast.department_a, "7")
    confirm(*ids)
    again(site)
    step(month_id, "head", MonthVerb.PUBLISH)
    with pytest.raises(NotAllowed, match="已经公布"):
        enter(month_id, "volume", site.cast.department_b, "7")
    with pytest.raises(NotAllowed, match="已经公布"):
        confirm(waiting)
