"""More time, the ladder, parking, taking back, and notices that follow an instruction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from app import clock as clocks
from app.core.errors import Invalid, NotAllowed, Stale
from app.db.uow import end_reading, unit_of_work
from app.documents import queries as document_queries
from app.documents import services as documents
from app.documents.models import Document
from app.documents.rules import DocumentKind, DocumentStatus
from app.extensions import db
from app.inspections.models import Finding
from app.inspections.rules import FindingStatus
from app.permissions import Permission
from app.rectifications import clocks as rectification_clocks
from app.rectifications import (
    extension_services,
    instruction_services,
    ladder_queries,
    ladder_services,
    queries,
    services,
)
from app.rectifications.ladder_services import Escalation
from app.rectifications.models import Rectification, SupervisionOrder
from app.rectifications.rules import Addressee, Deadline, InstructionKind, RectificationStatus, Rung, Verb
from app.worktime.queries import calendar
from tests.cast import actor
from tests.factories.rectifications import BASE_URL, answered, issued, issued_for, received

pytestmark = pytest.mark.both_databases
S = RectificationStatus
DECIDE, ESCALATE = Permission.RECTIFICATION_DECIDE, Permission.RECTIFICATION_ESCALATE


def change(
    who: str, permission: Permission, verb: Callable[..., Any], row_id: int, *args: Any, **kw: Any
) -> Any:
    end_reading()
    version = db.session.get_one(Rectification, row_id).version
    with unit_of_work(actor(who, permission), clocks.now()) as uow:
        made = verb(uow, row_id, version, *args, **kw)
        return made.id


def reload(row_id: int) -> Rectification:
    end_reading()
    return db.session.get_one(Rectification, row_id)


def ask(row_id: int, until_on: date) -> None:
    change(
        "chief_a",
        Permission.RECTIFICATION_SUBMIT,
        extension_services.ask_extension,
        row_id,
        until_on,
        "设备在途。",
    )


def decide(row_id: int, *, granted: bool, until_on: date | None = None, note: str = "") -> None:
    change(
        "head",
        DECIDE,
        extension_services.decide_extension,
        row_id,
        granted=granted,
        until_on=until_on,
        note=note,
    )


# --- more time ------------------------------------------------------------------------------------


def test_a_granted_extension_moves_the_deadline(site: Any, db_context: Any) -> None:
    row_id = received(site).id
    ask(row_id, date(2026, 11, 30))
    decide(row_id, granted=True)
    row = reload(row_id)
    assert (row.extended_to, row.due_at) == (date(2026, 11, 30), datetime(2026, 11, 30, 9, tzinfo=UTC))
    assert rectification_clocks.moved_clocks(db.session(), calendar()) == []
    (request,) = ladder_queries.extensions_of(db.session(), row_id)
    assert (request.granted, request.asked_by.name, request.decided_by.name) == (True, "李首", "钱科")


def test_another_day_may_be_granted_than_the_one_asked_for(site: Any, db_context: Any) -> None:
    row_id = received(site).id
    ask(row_id, date(2026, 11, 30))
    decide(row_id, granted=True, until_on=date(2026, 11, 25))
    assert reload(row_id).extended_to == date(2026, 11, 25)


def test_a_refused_extension_leaves_the_deadline_and_may_be_asked_again(site: Any, db_context: Any) -> None:
    row_id = received(site).id
    before = reload(row_id).due_at
    ask(row_id, date(2026, 11, 30))
    with pytest.raises(Invalid) as refused:
        decide(row_id, granted=False)
    assert refused.value.field == "note"
    decide(row_id, granted=False, note="理由不充分。")
    assert reload(row_id).due_at == before
    ask(row_id, date(2026, 11, 27))
    with pytest.raises(NotAllowed):
        ask(row_id, date(2026, 11, 27))


def test_after_the_deadline_nobody_asks_for_more_time(site: Any, db_context: Any, clock: Any) -> None:
    row_id = received(site).id
    clock.set(datetime(2026, 11, 24, 1, tzinfo=UTC))
    with pytest.raises(NotAllowed, match="已经逾期"):
        ask(row_id, date(2026, 11, 30))


@pytest.mark.parametrize("until_on", [date(2026, 11, 23), date(2026, 11, 29), date(2028, 1, 4)])
def test_a_day_that_is_no_later_or_no_working_day_is_refused(
    site: Any, db_context: Any, until_on: date
) -> None:
    row_id = received(site).id
    with pytest.raises(Invalid) as refused:
        ask(row_id, until_on)
    assert refused.value.field == "until_on"


# --- the ladder -----------------------------------------------------------------------------------


def climb(row_id: int, verb: Verb, **over: Any) -> int:
    given = {"text": "请立即办结。", "limit_on": clocks.today(), **over}
    return change("head", ESCALATE, ladder_services.climb, row_id, verb, Escalation(**given), BASE_URL)


def test_the_whole_ladder_with_its_papers(site: Any, db_context: Any, clock: Any) -> None:
    row_id = received(site).id
    with pytest.raises(NotAllowed, match="尚未逾期"):
        climb(row_id, Verb.URGE)
    clock.set(datetime(2026, 11, 24, 1, tzinfo=UTC))  # the deadline was the 23rd, 17:00
    climb(row_id, Verb.URGE)
    with pytest.raises(NotAllowed, match="不满一个工作日"):
        climb(row_id, Verb.PROPOSE_CHANGE)
    clock.tick(days=1)
    climb(row_id, Verb.URGE)
    clock.tick(days=1)
    with pytest.raises(NotAllowed, match="应当先建议更换人员"):
        climb(row_id, Verb.TALK)
    climb(row_id, Verb.PROPOSE_CHANGE)
    clock.tick(days=1)
    talk_at = datetime(2026, 11, 27, 6, tzinfo=UTC)
    talk = climb(row_id, Verb.TALK, talk_at=talk_at, talk_place="二楼会议室", talk_with="周首诺 副局长")
    record = ("已说明情况。", "三日内整改到位。", BASE_URL)
    with pytest.raises(NotAllowed, match="还没有进行"):
        change("head", ESCALATE, ladder_services.record_talk, row_id, talk, *record)
    clock.set(datetime(2026, 11, 30, 2, tzinfo=UTC))
    change("head", ESCALATE, ladder_services.record_talk, row_id, talk, *record)
    with pytest.raises(NotAllowed, match="已经记录"):
        change("head", ESCALATE, ladder_services.record_talk, row_id, talk, *record)
    climb(row_id, Verb.REPORT, limit_on=None)
    row = reload(row_id)
    orders = ladder_queries.orders_of(db.session(), row_id)
    assert (row.status, row.rung) == (S.RECEIVED, Rung.REPORT)
    assert [(order.rung, order.times) for order in orders] == [
        (Rung.URGING, 1),
        (Rung.URGING, 2),
        (Rung.CHANGE, 1),
        (Rung.TALK, 1),
        (Rung.REPORT, 1),
    ]
    kinds = [order.document.kind for order in orders if order.document]
    assert kinds == [
        DocumentKind.URGING_NOTICE,
        DocumentKind.URGING_NOTICE,
        DocumentKind.CHANGE_PROPOSAL,
        DocumentKind.TALK_NOTICE,
        DocumentKind.DEPARTMENT_REPORT,
    ]
    assert orders[3].record_document and orders[3].record_document.kind is DocumentKind.TALK_RECORD
    numbers = [order.document.number for order in orders if order.document]
    assert numbers[:2] == ["云政服督办〔2026〕1号", "云政服督办〔2026〕2号"]
    report = orders[4].document
    assert report and len(report.values["orders"]) == 4 and numbers[0] in report.values["orders"][0]


def test_what_is_handed_in_or_parked_is_not_urged(site: Any, db_context: Any, clock: Any) -> None:
    row_id = answered(site).id
    clock.set(datetime(2026, 11, 30, 2, tzinfo=UTC))
    with pytest.raises(NotAllowed):
        climb(row_id, Verb.URGE)


@pytest.mark.parametrize(
    ("verb", "over", "field"),
    [
        (Verb.URGE, {"limit_on": None}, "limit_on"),
        (Verb.URGE, {"limit_on": date(2026, 11, 1)}, "limit_on"),
    ],
)
def test_a_rung_asks_for_what_its_paper_says(
    site: Any, db_context: Any, clock: Any, verb: Verb, over: dict[str, Any], field: str
) -> None:
    row_id = received(site).id
    clock.set(datetime(2026, 11, 24, 1, tzinfo=UTC))
    with pytest.raises(Invalid) as refused:
        climb(row_id, verb, **over)
    assert refused.value.field == field
    assert db.session.query(SupervisionOrder).count() == 0


# --- parking and taking back ----------------------------------------------------------------------


def test_parked_and_taken_up_again_with_a_new_deadline(site: Any, db_context: Any, clock: Any) -> None:
    row_id = received(site).id
    change("director", DECIDE, extension_services.park, row_id, date(2026, 12, 18), "等待设备招标。")
    row = reload(row_id)
    assert (row.status, row.review_on) == (S.PARKED, date(2026, 12, 18))
    clock.set(datetime(2026, 12, 18, 2, tzinfo=UTC))
    change("head", DECIDE, extension_services.resume, row_id, date(2026, 12, 25), "设备已到。")
    row = reload(row_id)
    assert (row.status, row.extended_to, row.review_on) == (S.RECEIVED, date(2026, 12, 25), None)
    assert row.due_at == datetime(2026, 12, 25, 9, tzinfo=UTC)


def test_a_notice_taken_back_is_void_and_its_finding_open_again(site: Any, db_context: Any) -> None:
    row = issued(site)
    row_id, document_id = row.id, row.document_id
    finding_id = queries.findings_of(row_id)[0].id
    change("head", DECIDE, extension_services.cancel, row_id, "责任单位写错。")
    end_reading()
    document = db.session.get_one(Document, document_id)
    assert (document.status, document.reason) == (DocumentStatus.VOID, "责任单位写错。")
    assert db.session.get_one(Finding, finding_id).status is FindingStatus.OPEN
    assert reload(row_id).status is S.CANCELLED


def test_a_notice_issued_anew_names_the_one_taken_back(site: Any, db_context: Any) -> None:
    old = issued(site)
    old_id, old_paper = old.id, old.document_id
    finding_id = queries.findings_of(old_id)[0].id
    with unit_of_work(actor("head", Permission.DOCUMENT_VOID), clocks.now()) as uow:
        documents.void(uow, old_paper, "责任单位写错。")
    change("head", DECIDE, extension_services.cancel, old_id, "责任单位写错。")  # its paper is void already
    new = issued_for(site, finding_id)
    end_reading()
    paper = db.session.get_one(Document, new.document_id)
    assert paper.values["replaces"] == db.session.get_one(Document, old_paper).number
    relations = document_queries.relations(db.session.get_one(Document, old_paper))
    assert relations.successor.id == paper.id
    assert db.session.get_one(Document, old_paper).status is DocumentStatus.VOID
    change("head", DECIDE, extension_services.cancel, new.id, "再次写错。")
    third = issued_for(site, finding_id)
    end_reading()
    assert db.session.get_one(Document, third.document_id).values["replaces"] == paper.number


def test_an_older_form_changes_nothing(site: Any, db_context: Any) -> None:
    row = issued(site)
    with pytest.raises(Stale), unit_of_work(actor("head", DECIDE), clocks.now()) as uow:
        extension_services.cancel(uow, row.id, row.version + 1, "写错。")
    assert reload(row.id).status is S.ISSUED


# --- instructions ---------------------------------------------------------------------------------


def instruct(site: Any, who: str = "head") -> int:
    said = instruction_services.Said(
        form_key="said-1",
        kind=InstructionKind.LEADER,
        given_by="顾明川",
        capacity="副市长",
        given_on=date(2026, 11, 17),
        text="排队拥堵，应当分设咨询与受理。",
    )
    with unit_of_work(actor(who, Permission.RECTIFICATION_ISSUE), clocks.now()) as uow:
        return instruction_services.record_instruction(uow, site.cast.centre, said).id


def order(site: Any, instruction_id: int, **addressee: int) -> int:
    command = services.Issue(
        form_key=f"order-{sorted(addressee)}",
        finding_ids=(),
        owner_id=None,
        owner_user_id=site.cast.users["lower_head"] if "to_centre_id" in addressee else None,
        requirement="分设咨询与受理窗口。",
        rechecker_id=site.cast.users["zhao"],
        deadline=Deadline(issued_on=clocks.today(), workdays=5),
        instruction_id=instruction_id,
        addressee=Addressee(**addressee),
    )
    with unit_of_work(actor("head", Permission.RECTIFICATION_ISSUE), clocks.now()) as uow:
        return services.issue(uow, command, BASE_URL).id


def test_an_instruction_goes_to_a_department_a_section_or_a_lower_centre(site: Any, db_context: Any) -> None:
    cast, said = site.cast, instruct(site)
    for addressee, name in (
        ({"department_id": cast.department_a}, "云栖市市场监督管理局"),
        ({"section_id": cast.complaints_section}, "投诉科"),
        ({"to_centre_id": cast.lower_centre}, "云栖市青坪区政务服务中心"),
    ):
        row = reload(order(site, said, **addressee))
        document = db.session.get_one(Document, row.document_id)
        assert document.values["recipient"] == name
        assert "顾明川（副市长）批示" in document.values["instruction"]
        assert document.values["facts"] == []


def test_only_a_centre_below_ours_is_addressed(site: Any, db_context: Any) -> None:
    said = instruct(site)
    for centre in (site.cast.other_centre, site.cast.centre):
        with pytest.raises(Invalid) as refused:
            order(site, said, to_centre_id=centre)
        assert refused.value.field == "addressee"


def test_the_lower_centre_sees_and_answers_what_it_has_to_mend(site: Any, db_context: Any) -> None:
    row_id = order(site, instruct(site), to_centre_id=site.cast.lower_centre)
    lower, other = actor("lower_head"), actor("outsider")
    assert [row.id for row in db.session.scalars(queries.visible_to(lower))] == [row_id]
    assert list(db.session.scalars(queries.visible_to(other))) == []
    facts = ladder_queries.facts_for(db.session(), lower, reload(row_id), clocks.now())
    assert facts.answers_for


@pytest.mark.parametrize("given_on", [date(2026, 11, 19), date(2025, 1, 1)])
def test_an_instruction_of_tomorrow_or_of_long_ago_is_refused(
    site: Any, db_context: Any, given_on: date
) -> None:
    said = instruction_services.Said("said-2", InstructionKind.MEDIA, "晚报", "", given_on, "窗口无人。")
    with (
        pytest.raises(Invalid) as refused,
        unit_of_work(actor("head", Permission.RECTIFICATION_ISSUE), clocks.now()) as uow,
    ):
        instruction_services.record_instruction(uow, site.cast.centre, said)
    assert refused.value.field == "given_on"
