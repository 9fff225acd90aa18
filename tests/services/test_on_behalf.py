"""Steps entered for a named person without an account: who may, in whose name, and who may not look again."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest
from sqlalchemy import select

from app import clock as office
from app.audit.models import AuditEntry
from app.core.errors import Invalid, NotAllowed
from app.core.on_behalf import NOBODY, Represented
from app.db.uow import unit_of_work
from app.extensions import db
from app.permissions import Permission
from app.rectifications import queries, services
from app.rectifications.models import Rectification
from app.rectifications.rules import RectificationStatus
from app.worktime.queries import calendar
from tests.cast import actor
from tests.factories.rectifications import MEASURES, REASON, issued, leave_unattended, received

pytestmark = pytest.mark.usefixtures("db_context")
LU = Represented("陆远", "办公室主任")


def receive(row: Rectification, username: str, person: Represented) -> Rectification:
    with unit_of_work(actor(username, Permission.RECTIFICATION_RECEIVE), office.now()) as uow:
        return services.receive(uow, row.id, row.version, "", person)


def submit(row: Rectification, username: str, person: Represented) -> Rectification:
    answer = services.Answer(secrets.token_hex(8), MEASURES, office.today(), REASON, (), person)
    with unit_of_work(actor(username, Permission.RECTIFICATION_SUBMIT), office.now()) as uow:
        return services.submit(uow, row.id, row.version, answer)


@pytest.mark.both_databases
def test_the_head_enters_both_steps_in_a_named_person_s_name(site: Any) -> None:
    row = issued(site)
    leave_unattended(site)
    row = receive(row, "head", LU)
    assert row.represented == LU
    row = submit(row, "head", Represented("岑岚", "副局长"))
    assert row.status is RectificationStatus.SUBMITTED
    (round_,) = queries.rounds_of(row.id)
    assert round_.submission.represented == Represented("岑岚", "副局长")
    assert round_.submission.submitted_by.name == "钱科"
    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.action == "rectification.received"))
    assert entry is not None
    changes = json.loads(entry.payload)["changes"]
    assert changes["on_behalf_name"] == [None, "陆远"]
    assert changes["on_behalf_capacity"] == [None, "办公室主任"]


def test_who_entered_it_does_not_look_at_it_again(site: Any) -> None:
    row = issued(site)
    leave_unattended(site)
    row = submit(receive(row, "head", LU), "head", LU)
    with (
        pytest.raises(NotAllowed, match="提交整改的人不能自己复查"),
        unit_of_work(actor("head", Permission.RECTIFICATION_RECHECK), office.now()) as uow,
    ):
        services.accept(uow, row.id, row.version, "")
    with unit_of_work(actor("zhao", Permission.RECTIFICATION_RECHECK), office.now()) as uow:
        assert services.accept(uow, row.id, row.version, "").status is RectificationStatus.CLOSED


@pytest.mark.parametrize(
    ("person", "field"),
    [
        (NOBODY, "on_behalf_name"),
        (Represented("", "主任"), "on_behalf_name"),
        (Represented("陆远"), "on_behalf_capacity"),
    ],
)
def test_name_and_capacity_are_asked_for(site: Any, person: Represented, field: str) -> None:
    row = issued(site)
    leave_unattended(site)
    with pytest.raises(Invalid) as refused:
        receive(row, "head", person)
    assert refused.value.field == field


def test_a_department_with_its_chief_takes_its_own_steps(site: Any) -> None:
    row = issued(site)
    with pytest.raises(NotAllowed, match="只有责任单位"):
        receive(row, "head", LU)
    with pytest.raises(Invalid, match="不能代录"):
        receive(row, "chief_a", LU)
    assert receive(row, "chief_a", NOBODY).represented is None


def test_nobody_but_the_head_stands_in(site: Any) -> None:
    row = received(site)
    leave_unattended(site)
    for username in ("chief_b", "outside_head"):
        with pytest.raises(NotAllowed):
            submit(row, username, LU)


def test_what_nobody_with_an_account_answers_waits_for_the_head(site: Any) -> None:
    def waits_for(username: str) -> list[int]:
        rows = queries.in_hand(actor(username), "receive", office.now(), calendar())
        return [each.id for each in db.session.scalars(rows)]

    row = issued(site)
    assert waits_for("head") == []
    leave_unattended(site)
    assert waits_for("head") == [row.id]
    assert waits_for("wang") == []
