"""Rectifications at every step of their way."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from app import clock
from app.db.uow import end_reading, short_transaction, unit_of_work
from app.extensions import db
from app.permissions import Permission
from app.rectifications import extension_services, ladder_queries, ladder_services, queries, rules, services
from app.rectifications.instruction_services import Said, record_instruction
from app.rectifications.ladder_services import Escalation
from app.rectifications.models import Instruction, Rectification
from app.rectifications.rules import (
    INSTRUCTION_RECORDED,
    RECTIFICATION_DUE_MOVED,
    RECTIFICATION_ISSUED,
    Deadline,
    InstructionKind,
    RectificationStatus,
    Rung,
)
from tests.cast import actor
from tests.factories.base import Example, Ids, Ledger, Visit
from tests.factories.inspections import jpeg, stored_photo, submitted

BASE_URL = "https://duban.example"
MEASURES = "已安排顶岗，并开展岗位纪律教育。"
REASON = "整改对象是人员在岗情况，无法拍照。"


def issued(site: Any, photo: bool = False) -> Rectification:
    """Issue a notice for one finding of department A; Zhao is to re-check."""
    return issued_for(site, submitted(site, photo)[1])


def issued_for(site: Any, finding_id: int) -> Rectification:
    """Issue a notice for a finding of department A that is open."""
    cast = site.cast
    command = services.Issue(
        form_key=secrets.token_hex(16),
        finding_ids=(finding_id,),
        owner_id=cast.chief_a_staff,
        requirement="立即恢复值守，并举一反三。",
        rechecker_id=cast.users["zhao"],
        deadline=Deadline(issued_on=clock.today(), workdays=3),
    )
    with unit_of_work(actor("wang", Permission.RECTIFICATION_ISSUE), clock.now()) as uow:
        return services.issue(uow, command, BASE_URL)


def received(site: Any) -> Rectification:
    row = issued(site)
    with unit_of_work(actor("chief_a", Permission.RECTIFICATION_RECEIVE), clock.now()) as uow:
        return services.receive(uow, row.id, row.version, "")


def answered(site: Any, photo: bool = False) -> Rectification:
    row = received(site)
    answer = services.Answer(
        form_key=secrets.token_hex(16),
        measures=MEASURES,
        done_on=clock.today(),
        no_photo_reason="" if photo else REASON,
        files=(stored_photo(site, "green"),) if photo else (),
    )
    with unit_of_work(actor("chief_a", Permission.RECTIFICATION_SUBMIT), clock.now()) as uow:
        return services.submit(uow, row.id, row.version, answer)


def leave_unattended(site: Any) -> None:
    """Let department A have nobody who could sign in as its chief representative."""
    from app.accounts.models import User
    from app.core.actions import Action

    with unit_of_work(actor("secadmin"), clock.now()) as uow:
        user = uow.get(User, site.cast.users["chief_a"])
        user.disabled_at = clock.now()
        uow.record(Action("user.changed_by_test"), user)


def make_rectifications(site: Any, n: int) -> None:
    """Enter n rectifications of both departments, a minute apart, in all states."""
    cast, now = site.cast, clock.now()
    with unit_of_work(actor("wang"), now) as uow:
        for i in range(n):
            row = Rectification(
                centre_id=cast.centre,
                number=f"云政服督整〔2026〕{i + 1}号",
                form_key=f"r{i}",
                status=list(RectificationStatus)[i % len(RectificationStatus)],
                department_id=cast.department_a if i % 2 else cast.department_b,
                owner_id=cast.chief_a_staff if i % 2 else cast.chief_b_staff,
                requirement=f"整改要求{i}",
                issued_on=clock.today(),
                issued_at=now - timedelta(minutes=i),
                issued_by_id=cast.users["wang"],
                rechecker_id=cast.users["zhao"],
                deadline_workdays=3,
                due_at=now + timedelta(days=i % 7 - 2),
            )
            uow.session.add(row)
            uow.record(RECTIFICATION_ISSUED, row, findings=[])


# --- examples -------------------------------------------------------------------------------------


def _ids(row: Rectification) -> Ids:
    return {"rectification_id": row.id, "_version": str(row.version)}


def _finding(site: Any) -> Ids:
    finding_id = submitted(site)[1]
    cast = site.cast
    return {
        "?finding": str(finding_id),
        "_finding": str(finding_id),
        "_owner": f"staff:{cast.chief_a_staff}",
        "_rechecker": str(cast.users["zhao"]),
    }


def _issue_data(ids: Ids) -> dict[str, Any]:
    return {
        "findings": [ids["_finding"]],
        "owner": ids["_owner"],
        "requirement": "立即恢复值守，并举一反三。",
        "kind": "workdays",
        "deadline_workdays": "3",
        "deadline_hour": "17",
        "rechecker": ids["_rechecker"],
    }


def _by_date(ids: Ids) -> dict[str, Any]:
    return {**_issue_data(ids), "kind": "date", "deadline_on": "2026-11-25"}


def _issued(site: Any) -> Ids:
    return _ids(issued(site))


def _received(site: Any) -> Ids:
    return _ids(received(site))


def _unattended(site: Any) -> Ids:
    ids = _issued(site)
    leave_unattended(site)
    return ids


def _received_unattended(site: Any) -> Ids:
    ids = _received(site)
    leave_unattended(site)
    return ids


def _answered(site: Any) -> Ids:
    return _ids(answered(site))


def _photo(site: Any) -> Ids:
    row = answered(site, photo=True)
    photo = queries.rounds_of(row.id)[0].files[0]
    return {**_ids(row), "file_id": photo.id, "variant": "small"}


def _draft_file(site: Any) -> Ids:
    row, photo = received(site), stored_photo(site, "green")
    who = actor("chief_a")
    kept = {"typed": {}, "uploads": {photo.sha256: photo.to_dict()}}
    ids = _ids(row)
    with short_transaction() as session:
        row = session.get_one(Rectification, ids["rectification_id"])
        services.keep_answer(session, who, row, kept, clock.now())
    return {**ids, "sha256": photo.sha256}


def _answer_data(ids: Ids) -> dict[str, Any]:
    return {
        "version": ids["_version"],
        "measures": MEASURES,
        "done_on": "2026-11-18",
        "no_photo_reason": REASON,
    }


def _answer_with_photo(ids: Ids) -> dict[str, Any]:
    return {"version": ids["_version"], "measures": MEASURES, "done_on": "2026-11-18"}


PERSON = {"on_behalf_name": "陆远", "on_behalf_capacity": "办公室主任"}


def overdue(site: Any, *rungs: Rung) -> Rectification:
    """A received rectification whose deadline has passed, with these rungs taken a while ago."""
    row_id = received(site).id
    with unit_of_work(actor("head", Permission.RECTIFICATION_ESCALATE), clock.now()) as uow:
        row = uow.get(Rectification, row_id)
        row.issued_on = clock.today() - timedelta(days=14)
        row.due_at = clock.now() - timedelta(days=7)
        uow.record(RECTIFICATION_DUE_MOVED, row)
    verbs = {rung: verb for verb, (rung, _action) in rules.LADDER.items()}
    for rung in rungs:
        with unit_of_work(actor("head", Permission.RECTIFICATION_ESCALATE), clock.now()) as uow:
            row = uow.get(Rectification, row_id)
            order = ladder_services.climb(uow, row_id, row.version, verbs[rung], _escalation(rung), BASE_URL)
            order.issued_at = clock.now() - timedelta(days=4)
            if order.talk_at:
                order.talk_at = clock.now() - timedelta(hours=1)
    end_reading()
    return db.session.get_one(Rectification, row_id)


def _escalation(rung: Rung) -> Escalation:
    talk = {"talk_at": clock.now(), "talk_place": "二楼会议室", "talk_with": "李首信 局长"}
    return Escalation("请立即办结。", limit_on=clock.today(), **(talk if rung is Rung.TALK else {}))


def asked(site: Any) -> Rectification:
    row = received(site)
    with unit_of_work(actor("chief_a", Permission.RECTIFICATION_SUBMIT), clock.now()) as uow:
        until_on = clock.today() + timedelta(days=7)
        return extension_services.ask_extension(uow, row.id, row.version, until_on, "设备在途。")


def parked(site: Any) -> Rectification:
    row = received(site)
    with unit_of_work(actor("head", Permission.RECTIFICATION_DECIDE), clock.now()) as uow:
        review_on = clock.today() + timedelta(days=30)
        return extension_services.park(uow, row.id, row.version, review_on, "等待设备招标。")


def instruction(site: Any) -> int:
    said = Said(
        secrets.token_hex(16),
        InstructionKind.LEADER,
        "顾明川",
        "副市长",
        clock.today(),
        "排队拥堵，应当分设窗口。",
    )
    with unit_of_work(actor("head", Permission.RECTIFICATION_ISSUE), clock.now()) as uow:
        return record_instruction(uow, site.cast.centre, said).id


def make_instructions(site: Any, n: int) -> None:
    with unit_of_work(actor("head"), clock.now()) as uow:
        for i in range(n):
            row = Instruction(
                centre_id=site.cast.centre,
                number=f"批2026-{i + 1}",
                form_key=f"i{i}",
                kind=list(InstructionKind)[i % 3],
                given_by=f"领导{i}",
                given_on=clock.today() - timedelta(days=i),
                text=f"批示内容{i}",
                recorded_by_id=site.cast.users["head"],
                recorded_at=clock.now(),
            )
            uow.session.add(row)
            uow.record(INSTRUCTION_RECORDED, row)


SHOW = "rectifications.show"
ELSEWHERE = ("outsider", "outside_head", "chief_b")
EXAMPLES = [
    Example(
        "rectifications.issue",
        "wang",
        _finding,
        data=_issue_data,
        page="rectifications.new",
        text=("requirement",),
    ),
    Example(
        "rectifications.issue", "wang", _finding, data=_by_date, page="rectifications.new", note="by a date"
    ),
    Example(
        "rectifications.receive",
        "chief_a",
        _issued,
        data=lambda ids: {"version": ids["_version"], "statement": "收到，无异议。"},
        page=SHOW,
        shown=(SHOW,),
        text=("statement",),
    ),
    Example(
        "rectifications.submit",
        "chief_a",
        _received,
        data=_answer_data,
        page=SHOW,
        shown=(SHOW,),
        text=("measures", "no_photo_reason"),
    ),
    Example(
        "rectifications.submit",
        "chief_a",
        _received,
        data=_answer_with_photo,
        files={"photos": [(jpeg("green"), "整改后.jpg")]},
        page=SHOW,
        note="with a photo",
    ),
    Example(
        "rectifications.receive",
        "head",
        _unattended,
        data=lambda ids: {"version": ids["_version"], "statement": "收到。", **PERSON},
        page=SHOW,
        shown=(SHOW,),
        text=("statement", *PERSON),
        note="for somebody",
    ),
    Example(
        "rectifications.submit",
        "head",
        _received_unattended,
        data=lambda ids: {**_answer_data(ids), **PERSON},
        page=SHOW,
        shown=(SHOW,),
        text=("measures", *PERSON),
        note="for somebody",
    ),
    Example(
        "rectifications.accept",
        "zhao",
        _answered,
        data=lambda ids: {"version": ids["_version"], "note": "已到位。"},
        page=SHOW,
        shown=(SHOW,),
        text=("note",),
    ),
    Example(
        "rectifications.send_back",
        "zhao",
        _answered,
        data=lambda ids: {"version": ids["_version"], "note": "仍有空岗。"},
        page=SHOW,
        shown=(SHOW,),
        text=("note",),
    ),
]


def _step(verb: str, who: str, prepare: Any, data: dict[str, str], *text: str) -> Example:
    """One example of a verb of the ladder: its form carries the version and stands on the record."""
    return Example(
        f"rectifications.ladder.{verb}",
        who,
        lambda site: _ids(prepare(site)),
        data=lambda ids: {"version": ids["_version"], **data},
        page=SHOW,
        shown=(SHOW,),
        text=text,
    )


def _urged(site: Any) -> Rectification:
    return overdue(site, Rung.URGING)


def _changed(site: Any) -> Rectification:
    return overdue(site, Rung.URGING, Rung.CHANGE)


def _talked(site: Any) -> Rectification:
    return overdue(site, Rung.URGING, Rung.CHANGE, Rung.TALK)


def _talk(site: Any) -> Ids:
    row = _talked(site)
    return {**_ids(row), "order_id": ladder_queries.orders_of(db.session(), row.id)[-1].id}


def _instruction(site: Any) -> Ids:
    return {"instruction_id": instruction(site)}


def _to_department(site: Any) -> Ids:
    cast = site.cast
    return {
        **_instruction(site),
        "?to": f"department:{cast.department_a}",
        "_to": f"department:{cast.department_a}",
        "_owner": f"staff:{cast.chief_a_staff}",
        "_rechecker": str(cast.users["zhao"]),
    }


SAID = {
    "kind": "leader",
    "given_by": "顾明川",
    "capacity": "副市长",
    "given_on": "2026-11-17",
    "text": "窗口拥堵，限期整改。",
}
EXAMPLES += [
    _step("ask_extension", "chief_a", received, {"until_on": "2026-11-27", "reason": "设备在途。"}, "reason"),
    _step("grant_extension", "head", asked, {"until_on": "2026-11-25", "note": "同意。"}, "note"),
    _step("refuse_extension", "head", asked, {"note": "理由不充分。"}, "note"),
    _step("park", "head", received, {"review_on": "2026-12-18", "reason": "等待招标。"}, "reason"),
    _step("resume", "head", parked, {"until_on": "2026-11-27", "reason": "设备已到。"}, "reason"),
    _step("cancel", "head", issued, {"reason": "责任单位写错。"}, "reason"),
    _step("urge", "head", overdue, {"text": "请立即办结。", "limit_on": "2026-11-20"}, "text"),
    _step("propose_change", "head", _urged, {"text": "建议更换。", "limit_on": "2026-11-20"}, "text"),
    _step(
        "talk",
        "head",
        _changed,
        {
            "text": "说明原因。",
            "talk_at": "2026-11-19T15:00",
            "talk_place": "二楼会议室",
            "talk_with": "李首信 局长",
        },
        "text",
        "talk_place",
        "talk_with",
    ),
    _step("report", "head", _talked, {"text": "建议处理。"}, "text"),
    Example(
        "rectifications.ladder.record_talk",
        "head",
        _talk,
        data=lambda ids: {"version": ids["_version"], "record": "已说明情况。", "commitment": "三日内办结。"},
        page=SHOW,
        shown=(SHOW,),
        text=("record", "commitment"),
    ),
    Example(
        "rectifications.instructions.record",
        "head",
        data=SAID,
        page="rectifications.instructions.new",
        text=("given_by", "capacity", "text"),
    ),
    Example(
        "rectifications.instructions.order",
        "head",
        _to_department,
        data=lambda ids: {
            "addressee": ids["_to"],
            "owner": ids["_owner"],
            "requirement": "分设咨询与受理窗口。",
            "kind": "workdays",
            "deadline_workdays": "5",
            "deadline_hour": "17",
            "rechecker": ids["_rechecker"],
        },
        page="rectifications.instructions.new_order",
        shown=("rectifications.instructions.show",),
        text=("requirement",),
    ),
]
VISITS = [
    Visit("rectifications.instructions.show", "wang", _instruction),
    Visit("rectifications.instructions.new_order", "head", _to_department, query={"to": "<_to>"}),
    Visit(SHOW, "chief_a", _answered, hidden_from=ELSEWHERE),
    Visit("rectifications.file", "chief_a", _photo, hidden_from=ELSEWHERE, content_type="image/jpeg"),
    Visit(
        "rectifications.draft_file",
        "chief_a",
        _draft_file,
        hidden_from=("chief_b", "window_a", "outsider"),
        content_type="image/jpeg",
    ),
    Visit(
        "rectifications.new",
        "wang",
        _finding,
        query={"finding": "<_finding>"},
        hidden_from=("outsider",),
    ),
]
LEDGERS = [
    Ledger(
        "rectifications.instructions.index",
        "wang",
        make_instructions,
        ({}, {"q": "批示"}, {"kind": "leader"}),
    ),
    Ledger(
        "rectifications.index",
        "wang",
        make_rectifications,
        ({}, {"q": "整改"}, {"stands": "overdue"}, {"mine": "recheck"}),
    ),
]
